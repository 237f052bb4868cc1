"""A site with mosquitto and certificates, boards that do what they are asked, and who speaks to them."""

from datetime import UTC, datetime
from pathlib import Path

from paho.mqtt.client import MQTTMessage

from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import Issued
from paraat_wire import codec, orders, topics
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site

POINT = "nsp-0101"


class Board(BoardClient):
    """Does at once what it is asked, and says so, as a board does."""

    def answer(self) -> "Board":
        assert self.is_taken()
        self.state = {"online": True, "boot": 1, "build": 1, "config": 1}
        self.subscribe(topics.topic(POINT, topics.COMMAND), topics.topic(POINT, topics.CONFIG))
        self._tell()
        return self

    def _tell(self) -> None:
        self.client.publish(topics.topic(POINT, topics.STATE), codec.encode_state(self.state), 1, retain=True)

    def _message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        topic, payload = message.topic, bytes(message.payload)
        self.heard.append((topic, payload))
        if payload.startswith(b"of "):
            return
        if topic == topics.topic(POINT, topics.CONFIG):
            self.state["config"] = orders.read_config(payload)["version"]
            self._tell()
            return
        command = orders.read_command(payload)
        result = {
            "update": lambda: {"want": [0, 1024]},
            "part": lambda: {"done": "b"},
            "sample-now": lambda: {
                "values": {"fuel/level": 61.2, "power/mains": True},
                "faults": {"power/load": "crc"},
            },
            "calibrate": lambda: {"full_mm": 120},
        }.get(command.do, lambda: command.args)()
        error = "from: found 7, expected a set that it has" if command.do == "resend" else ""
        reply = orders.encode_reply(orders.Reply(command.id, error, {} if error else result))
        self.client.publish(topics.topic(POINT, topics.REPLY), reply, 1)
        if command.do == "part":
            self.state["build"] = command.args["build"]
            self._tell()


class Scene:
    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        self.folder, self.site = folder, folder / "site"
        self.broker = SiteBroker(make_site(self.site, self.now), folder / "broker")
        names = {"ca_file": "ca.crt", "cert_file": "host.crt", "key_file": "host.key"}
        keys = "".join(f'{key} = "pki/{name}"\n' for key, name in names.items())
        (self.site / "site.toml").write_text(f'[site]\nregion = "Proef"\n[broker]\nport = {self.broker.port}\n{keys}')
        self.authority = Authority.open(self.site, PASSPHRASE, self.now)
        self.clients: list[BoardClient] = []

    def add(self, client: BoardClient) -> BoardClient:
        self.clients.append(client)
        return client

    def board(self) -> BoardClient:
        """A board that does what it is asked."""
        issued = self.authority.issue_board(POINT, self.now, replace=True)
        self.authority.commit(issued, None, self.now)
        return self.add(Board(self.broker.port, self.site / "pki" / "ca.crt", issued, self.folder).answer())

    def own(self, name: str) -> BoardClient:
        """A connection with the certificate of host or desk."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        files = self.site / "pki"
        key = load_pem_private_key((files / f"{name}.key").read_bytes(), None)
        issued = Issued(x509.load_pem_x509_certificate((files / f"{name}.crt").read_bytes()), key)  # type: ignore[arg-type]
        client = self.add(BoardClient(self.broker.port, files / "ca.crt", issued, self.folder))
        assert client.is_taken()
        return client
