"""The page's addresses, over a real socket."""

import csv
import gzip
import io
import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from host.web.asking import Ask, fetch
from host.web.scene import FINE_CHECKS, NOW, FakeSource, alert, never_heard, point, rich
from paraat.domain.activation import Activation, Phase
from paraat.domain.facts import (
    Attested,
    Author,
    Counted,
    Delivered,
    DeliveryPlanned,
    Fact,
    PhaseChanged,
    SaidOfPoint,
    Silenced,
)
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.passages import Present
from paraat.domain.readiness import ResourceState, State
from paraat.domain.refuel import Delivery, Plan, Stop
from paraat.domain.remarks import Remark
from paraat.domain.subjects import Subject
from paraat.domain.told import Told
from paraat.domain.upkeep import EngineRun, Task, TaskState, Trend, Upkeep
from paraat.journal import JournalError
from paraat.web import api, tables
from paraat.web.app import LIMIT, create_app
from paraat.web.render import ALERTS_MAX, CARDS_MAX
from paraat.web.server import Handle, serve
from paraat.web.shelf import Shelf
from paraat.web.source import Check

DOC = Path(__file__).parents[3] / "docs" / "api.md"
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{7*7}}"""
EVERYTHING = [
    "/",
    "/api/v1/points",
    "/api/v1/points/nsp-0101",
    "/api/v1/alerts",
    "/healthz",
    "/metrics",
    "/static/page.css",
    "/nothing",
    "/api/v1/points/nobody",
]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Handle, FakeSource]]:
    """One page for the whole file: what differs between these tests is what its source says."""
    source = rich()
    handle = serve(create_app(source), "127.0.0.1", 0)
    yield handle, source
    handle.stop()


@pytest.fixture
def hostile_web(source: FakeSource) -> Iterator[Handle]:
    """A page of its own, as a region's name is read once."""
    source.region = HOSTILE
    handle = serve(create_app(source), "127.0.0.1", 0)
    yield handle
    handle.stop()


@pytest.fixture
def source(running: tuple[Handle, FakeSource]) -> FakeSource:
    vars(running[1]).update(vars(rich()))
    return running[1]


@pytest.fixture
def ask(running: tuple[Handle, FakeSource], source: FakeSource) -> Ask:
    return partial(fetch, running[0])


def test_points(ask: Ask) -> None:
    answer = ask("/api/v1/points")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json
    assert (found["now"], found["region"]) == ("2025-11-24T16:00:00Z", "Veiligheidsregio Voorbeeld")
    ids = [one["point"] for one in found["points"]]
    assert ids == sorted(ids)
    assert len(ids) == 6


def test_a_point(ask: Ask) -> None:
    found = ask("/api/v1/points/nsp-0102").json
    assert found["status"] == "alarm"
    assert found["data_at"] == "2025-11-24T15:59:40Z"
    assert found["data_age_s"] == 20.0
    assert found["capacity_people"] == 250
    assert found["fuel_litres"] == 42.0
    assert found["fuel_left"] == {
        "hours_low": 2.06,
        "hours": 2.42,
        "hours_high": 2.78,
        "burn_l_per_h": 9.3,
        "source": "slope",
        "empty_at": "2025-11-24T18:25:12Z",
        "refuel_before": "2025-11-24T17:56:09.600000Z",
    }
    assert found["readings"]["fuel/level"] == {
        "value": 14.0,
        "unit": "%",
        "fault": None,
        "read_at": "2025-11-24T15:59:40Z",
        "age_s": 20.0,
    }
    assert found["readings"]["power/mains"]["value"] is False


def test_what_is_not_known_is_null(ask: Ask) -> None:
    found = ask("/api/v1/points/nsp-0202").json
    assert found["status"] == "unknown"
    assert found["readings"] == {}
    unknown = ("online", "heard_at", "heard_age_s", "data_at", "fuel_litres", "fuel_left")
    assert [found[key] for key in unknown] == [None] * len(unknown)
    broken = ask("/api/v1/points/nsp-0203").json["readings"]["fuel/level"]
    assert (broken["value"], broken["fault"]) == (None, "range")


@pytest.mark.parametrize("wanted", ["nsp-9999", "%2e%2e", "a%00b", "%3Cscript%3E"])
def test_no_such_point_is_a_404_in_json(ask: Ask, wanted: str) -> None:
    answer = ask(f"/api/v1/points/{wanted}")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["status"] == 404
    assert "no point" in answer.json["error"]


def test_other_errors_are_json_too(ask: Ask) -> None:
    assert ask("/nothing").json == {"status": 404, "error": "Not Found"}
    answer = ask("/api/v1/points", method="POST")
    assert (answer.status, answer.json["status"]) == (405, 405)
    assert "GET" in answer.headers["allow"]


def test_alerts(ask: Ask) -> None:
    found = ask("/api/v1/alerts").json["alerts"]
    assert [one["state"] for one in found] == ["firing", "firing", "pending", "resolved"]
    assert found[0] == {
        "id": 7,
        "rule": "low_fuel",
        "subject": {"kind": "point", "id": "nsp-0102"},
        "point": "nsp-0102",
        "state": "firing",
        "severity": "critical",
        "since": "2025-11-24T15:45:00Z",
        "fired_at": "2025-11-24T15:47:00Z",
        "resolved_at": None,
        "acknowledged": None,
        "held_by": "",
        "flapping": False,
        "turn": 1,
        "told": [],
        "detail": {"hours": 2.4, "percent": 14.0},
    }


