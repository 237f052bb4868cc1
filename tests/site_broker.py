"""The broker as a coordination point has it: deploy/mosquitto with a site's own certificates, on loopback."""

import shutil
import signal
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from paraat.provision.pki import broker_config
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import Issued
from paraat.simulate.servers import LOOPBACK, MosquittoBroker
from paraat.site import paths
from paraat.site.broker import BrokerSettings
from paraat.site.site import Site, load_site
from waiting import LIMIT_S, wait_for

PASSPHRASE = "correct horse battery staple"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TLS = BrokerSettings(ca_file="pki/ca.crt", cert_file="pki/host.crt", key_file="pki/host.key")


def make_site(directory: Path, now: datetime = NOW) -> Site:
    """A copy of the example site with an authority of its own."""
    shutil.copytree(paths.example_site_dir(), directory)
    Authority.create(directory, "Proef", PASSPHRASE, ("localhost", LOOPBACK), now)
    return load_site(directory)


class SiteBroker(MosquittoBroker):
    """mosquitto with what `paraat broker-config` writes."""

    def __init__(self, site: Site, directory: Path) -> None:
        super().__init__(directory)
        settings = msgspec.structs.replace(TLS, port=self.port, keepalive_s=5)
        self.site = msgspec.structs.replace(site, broker=settings)

    def _command(self) -> list[str]:
        program, *_ = super()._command()
        broker_config.write(self.site, self.directory, address=LOOPBACK, data=self.directory)
        config = self.directory / broker_config.CONFIG
        # Started by root it becomes the user "mosquitto", who may not write into a test's folder.
        config.write_text(config.read_text() + "log_type information\nuser root\n")
        return [program, "-c", str(config)]

    def take_crl(self) -> None:
        """Give it the site's newest list of revoked certificates, as the CP does: copy, then SIGHUP."""
        shutil.copyfile(self.site.directory / "pki" / "crl.pem", self.directory / "paraat" / "crl.pem")
        assert self._process is not None
        before = self.log_path.read_text().count("Reloading config")
        self._process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log_path.read_text().count("Reloading config") > before, "mosquitto reloads")


class BoardClient:
    """A board's connection. issued: its certificate, None for none; known: what it believes."""

    def __init__(self, port: int, known: Path, issued: Issued | None, folder: Path, client_id: str = "board") -> None:
        self.connected = threading.Event()
        self.lost = threading.Event()
        self.subscribed = threading.Event()
        self.heard: list[tuple[str, bytes]] = []
        context = ssl.create_default_context(cafile=str(known))
        if issued is not None:
            both = folder / f"{issued.serial}.pem"
            both.write_bytes(issued.certificate_pem() + issued.key_pem())
            context.load_cert_chain(both)
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.tls_set_context(context)
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._message
        self.port = port

    def _message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def is_taken(self) -> bool:
        """Connect; False when the broker or TLS refuses."""
        try:
            self.client.connect(LOOPBACK, self.port)
        except (OSError, ssl.SSLError):
            return False
        self.client.loop_start()
        # With TLS 1.3 a client learns only after its handshake that its certificate was refused.
        while not self.connected.wait(0.02):
            if self.lost.is_set():
                break
        if not self.connected.is_set():
            self.client.loop_stop()
            return False
        return True  # also when somebody of the same name has thrown us off since

    def subscribe(self, *topics: str) -> None:
        self.subscribed.clear()
        self.client.subscribe([(topic, 1) for topic in topics])
        assert self.subscribed.wait(LIMIT_S)

    def say(self, topic: str, payload: bytes = b"x") -> None:
        self.client.publish(topic, payload, 1).wait_for_publish(LIMIT_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client.reinitialise()  # closes what paho otherwise leaves to the garbage collector
