"""The host's connection over mutual TLS, to mosquitto with the project's own configuration."""

import contextlib
import shutil
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from paraat.intake.inbox import Inbox
from paraat.intake.mqtt import MqttTransport
from paraat.intake.tls import TlsFiles
from paraat.provision.pki import certificates
from paraat.provision.pki.authority import Authority
from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from paraat.site.files import write_atomic
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
    (site_dir / "pki" / "ca.crt").write_bytes(
        certificates.make_authority("Elders", datetime.now(UTC)).certificate_pem()
    )


def spoil_certificate(site_dir: Path) -> None:
    now = datetime.now(UTC)
    issued = certificates.issue_client(certificates.make_authority("Elders", now), "paraat-host", now)
    (site_dir / "pki" / "host.crt").write_bytes(issued.certificate_pem())
    (site_dir / "pki" / "host.key").write_bytes(issued.key_pem())


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("spoil", "words"), [(spoil_ca, "broker.ca_file"), (spoil_certificate, "`.venv/bin/paraat pki renew host`")]
)
def test_what_is_wrong_with_tls_is_said_with_what_to_do(
    made: SiteBroker, connect: Connect, site_dir: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(site_dir)
    ours = connect(made.site.broker, site_dir, Inbox())
    wait_for(lambda: words in ours.problem, words)
    assert f":{made.port}" in ours.problem
    assert not ours.connected


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("spoil", [spoil_ca, spoil_certificate])
def test_renewed_files_count_from_the_next_connection_on(
    made: SiteBroker, connect: Connect, site_dir: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(site_dir)
    ours = connect(made.site.broker, site_dir, Inbox())
    wait_for(lambda: ours.problem != "not connected yet", "it is refused")
    for name in ("ca.crt", "host.key", "host.crt"):
        write_atomic(site_dir / "pki" / name, (made.site.directory / "pki" / name).read_bytes(), mode=0o600)
    wait_for(lambda: ours.connected, "the host is connected")


def serial_shown(context: ssl.SSLContext, pki_dir: Path) -> str:
    """The serial number of the certificate that `context` shows to a broker."""
    broker = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    broker.load_cert_chain(pki_dir / "broker.crt", pki_dir / "broker.key")
    broker.load_verify_locations(pki_dir / "ca.crt")
    broker.verify_mode = ssl.CERT_REQUIRED
    to_us, to_broker = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context.wrap_bio(to_us, to_broker, server_hostname="localhost")
    theirs = broker.wrap_bio(to_broker, to_us, server_side=True)
    for side in (ours, theirs, ours, theirs):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    shown = theirs.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


def test_halfway_a_renewal_the_old_certificate_stays_in_use(made: SiteBroker, site_dir: Path) -> None:
    folder = site_dir / "pki"
    old_pem = (folder / "host.crt").read_bytes()
    files = TlsFiles(made.site.broker, site_dir)
    old = serial_shown(files.context, folder)
    now = datetime.now(UTC)
    new = Authority.open(site_dir, PASSPHRASE, now).renew_client("host", now).serial
    new_pem = (folder / "host.crt").read_bytes()

    write_atomic(folder / "host.crt", old_pem, mode=0o644)  # of the two files the key is written first
    with pytest.raises(SettingsError, match=r"broker\.cert_file"):
        files.refresh()
    assert serial_shown(files.context, folder) == old
    files.refresh()  # it was said

    write_atomic(folder / "host.crt", new_pem, mode=0o644)
    files.refresh()
    assert serial_shown(files.context, folder) == new != old


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
