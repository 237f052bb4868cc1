"""The mailbox to which mails come back, on a real IMAP server: plain, behind TLS, that hangs, that goes away, full of junk."""

import datetime
import ipaddress
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dripping import Silent
from imap_server import PASSWORD, URL_PASSWORD, URL_USER, USER, ImapServer, TlsBefore, mail, report
from paraat.alerts.mailbox_watch import MailboxWatch
from paraat.alerts.marks import Marks
from paraat.simulate.servers import LOOPBACK
from paraat.site import paths
from paraat.site.channels import Mailbox
from paraat.site.site import load_site

NOW = 1764000000.0  # what came in was received today, which is later
MARKS = Marks(b"k" * 32)
KEY = "17/turn-1/anna/email/23"
WHY = "5.1.1: 550 5.1.1 no such user"


class Kept:
    """What came back, as the host keeps it."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []
        self.outcomes: list[str] = []  # what the next ones are answered; then "kept"
        self.fails: Exception | None = None

    def __call__(self, message: str, why: str, _now: float) -> str:
        if self.fails is not None:
            raise self.fails
        self.came.append((message, why))
        return self.outcomes.pop(0) if self.outcomes else "kept"


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    made = ImapServer()
    yield made
    made.close()


@pytest.fixture
def server(imap: ImapServer) -> ImapServer:
    imap.begin()
    return imap


Watching = Callable[..., MailboxWatch]


@pytest.fixture
def watching() -> Iterator[Watching]:
    made: list[MailboxWatch] = []

    def watch(url: str, kept: Kept, *, ca_file: Path | None = None, limit_s: float = 60.0) -> MailboxWatch:
        settings = Mailbox(url_file="mailbox.url", limit_s=limit_s)
        made.append(MailboxWatch("email", url, ca_file, settings, read_mark=MARKS.read, came_back=kept))
        return made[-1]

    yield watch
    for one in made:
        one.close()


def returned(key: str = KEY, **changes: Any) -> bytes:
    return report(mail(MARKS.mark(key)), **changes)


def test_what_came_back_is_read_once_and_nothing_is_changed_in_the_mailbox(
    server: ImapServer, watching: Watching
) -> None:
    kept = Kept()
    watch = watching(server.url, kept)
    assert watch.look(NOW) is False
    assert kept.came == []
    server.deliver(returned())
    server.deliver(mail("", "someone@example.org"))
    server.deliver(returned("18/turn-1/bas/email/24", headers_only=True))
    flags = server.flags()
    watch.look(NOW)
    watch.look(NOW)
    assert kept.came == [(KEY, WHY), ("18/turn-1/bas/email/24", WHY)]
    assert server.flags() == flags
    assert (watch.problem, watch.failing_since) == ("", None)
    again = Kept()
    watching(server.url, again).look(NOW)  # as after a start
    assert again.came == kept.came


def test_what_is_not_kept_or_is_still_being_sent_comes_again(server: ImapServer, watching: Watching) -> None:
    kept = Kept()
    watch = watching(server.url, kept)
    server.deliver(returned())
    kept.fails = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        watch.look(NOW)
    kept.fails, kept.outcomes = None, ["later", "later", "kept"]
    watch.look(NOW)
    kept.fails = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        watch.look(NOW)
    kept.fails = None
    for _ in range(3):
        watch.look(NOW)
    assert kept.came == [(KEY, WHY)] * 3


def test_nothing_that_a_stranger_sends_counts_and_what_he_sends_keeps_nothing_back(
    server: ImapServer, watching: Watching
) -> None:
    kept = Kept()
    watch = watching(server.url, kept)
    key = Marks(b"another key of a stranger, 32 b..").mark(KEY)
    for hostile in (
        report(mail(key)),
        report(mail(MARKS.mark(KEY)[:-2] + "xx")),
        report(mail("17/turn-1/anna/email/23")),
        b"Content-Type: multipart/report; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: multipart/report; boundary=a\r\n\r\n" * 500,
        b"Content-Type: multipart/report\r\n" + b"X: y\r\n" * 40_000,
        report(mail(MARKS.mark("12/turn-1/bas/email/7")) + b"y" * 300_000),
    ):
        server.deliver(hostile)
    server.deliver(returned())
    while watch.look(NOW):
        pass
    assert kept.came == [("12/turn-1/bas/email/7", WHY), (KEY, WHY)]


def test_a_full_mailbox_is_read_part_by_part(
    server: ImapServer, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept()
    watch = watching(server.url, kept)
    for n in range(105):
        server.deliver(mail("") if n % 50 else returned(f"{n}/turn-1/anna/email/{n}"))
    assert watch.look(NOW) is True
    assert len(kept.came) == 2
    assert watch.look(NOW) is False
    assert len(kept.came) == 3


def test_over_tls_with_a_certificate_that_is_believed_and_not_else(
    server: ImapServer, watching: Watching, tmp_path: Path
) -> None:
    cert, key = self_signed(tmp_path)
    front = TlsBefore(server.port, cert, key)
    url, kept = f"imaps://{URL_USER}:{URL_PASSWORD}@{LOOPBACK}:{front.port}/{server.path}", Kept()
    server.deliver(returned())
    watching(url, kept, ca_file=cert).look(NOW)
    assert kept.came == [(KEY, WHY)]
    stranger = watching(url, kept)
    stranger.look(NOW)
    assert "certificate verify failed" in stranger.problem
    front.close()


def test_what_is_wrong_with_it_is_said_without_the_password_and_over_when_it_is(
    server: ImapServer, watching: Watching
) -> None:
    kept = Kept()
    wrong = watching(server.url.replace(URL_PASSWORD, "ander"), kept)
    wrong.look(NOW)
    assert (wrong.failing_since, "ander" in wrong.problem, USER in wrong.problem) == (NOW, False, False)
    wrong.look(NOW + 60)
    assert wrong.failing_since == NOW
    absent = watching(server.url.replace(server.path, "Bounces"), kept)
    absent.look(NOW)
    assert absent.problem.startswith("the mailbox of channel email cannot be looked into: ")
    gone = ImapServer()
    watch = watching(gone.url, kept)
    watch.look(NOW)
    assert watch.failing_since is None
    gone.close()
    watch.look(NOW + 60)
    assert watch.failing_since == NOW + 60
    assert PASSWORD not in watch.problem


@pytest.mark.parametrize("drip", [b"", b"* OK still here, and there is more to come"], ids=["answers nothing", "drips"])
def test_a_server_that_holds_us_up_does_so_for_the_limit(watching: Watching, drip: bytes) -> None:
    held = Silent(drip)
    watch = watching(f"imap://{URL_USER}:{URL_PASSWORD}@{LOOPBACK}:{held.port}", Kept(), limit_s=1.5)
    watch.look(NOW)
    assert watch.failing_since == NOW
    assert "no answer within 1.5 s" in watch.problem
    held.close()


def test_a_connection_that_the_server_closed_is_made_anew(
    server: ImapServer, watching: Watching, tmp_path: Path
) -> None:
    cert, key = self_signed(tmp_path)
    front = TlsBefore(server.port, cert, key)
    kept = Kept()
    watch = watching(f"imaps://{URL_USER}:{URL_PASSWORD}@{LOOPBACK}:{front.port}/{server.path}", kept, ca_file=cert)
    watch.look(NOW)
    front.cut()
    server.deliver(returned())
    watch.look(NOW)
    assert (watch.problem, kept.came) == ("", [(KEY, WHY)])
    front.close()


def self_signed(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = directory / "mail.crt", directory / "mail.key"
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path


@pytest.mark.parametrize("ca_file", [None, "box.pem"])
def test_a_site_says_whose_certificates_its_mailbox_is_believed_by(tmp_path: Path, ca_file: str | None) -> None:
    folder = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), folder)
    for name, text in (("x.url", "mailtos://a:b@smtp.example.nl"), ("box.url", "imaps://a:b@imap.example.nl")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    (folder / "box.pem").touch()
    with (folder / "site.toml").open("a") as file:
        file.write('\n[channels.x]\nurl_file = "x.url"\n[channels.x.mailbox]\nurl_file = "box.url"\n')
        file.write(f'ca_file = "{ca_file}"\n' if ca_file else "")
    (watch,) = MailboxWatch.from_site(load_site(folder), lambda *_: "kept")
    assert watch.channel == "x"
    assert watch._order["ca_file"] == (None if ca_file is None else str(folder / ca_file))
