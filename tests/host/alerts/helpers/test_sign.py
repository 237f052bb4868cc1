"""A sign of life is given only when its receiver says that it has it. Real brokers are in tests/host/alerts/test_dead_man.py."""

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import MQTTv311

from dripping import Silent
from line import Line
from paraat.alerts.helpers import sign
from paraat.alerts.helpers.aside import AsideError
from paraat.provision.pki import certificates
from paraat.simulate.servers import LOOPBACK, free_port
from site_broker import NOW

SECRET = "0b2f7c1e"
ORDER = {
    "do": "broker",
    "host": "cp.example.nl",
    "port": 8883,
    "name": "regio-zuid",
    "password": "",
    "ca": "",
    "cert": "",
    "key": "",
    "topic": "paraat/v1/_hosts/regio-zuid/alive",
    "payload": "1764000000",
}


class Answers(BaseHTTPRequestHandler):
    """A watcher that answers by the last part of the path: a status, or nothing at all."""

    def do_GET(self) -> None:
        status = self.path.rpartition("/")[2]
        if status != "hangs-up":
            self.send_response(int(status))
            self.end_headers()
            self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer((LOOPBACK, 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_address[1]}/{SECRET}"
        server.shutdown()
        thread.join()


def test_a_watcher_that_says_yes_has_it(url: str) -> None:
    assert sign.give({"do": "url", "url": f"{url}/200"}) == {}


@pytest.mark.parametrize(
    ("end", "why"),
    [("/404", "it answered 404"), ("/503", "it answered 503"), ("/hangs-up", "RemoteDisconnected")],
)
def test_any_other_answer_is_none_and_is_said_without_the_url(url: str, end: str, why: str) -> None:
    with pytest.raises(AsideError) as caught:
        sign.give({"do": "url", "url": url + end})
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (f"http://{LOOPBACK}:{free_port()}/{SECRET}", "Connection refused"),
        (f"https://no-such-host.invalid/{SECRET}", "Name or service not known|Temporary failure in name resolution"),
        (f"no url {SECRET}", "ValueError"),
    ],
    ids=["nobody there", "no such name", "no url"],
)
def test_a_watcher_that_is_not_there_is_said_by_what_the_network_says(other: str, why: str) -> None:
    with pytest.raises(AsideError, match=rf"\A({why})\Z"):
        sign.give({"do": "url", "url": other})


def test_a_watcher_that_answers_nothing_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign, "_CONNECT_S", 0.1)
    silent = Silent()
    try:
        with pytest.raises(AsideError, match=r"\ATimeoutError\Z"):
            sign.give({"do": "url", "url": f"http://{LOOPBACK}:{silent.port}/{SECRET}"})
    finally:
        silent.close()


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Line]]:
    """The lines that are made from now on, each with these ways."""
    made: list[Line] = []

    def make(**ways: Any) -> list[Line]:
        class Other(Line):
            def __init__(self, *args: Any, **named: Any) -> None:
                super().__init__(*args, **named)
                made.append(self)

        for name, way in ways.items():
            setattr(Other, name, way)
        monkeypatch.setattr(sign, "Client", Other)
        return made

    return make


def test_a_broker_that_takes_our_message_has_it(broker: Callable[..., list[Line]]) -> None:
    lines = broker()
    assert sign.give(ORDER) == {}
    (line,) = lines
    assert (line.client_id, line.settings, line.connect_timeout) == (
        "regio-zuid",
        {"protocol": MQTTv311},
        sign._CONNECT_S,
    )
    assert line.told[:5] == [
        ("username_pw_set", "regio-zuid", None),
        ("connect", "cp.example.nl", 8883),
        ("publish", ORDER["topic"], ORDER["payload"], 1, False),
        ("wait", sign._CONNECT_S),
        ("disconnect",),
    ]
    assert not line.begun


@pytest.mark.parametrize(("refuses", "more"), [(False, ""), (True, ": Not authorized")])
def test_one_that_does_not_take_it_says_why_or_nothing(
    broker: Callable[..., list[Line]], refuses: bool, more: str
) -> None:
    lines = broker(takes=False, **({"loop_start": Line.refuse} if refuses else {}))
    with pytest.raises(AsideError) as caught:
        sign.give(ORDER)
    assert str(caught.value) == f"it did not take our message{more}"
    assert lines[0].all("disconnect") == [[]]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("a host name"), "ValueError"),
        (RuntimeError("a queue"), "RuntimeError"),
    ],
)
def test_one_that_is_not_there_is_said_and_the_connection_let_go_of(
    broker: Callable[..., list[Line]], error: Exception, why: str
) -> None:
    def connect(_line: Line, _host: str, _port: int) -> None:
        raise error

    lines = broker(connect=connect)
    with pytest.raises(AsideError) as caught:
        sign.give(ORDER)
    assert str(caught.value) == why
    assert lines[0].all("disconnect") == [[]]


def test_who_we_are_is_said_by_a_password_or_a_certificate(broker: Callable[..., list[Line]], tmp_path: Path) -> None:
    """A broker that goes by certificates may refuse a name without a password."""
    authority = certificates.make_authority("Proef", NOW)
    issued = certificates.issue_board(authority, "regio-zuid", NOW)
    for name, content in (
        ("ca.crt", authority.certificate_pem()),
        ("own.crt", issued.certificate_pem()),
        ("own.key", issued.key_pem()),
    ):
        (tmp_path / name).write_bytes(content)
    ca = {"ca": str(tmp_path / "ca.crt")}
    own = {"cert": str(tmp_path / "own.crt"), "key": str(tmp_path / "own.key")}
    lines = broker()
    for more, named in (
        (ca | {"password": SECRET}, [["regio-zuid", SECRET]]),
        (ca | own, []),
        (ca | own | {"password": SECRET}, [["regio-zuid", SECRET]]),
        (ca, [["regio-zuid", None]]),
    ):
        assert sign.give(ORDER | more) == {}
        line = lines.pop()
        assert line.all("username_pw_set") == named
        (((context,),)) = line.all("tls_set_context")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert len(context.get_ca_certs()) == 1, "theirs alone"
    with pytest.raises(AsideError, match="SSL"):
        sign.give(ORDER | ca | own | {"key": ca["ca"]})
