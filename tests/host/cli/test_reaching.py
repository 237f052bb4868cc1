"""`paraat check` says who is told of which point by which rung, and fails when nobody is; `paraat alerts test` tries it."""

import json
import shutil
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from imap_server import ImapServer
from paraat.cli.main import main
from paraat.simulate.servers import free_port
from paraat.site import paths

pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    return tmp_path / "site"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_site_reaches_somebody_of_every_point(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--site", str(site)]) == 0
    said = capsys.readouterr().out
    assert (
        "nsp-0202: board; screen; lead: Anna Jansen (ntfy); deputy: Bram de Vries (ntfy); coordination point:" in said
    )
    assert "nsp-0101@example.org (NOT REACHED: this site has no channel email)" in said
    assert "5 points: in order" in said


def test_a_point_of_which_nobody_is_told_fails_the_check_and_says_what_to_do(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(site / "site.toml", "[channels.ntfy]", "[channels.other]")
    assert main(["check", "--site", str(site)]) == 1
    said = capsys.readouterr()
    assert "in order" not in said.out
    assert "of nsp-0101, nsp-0102, nsp-0103, nsp-0201 and 1 more nobody is told by any message" in said.err
    assert "[channels.<name>] (docs/alerts.md)" in said.err


def test_a_mail_server_that_does_not_exist_reaches_nobody(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(host: str, *_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    change(site / "site.toml", 'url = "ntfy://127.0.0.1:2586/{to}"', 'url = "ntfys://push.example.nl/{to}"')
    assert main(["check", "--site", str(site)]) == 1
    said = capsys.readouterr()
    assert "[channels.ntfy] reaches nobody: there is no push.example.nl on the network" in said.out
    assert "nobody is told" in said.err


def test_a_server_and_a_modem_that_are_away_and_a_lost_key_are_said(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    change(site / "site.toml", "ntfy://127.0.0.1:2586/{to}", f"ntfy://127.0.0.1:{port}/{{to}}")
    with (site / "site.toml").open("a") as file:
        file.write('\n[channels.sms]\ndevice = "/dev/serial/by-id/none"\n')
    (site / "journal.sqlite").touch()
    assert main(["check", "--site", str(site)]) == 0
    said = capsys.readouterr().out
    assert f"[channels.ntfy]: 127.0.0.1:{port} takes no connection now" in said
    assert "there is no /dev/serial/by-id/none now" in said
    assert "acknowledge.key: is gone. Put it back" in said
    with socket.create_server(("127.0.0.1", port)):
        (site / "acknowledge.key").touch(mode=0o600)
        main(["check", "--site", str(site)])
    said = capsys.readouterr().out
    assert "takes no connection" not in said
    assert "is gone" not in said


def test_a_mailbox_is_tried_and_what_is_wrong_with_it_is_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (site / "site.toml").open("a") as file:
        file.write('\n[channels.email]\nurl_file = "mail.url"\n[channels.email.mailbox]\nurl_file = "box.url"\n')
    box = site / "box.url"
    for path, line in ((site / "mail.url", "mailto://127.0.0.1:9?from=a@b.nl"), (box, "imaps://a:b@mail.example.nl")):
        path.write_text(line)
        path.chmod(0o600)
    server = ImapServer()
    box.write_text(server.url)
    assert main(["check", "--site", str(site)]) == 0
    assert "mailbox]" not in capsys.readouterr().out
    server.close()
    assert main(["check", "--site", str(site)]) == 0
    said = capsys.readouterr().out
    assert "[channels.email.mailbox]: [Errno 111] Connection refused. Is the server on" in said
    assert not (site / "acknowledge.key").exists()


@pytest.mark.parametrize(
    "line",
    [
        "imap://a:b@mail.example.nl",
        "https://a:b@mail.example.nl",
        "imaps://mail.example.nl",
        "imaps://a:b@h:x",
        "geheim",
    ],
)
def test_a_line_that_is_no_mailbox_is_refused_and_never_shown(
    site: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    with (site / "site.toml").open("a") as file:
        file.write('\n[channels.email]\nurl_file = "mail.url"\n[channels.email.mailbox]\nurl_file = "box.url"\n')
    for name, text in (("mail.url", "mailto://127.0.0.1:9?from=a@b.nl"), ("box.url", line)):
        (site / name).write_text(text)
        (site / name).chmod(0o600)
    assert main(["check", "--site", str(site)]) == 2
    said = capsys.readouterr().err
    assert "box.url: channels.email.mailbox.url_file" in said
    assert line not in said
    change(site / "site.toml", 'url_file = "mail.url"', 'url = "ntfy://127.0.0.1:1/{to}"')
    assert main(["check", "--site", str(site)]) == 2
    assert "channels.email" in capsys.readouterr().err


def test_hours_without_anybody_are_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for point in (site / "points").glob("*.toml"):
        point.write_text(point.read_text().split("[lead]")[0])
    (site / "roster.toml").write_text(
        '[people.anna]\nname = "Anna"\nreach = { ntfy = ["a"] }\n'
        '[[duty]]\nrung = "lead"\nwho = ["anna"]\nbegins = "08:00"\nends = "18:00"\n'
    )
    assert main(["check", "--site", str(site)]) == 0
    assert "nobody who is reached is on duty for nsp-0101" in capsys.readouterr().out


class Host(BaseHTTPRequestHandler):
    """Answers as `paraat serve` does to a test."""

    def do_POST(self) -> None:
        tried = [
            {"rung": "board", "who": "De Linde", "channel": "siren", "ok": True, "answer": "the board sounds"},
            {"rung": "lead", "who": "Anna", "channel": "sms", "ok": self.server.ok, "answer": "the modem hangs"},  # type: ignore[attr-defined]
        ]
        body = json.dumps({"point": self.path.split("/")[4], "tried": tried}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("ok", [True, False])
def test_a_test_prints_what_each_rung_answered(site: Path, capsys: pytest.CaptureFixture[str], ok: bool) -> None:
    with HTTPServer(("127.0.0.1", 0), Host) as server:
        server.ok = ok  # type: ignore[attr-defined]
        thread = Thread(target=server.handle_request)
        thread.start()
        change(site / "site.toml", "port = 8080", f"port = {server.server_address[1]}")
        code = main(["alerts", "test", "--site", str(site), "--point", "nsp-0101"])
        thread.join()
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == [
        "rung   who       by     taken  what came back",
        "board  De Linde  siren  yes    the board sounds",
    ]
    assert code == (0 if ok else 1)
    assert ("1 of 2 were not taken" in said.err) is not ok


def test_a_test_needs_the_service_and_a_point_that_is_there(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(site / "site.toml", "port = 8080", f"port = {free_port()}")
    assert main(["alerts", "test", "--site", str(site), "--point", "nsp-0101"]) == 1
    assert "`paraat serve` does not run; start it, then test" in capsys.readouterr().err
    assert main(["alerts", "test", "--site", str(site), "--point", "nsp-9999"]) == 1
    assert "no point nsp-9999" in capsys.readouterr().err