def test_who_was_told_of_an_alert_and_what_came_back(ask: Ask, source: FakeSource) -> None:
    source.told[7] = [
        Told(
            reason="turn-1",
            rung="lead",
            name="Jan",
            channel="email",
            state="sent",
            due_at=NOW,
            at=NOW + 5,
            attempts=2,
            answer="taken",
        )
    ]
    (one,) = ask("/api/v1/alerts").json["alerts"][0]["told"]
    assert one == {
        "reason": "turn-1", "rung": "lead", "name": "Jan", "channel": "email", "state": "sent",
        "due_at": "2025-11-24T16:00:00Z", "at": "2025-11-24T16:00:05Z", "attempts": 2, "answer": "taken",
    }  # fmt: skip


def silenced(source: FakeSource, subject: Subject) -> None:
    told = Silenced(subject=subject, until=NOW + 3600, reason="werk aan aggregaat")
    author = Author(name="Anna", role="coordinator", way="page")
    source.silenced = [Fact(id=9, after=0, t=NOW - 60, recorded_at=NOW - 60, author=author, told=told)]


def test_what_is_silenced_is_said_with_who_until_when_and_why(ask: Ask, source: FakeSource) -> None:
    silenced(source, Subject("point", "nsp-0102"))
    source.firing = [msgspec.structs.replace(source.firing[0], held_by="silenced"), *source.firing[1:]]
    assert ask("/api/v1/alerts").json["silences"] == [
        {
            "subject": {"kind": "point", "id": "nsp-0102"},
            "at": "2025-11-24T15:59:00Z",
            "until": "2025-11-24T17:00:00Z",
            "reason": "werk aan aggregaat",
            "by": "Anna",
            "role": "coordinator",
            "way": "page",
        }
    ]
    said = "tot 18:00 krijgt niemand bericht: stilgezet door Anna (werk aan aggregaat)"
    assert ask("/").text.count(said) == 2  # under the alert, and on the card
    assert said in ask("/points/nsp-0102").text
    assert 'name="end"' in ask("/points/nsp-0102").text
    assert 'name="end"' not in ask("/points/nsp-0101").text


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/api/v1/points/nsp-0102/silence", Subject("point", "nsp-0102")),
        ("/api/v1/alerts/7/silence", Subject("point", "nsp-0102")),
    ],
)
def test_what_is_to_be_silenced_is_kept(ask: Ask, source: FakeSource, path: str, subject: Subject) -> None:
    asked = {"by": "Anna", "way": "cli", "reason": "werk", "until": "2025-11-24T17:00:00Z"}
    assert ask(path, "POST", json.dumps(asked).encode(), **JSON).status == 200
    (fact,) = source.facts
    assert fact.told == Silenced(subject=subject, until=NOW + 3600, reason="werk")
    assert fact.author == Author(name="Anna", way="cli")
    late = json.dumps(asked | {"until": "2025-12-24T17:00:00Z"}).encode()
    answer = ask(path, "POST", late, **JSON)
    assert (answer.status, "longer than 168 h" in answer.text) == (400, True)


def test_of_no_alert_nothing_is_silenced(ask: Ask, source: FakeSource) -> None:
    asked = json.dumps({"by": "Anna", "end": True}).encode()
    assert ask("/api/v1/alerts/99/silence", "POST", asked, **JSON).status == 404
    assert source.facts == []


JSON = {"content_type": "application/json"}
SEEN = "/api/v1/alerts/7/acknowledge"


def test_an_alert_is_acknowledged_and_everybody_sees_by_whom(ask: Ask) -> None:
    said = {"at": "2025-11-24T16:00:00Z", "by": "Jan de Vries", "role": "lead", "way": "cli"}
    body = json.dumps({key: said[key] for key in ("by", "role", "way")}).encode()
    answer = ask(SEEN, "POST", body, **JSON)
    assert (answer.status, answer.json) == (200, said)
    alerts = ask("/api/v1/alerts").json["alerts"]
    found = {alert["id"]: alert["acknowledged"] for alert in alerts}
    assert found[7] == said
    assert {alert["id"]: alert["state"] for alert in alerts}[7] == "acknowledged"
    assert "Kritiek, opgepakt" in ask("/").text
    assert [one for one in found if found[one]] == [7]
    assert "gezien door Jan de Vries, 17:00" in ask("/").text


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/api/v1/alerts/99/acknowledge", b'{"by": "Jan"}', 404, "no alert 99"),
        (SEEN, b"", 400, "docs/api.md"),
        (SEEN, b'{"by": ""}', 400, "by"),
        (SEEN, b'{"by": "  "}', 400, "by is empty"),
        (SEEN, b'{"by": "' + b"J" * 81 + b'"}', 400, "by"),
        (SEEN, b'{"by": "Jan", "way": "sms"}', 400, "way"),
        (SEEN, b'{"by": "Jan", "phone": "06"}', 400, "phone"),
        (SEEN, b'{"by": "Jan"' + b" " * 3000 + b"}", 400, "2048"),
    ],
)
def test_what_acknowledges_nothing_says_why(ask: Ask, path: str, body: bytes, status: int, word: str) -> None:
    answer = ask(path, "POST", body, **JSON)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert word in answer.json["error"]
    assert not any(alert["acknowledged"] for alert in ask("/api/v1/alerts").json["alerts"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({}, 415),
        (JSON | {"origin": "http://example.org"}, 403),
        (JSON | {"origin": "null"}, 403),
        (JSON | {"origin": "http://127.0.0.1:1"}, 403),
    ],
)
def test_a_page_elsewhere_cannot_acknowledge(ask: Ask, headers: dict[str, str], status: int) -> None:
    assert ask(SEEN, "POST", b'{"by": "Jan"}', **headers).status == status
    assert not any(alert["acknowledged"] for alert in ask("/api/v1/alerts").json["alerts"])


