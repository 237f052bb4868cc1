"""A board, a broker with TLS and a host that acknowledges, each of which a test can break and repair."""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from paraat.provision.pki import certificates
from paraat.simulate.boards import SimulatedBoard
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat_wire import host_codec, topics
from waiting import wait_for

POINT = "nsp-0101"
SPEED = 20.0  # of the board's time; the network is real, so its time limits are this much longer
_NOW = datetime.now(UTC)


class TLSBroker(MosquittoBroker):
    """Mosquitto as at a coordination point: boards by certificate on `port`, the test's host in clear on `host_port`."""

    def __init__(self, directory: Path, *, tls: bool = True) -> None:
        super().__init__(directory)
        self.host_port = free_port()
        self.tls = tls
        self.extra: list[str] = []
        self.authority = certificates.make_authority("Proef", _NOW)
        self.other_authority = certificates.make_authority("Elders", _NOW)
        self.board = certificates.issue_board(self.authority, POINT, _NOW)

    def certify(self, authority: certificates.Issued | None = None, name: str = LOOPBACK, shift_days: int = 0) -> None:
        """A new certificate for the broker, good for ten days from now + shift_days; it counts from the next start."""
        start = _NOW + timedelta(days=shift_days)
        issued = certificates.issue_broker(authority or self.authority, (name,), start, days=10)
        self.directory.mkdir(exist_ok=True)
        (self.directory / "ca.crt").write_bytes(self.authority.certificate_pem())
        (self.directory / "broker.crt").write_bytes(issued.certificate_pem())
        (self.directory / "broker.key").write_bytes(issued.key_pem())

    def revoke(self, serials: Iterable[int]) -> None:
        """From the next start on, refuse these certificates."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.authority.certificate.subject)
            .last_update(_NOW - timedelta(hours=1))
            .next_update(_NOW + timedelta(days=9))
        )
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_NOW - timedelta(hours=1))
            builder = builder.add_revoked_certificate(entry.build())
        signed = builder.sign(self.authority.key, hashes.SHA256())
        (self.directory / "crl.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        self.extra = [f"crlfile {self.directory}/crl.pem"]

    def _command(self) -> list[str]:
        command = super()._command()
        config = self.directory / "mosquitto.conf"
        common = [line for line in config.read_text().splitlines() if not line.startswith(("listener", "allow_"))]
        lines = ["per_listener_settings true", f"listener {self.host_port} {LOOPBACK}", "allow_anonymous true"]
        lines += [f"listener {self.port} {LOOPBACK}"]
        if self.tls:
            files = [f"{key} {self.directory}/{name}" for key, name in _FILES]
            lines += [*files, "require_certificate true", "use_identity_as_username true", *self.extra]
        else:
            lines += ["allow_anonymous true", *self.extra]
        config.write_text("\n".join(lines + common) + "\n")
        return command

    def restart(self) -> None:
        self.stop()
        self.start()


_FILES = (("cafile", "ca.crt"), ("certfile", "broker.crt"), ("keyfile", "broker.key"))


class Host:
    """Acknowledges what the board sends, and remembers it. answers: False for one that only listens."""

    def __init__(self, port: int, name: str = "host", *, answers: bool = True) -> None:
        self._answers = answers
        self.seqs: set[int] = set()
        self.first_age_s: dict[int, float] = {}  # seq -> its age in the message that came first, of sets without a date
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(topics.PREFIX + "#", 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._message
        self._client.connect_async(LOOPBACK, port)
        self._client.loop_start()

    def _message(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        parsed = topics.parse(message.topic)
        if parsed is None or parsed[1] not in (topics.TELEMETRY, topics.EVENT):
            return
        sets = host_codec.read_pack(parsed[0], parsed[1], message.payload, 0)
        for a_set in sets:
            if a_set.aged:
                self.first_age_s.setdefault(a_set.seq, -a_set.t)
        self.seqs.update(a_set.seq for a_set in sets)
        if self._answers:
            client.publish(topics.topic(POINT, topics.ACK), host_codec.encode_ack([(s.seq, s.seq) for s in sets]), 1)

    def is_subscribed(self) -> bool:
        return self._subscribed.is_set()

    def has_all_up_to(self, seq: int) -> bool:
        return self.seqs >= set(range(1, seq + 1))

    def stop(self) -> None:
        """Go away; the broker keeps the session and what comes for it."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.reinitialise()  # closes what paho otherwise leaves to the garbage collector


