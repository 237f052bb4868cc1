"""The real mosquitto with the project's own files: who gets in, who may say what, and who is out after a revocation."""

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from paraat.provision.pki import broker_config, certificates
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.certificates import Issued
from paraat.site import paths
from paraat.site.site import load_site
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site
from waiting import LIMIT_S, wait_for

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.usefixtures("english")]
OWN, OTHER = "nsp-0101", "nsp-0102"


class Scene:
    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        self.folder = folder
        site = make_site(folder / "site", self.now)
        self.authority = Authority.open(folder / "site", PASSPHRASE, self.now)
        self.broker = SiteBroker(site, folder / "broker")
        self.clients: list[BoardClient] = []

    def issue(self, point: str) -> Issued:
        issued = self.authority.issue_board(point, self.now, replace=True)
        self.authority.commit(issued, None, self.now)
        return issued

    def client(self, issued: Issued | None, client_id: str = "board") -> BoardClient:
        known = self.folder / "site" / "pki" / "ca.crt"
        self.clients.append(BoardClient(self.broker.port, known, issued, self.folder, client_id))
        return self.clients[-1]

    def board(self, point: str, client_id: str = "board") -> BoardClient:
        client = self.client(self.issue(point), client_id)
        assert client.is_taken()
        return client


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("scene"))
    with made.broker:
        yield made
        for client in made.clients:
            client.close()