def test_the_page_itself_can(ask: Ask, running: tuple[Handle, FakeSource]) -> None:
    answer = ask(SEEN, "POST", b'{"by": "Jan"}', origin=running[0].url, **JSON)
    assert (answer.status, answer.json["way"]) == (200, "page")


def test_what_the_journal_does_not_take_is_not_said_to_be_kept(ask: Ask, source: FakeSource) -> None:
    source.error = JournalError("journal.sqlite: database or disk is full")
    answer = ask(SEEN, "POST", b'{"by": "Jan"}', **JSON)
    assert (answer.status, answer.json["error"]) == (503, "not kept: journal.sqlite: database or disk is full")


def test_the_points_as_they_were(ask: Ask, source: FakeSource) -> None:
    source.was = {NOW - 3600: [point("nsp-0101", stored=3)]}
    found = ask("/api/v1/points?at=2025-11-24T15:00:00Z").json
    assert found["now"] == "2025-11-24T15:00:00Z"
    assert [(one["point"], one["stored"]) for one in found["points"]] == [("nsp-0101", 3)]
    source.was.clear()
    assert "nsp-0101" in ask("/api/v1/points?at=2025-11-24T15:00:00Z&format=csv").text, "it is looked for once"
    source.was = {NOW - 30: [point("nsp-0101", stored=4)]}
    just_now = "/api/v1/points?at=2025-11-24T15:59:30Z"
    ask(just_now)
    source.was = {NOW - 30: [point("nsp-0101", stored=5)]}
    assert ask(just_now).json["points"][0]["stored"] == 5, "more of it may have come since"


def test_a_point_and_its_resources_as_they_were(ask: Ask, source: FakeSource) -> None:
    water = ResourceState(
        resource="water", state=State.UNKNOWN, need="required", critical=True, code="never-attested", by_word=True
    )
    source.was = {NOW - 3600: [point("nsp-0101", stored=3, now=NOW - 3600, resources=(water,))]}
    at = "at=2025-11-24T15:00:00Z"
    assert ask(f"/api/v1/points/nsp-0101?{at}").json["stored"] == 3
    found = ask(f"/api/v1/points/nsp-0101/resources?{at}").json
    assert (found["now"], [one["resource"] for one in found["resources"]]) == ("2025-11-24T15:00:00Z", ["water"])
    assert ask(f"/api/v1/points/nsp-0102?{at}").status == 404
    assert ask("/api/v1/points/nsp-0101?at=tomorrow").status == 400


@pytest.mark.parametrize("path", ["refuel", "upkeep", "alerts", "gaps", "refuel?format=csv"])
def test_who_asks_for_the_past_where_only_now_is_told_does_not_get_now(ask: Ask, path: str) -> None:
    answer = ask(f"/api/v1/{path}{'&' if '?' in path else '?'}at=2025-11-24T15:00:00Z")
    assert answer.status == 400
    assert "/api/v1/points" in answer.json["error"]


@pytest.mark.parametrize("at", ["", "yesterday", "2025-11-24T15:00:00", "2025-11-24T16:00:01Z", "1969-01-01T00:00:00Z"])
def test_another_moment_than_one_of_the_past_is_refused(ask: Ask, at: str) -> None:
    answer = ask(f"/api/v1/points?at={at}")
    assert answer.status == 400
    assert "moment of the past" in answer.json["error"]


def test_the_resources_of_a_point_say_why_and_what_to_do(ask: Ask) -> None:
    found = ask("/api/v1/points/nsp-0102/resources").json
    assert (found["point"], found["verdict"], found["last_verdict"]) == ("nsp-0102", "not-ready", "not-ready")
    power, water, _ = found["resources"]
    assert (power["state"], power["why"], power["to_do"]) == ("not-ready", "2 van 72 uur", "vul de brandstof bij")
    assert power["detail"] == {"hours": 2.06, "target": 72.0}
    assert (water["state"], water["code"], water["critical"]) == ("unknown", "never-attested", True)
    assert ask("/api/v1/points/nsp-9999/resources").status == 404


def test_a_point_says_its_verdict_and_the_old_word_for_it(ask: Ask) -> None:
    found = ask("/api/v1/points/nsp-0201").json
    assert (found["verdict"], found["last_verdict"], found["status"]) == ("silent", "limited", "stale")
    assert found["why"] == ["laat niets horen", "warmte: 15,1 °C, nodig 18 °C of meer"]
    assert found["life"]["phase"] == "standby"