class Proxy:
    """A way to the broker that can fall silent: connections stay open, nothing goes through."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._silent = threading.Event()
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        self._silent.set()

    def speak(self) -> None:
        """Let new connections through. Old ones stay silent, as behind a router that has forgotten them."""
        self._silent.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self._open.append(near)
            if self._silent.is_set():
                continue
            try:
                far = socket.create_connection((LOOPBACK, self._target))
            except OSError:
                near.close()
                continue
            self._open.append(far)
            dead = threading.Event()
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink, dead), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, dead: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if self._silent.is_set():
                    dead.set()
                if not dead.is_set():
                    sink.sendall(data)
            if not dead.is_set():
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for sock in (self._server, *self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # so that the thread which waits for it ends
            sock.close()


class NameServer:
    """Answers every question for an address with loopback, or not at all."""

    def __init__(self) -> None:
        self.answers = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                query, address = self._socket.recvfrom(512)
                if not query:
                    return
                if self.answers:
                    head = query[:2] + b"\x81\x80" + b"\0\1\0\1\0\0\0\0"
                    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"
                    self._socket.sendto(head + query[12:] + answer, address)

    def close(self) -> None:
        self._socket.sendto(b"", (LOOPBACK, self.port))
        self._socket.close()


class Stage:
    """All of it. Parts start when a test starts them; close() ends them."""

    def __init__(self, directory: Path, built: Path, *, tls: bool = True, speed: float = SPEED) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.speed = speed
        self.built = built
        self.broker = TLSBroker(directory / "broker", tls=tls)
        self.broker.certify()
        self.proxy = Proxy(self.broker.port)
        self.names = NameServer()
        self.config: dict[str, Any] = {
            "point": POINT,
            "interval_s": 5,
            "broker": {
                "host": LOOPBACK, "port": self.broker.port, "tls": tls, "retry_min_s": 2, "retry_max_s": 10,
                "timeout_s": 60, "keepalive_s": 120, "ack_timeout_s": 60,
            },
            "buses": {},
            "pins": {},
            "sensors": [],
        }  # fmt: skip
        self.files = {
            "ca.der": self.broker.authority.certificate_der(),
            "cert.der": self.broker.board.certificate_der(),
            "key.der": self.broker.board.key_der(),
        }
        self.host: Host | None = None
        self.board: SimulatedBoard | None = None

    def start_host(self) -> None:
        self.host = Host(self.broker.host_port)

    def make_board(self) -> None:
        """Its folder, with everything that `make flash` writes."""
        ports = {"53": self.names.port, "123": free_port()}
        scenario = {"speed": self.speed, "real0_unix": time.time(), "t0_unix": time.time(), "ports": ports}
        self.board = SimulatedBoard(self.directory / POINT, self.config, scenario, self.built)
        self.write_files()

    def start_board(self) -> None:
        self.make_board()
        assert self.board is not None
        self.board.start()

    def write_files(self) -> None:
        """What `make flash` writes into tls/; the board reads it when it starts."""
        assert self.board is not None
        folder = self.board.directory / "tls"
        folder.mkdir(exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)

    def restart_board(self) -> None:
        assert self.board is not None
        self.board.stop()
        self.write_files()
        self.board.start()

    def says(self, text: str) -> None:
        """Wait until the console says it."""
        board = self.board
        assert board is not None
        try:
            wait_for(lambda: text in board.console() or board.ended, repr(text))
        except AssertionError as error:
            raise AssertionError(f"{error}; the console says:\n{board.console()}") from None
        assert not board.ended, board.console()

    def stores(self, more: int = 5) -> None:
        """Wait until the host has all that the board made so far, and this many more."""
        assert self.board is not None
        assert self.host is not None
        host, board = self.host, self.board
        goal = max(host.seqs, default=0) + more
        try:
            wait_for(lambda: host.has_all_up_to(goal) or board.ended, f"all sets up to {goal} are stored")
        except AssertionError as error:
            raise AssertionError(f"{error}; {sorted(host.seqs)}; the console says:\n{board.console()}") from None
        assert not board.ended, board.console()

    def close(self) -> None:
        if self.board is not None:
            self.board.stop()
        if self.host is not None:
            self.host.stop()
        self.broker.stop()
        self.proxy.close()
        self.names.close()

    def twin(self) -> Client:
        """Another client with this point's certificate and name."""
        twin = Client(CallbackAPIVersion.VERSION2, client_id=POINT, clean_session=False)
        folder = self.directory / "twin"
        folder.mkdir()
        for name, content in (
            ("ca", self.broker.authority.certificate_pem()),
            ("crt", self.broker.board.certificate_pem()),
            ("key", self.broker.board.key_pem()),
        ):
            (folder / name).write_bytes(content)
        twin.tls_set(str(folder / "ca"), str(folder / "crt"), str(folder / "key"))
        twin.connect(LOOPBACK, self.broker.port)
        return twin
