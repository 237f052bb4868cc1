"""Messages that leave by apprise: real servers that take them, refuse them, answer nothing, or drip."""

import json
import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.client as mqtt
import pytest
from aiosmtpd.controller import Controller
from paho.mqtt.enums import CallbackAPIVersion

from dripping import Silent
from paraat.alerts.channels import ChannelError, Message, make_channels
from paraat.alerts.channels.outside import OutsideChannel
from paraat.alerts.helpers.aside import Aside
from paraat.alerts.helpers.outside import hand_over
from paraat.domain.roster import Person
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import load_site
from waiting import LIMIT_S, wait_for

PASSWORD = "hunter2-geheim"
MESSAGE = Message(
    to="anna@example.org",
    subject="Brandstof raakt op: De Linde, nog 4,2 uur",
    body="Bel de leverancier.",
    short="De Linde: brandstof voor 4,2 uur.",
    severity="critical",
    key="7/firing",
)


def to(address: str) -> Message:
    return Message(**{name: getattr(MESSAGE, name) for name in MESSAGE.__struct_fields__} | {"to": address})


@pytest.fixture(scope="module")
def helper() -> Iterator[Aside]:
    """One process for all tests that do not end it: to start it takes half a second, most of all that is done here."""
    shared = Aside("paraat.alerts.helpers.outside")
    yield shared
    shared.close()


@pytest.fixture
def channel(helper: Aside) -> Iterator[Callable[..., OutsideChannel]]:
    made: list[OutsideChannel] = []

    def make(url: str, name: str = "email", limit_s: float = LIMIT_S) -> OutsideChannel:
        """With a limit of its own it has a process of its own."""
        channel = OutsideChannel(name, url, limit_s)
        if limit_s == LIMIT_S:
            channel._helper = helper
        else:
            made.append(channel)
        return channel

    yield make
    for one in made:
        one.close()


Make = Callable[..., OutsideChannel]


