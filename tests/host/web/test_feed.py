"""The live stream and the server around it."""

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from host.web.scene import NOW, FakeSource, alert, point
from paraat.web.app import create_app
from paraat.web.render import CARDS_MAX
from paraat.web.server import Handle, WebError, serve
from waiting import LIMIT_S

Event = tuple[str, dict[str, Any]]


class Stream:
    """A page's end of the stream."""

    def __init__(self, web: Handle, query: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=LIMIT_S)
        self._connection.request("GET", f"/events{query}")
        self.response = self._connection.getresponse()

    def __iter__(self) -> Iterator[Event]:
        name = ""
        for line in self.response:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield name, json.loads(line[6:])

    def next(self) -> Event:
        return next(iter(self))

    def close(self) -> None:
        self.response.close()
        self._connection.close()


@pytest.fixture
def stream(web: Handle) -> Iterator[Stream]:
    with closing(Stream(web)) as opened:
        yield opened


def test_a_page_first_gets_everything(stream: Stream) -> None:
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert stream.response.headers["cache-control"] == "no-store"
    name, stand = stream.next()
    assert name == "stand"
    assert stand["now"] == NOW
    assert set(stand) == {"now", "build", "title", "head", "host", "more", "more_alerts", "banner", "alerts", "cards"}
    assert stand["title"] == "(1) Paraat – Veiligheidsregio Voorbeeld"
    assert stand["cards"]["order"][0] == "nsp-0102"
    assert set(stand["cards"]["html"]) == set(stand["cards"]["order"])


def test_then_only_what_changed(stream: Stream, source: FakeSource) -> None:
    stream.next()
    source.clock.t = NOW + 60
    source.points[0] = point("nsp-0101", values={"fuel/level": 55.0})
    source.change()
    name, stand = stream.next()
    assert name == "stand"
    assert set(stand) == {"now", "cards"}
    assert stand["now"] == NOW + 60
    assert set(stand["cards"]["html"]) == {"nsp-0101"}
    assert "55 %" in stand["cards"]["html"]["nsp-0101"]


def test_an_alert_comes_and_goes(stream: Stream, source: FakeSource) -> None:
    stream.next()
    before = list(source.firing)
    source.firing = [*before, alert("point_silent", "nsp-0202", severity="warning", id=11)]
    source.change()
    _, stand = stream.next()
    (new,) = stand["alerts"]["html"].values()
    assert "Basisschool De Regenboog" in new
    source.firing = before
    source.change()
    _, stand = stream.next()
    assert stand["alerts"]["html"] == {}
    assert len(stand["alerts"]["order"]) == 4


def test_the_stream_is_heard_when_nothing_happens(stream: Stream) -> None:
    stream.next()
    assert stream.next() == ("stand", {"now": NOW})


def test_a_source_that_fails_is_told_and_found_again(
    stream: Stream, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    stream.next()
    with caplog.at_level(logging.CRITICAL):
        source.error = OSError("disk gone")
        source.change()
        assert stream.next() == ("broken", {"now": NOW})
    source.error = None
    source.change()
    name, stand = stream.next()
    assert (name, len(stand["cards"]["html"])) == ("stand", 6)


def test_two_pages_see_the_same_and_the_source_is_asked_for_both_at_once(web: Handle, source: FakeSource) -> None:
    with closing(Stream(web)) as one, closing(Stream(web)) as two:
        assert one.next() == two.next()
        assert len(source.listeners) == 1


def test_each_place_of_the_lists_has_a_stream(web: Handle, source: FakeSource) -> None:
    source.points = [point(f"p-{n:03d}") for n in range(CARDS_MAX + 1)]
    with closing(Stream(web)) as first, closing(Stream(web, "?page=2")) as second:
        assert len(first.next()[1]["cards"]["order"]) == CARDS_MAX
        assert second.next()[1]["cards"]["order"] == [f"p-{CARDS_MAX:03d}"]


def test_while_nothing_changed_only_the_time_is_told(web: Handle, source: FakeSource) -> None:
    source.still = source.stand()
    with closing(Stream(web)) as opened:
        opened.next()
        source.clock.t = NOW + 5
        source.change()
        assert opened.next() == ("stand", {"now": NOW + 5})


def test_nothing_runs_while_nobody_looks(web: Handle, source: FakeSource) -> None:
    with closing(Stream(web)) as opened:
        opened.next()
        assert len(source.listeners) == 1
    web.stop()
    assert source.listeners == []
    source.change()


def test_stopping_ends_the_open_streams(web: Handle, stream: Stream) -> None:
    stream.next()
    web.stop(timeout_s=LIMIT_S)
    assert not web.alive
    assert list(stream) == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", web.port), timeout=LIMIT_S)
    web.stop()


def test_a_taken_port_is_an_error_that_says_what_to_do(web: Handle, source: FakeSource) -> None:
    with pytest.raises(WebError) as raised:
        serve(create_app(source), "127.0.0.1", web.port)
    assert str(raised.value) == (
        f"status page: 127.0.0.1 port {web.port} is taken by another program; stop that one, "
        "or set another port under [web] in site.toml"
    )


def test_a_taken_port_is_passed_by_when_asked(web: Handle, source: FakeSource) -> None:
    other = serve(create_app(source), "127.0.0.1", web.port, next_free=True)
    try:
        assert other.port != web.port
        assert other.url == f"http://127.0.0.1:{other.port}"
        socket.create_connection(("127.0.0.1", other.port), timeout=LIMIT_S).close()
    finally:
        other.stop()


def test_an_address_that_is_not_ours_is_an_error(source: FakeSource) -> None:
    with pytest.raises(WebError, match=r"cannot bind 192\.0\.2\.1 port 0: .*site\.toml"):
        serve(create_app(source), "192.0.2.1", 0, next_free=True)


def test_ipv6_loopback_has_brackets_in_its_url(source: FakeSource) -> None:
    try:
        web = serve(create_app(source), "::1", 0)
    except WebError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    try:
        assert web.url == f"http://[::1]:{web.port}"
        with closing(Stream(web)) as opened:
            assert opened.next()[0] == "stand"
    finally:
        web.stop()


def test_a_language_without_texts_fails_at_once() -> None:
    with pytest.raises(KeyError):
        create_app(FakeSource(language="fr"))


def test_pieces_that_say_the_same_are_not_rendered_again(source: FakeSource) -> None:
    renderer = create_app(source).state.feed._renderer
    before = renderer.snapshot(None)
    source.points[0] = msgspec.structs.replace(source.points[0], missing=4)
    after = renderer.snapshot(before)
    same = [key for key in before.cards if after.cards[key] is before.cards[key]]
    assert set(before.cards) - set(same) == {"nsp-0101"}
