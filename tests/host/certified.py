"""Hosts and a board on the broker of a coordination point, each known by its certificates."""

from pathlib import Path

from host.served import ON_MAINS, POINT, T0
from paraat.intake.inbox import Inbox
from paraat.intake.serving import Serving
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import Issued
from paraat.site.inventory import Kind
from paraat_wire import codec, host_codec, topics
from site_broker import NOW, PASSPHRASE, BoardClient, SiteBroker, make_site
from waiting import wait_for

SETTINGS = 'ca_file = "pki/ca.crt"\ncert_file = "pki/host.crt"\nkey_file = "pki/host.key"\n'


class CertifiedBoard(BoardClient):
    """A board's connection with its certificate; it hears what is acknowledged to it."""

    def __init__(self, port: int, known: Path, issued: Issued, folder: Path) -> None:
        super().__init__(port, known, issued, folder)
        assert self.is_taken()
        self.subscribe(topics.topic(POINT, topics.ACK))

    def tell(self, seq: int, t: float = T0) -> None:
        """One set, from the sensor to the host's acknowledgement."""
        a_set = codec.encode_set(POINT, seq, int(t), codec.encode_records(ON_MAINS.items(), []))
        self.say(topics.topic(POINT, topics.TELEMETRY), host_codec.encode_pack([a_set]))
        wait_for(lambda: any(a <= seq <= b for _, said in self.heard for a, b in codec.read_ack(said)))


class Certified:
    """Hosts of one site on the broker of a coordination point, each known by its certificates. kinds: those they have."""

    def __init__(self, directory: Path, *kinds: Kind) -> None:
        self.site = make_site(directory / "site")
        authority = Authority.open(self.site.directory, PASSPHRASE, NOW)
        for kind in kinds:
            authority.renew_client(kind, NOW)
        if "watch" not in kinds:  # as a site of before there was one
            (self.site.directory / "pki" / "watch.crt").unlink()
        self.board = authority.issue_board(POINT, NOW)
        self.broker = SiteBroker(self.site, directory / "broker")

    def link(self, name: str) -> Serving:
        made = Serving(
            self.broker.site.broker,
            self.site.directory,
            Inbox(),
            now=lambda: T0,
            on_change=lambda _: None,
        )
        made._name = name
        made.start()
        return made

    def speaks(self, folder: Path) -> "CertifiedBoard":
        """A board that is connected."""
        return CertifiedBoard(self.broker.port, self.site.directory / "pki" / "ca.crt", self.board, folder)

    def throws(self) -> int:
        """How often the broker put somebody off the line for another of the same name."""
        return self.broker.log_path.read_text().count("already connected")
