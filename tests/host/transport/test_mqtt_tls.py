"""The host's connection over mutual TLS, to mosquitto with the project's own configuration."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from paraat.provision import pki
from paraat.provision.authority import Authority
from paraat.settings import BrokerSettings, SettingsError
from paraat.transport.inbox import Inbox
from paraat.transport.mqtt import MqttTransport
from site_broker import PASSPHRASE, BoardClient, SiteBroker, make_site
from waiting import wait_for

pytestmark = pytest.mark.needs("mosquitto")
POINT = "nsp-0101"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteBroker]:
    folder = tmp_path_factory.mktemp("tls")
    with SiteBroker(make_site(folder / "site", datetime.now(UTC)), folder / "broker") as running:
        yield running


@pytest.fixture
def site_dir(made: SiteBroker, tmp_path: Path) -> Path:
    """A copy, for a test to spoil."""
    shutil.copytree(made.site.directory, tmp_path / "site")
    return tmp_path / "site"


Connect = Callable[..., MqttTransport]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened = []

    def start(settings: BrokerSettings, directory: Path, inbox: Inbox) -> MqttTransport:
        transport = MqttTransport(settings, directory, inbox, now=lambda: 42.0, on_change=lambda _: None)
        opened.append(transport)
        transport.start()
        return transport

    yield start
    for transport in opened:
        transport.stop()


def test_the_host_hears_a_board_and_answers_it(made: SiteBroker, connect: Connect, tmp_path: Path) -> None:
    inbox = Inbox()
    ours = connect(made.site.broker, made.site.directory, inbox)
    wait_for(lambda: ours.connected, "the host is connected")
    assert ours.problem == ""
    now = datetime.now(UTC)
    authority = Authority.open(made.site.directory, PASSPHRASE, now)
    issued = authority.issue_board(POINT, now)
    authority.commit(issued, None, now)
    board = BoardClient(made.port, made.site.directory / "pki" / "ca.crt", issued, tmp_path)
    assert board.is_taken()
    board.subscribe(f"paraat/v1/{POINT}/ack")
    board.say(f"paraat/v1/{POINT}/telemetry", b"t")
    wait_for(lambda: len(inbox), "the board's message")
    (message,) = inbox.take(1, 0.0)
    assert (message.topic, message.payload) == (f"paraat/v1/{POINT}/telemetry", b"t")
    assert ours.publish(f"paraat/v1/{POINT}/ack", b"a")
    wait_for(lambda: board.heard == [(f"paraat/v1/{POINT}/ack", b"a")], "the host's answer")
    inbox.close()
    board.close()


def spoil_ca(site_dir: Path) -> None:
    (site_dir / "pki" / "ca.crt").write_bytes(pki.make_authority("Elders", datetime.now(UTC)).certificate_pem())


def spoil_certificate(site_dir: Path) -> None:
    now = datetime.now(UTC)
    issued = pki.issue_client(pki.make_authority("Elders", now), "paraat-host", now)
    (site_dir / "pki" / "host.crt").write_bytes(issued.certificate_pem())
    (site_dir / "pki" / "host.key").write_bytes(issued.key_pem())


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("spoil", "words"), [(spoil_ca, "broker.ca_file"), (spoil_certificate, "`paraat pki renew host`")]
)
def test_what_is_wrong_with_tls_is_said_with_what_to_do(
    made: SiteBroker, connect: Connect, site_dir: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(site_dir)
    ours = connect(made.site.broker, site_dir, Inbox())
    wait_for(lambda: words in ours.problem, words)
    assert f":{made.port}" in ours.problem
    assert not ours.connected


def open_key(site_dir: Path) -> None:
    (site_dir / "pki" / "host.key").chmod(0o644)


def encrypted_key(site_dir: Path) -> None:
    shutil.copyfile(site_dir / "pki" / "ca.key", site_dir / "pki" / "host.key")


@pytest.mark.parametrize(("spoil", "words"), [(open_key, "chmod 600"), (encrypted_key, "broker.cert_file")])
def test_a_key_that_cannot_be_used_is_refused_at_the_start(
    made: SiteBroker, site_dir: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(site_dir)
    settings = msgspec.structs.replace(made.site.broker)
    with pytest.raises(SettingsError, match=words):
        MqttTransport(settings, site_dir, Inbox(), now=lambda: 42.0, on_change=lambda _: None)
