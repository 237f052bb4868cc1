"""Who connects and does not ask keeps nobody out."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from host.web.asking import Ask, fetch
from host.web.scene import FINE_CHECKS, FakeSource
from paraat.web import app, server
from paraat.web.app import create_health_app
from paraat.web.server import Handle, serve
from paraat.web.source import Check
from waiting import LIMIT_S, wait_for

HALF = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def half_sent(web: Handle, opened: ExitStack, begun: bytes = HALF) -> socket.socket:
    sock = opened.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=LIMIT_S))
    sock.sendall(begun)
    return sock


def is_closed(sock: socket.socket) -> bool:
    """Whether it is, at the latest when LIMIT_S is over."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def test_300_half_sent_requests_keep_nobody_out(web: Handle, ask: Ask, opened: ExitStack) -> None:
    half = [half_sent(web, opened) for _ in range(300)]
    for path in ("/", "/healthz", "/api/v1/points"):
        assert ask(path).status == 200
    assert is_closed(half[0]), "the one that has been asking the longest makes room"
    half[-1].sendall(b"\r\nconnection: close\r\n\r\n")
    assert half[-1].recv(12) == b"HTTP/1.1 200", "the newest is still heard"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET",
        HALF,
        b"POST /api/v1/codes HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 99\r\ncontent-type: application/json\r\n\r\n{",
    ],
    ids=["nothing", "a word", "a head", "a head and half a body"],
)
def test_a_request_has_a_limit(web: Handle, opened: ExitStack, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(server, "ASK_S", 0.2)
    assert is_closed(half_sent(web, opened, begun))


def test_one_that_drips_has_the_same_limit(web: Handle, opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ASK_S", 1.0)
    sock, began_s = half_sent(web, opened), time.monotonic()
    sock.settimeout(0.05)
    while time.monotonic() - began_s < LIMIT_S:
        try:
            sock.sendall(b"x")
            if sock.recv(1) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    raise AssertionError("it may drip for ever")


def test_an_answer_that_is_not_taken_has_a_limit(
    web: Handle, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ANSWER_S", 0.2)
    sock = opened.enter_context(socket.socket())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", web.port))
    sock.sendall(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" * 200)  # more than what any buffer takes
    wait_for(lambda: _is_reset(sock), "it is let go of")


def _is_reset(sock: socket.socket) -> bool:
    try:
        sock.send(b"x")
    except OSError:
        return True
    return False


def test_a_live_page_has_no_limit(web: Handle, opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ANSWER_S", 0.2)
    live = half_sent(web, opened, b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    told = b""
    while told.count(b"event: stand") < 3:  # 2 s apart
        told += live.recv(65536)


def test_more_pages_than_are_good_are_told_so(
    ask: Ask, web: Handle, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STREAMS_MAX", 1)
    live = half_sent(web, opened, b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    assert live.recv(12) == b"HTTP/1.1 200"
    while b"event: stand" not in live.recv(65536):
        pass
    answer = ask("/events")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


def test_health_on_a_port_of_its_own_is_answered_whatever_the_page_does(source: FakeSource) -> None:
    handle = serve(create_health_app(source), "127.0.0.1", 0)
    try:
        ask = partial(fetch, handle)
        assert (ask("/healthz").status, ask("/healthz").json["status"]) == (200, "ok")
        source.checks = [*FINE_CHECKS, Check(name="journal", ok=False, required=True)]
        assert ask("/healthz").status == 503
        assert ask("/").status == 404
        assert ask("/healthz", Host="evil.example").status == 421
    finally:
        handle.stop()
    assert not handle.alive