def host_of(scene: Scene) -> Issued:
    """The host's own certificate and key, as its files have them."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    folder = scene.folder / "site" / "pki"
    key = load_pem_private_key((folder / "host.key").read_bytes(), None)
    return Issued(x509.load_pem_x509_certificate((folder / "host.crt").read_bytes()), key)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def host(scene: Scene) -> BoardClient:
    client = scene.client(host_of(scene))
    assert client.is_taken()
    client.subscribe("paraat/v1/+/telemetry", "paraat/v1/+/state", "paraat/v1/+/event", "paraat/v1/+/reply")
    return client


def test_a_board_says_what_is_its_own_and_nothing_else(scene: Scene, host: BoardClient) -> None:
    board = scene.board(OWN)
    host.heard.clear()
    for leaf in ("telemetry", "state", "event", "reply"):
        board.say(f"paraat/v1/{OTHER}/{leaf}")
        board.say(f"paraat/v1/{OWN}/{leaf}")
    wait_for(lambda: len(host.heard) >= 4, "the board's own messages")
    # One connection, in order: what was forbidden would have come before the last that was allowed.
    assert [topic for topic, _ in host.heard] == [
        f"paraat/v1/{OWN}/{leaf}" for leaf in ("telemetry", "state", "event", "reply")
    ]


def test_a_board_hears_what_is_for_it_and_nothing_else(scene: Scene, host: BoardClient) -> None:
    board = scene.board(OWN)
    board.subscribe("paraat/v1/#", f"paraat/v1/{OTHER}/command")
    for leaf in ("ack", "config", "command"):
        host.say(f"paraat/v1/{OTHER}/{leaf}")
        host.say(f"paraat/v1/{OWN}/{leaf}")
    host.say("paraat/v1/_all/time")
    wait_for(lambda: len(board.heard) >= 4, "what is for the board")
    assert {topic for topic, _ in board.heard} == {
        "paraat/v1/_all/time", *(f"paraat/v1/{OWN}/{leaf}" for leaf in ("ack", "config", "command"))
    }  # fmt: skip


def test_a_board_cannot_command_or_set_the_time(scene: Scene, host: BoardClient) -> None:
    victim, board = scene.board(OTHER), scene.board(OWN)
    victim.subscribe("paraat/v1/_all/time", *(f"paraat/v1/{OTHER}/{leaf}" for leaf in ("ack", "config", "command")))
    for topic in ("_all/time", f"{OTHER}/command", f"{OTHER}/ack", f"{OTHER}/config"):
        board.say(f"paraat/v1/{topic}", b"forged")
    host.say(f"paraat/v1/{OTHER}/ack", b"real")
    wait_for(lambda: victim.heard, "the real one")
    assert victim.heard == [(f"paraat/v1/{OTHER}/ack", b"real")]


def test_a_client_id_of_another_throws_nobody_off(scene: Scene) -> None:
    victim = scene.board(OTHER)
    scene.board(OWN, client_id=OTHER)
    victim.say(f"paraat/v1/{OTHER}/telemetry")
    assert not victim.lost.is_set()


def test_no_certificate_or_one_of_another_authority_is_refused(scene: Scene) -> None:
    stranger = certificates.make_authority("Elders", scene.now)
    assert not scene.client(None).is_taken()
    assert not scene.client(certificates.issue_board(stranger, OWN, scene.now)).is_taken()


def test_an_expired_certificate_is_refused(scene: Scene) -> None:
    old = certificates.issue_board(scene.authority._own, OWN, datetime(2020, 1, 1, tzinfo=UTC), days=30)
    assert not scene.client(old).is_taken()


def test_a_broker_of_another_authority_or_name_is_refused(scene: Scene) -> None:
    stranger = certificates.make_authority("Elders", scene.now).certificate_pem().decode()
    ours = (scene.folder / "site" / "pki" / "ca.crt").read_text()
    for believed, name, why in ((stranger, "localhost", "certificate verify failed"), (ours, "elders.example", "Host")):
        context = ssl.create_default_context(cadata=believed)
        with (
            socket.create_connection(("127.0.0.1", scene.broker.port)) as plain,
            pytest.raises(ssl.SSLCertVerificationError, match=why),
        ):
            context.wrap_socket(plain, server_hostname=name)


def test_a_revoked_certificate_is_refused_after_a_reload_each_time(scene: Scene) -> None:
    """Two lists in the same second: the second must win too."""
    first, second = scene.issue("nsp-0201"), scene.issue("nsp-0202")
    for issued in (first, second):
        open_one = scene.client(issued)
        assert open_one.is_taken()
        scene.authority.revoke(issued.name, "stolen", scene.now)
        scene.broker.take_crl()
        open_one.say(f"paraat/v1/{issued.name}/telemetry")
        assert not open_one.lost.is_set(), "an open connection stays, as docs/pki.md says"
        open_one.close()
        assert not scene.client(issued).is_taken()
    assert scene.client(scene.issue("nsp-0201")).is_taken(), "and the new board of the point gets in"


def test_the_new_board_of_a_point_takes_the_place_of_the_old(scene: Scene) -> None:
    old = scene.board("nsp-0103")
    new = scene.issue("nsp-0103")
    scene.broker.take_crl()
    assert scene.client(new).is_taken()
    assert old.lost.wait(LIMIT_S), "its session went to the new one"


def test_what_is_written_has_the_sites_paths_and_a_private_key(tmp_path: Path, scene: Scene) -> None:
    site = load_site(scene.folder / "site")
    files = broker_config.write(site, tmp_path, address="", data=Path("/var/lib/mosquitto"))
    config = (tmp_path / "mosquitto.conf").read_text()
    assert f"crlfile {tmp_path}/paraat/crl.pem" in config
    assert "$" not in config
    # mosquitto 2.0.11 died of it in 3 of 3 tries: three boards away for some tenths of a second, a reload, and their second return.
    assert not re.search(r"^persistent_client_expiration", config, re.MULTILINE)
    assert (tmp_path / "paraat" / "broker.key").stat().st_mode & 0o007 == 0
    assert (tmp_path / "paraat" / "broker.key") in files
    assert not list(tmp_path.rglob("ca.key"))


def test_a_board_skips_as_much_as_the_broker_lets_through(tmp_path: Path, scene: Scene) -> None:
    broker_config.write(load_site(scene.folder / "site"), tmp_path, address="", data=tmp_path)
    ours = re.search(r"^max_packet_size (\d+)$", (tmp_path / "mosquitto.conf").read_text(), re.MULTILINE)
    boards = re.search(
        r"^_DROPPED_BYTES = const\((\d+)\)", (paths.firmware_dir() / "node" / "mqtt.py").read_text(), re.MULTILINE
    )
    assert ours is not None
    assert boards is not None
    assert ours[1] == boards[1]


def test_without_an_authority_it_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(broker_config.BrokerConfigError, match=r"as docs/pki\.md says"):
        broker_config.write(load_site(paths.example_site_dir()), tmp_path, address="", data=tmp_path)