def test_points_and_resources_are_tables_too(ask: Ask, source: FakeSource) -> None:
    source.points[1] = msgspec.structs.replace(source.points[1], name="=1+1")
    answer = ask("/api/v1/points?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = {row["point"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    row = rows["nsp-0102"]
    assert (row["name"], row["verdict"], row["phase"], row["late"]) == ("'=1+1", "not-ready", "standby", "false")
    assert row["why"] == "stroom: 2 van 72 uur; water: nooit bevestigd; licht: nooit bevestigd"
    assert (row["fuel_hours_low"], row["data_at"]) == ("2.06", "2025-11-24T15:59:40Z")
    assert (rows["nsp-0202"]["fuel_hours"], rows["nsp-0202"]["data_at"]) == ("", "")
    found = list(csv.DictReader(io.StringIO(ask("/api/v1/points/nsp-0102/resources?format=csv").text)))
    assert [(one["resource"], one["state"], one["critical"]) for one in found] == [
        ("power", "not-ready", "true"),
        ("water", "unknown", "true"),
        ("light", "unknown", "false"),
    ]
    assert ask("/api/v1/points?format=xls").status == 400


def test_the_refuel_round(ask: Ask, source: FakeSource) -> None:
    source.stops = [
        Stop(
            point="nsp-0102",
            hours_low=2.062,
            refuel_before=NOW + 7200,
            to_full_l=357.96,
            to_target_l=357.96,
            last=Delivery(t=NOW - 86400, litres=120.0, by="Jan"),
            plan=Plan(at=NOW + 3600, litres=300.0, who="Tankdienst", late=False, too_late=True, brought_l=40.0),
        ),
        Stop(
            point="nsp-0203",
            hours_low=None,
            refuel_before=None,
            to_full_l=None,
            to_target_l=None,
            last=None,
            plan=None,
        ),
    ]
    planned, unknown = ask("/api/v1/refuel").json["stops"]
    assert (planned["access"], planned["to_full_litres"], planned["hours_low"]) == ("achterom", 358.0, 2.06)
    assert planned["refuel_before"] == "2025-11-24T18:00:00Z"
    assert planned["last_delivery"] == {"at": "2025-11-23T16:00:00Z", "litres": 120.0, "by": "Jan"}
    assert planned["planned"] == {
        "at": "2025-11-24T17:00:00Z",
        "litres": 300.0,
        "who": "Tankdienst",
        "late": False,
        "too_late": True,
        "brought_litres": 40.0,
    }
    assert [unknown[key] for key in ("hours_low", "refuel_before", "last_delivery", "planned")] == [None] * 4
    row, empty = csv.DictReader(io.StringIO(ask("/api/v1/refuel?format=csv").text))
    assert (row["planned_who"], row["to_target_litres"], empty["planned_at"]) == ("Tankdienst", "358.0", "")
    assert (row["planned_too_late"], empty["planned_too_late"]) == ("true", "")
    assert (row["planned_brought_litres"], empty["planned_brought_litres"]) == ("40.0", "")


@pytest.mark.parametrize(
    ("action", "asked"),
    [("delivery", {"litres": 100}), ("plan", {"litres": 100, "who": "Jan", "at": "2099-01-01T00:00:00Z"})],
)
def test_no_fuel_is_brought_where_there_is_no_tank(
    ask: Ask, source: FakeSource, action: str, asked: dict[str, object]
) -> None:
    source.places["nsp-0102"] = msgspec.structs.replace(source.places["nsp-0102"], id="nsp-0102", tank=None)
    refused = ask(f"/api/v1/points/nsp-0102/{action}", "POST", json.dumps(asked | {"by": "Jan"}).encode(), **JSON)
    assert (refused.status, source.facts) == (400, [])
    assert "nsp-0102 has no tank" in refused.json["error"]


ATTEST = "/api/v1/points/nsp-0102/attest"
COUNT = "/api/v1/points/nsp-0102/count"
PHASE = "/api/v1/points/nsp-0102/phase"
DELIVERY = "/api/v1/points/nsp-0102/delivery"
PLAN = "/api/v1/points/nsp-0102/plan"
LATER = "2025-12-24T16:00:00Z"


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (
            ATTEST,
            {"resource": "water", "until": LATER},
            Attested(point="nsp-0102", resource="water", there=True, until=NOW + 30 * 86400),
        ),
        (
            ATTEST,
            {"resource": "water", "until": LATER, "there": False},
            Attested(point="nsp-0102", resource="water", there=False, until=NOW + 30 * 86400),
        ),
        (
            ATTEST,
            {"resource": "water", "revoke": True},
            Attested(point="nsp-0102", resource="water", there=False, until=NOW),
        ),
        (DELIVERY, {"litres": 200}, Delivered(point="nsp-0102", litres=200.0)),
        (
            PLAN,
            {"litres": 200, "at": LATER, "who": "Tankdienst"},
            DeliveryPlanned(point="nsp-0102", at=NOW + 30 * 86400, litres=200.0, who="Tankdienst"),
        ),
        (COUNT, {"people": 84}, Counted(point="nsp-0102", people=84)),
        (COUNT, {"people": 0}, Counted(point="nsp-0102", people=0)),
        (PLAN, {"cancel": True}, DeliveryPlanned(point="nsp-0102", at=NOW, litres=0.0, who="")),
        (PHASE, {"phase": "alerted"}, PhaseChanged(point="nsp-0102", phase="alerted")),
        (
            PHASE,
            {"phase": "out-of-use", "until": LATER},
            PhaseChanged(point="nsp-0102", phase="out-of-use", until=NOW + 30 * 86400),
        ),
    ],
)
def test_what_is_said_of_a_point_is_kept(
    ask: Ask, source: FakeSource, path: str, body: dict[str, object], told: SaidOfPoint
) -> None:
    answer = ask(path, "POST", json.dumps({"by": "Jan", "role": "lead"} | body).encode(), **JSON)
    assert (answer.status, answer.json["point"]) == (200, "nsp-0102")
    (fact,) = source.facts
    assert (fact.told, fact.author) == (told, Author(name="Jan", role="lead", way="page"))


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (ATTEST.replace("0102", "9999"), {}, 404, "no point"),
        (ATTEST, {"by": ""}, 400, "by"),
        (ATTEST, {"resource": "wine", "until": LATER}, 400, "expected is one of: water"),
        (ATTEST, {"resource": "power", "until": LATER}, 400, "nothing to attest"),  # it is measured
        (ATTEST, {"resource": "food", "until": LATER}, 400, "nothing to attest"),  # it is not there by design
        (ATTEST, {"resource": "water"}, 400, "until: found nothing"),
        (ATTEST, {"resource": "water", "until": "2025-11-24T15:59:00Z"}, 400, "a moment to come"),
        (ATTEST, {"resource": "water", "until": "2025-12-24T15:59:00"}, 400, "a moment to come"),
        (ATTEST, {"resource": "water", "until": LATER, "role": "visitor"}, 400, "expects: lead"),
        (DELIVERY, {}, 400, "litres"),
        (DELIVERY, {"litres": 0}, 400, "litres"),
        (COUNT, {}, 400, "people"),
        (COUNT, {"people": -1}, 400, "people"),
        (COUNT, {"people": 84.5}, 400, "people"),
        (PLAN, {"litres": 200, "at": LATER}, 400, "who"),
        (PLAN, {"at": LATER, "who": "Tankdienst"}, 400, "litres"),
        (PLAN, {"litres": 200, "who": "Tankdienst"}, 400, "at: found nothing"),
        (PHASE, {"phase": "party"}, 400, "party"),
        (PHASE, {"phase": "out-of-use"}, 400, "until: found nothing"),
        (PHASE, {"phase": "standby", "until": LATER}, 400, "only for out-of-use"),
    ],
)
def test_what_cannot_be_said_of_a_point_says_why(
    ask: Ask, source: FakeSource, path: str, body: dict[str, object], status: int, word: str
) -> None:
    answer = ask(path, "POST", json.dumps({"by": "Jan", "role": "lead"} | body).encode(), **JSON)
    assert answer.status == status
    assert word in answer.json["error"]
    assert source.facts == []


