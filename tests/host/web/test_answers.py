"""Links and codes over a real socket: what a page elsewhere, a scanner, a name from outside and a guesser get."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from host.web.asking import Ask, fetch
from host.web.scene import NOW, FakeSource, alert, rich
from paraat.domain.facts import Acknowledged, Author, Counted, Fact
from paraat.domain.radio import COUNT, Code, RadioError
from paraat.journal import JournalError
from paraat.simulate.servers import free_port
from paraat.web.app import create_app
from paraat.web.render import Renderer
from paraat.web.server import Handle, serve

OUTSIDE = "https://paraat.example.nl"
CODE = str(Code(COUNT, "KXRTA", 84))
BODY = f'{{"code": "{CODE}", "by": "Fatima", "role": "lead"}}'.encode()
JSON = {"content_type": "application/json"}


@pytest.fixture
def reached(source: FakeSource) -> Iterator[Handle]:
    """A page whose links are reached from outside, through a proxy."""
    handle = serve(create_app(source, base_url=OUTSIDE), "127.0.0.1", free_port())
    yield handle
    handle.stop()


# --- the link


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_a_link_changes_nothing(ask: Ask, source: FakeSource, method: str) -> None:
    for _ in range(3):
        assert ask("/seen/7", method).status == 200
    assert source.facts == []


def test_the_button_acknowledges_once(ask: Ask, source: FakeSource) -> None:
    assert ask("/seen/7", "POST").status == 200
    assert [fact.author.way for fact in source.facts] == ["link"]
    again = ask("/seen/7", "POST")
    assert again.status == 410
    assert "Deze melding is voorbij. U hoeft niets te doen." in again.text


def test_the_second_button_says_that_he_cannot(source: FakeSource, ask: Ask) -> None:
    page = ask("/seen/7").text
    assert 'action="?answer=no"' in page
    answer = ask("/seen/7?answer=no", "POST")
    assert answer.status == 200
    assert "vraagt nu de volgende" in answer.text
    assert source.answers.declined


def test_the_page_of_a_list_names_each_alert_and_asks_once(ask: Ask, source: FakeSource) -> None:
    source.firing = [alert(), alert("help_asked", id=8)]
    page = ask("/seen/7-8").text
    assert (page.count("<h1>"), page.count("<form")) == (2, 2)
    assert "pakt u al deze 2 meldingen op?" in page
    assert ask("/seen/7-8", "POST").status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://{host}", 200),
        (OUTSIDE, 200),
        ("https://evil.example", 403),
        ("http://{host}.evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_a_page_elsewhere_may_not_press_the_button(
    reached: Handle, source: FakeSource, origin: str | None, status: int
) -> None:
    host = reached.url.partition("//")[2]
    headers = {} if origin is None else {"origin": origin.format(host=host)}
    assert fetch(reached, "/seen/7", "POST", **headers).status == status
    assert bool(source.facts) == (status == 200)


def test_its_page_may_send_its_own_form_and_tells_nobody_where_it_came_from(ask: Ask) -> None:
    headers = ask("/seen/7").headers
    assert "form-action 'self'" in headers["content-security-policy"]
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "form-action 'none'" in ask("/").headers["content-security-policy"]


def test_from_outside_the_links_are_reached_and_nothing_else(reached: Handle) -> None:
    outside = partial(fetch, reached, host="paraat.example.nl")
    assert outside("/seen/7").status == 200
    assert outside("/static/page.css").status == 200
    for path in (
        "/",
        "/api/v1/points",
        "/api/v1/alerts",
        "/events",
        "/metrics",
        "/healthz",
        "/points/nsp-0101/sheet.pdf",
    ):
        assert outside(path).status == 421, path
    for path in ("/api/v1/alerts/7/acknowledge", "/api/v1/codes"):
        assert outside(path, "POST", BODY, **JSON).status == 421
    for path in ("/seen/../api/v1/points", "/seen/%2e%2e/api/v1/points", "//api/v1/points"):
        assert outside(path).status in (404, 410, 421), path
    assert fetch(reached, "/seen/7", host="evil.example").status == 421


def test_without_a_base_url_no_name_from_outside_is_answered(ask: Ask) -> None:
    assert ask("/seen/7", host="paraat.example.nl").status == 421
    assert ask("/seen/7", host="").status == 421


def test_a_link_that_cannot_be_kept_says_whom_to_call(ask: Ask, source: FakeSource) -> None:
    source.answers.error = JournalError("disk full")
    answer = ask("/seen/7", "POST")
    assert answer.status == 503
    assert "Bel het coördinatiepunt." in answer.text
    assert "disk" not in answer.text


# --- the code


def test_a_code_is_kept_with_who_said_it(ask: Ask, source: FakeSource) -> None:
    answer = ask("/api/v1/codes", "POST", BODY, **JSON)
    assert answer.status == 200
    assert answer.json == {
        "kind": "count",
        "point": "nsp-0102",
        "alert": None,
        "number": 84.0,
        "said": "84 mensen in Sporthal De Zuiderpoort, zegt Fatima.",
        "answer": source.answers.book.answer(Code(COUNT, "KXRTA")),
        "at": "2025-11-24T16:00:00Z",
        "by": "Fatima",
        "again": False,
    }
    (fact,) = source.facts
    assert (fact.told, fact.author.role, fact.author.way) == (Counted(point="nsp-0102", people=84), "lead", "radio")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RadioError("form"), "Dit is geen hele code"),
        (RadioError("character", found="O"), "Het teken O staat in geen enkele code"),
        (RadioError("check"), "Er is een teken fout, of twee tekens zijn verwisseld"),
        (RadioError("unknown"), "Deze code is niet bekend, of te oud"),
        (RadioError("several"), "Deze code past bij twee punten"),
        (RadioError("blocked", until=NOW + 600), "Te veel foute codes. Tot 17:10 wordt er niet naar codes gekeken."),
    ],
)
def test_why_a_code_does_not_count_is_said_with_what_to_do(
    ask: Ask, source: FakeSource, error: RadioError, words: str
) -> None:
    source.answers.error = error
    answer = ask("/api/v1/codes", "POST", BODY, **JSON)
    assert answer.status == 422
    assert words in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BODY, {"content_type": "text/plain"}, 415),
        (BODY, {"content_type": "application/x-www-form-urlencoded"}, 415),
        (BODY, {"content_type": "application/json", "origin": "http://evil.example"}, 403),
        (b'{"code": "M"}', JSON, 400),
        (b'{"code": "M", "by": " "}', JSON, 400),
        (b'{"code": "M", "by": "Jan", "way": "button"}', JSON, 400),
    ],
)
def test_a_page_elsewhere_types_no_code_in_and_a_name_is_asked_for(
    ask: Ask, source: FakeSource, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert ask("/api/v1/codes", "POST", body, **headers).status == status
    assert source.facts == []


def test_a_disk_that_fails_is_said(ask: Ask, source: FakeSource) -> None:
    source.answers.error = JournalError("disk full")
    assert ask("/api/v1/codes", "POST", BODY, **JSON).status == 503


# --- the list


def test_the_banner_has_what_nobody_sees_to_the_longest_first(source: FakeSource) -> None:
    source = rich()
    source.firing = [alert(id=n, since=NOW - n * 60) for n in (1, 5, 3, 2, 4)]
    html = Renderer(source).snapshot(None).banner
    assert [html.find(f'data-asks="{n}"') > 0 for n in (5, 4, 3, 2, 1)] == [True, True, True, False, False]
    assert html.index('data-asks="5"') < html.index('data-asks="4"') < html.index('data-asks="3"')
    assert "en nog 2, in de lijst met meldingen" in html


@pytest.mark.parametrize(
    ("fields", "seen_at", "waits"),
    [
        ({}, None, True),
        ({}, NOW - 700, False),
        ({"turn": 2, "turned_at": NOW - 60}, NOW - 700, True),
        ({"turn": 2, "turned_at": NOW - 60}, NOW - 30, False),
        ({"held_by": "out-of-use"}, None, False),
        ({"severity": "warning"}, None, False),
        ({"state": "pending", "id": 0, "fired_at": None}, None, False),
    ],
    ids=["new", "seen", "worse since it was seen", "seen again", "held back", "a warning", "pending"],
)
def test_what_the_banner_calls_for(
    source: FakeSource, fields: dict[str, Any], seen_at: float | None, waits: bool
) -> None:
    one = alert(**fields)
    source.firing = [one]
    if seen_at is not None:
        author = Author(name="Jan", way="page")
        source.facts = [
            Fact(id=1, after=0, t=seen_at, recorded_at=seen_at, author=author, told=Acknowledged(alert=one.id))
        ]
    snapshot = Renderer(source).snapshot(None)
    assert bool(snapshot.banner) == waits
    (piece,) = snapshot.alerts.values()
    assert (piece.says.asks is not None) == (waits or fields == {"severity": "warning"})