class Mailbox:
    """An SMTP server's answers. rcpt, data: what it says of an address and of a mail."""

    def __init__(self, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data = rcpt, data
        self.taken: list[tuple[list[str], str]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data.startswith("250"):
            self.taken.append((envelope.rcpt_tos, envelope.content.decode()))
        return self.data


@pytest.fixture
def smtp() -> Iterator[Callable[[Mailbox], str]]:
    """Starts a mail server with these answers; returns the URL for it."""
    running: list[Controller] = []

    def start(mailbox: Mailbox) -> str:
        port = free_port()
        server = Controller(mailbox, hostname=LOOPBACK, port=port)
        server.start()
        running.append(server)
        return f"mailto://{LOOPBACK}:{port}?from=paraat@example.org&mode=insecure&to={{to}}"

    yield start
    for server in running:
        server.stop()


def test_a_mail_arrives_and_the_answer_says_who_took_it(smtp: Callable[[Mailbox], str], channel: Make) -> None:
    mailbox = Mailbox()
    assert channel(smtp(mailbox)).send(MESSAGE) == f"taken by {LOOPBACK}"
    ((recipients, content),) = mailbox.taken
    assert recipients == ["anna@example.org"]
    assert "Bel de leverancier." in content


@pytest.mark.parametrize(
    ("mailbox", "words"),
    [
        (Mailbox(rcpt="550 no such mailbox"), "550, b'no such mailbox'"),
        (Mailbox(data="552 mailbox full"), "552, b'mailbox full'"),
        (Mailbox(rcpt="451 try again later"), "451, b'try again later'"),
    ],
    ids=["no such mailbox", "full", "greylisted"],
)
def test_what_a_mail_server_refuses_is_said_with_the_address_and_its_words(
    smtp: Callable[[Mailbox], str], channel: Make, mailbox: Mailbox, words: str
) -> None:
    with pytest.raises(ChannelError, match=r"^anna@example\.org was not taken: ") as caught:
        channel(smtp(mailbox)).send(MESSAGE)
    assert words in str(caught.value)
    assert mailbox.taken == []


class Bouncing(Mailbox):
    """It takes a mail for a mailbox that is not there, and sends it back to whoever it is from."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        back = f"To: {envelope.mail_from}\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n550 5.1.1 no such user"
        self.taken.append(([envelope.mail_from], back))
        return "250 queued"


def test_of_a_mail_that_bounces_later_is_said_that_a_server_took_it_and_never_that_it_arrived(
    smtp: Callable[[Mailbox], str], channel: Make
) -> None:
    """What is said then is read in its mailbox (test_mail_comes_back.py); without one nobody but the ladder sees to it."""
    mailbox = Bouncing()
    assert channel(smtp(mailbox)).send(MESSAGE) == f"taken by {LOOPBACK}"
    assert mailbox.taken[0][0] == ["paraat@example.org"]


@pytest.mark.parametrize("drip", [b"", b"220-wait\r\n"], ids=["answers nothing", "drips"])
@pytest.mark.parametrize("scheme", ["mailto", "ntfy"])
def test_a_server_that_holds_us_up_does_so_for_the_limit_and_leaves_no_thread(
    channel: Make, drip: bytes, scheme: str
) -> None:
    held = Silent(drip)
    url = {
        "mailto": f"mailto://{LOOPBACK}:{held.port}?from=paraat@example.org&mode=insecure&to={{to}}",
        "ntfy": f"ntfy://{LOOPBACK}:{held.port}/{{to}}",
    }[scheme]
    slow = channel(url, "slow", limit_s=2.0)
    threads = {thread.name for thread in threading.enumerate()}
    began_s = time.monotonic()
    with pytest.raises(ChannelError):
        slow.send(MESSAGE)
    assert time.monotonic() - began_s < 10.0  # of a busy machine
    held.close()
    wait_for(
        lambda: {t.name for t in threading.enumerate() if "_drop" not in t.name and "_serve" not in t.name} <= threads
    )


def test_a_message_under_way_ends_with_the_service(channel: Make) -> None:
    held = Silent(b"220-wait\r\n")
    slow = channel(f"mailto://{LOOPBACK}:{held.port}?from=a@example.org&mode=insecure&to={{to}}", limit_s=600.0)
    ended: list[str] = []

    def send() -> None:
        try:
            slow.send(MESSAGE)
        except ChannelError as error:
            ended.append(str(error))

    thread = threading.Thread(target=send)
    thread.start()
    wait_for(lambda: held._open, "it is connected")
    slow.close()
    thread.join(LIMIT_S)
    assert ended == ["anna@example.org: the service stops"]
    held.close()


class Ntfy(BaseHTTPRequestHandler):
    """What an ntfy server does with a message; it keeps what comes."""

    seen: list[tuple[str, dict[str, Any]]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen.append((self.path, json.loads(body)))
        self.send_response(type(self).status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"id":"x","event":"message"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def ntfy() -> Iterator[tuple[type[Ntfy], int]]:
    handler = type("Kept", (Ntfy,), {"seen": []})
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_person_has_an_own_topic_of_ntfy(ntfy: tuple[type[Ntfy], int], channel: Make) -> None:
    handler, port = ntfy
    assert channel(f"ntfy://{LOOPBACK}:{port}/{{to}}", "ntfy").send(to("lead-0101")) == f"taken by {LOOPBACK}"
    ((_, seen),) = handler.seen
    assert seen["topic"] == "lead-0101"
    assert (seen["title"], seen["message"]) == (MESSAGE.subject, MESSAGE.body)


def test_a_webhook_that_answers_503_took_nothing(ntfy: tuple[type[Ntfy], int], channel: Make) -> None:
    handler, port = ntfy
    hook = channel(f"json://{LOOPBACK}:{port}/hook", "webhook")
    handler.status = 503
    with pytest.raises(ChannelError, match="503"):
        hook.send(to("CP"))
    handler.status = 200
    hook.send(to("CP"))
    path, seen = handler.seen[-1]
    assert path == "/hook"
    assert (seen["title"], seen["message"]) == (MESSAGE.subject, MESSAGE.body)


class Matrix(BaseHTTPRequestHandler):
    """What a Matrix home server does with a message (client-server API, version 3)."""

    seen: list[tuple[str, str, dict[str, Any]]]

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body: dict[str, Any] = json.loads(self.rfile.read(length) or b"{}")
        type(self).seen.append((self.command, self.path, body))
        known = self.headers.get("Authorization") == "Bearer syt_token"
        if self.path.endswith("/login"):
            known = body["password"] == PASSWORD
            answer = {"access_token": "syt_token", "user_id": "@paraat:example.nl", "device_id": "CP"}
        elif "/join/" in self.path:
            answer = {"room_id": "!room:example.nl"}
        else:
            answer = {"event_id": "$1"} if "/send/m.room.message/" in self.path else {}
        said = json.dumps(answer if known else {"errcode": "M_FORBIDDEN", "error": "Invalid password"}).encode()
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: object) -> None:
        pass


def test_a_message_comes_into_a_room_of_matrix_by_its_id_or_its_alias(channel: Make) -> None:
    handler = type("Kept", (Matrix,), {"seen": []})
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"matrix://paraat:{{password}}@{LOOPBACK}:{server.server_address[1]}/{{{{to}}}}"
        room = channel(url.format(password=PASSWORD), "matrix")
        for address in ("!room:example.nl", "#alerts:example.nl"):
            handler.seen.clear()
            room.send(to(address))
            assert any(path.endswith(f"/join/{quote(address, safe='')}") for _, path, _ in handler.seen)
            ((path, body),) = [(path, body) for _, path, body in handler.seen if "/send/m.room.message/" in path]
            assert "/rooms/%21room%3Aexample.nl/" in path
            assert (body["msgtype"], MESSAGE.subject in body["body"], MESSAGE.body in body["body"]) == (
                "m.text",
                True,
                True,
            )
        with pytest.raises(ChannelError) as caught:
            channel(url.format(password="wrong-geheim"), "matrix").send(to("!room:example.nl"))
        assert "wrong-geheim" not in str(caught.value)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.needs("mosquitto")
def test_a_message_by_mqtt(tmp_path: Path, channel: Make) -> None:
    heard: list[tuple[str, str]] = []
    ready = threading.Event()
    with MosquittoBroker(tmp_path / "broker") as broker:
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _u, message: heard.append((message.topic, message.payload.decode()))
        client.on_subscribe = lambda *_: ready.set()
        client.connect(LOOPBACK, broker.port)
        client.subscribe("alerts/#", 1)
        client.loop_start()
        assert ready.wait(LIMIT_S)
        channel(f"mqtt://{LOOPBACK}:{broker.port}/alerts/{{to}}?qos=1", "mqtt").send(to("cp"))
        wait_for(lambda: heard)
        client.disconnect()
        client.loop_stop()
        client.reinitialise()
    ((topic, text),) = heard
    assert topic == "alerts/cp"
    assert MESSAGE.body in text


def test_an_address_cannot_change_the_url(ntfy: tuple[type[Ntfy], int], channel: Make) -> None:
    handler, port = ntfy
    channel(f"ntfy://{LOOPBACK}:{port}/{{to}}", "ntfy").send(to("lead"))
    with pytest.raises(ChannelError):
        channel(f"json://{LOOPBACK}:{free_port()}/{{to}}", "webhook").send(to(f"@{LOOPBACK}:{port}/x?a=b"))
    assert len(handler.seen) == 1


def test_no_secret_is_in_an_error_or_a_log(channel: Make, caplog: pytest.LogCaptureFixture) -> None:
    token = "tk-8sGf3Qz1"
    urls = (
        f"mailto://lead:{PASSWORD}@{LOOPBACK}:{free_port()}?from=paraat@example.org&mode=insecure&to={{to}}",
        f"json://lead:{PASSWORD}@{LOOPBACK}:{free_port()}/{token}",
        f"ntfy://{LOOPBACK}:{free_port()}/{{to}}?token={token}",
    )
    with caplog.at_level(logging.DEBUG):
        for url in urls:
            with pytest.raises(ChannelError) as caught:
                channel(url, "x").send(to("lead"))
            assert PASSWORD not in str(caught.value)
            assert token not in str(caught.value)
    assert PASSWORD not in caplog.text
    assert token not in caplog.text


class AtASite:
    """A copy of the example site with one more table of channels."""

    def __init__(self, directory: Path, table: str, secret: str | None = None) -> None:
        shutil.copytree(paths.example_site_dir(), directory)
        with (directory / "site.toml").open("a") as file:
            file.write(f"\n{table}\n")
        if secret is not None:
            (directory / "x.url").write_text(secret)
            (directory / "x.url").chmod(0o600)
        self.directory = directory

    def channels(self) -> dict[str, Any]:
        return make_channels(load_site(self.directory))


def test_several_channels_each_with_its_own_table_and_several_addresses_a_person(tmp_path: Path) -> None:
    tables = '[channels.mail-two]\nurl_file = "x.url"\n[channels.room]\nurl = "json://127.0.0.1:9/room"'
    site = AtASite(tmp_path / "site", tables, f"mailtos://a:{PASSWORD}@smtp.example.nl")
    found = site.channels()
    assert {"log", "mail-two", "room"} <= set(found)
    anna = Person(id="anna", name="Anna", reach={"mail-two": ("a@example.org", "b@example.org"), "room": ("CP",)})
    assert found["mail-two"].addresses(anna) == ("a@example.org", "b@example.org")
    assert found["room"].addresses(anna) == ("CP",)
    assert found["mail-two"].server == "smtp.example.nl"


@pytest.mark.parametrize(
    ("table", "secret", "key"),
    [
        ("[channels.x]", None, "channels.x.url_file"),
        ('[channels.x]\nurl_file = "x.url"\nurl = "json://a"', "json://a", "channels.x.url_file"),
        (f'[channels.x]\nurl = "json://a:{PASSWORD}@b/"', None, "channels.x.url"),
        ('[channels.x]\nurl = "nothing://a"', None, "channels.x.url"),
        ('[channels.x]\nurl_file = "x.url"', f"nothing://a:{PASSWORD}@b", "channels.x.url_file"),
        ('[channels.x]\nurl_file = "x.url"', None, "channels.x.url_file"),
        ("[channels.log]", None, "channels.log"),
        ("[channels]\nx = 1", None, "channels.x"),
        ('[channels.x]\nurl = "json://a"\nlimit_s = 3600', None, "channels.x.limit_s"),
        ("[channels.X]", None, "channels.X"),
    ],
)
def test_a_table_that_is_wrong_is_named_and_no_secret_is_shown(
    tmp_path: Path, table: str, secret: str | None, key: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        AtASite(tmp_path / "site", table, secret).channels()
    assert caught.value.key == key
    assert PASSWORD not in str(caught.value)


def test_a_mail_server_that_does_not_exist_is_found_out(channel: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, *_: object) -> list[object]:
        errno = {"smtp.example.nl": socket.EAI_NONAME, "busy.example.nl": socket.EAI_AGAIN}.get(host)
        if errno is not None:
            raise socket.gaierror(errno, "what the network says")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert channel("mailtos://a:b@smtp.example.nl?to={to}").unknown_server() == "smtp.example.nl"
    assert channel("mailtos://a:b@busy.example.nl?to={to}").unknown_server() is None, "that is not known"
    assert channel("mailtos://a:b@mail.example.org?to={to}").unknown_server() is None
    assert channel("tgram://123456789:abcdefg_hijklmnop/{to}", "telegram").server is None, (
        "a token is looked up nowhere"
    )


def test_what_apprise_takes_for_no_url_is_not_handed_over() -> None:
    answer = hand_over({"url": "no-such-scheme://x", "title": "", "body": "x"})
    assert answer == {"done": False, "why": "apprise does not take this URL", "refused": ""}