@pytest.mark.parametrize("path", [ATTEST, PHASE, COUNT])
def test_a_page_elsewhere_can_say_nothing_of_a_point(ask: Ask, source: FakeSource, path: str) -> None:
    assert ask(path, "POST", b"{}", content_type="text/plain").status == 415
    assert ask(path, "POST", b"{}", origin="http://example.org", **JSON).status == 403
    assert source.facts == []


def test_every_field_is_documented() -> None:
    told = set(re.findall(r"^\| `(\w+)`", DOC.read_text(), re.MULTILINE))
    shapes = (
        api.Refuel,
        api.RefuelStop,
        api.PeopleThere,
        api.Remark,
        api.Upkeep,
        api.UpkeepTown,
        api.UpkeepPoint,
        api.UpkeepTask,
        api.GeneratorRun,
        api.BatteryTrend,
        api.LastDelivery,
        api.PlannedDelivery,
        api.Points,
        api.Point,
        api.Life,
        api.Resources,
        api.Resource,
        api.FuelLeft,
        api.FuelEvent,
        api.BatteryLeft,
        api.OffGrid,
        api.Reading,
        api.Alerts,
        api.Alert,
        api.Acknowledgement,
        api.Told,
        api.Tried,
        api.AlertTest,
    )
    shapes += (api.Entered, api.Health, Check, api.Failure)
    assert {name for shape in shapes for name in shape.__struct_fields__} == told


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("points", tables.POINT_COLUMNS),
        ("resources", tables.RESOURCE_COLUMNS),
        ("refuel", tables.REFUEL_COLUMNS),
        ("upkeep", tables.UPKEEP_COLUMNS),
    ],
)
def test_every_column_of_a_table_is_documented(table: str, columns: tuple[str, ...]) -> None:
    (row,) = re.findall(rf"^\| {table} \| (.*) \|$", DOC.read_text(), re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", row)) == columns


def test_every_source_of_a_batterys_hours_is_documented() -> None:
    section = DOC.read_text().split("### battery_left", 1)[1].split("###", 1)[0]
    assert {word for word in re.findall(r'"(\w+)"', section) if word} == {
        "monitor",
        "current",
        "load",
        "told",
        "record",
    }


@pytest.mark.parametrize(
    ("wrong", "status", "word"),
    [
        ((), 200, "ok"),
        (("influx",), 200, "degraded"),
        (("broker",), 503, "failing"),
        (("journal", "influx"), 503, "failing"),
        (("ingest",), 503, "failing"),
    ],
)
def test_healthz(ask: Ask, source: FakeSource, wrong: tuple[str, ...], status: int, word: str) -> None:
    source.checks = [msgspec.structs.replace(check, ok=check.name not in wrong, detail="why") for check in FINE_CHECKS]
    answer = ask("/healthz")
    assert (answer.status, answer.json["status"]) == (status, word)
    assert {one["name"] for one in answer.json["checks"] if not one["ok"]} == set(wrong)
    assert answer.json["checks"][0]["detail"] == "why"


def test_metrics(ask: Ask) -> None:
    answer = ask("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"paraat_sets_stored_total 12\n" in answer.body


@pytest.mark.parametrize("path", EVERYTHING)
def test_security_headers_are_on_every_answer(ask: Ask, path: str) -> None:
    headers = ask(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "set-cookie" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8080", "", "[::2]:80"])
@pytest.mark.parametrize("path", ["/", "/events", "/api/v1/points", "/static/page.css"])
def test_a_name_that_was_rebound_to_loopback_gets_nothing(ask: Ask, host: str, path: str) -> None:
    answer = ask(path, Host=host)
    assert answer.status == 421
    assert b"Veiligheidsregio" not in answer.body
    assert "does not answer to the host name" in answer.json["error"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1"])
def test_the_names_of_loopback_are_answered(ask: Ask, host: str) -> None:
    assert ask("/healthz", Host=host).status == 200


def test_a_source_that_fails_is_a_500_in_json_with_headers(
    ask: Ask, source: FakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    source.error = OSError("disk gone")
    with caplog.at_level(logging.CRITICAL):
        answer = ask("/")
        assert ask("/api/v1/points").status == 500
    assert answer.status == 500
    assert answer.json["error"] == "the service cannot answer this now; its log says why"
    assert "disk gone" not in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert ask("/healthz").status == 200


def test_every_value_is_escaped(hostile_web: Handle, source: FakeSource) -> None:
    hostile = {"name": HOSTILE, "municipality": HOSTILE, "reasons": (HOSTILE,)}
    source.points = [
        point(values={"power/mains": True}, faults={"fuel/level": HOSTILE}, **hostile),
        never_heard("nsp-0102", **hostile),
    ]
    source.firing = [alert(HOSTILE), alert(HOSTILE, severity=HOSTILE, id=8)]
    page = fetch(hostile_web, "/").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "{{7*7}}" in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 8
    assert re.findall(r"<script[^>]*>", page) == re.findall(r'<script src="/static/[^>]*>', page)


def test_the_page_can_be_read_without_a_script(ask: Ask) -> None:
    page = ask("/").text
    assert '<html lang="nl"' in page
    for said in ("Sporthal De Zuiderpoort", "leeg rond 19:25", "Accusensor defect", "onbekend"):
        assert said in page
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page
    assert page.index("Sporthal De Zuiderpoort") < page.index("Buurthuis De Linde")
    assert re.search(r"\sstyle=|\son\w+=", page) is None, "the CSP forbids inline styles and handlers"
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_ages_on_the_page_count_from_the_moment_it_is_asked_for(ask: Ask, source: FakeSource) -> None:
    source.points = [point()]
    assert "gemeten 20 s geleden" in ask("/").text
    source.clock.t = NOW + 120
    assert "gemeten 2 min geleden" in ask("/").text


def test_an_empty_region_says_so(ask: Ask, source: FakeSource) -> None:
    source.points, source.firing = [], []
    page = ask("/").text
    assert '<p id="points-none" class="none">' in page
    assert '<p id="alerts-none" class="none">' in page


def test_a_whole_country_is_cut_to_the_worst_and_the_page_says_so(ask: Ask, source: FakeSource) -> None:
    source.points = [point(f"p-{number}") for number in range(CARDS_MAX + 20)]
    source.points.append(never_heard("worst"))
    page = ask("/").text
    assert page.count("<article") == CARDS_MAX
    assert page.index('data-key="worst"') < page.index('data-key="p-0"')
    assert "En nog 21 punten die minder dringend zijn." in page
    assert len(ask("/api/v1/points").json["points"]) == CARDS_MAX + 21


def test_the_rest_of_a_country_is_on_further_pages(ask: Ask, source: FakeSource) -> None:
    source.points = [point(f"p-{number:04d}") for number in range(2 * CARDS_MAX + 20)]
    source.firing = [alert(id=n, point_id="p-0000", since=NOW - n) for n in range(1, ALERTS_MAX + 6)]
    first, second, last = (ask(f"/?page={number}").text for number in (1, 2, 3))
    assert [page.count("<article") for page in (first, second, last)] == [CARDS_MAX, CARDS_MAX, 20]
    assert "En nog 220 punten" in first
    assert '<a href="/?page=2" rel="next">volgende</a>' in first
    assert '<a href="/">naar het begin</a>' in second
    assert "En nog" not in last.partition('id="points-more"')[2]
    assert first.count('class="alert ') == ALERTS_MAX
    ask("/")
    assert sorted(source.asked_tellings) == list(range(1, ALERTS_MAX + 1))
    assert '<a href="/?alerts=2" rel="next">volgende</a>' in first
    assert ask("/?page=2&alerts=2").text.count('class="alert ') == 5
    assert ask("/?page=99").text.count("<article") == 0
    assert ask("/?page=two").status == 400


def test_a_service_that_has_just_started_says_that_points_are_left_out(ask: Ask, source: FakeSource) -> None:
    source.waiting = 1234
    assert "is net gestart: 1234 punten zijn nog niet beoordeeld" in ask("/").text


def test_a_long_list_comes_in_parts(ask: Ask, source: FakeSource) -> None:
    source.points = [point(f"p-{number}") for number in range(5)]
    source.firing = [alert(id=n) for n in range(1, 4)]
    path, found = "/api/v1/points?limit=2", []
    while path is not None:
        answer = ask(path)
        assert answer.json["total"] == 5
        found += [one["point"] for one in answer.json["points"]]
        path = answer.json["next"]
        assert answer.headers.get("link") == (None if path is None else f'<{path}>; rel="next"')
    assert found == [f"p-{number}" for number in range(5)]
    assert [one["id"] for one in ask("/api/v1/alerts?limit=2&page=2").json["alerts"]] == [3]
    upkeep = ask("/api/v1/upkeep?limit=2&until=2025-12-31T23:00:00Z").json
    assert (len(upkeep["points"]), upkeep["municipalities"][0]["points"]) == (2, 5)
    assert ask(upkeep["next"]).json["until"] == "2025-12-31T23:00:00Z"


@pytest.mark.parametrize("asked", ["page=0", "page=-1", "page=x", "limit=0", "limit=1001", "limit=", "page=%C2%B2"])
def test_a_part_that_cannot_be_is_refused(ask: Ask, asked: str) -> None:
    answer = ask(f"/api/v1/points?{asked}")
    assert (answer.status, "is no whole number" in answer.json["error"]) == (400, True)


def test_a_table_is_whole_unless_a_part_of_it_is_asked_for(ask: Ask, source: FakeSource) -> None:
    source.points = [point(f"p-{number:04d}") for number in range(LIMIT + 20)]
    whole = ask("/api/v1/points?format=csv").text.splitlines()
    assert len(whole) == 1 + LIMIT + 20
    assert whole == sorted({*whole}, key=lambda line: (not line.startswith("point,"), line))
    part = ask("/api/v1/points?format=csv&limit=5&page=2")
    assert [line.partition(",")[0] for line in part.text.splitlines()] == [
        "point",
        *(f"p-{n:04d}" for n in range(5, 10)),
    ]
    assert part.headers["link"] == '</api/v1/points?format=csv&limit=5&page=3>; rel="next"'


LONG = ["/", "/upkeep", "/api/v1/points", "/api/v1/alerts", "/api/v1/points?format=csv"]


@pytest.mark.parametrize("path", LONG)
def test_what_is_long_is_packed_for_who_unpacks_it(ask: Ask, source: FakeSource, path: str) -> None:
    source.still = source.stand()
    plain, packed = ask(path), ask(path, Accept_Encoding="br, gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("path", LONG)
def test_who_has_the_newest_gets_nothing_more(ask: Ask, source: FakeSource, path: str) -> None:
    source.still = source.stand()
    mark = ask(path).headers["etag"]
    again = ask(path, If_None_Match=f'"other", {mark}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", mark)
    assert ask(path, If_None_Match='W/"other"').status == 200
    source.still = msgspec.structs.replace(source.still)
    anew = ask(path, If_None_Match=mark)
    assert (anew.status, anew.headers["etag"] != mark) == (200, True)


def test_many_that_ask_cost_as_much_as_one(ask: Ask, source: FakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    source.still, made, make = source.stand(), [], Shelf._make
    monkeypatch.setattr(Shelf, "_make", lambda shelf, asked, *rest: made.append(asked) or make(shelf, asked, *rest))
    with ThreadPoolExecutor(10) as askers:
        answers = list(askers.map(ask, ["/", "/api/v1/alerts"] * 20))
    assert {answer.status for answer in answers} == {200}
    assert sorted(made) == ["/?", "/api/v1/alerts?"]


def test_nothing_is_kept_but_the_named_build_of_a_file(ask: Ask) -> None:
    page = ask("/")
    assert page.headers["cache-control"] == "no-store"
    link = re.search(r'href="(/static/page\.css\?\w+)"', page.text)
    assert link is not None
    assert ask(link[1]).headers["cache-control"] == "public, max-age=86400"
    assert ask("/static/page.css").headers["cache-control"] == "no-cache"
    assert ask("/static/../app.py").status == 404
    assert ask("/static/%2e%2e/app.py").status == 404


def test_head_of_the_stream_ends(ask: Ask) -> None:
    answer = ask("/events", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_numbers_stay_numbers(ask: Ask) -> None:
    assert json.loads(ask("/api/v1/points").body, parse_constant=pytest.fail)


def kept(state: TaskState, due_at: float | None, kind: str = "check", **fields: Any) -> Task:
    return Task(kind=kind, state=state, code="checked", t=NOW - 86400, due_at=due_at, by="Jan", **fields)


def test_upkeep_says_what_must_be_done_before_the_month_ends(ask: Ask, source: FakeSource) -> None:
    tasks = (
        kept(TaskState.DONE, NOW + 6 * 86400),  # on 30 November, at 17:00
        kept(TaskState.DONE, NOW + 7 * 86400, "attest", resource="water"),  # on 1 December
        kept(TaskState.OVERDUE, NOW - 86400, "fuel-age"),
        Task(
            kind="test-run",
            state=TaskState.UNKNOWN,
            code="never-ran",
            detail={"wanted_minutes": 30, "wanted_percent": 30},
        ),
    )
    run = EngineRun(since=NOW - 3600, until=NOW - 1500, loaded_s=None)
    upkeep = Upkeep(
        run=run, fuel_at=NOW - 400 * 86400, battery=Trend(volts=12.7, days=3, drop_percent=None), tasks=tasks
    )
    built = Activation(phase=Phase.BUILDING)
    source.points = [point("nsp-0101", upkeep=upkeep), point("nsp-0102", upkeep=upkeep, activation=built)]
    found = ask("/api/v1/upkeep").json
    assert found["until"] == "2025-11-30T23:00:00Z"
    assert found["municipalities"] == [
        {"municipality": "Voorbeeldstad", "points": 1, "overdue": 1, "unknown": 1, "due": 3}
    ]
    (one,) = found["points"]
    assert one["last_run"]["minutes"] == 35
    assert (one["last_run"]["loaded_minutes"], one["last_test"]) == (None, None)
    assert one["battery"] == {"rest_voltage_v": 12.7, "days": 3, "drop_percent": None}
    assert [(task["kind"], task["state"], task["due"]) for task in one["tasks"]] == [
        ("test-run", "unknown", True), ("fuel-age", "overdue", True), ("check", "done", True), ("attest", "done", False)
    ]  # fmt: skip
    assert one["tasks"][0]["to_do"] == "laat het aggregaat 30 minuten draaien met 30 % belasting of meer"
    assert (one["tasks"][3]["what"], one["tasks"][3]["due_at"]) == ("water", "2025-12-01T16:00:00Z")
    english = ask("/api/v1/upkeep?language=en").json["points"][0]["tasks"][0]
    assert english["to_do"] == "let the generator run for 30 minutes under a load of 30 % or more"
    later = ask("/api/v1/upkeep?until=2025-12-02T00:00:00Z").json
    assert later["municipalities"][0]["due"] == 4
    refused = ask("/api/v1/upkeep?until=soon")
    assert (refused.status, "no moment in UTC" in refused.json["error"]) == (400, True)
    head, *rows = ask("/api/v1/upkeep?format=csv").text.splitlines()
    assert head == ",".join(tables.UPKEEP_COLUMNS)
    assert len(rows) == 4
    assert rows[3].startswith("nsp-0101,Buurthuis De Linde,Voorbeeldstad,attest,water,done,false,water,")


def test_people_and_what_is_not_fine_are_said(ask: Ask, source: FakeSource) -> None:
    people = Present(people=90, low=82, high=98, t=NOW - 60, counted_at=NOW - 3600, counted_by="Jan")
    source.points = [
        point(
            people=people,
            remarks=(
                Remark(code="battery-low", bad=True, metric="battery/voltage", value=10.9, limit=11.8),
                Remark(code="full", bad=True, metric="people/present", value=90, limit=60),
            ),
            fuel_log=(FuelEvent(kind="refuel", since=NOW - 900, until=NOW - 600, litres=150.04),),
        )
    ]
    found = ask("/api/v1/points/nsp-0101").json
    assert found["people"] == {
        "people": 90, "low": 82, "high": 98, "at": "2025-11-24T15:59:00Z", "age_s": 60.0,
        "counted_at": "2025-11-24T15:00:00Z", "counted_by": "Jan",
    }  # fmt: skip
    battery, full = found["remarks"]
    assert not battery["in_why"]
    assert (battery["what"], battery["bad"]) == ("accu te laag: 10,9 V, nodig 11,8 V of meer", True)
    assert (full["what"], full["to_do"]) == ("vol: 90 mensen", "stuur mensen naar een ander punt")
    assert found["fuel_events"][0]["litres"] == 150.0


def test_a_remark_says_whether_what_is_in_the_way_says_it_already(ask: Ask, source: FakeSource) -> None:
    detail: dict[str, float | str] = {"metric": "climate/temperature", "value": 9.0, "limit": 18.0}
    heat = ResourceState(
        resource="heat", state=State.NOT_READY, need="required", critical=True, code="low", detail=detail
    )
    cold = Remark(code="cold", bad=True, metric="climate/temperature", value=9.0, limit=15.0)
    low = Remark(code="battery-low", bad=True, metric="battery/voltage", value=10.9, limit=11.8)
    source.points = [point(resources=(heat,), remarks=(cold, low))]
    found = ask("/api/v1/points/nsp-0101").json["remarks"]
    assert [(remark["code"], remark["in_why"]) for remark in found] == [("cold", True), ("battery-low", False)]


@pytest.mark.parametrize(
    ("at", "zone", "end"),
    [
        ("2026-02-14T12:00:00Z", "Europe/Amsterdam", "2026-02-28T23:00:00Z"),
        ("2026-03-14T12:00:00Z", "Europe/Amsterdam", "2026-03-31T22:00:00Z"),
        ("2026-10-31T23:30:00Z", "Europe/Amsterdam", "2026-11-30T23:00:00Z"),
        ("2026-12-31T22:59:59Z", "Europe/Amsterdam", "2026-12-31T23:00:00Z"),
        ("2026-12-31T22:59:59Z", "UTC", "2027-01-01T00:00:00Z"),
    ],
)
def test_a_month_ends_where_the_people_of_a_site_live(at: str, zone: str, end: str) -> None:
    moment = datetime.fromisoformat(at).timestamp()
    assert api.month_end(moment, ZoneInfo(zone)) == datetime.fromisoformat(end).timestamp()


def test_reasons_are_said_in_the_language_that_is_asked_for(running: tuple[Handle, FakeSource], ask: Ask) -> None:
    paths = ["/api/v1/points", "/api/v1/points/nsp-0102", "/api/v1/points/nsp-0102/resources"]
    for path in paths:
        plain, dutch, english = (ask(path + query).body for query in ("", "?language=nl", "?language=en"))
        assert plain == dutch, path
        assert english != dutch, path
    assert ask("/api/v1/points?language=tlh").status == 400
