"""The page of one point, and its forms: over a real socket, as a browser without a script would."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

import msgspec
import pytest

from host.web.asking import Answer, Ask, fetch
from host.web.scene import NOW, FakeSource, point, rich
from paraat.domain.facts import (
    Attested,
    Author,
    Counted,
    Delivered,
    DeliveryPlanned,
    GapAccepted,
    PhaseChanged,
    SaidOfPoint,
    Silenced,
)
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.readiness import ResourceState, State
from paraat.domain.refuel import Plan, Stop
from paraat.domain.subjects import Subject
from paraat.domain.upkeep import Task, TaskState, Upkeep
from paraat.journal import JournalError
from paraat.web.app import create_app
from paraat.web.server import Handle, serve

FORM = {"content_type": "application/x-www-form-urlencoded"}
HERE = "/points/nsp-0102"
DAY = "2025-12-24"
DAY_END = 1766617199.0  # in Amsterdam
HOSTILE = """<script>alert(1)</script>"'{{7*7}}"""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Handle, FakeSource]]:
    source = rich()
    handle = serve(create_app(source), "127.0.0.1", 0)
    yield handle, source
    handle.stop()


@pytest.fixture
def source(running: tuple[Handle, FakeSource]) -> FakeSource:
    vars(running[1]).update(vars(rich()))
    return running[1]


@pytest.fixture
def ask(running: tuple[Handle, FakeSource], source: FakeSource) -> Ask:
    return partial(fetch, running[0])


def say(ask: Ask, action: str, **fields: str) -> Answer:
    body = urlencode({"by": "Jan", "role": "lead"} | fields).encode()
    return ask(f"{HERE}/say/{action}", "POST", body, **FORM)


def test_the_page_says_how_a_point_stands_and_what_must_be_done(ask: Ask, source: FakeSource) -> None:
    water = ResourceState(
        resource="water", state=State.UNKNOWN, need="required", critical=True, code="never-attested", by_word=True
    )
    tasks = (
        Task(kind="check", state=TaskState.DONE, code="checked", t=NOW - 86400, due_at=NOW + 30 * 86400, by="Jan"),
        Task(kind="fuel-age", state=TaskState.OVERDUE, code="delivered", t=NOW - 400 * 86400, due_at=NOW - 35 * 86400),
    )
    came = FuelEvent(kind="refuel", since=NOW - 7200, until=NOW - 6600, litres=150.0)
    source.points = [point("nsp-0102", resources=(water,), upkeep=Upkeep(tasks=tasks), fuel_log=(came,))]
    page = ask(HERE)
    assert page.status == 200
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    for said in (
        "Wat klaar moet zijn vóór 1-12-2025",
        "<b>leeftijd van de brandstof</b>: laatste levering op 20-10-2024",
        "laat verse brandstof brengen en meld de levering",
        "<b>controle ter plaatse</b>: Jan was er op 23-11-2025",
        "<b>water</b>: nooit bevestigd",
        '<option value="water">water</option>',
        "150 l bijgekomen, 15:00",
        'value="2025-12-22"',
    ):
        assert said in page.text, said
    assert "ga kijken en bevestig wat er is" not in page.text, "that is not due this month"


PLAN = {"litres": "120,5", "who": "Tankdienst", "at": "2025-11-25T14:00"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (PLAN, DeliveryPlanned(point="nsp-0102", at=1764075600.0, litres=120.5, who="Tankdienst")),
        (PLAN | {"litres": "", "cancel": "1"}, DeliveryPlanned(point="nsp-0102", at=NOW, litres=0.0, who="")),
    ],
)
def test_a_delivery_is_planned_and_called_off(
    ask: Ask, source: FakeSource, fields: dict[str, str], told: DeliveryPlanned
) -> None:
    assert say(ask, "plan", **fields).status == 303
    assert source.facts[0].told == told


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"at": ""}, "Wanneer: geef een dag en een uur die nog komen."),
        ({"at": "2025-11-24T01:00"}, "Wanneer: geef een dag en een uur die nog komen."),
        ({"who": " "}, "Zeg wie het brengt."),
        ({"litres": ""}, "Liters: geef een getal, zoals 200."),
    ],
)
def test_a_plan_that_says_too_little_is_refused_and_what_was_typed_stays(
    ask: Ask, wrong: dict[str, str], why: str
) -> None:
    refused = say(ask, "plan", **(PLAN | wrong))
    assert refused.status == 400
    assert why in refused.text
    assert 'name="by" required maxlength="80" autocomplete="name" value="Jan"' in refused.text


@pytest.mark.parametrize(
    ("late", "too_late", "said"),
    [(False, False, "120 l, Tankdienst"), (True, False, "te laat: 120 l"), (False, True, "komt te laat: 120 l")],
)
def test_the_page_says_what_is_planned(ask: Ask, source: FakeSource, late: bool, too_late: bool, said: str) -> None:
    assert 'name="cancel"' not in ask(HERE).text
    plan = Plan(at=NOW + 3600, litres=120.0, who="Tankdienst", late=late, too_late=too_late)
    nothing: dict[str, None] = dict.fromkeys(("hours_low", "refuel_before", "to_full_l", "to_target_l", "last"))
    source.stops = [Stop(point="nsp-0102", plan=plan, **nothing)]
    page = ask(HERE)
    assert f"Gepland: {said}" in page.text
    assert 'name="cancel"' in page.text
    source.stops = [Stop(point="nsp-0102", plan=msgspec.structs.replace(plan, brought_l=40.0), **nothing)]
    assert f"Gepland: {said.replace('120', 'nog 80 van 120')}" in ask(HERE).text


def test_where_there_is_no_tank_nothing_is_asked_of_fuel(ask: Ask, source: FakeSource) -> None:
    assert "/say/delivery" in ask(HERE).text
    source.points = [point("nsp-0102", has_tank=False)]
    page = ask(HERE).text
    assert "/say/delivery" not in page
    assert "/say/plan" not in page
    assert "h-fuel" not in page


def test_the_status_page_leads_there(ask: Ask) -> None:
    assert f'href="{HERE}"' in ask("/").text


@pytest.mark.parametrize(
    ("action", "fields", "told"),
    [
        ("count", {"people": "84"}, Counted(point="nsp-0102", people=84)),
        ("count", {"people": " 0 "}, Counted(point="nsp-0102", people=0)),
        ("delivery", {"litres": "199,5"}, Delivered(point="nsp-0102", litres=199.5)),
        ("phase", {"phase": "alerted", "until": ""}, PhaseChanged(point="nsp-0102", phase="alerted")),
        (
            "phase",
            {"phase": "out-of-use", "until": DAY},
            PhaseChanged(point="nsp-0102", phase="out-of-use", until=DAY_END),
        ),
        (
            "attest",
            {"resource": "water", "word": "there", "until": DAY},
            Attested(point="nsp-0102", resource="water", there=True, until=DAY_END),
        ),
        (
            "attest",
            {"resource": "water", "word": "absent", "until": DAY},
            Attested(point="nsp-0102", resource="water", there=False, until=DAY_END),
        ),
        (
            "attest",
            {"resource": "water", "word": "revoke", "until": DAY},
            Attested(point="nsp-0102", resource="water", there=False, until=NOW),
        ),
        (
            "gaps",
            {"reason": " meetkast vervangen", "seqs": ""},
            GapAccepted(point="nsp-0102", reason="meetkast vervangen", first=1, last=None),
        ),
        (
            "gaps",
            {"reason": "stuk", "seqs": "7-9"},
            GapAccepted(point="nsp-0102", reason="stuk", first=7, last=9),
        ),
        (
            "silence",
            {"reason": "werk", "hours": "1,5"},
            Silenced(subject=Subject("point", "nsp-0102"), until=NOW + 5400, reason="werk"),
        ),
        (
            "silence",
            {"reason": "", "hours": "", "end": "1"},
            Silenced(subject=Subject("point", "nsp-0102"), until=NOW, reason=""),
        ),
    ],
)
def test_what_is_typed_is_kept_with_the_name_and_the_page_says_so(
    ask: Ask, source: FakeSource, action: str, fields: dict[str, str], told: SaidOfPoint
) -> None:
    answer = say(ask, action, **fields)
    assert (answer.status, answer.headers["location"]) == (303, f"{HERE}?kept")
    (fact,) = source.facts
    assert (fact.told, fact.author) == (told, Author(name="Jan", role="lead", way="page"))
    assert "Dit is vastgelegd." in ask(answer.headers["location"]).text
    assert "Dit is vastgelegd." not in ask(HERE).text


@pytest.mark.parametrize(
    ("action", "fields", "said"),
    [
        ("count", {"people": "veel"}, "geef een heel getal, zoals 84"),
        ("count", {"people": "8,5"}, "geef een heel getal, zoals 84"),
        ("count", {"people": ""}, "geef een heel getal, zoals 84"),
        ("count", {"people": "9999"}, "heel getal &lt;= 5000"),
        ("count", {"people": "84", "by": " "}, "by: gevonden niets"),
        ("delivery", {"litres": "vol"}, "geef een getal, zoals 200"),
        ("delivery", {"litres": "0"}, "getal &gt; 0"),
        ("phase", {"phase": "alerted", "until": DAY}, "alleen voor een punt dat buiten gebruik is"),
        ("phase", {"phase": "out-of-use"}, "Geef een dag die nog komt"),
        ("phase", {"phase": "out-of-use", "until": "2025-11-23"}, "Geef een dag die nog komt"),
        ("attest", {"resource": "water", "word": "there", "until": ""}, "Geef een dag die nog komt"),
        ("attest", {"resource": "water", "word": "there", "until": "morgen"}, "Geef een dag die nog komt"),
        ("gaps", {"reason": " ", "seqs": ""}, "Zeg waarom ze niet meer komen"),
        ("gaps", {"reason": "stuk", "seqs": "7"}, "Kies uit de lijst"),
        ("gaps", {"reason": "stuk", "seqs": "9-7"}, "7"),
        ("gaps", {"reason": "x" * 201, "seqs": ""}, "200"),
        ("silence", {"reason": "werk", "hours": ""}, "geef een getal, bijvoorbeeld 4"),
        ("silence", {"reason": "werk", "hours": "inf"}, "geef een getal, bijvoorbeeld 4"),
        ("silence", {"reason": " ", "hours": "2"}, "waarom niemand bericht krijgt"),
        ("silence", {"reason": "werk", "hours": "169"}, "niets staat langer dan 168 uur"),
        ("attest", {"resource": "wine", "word": "there", "until": DAY}, "niets om te bevestigen"),
        ("attest", {"resource": "water", "word": "there", "until": DAY, "role": "gast"}, "mag water niet bevestigen"),
    ],
)
def test_what_cannot_be_kept_says_why_and_stays_typed(
    ask: Ask, source: FakeSource, action: str, fields: dict[str, str], said: str
) -> None:
    answer = say(ask, action, **fields)
    assert answer.status == 400
    assert "Dit is niet vastgelegd." in answer.text
    assert said in answer.text
    assert 'name="by" required maxlength="80" autocomplete="name" value="' + fields.get("by", "Jan") in answer.text
    assert source.facts == []


def test_what_the_journal_does_not_take_is_not_said_to_be_kept(ask: Ask, source: FakeSource) -> None:
    broken = JournalError("the disk is full")
    source.refuses = broken
    answer = say(ask, "count", people="84")
    assert (answer.status, "Bel het coördinatiepunt" in answer.text) == (503, True)


def test_what_is_typed_is_escaped(ask: Ask, source: FakeSource) -> None:
    answer = say(ask, "count", people=HOSTILE, by=HOSTILE, role=HOSTILE)
    assert answer.status == 400
    assert "<script>alert" not in answer.text
    assert "49" not in answer.text.partition("<form")[2].partition("</form>")[0]


def test_a_page_elsewhere_and_what_is_no_form_change_nothing(
    ask: Ask, source: FakeSource, running: tuple[Handle, FakeSource]
) -> None:
    body = urlencode({"by": "Jan", "people": "84"}).encode()
    path = f"{HERE}/say/count"
    assert ask(path, "POST", body, origin="http://example.org", **FORM).status == 403
    assert ask(path, "POST", body, origin="null", **FORM).status == 403
    assert ask(path, "POST", body, content_type="text/plain").status == 415
    assert ask(path, "POST", b"by=Jan&people=" + b"8" * 5000, **FORM).status == 413
    assert ask(path, "POST", b"by=%ff&people=8", **FORM).status == 400
    assert ask(f"{HERE}/say/party", "POST", body, **FORM).status == 404
    assert ask("/points/nobody/say/count", "POST", body, **FORM).status == 404
    assert ask("/points/nobody").status == 404
    assert ask(path).status == 405
    assert source.facts == []
    assert ask(path, "POST", body, origin=running[0].url.rstrip("/"), **FORM).status == 303


def test_the_upkeep_page_says_what_must_be_done_per_municipality_and_point(ask: Ask, source: FakeSource) -> None:
    late = Task(
        kind="fuel-age", state=TaskState.OVERDUE, code="delivered", t=NOW - 400 * 86400, due_at=NOW - 35 * 86400
    )
    later = Task(kind="check", state=TaskState.DONE, code="checked", t=NOW, due_at=NOW + 31 * 86400, by="Jan")
    hostile = "Voor & <b>na</b>"
    source.points = [
        point("nsp-0101", upkeep=Upkeep(tasks=(later,))),
        point("nsp-0102", name="Sporthal", municipality=hostile, upkeep=Upkeep(tasks=(late, later))),
    ]
    page = ask("/upkeep").text
    assert "Wat klaar moet zijn vóór 1-12-2025" in page
    assert '<a href="/points/nsp-0102">Sporthal</a>' in page
    assert "<b>leeftijd van de brandstof</b>: laatste levering op 20-10-2024 <small>(te laat)</small>" in page
    assert "nsp-0101" not in page, "there nothing is due"
    assert "<b>na</b>" not in page
    assert "Er hoeft deze maand niets." in ask("/upkeep?municipality=Voorbeeldstad").text
    assert "Sporthal" in ask("/upkeep?municipality=Voor%20%26%20%3Cb%3Ena%3C/b%3E").text
    assert "<script" not in page
    assert 'href="/upkeep"' in ask("/").text


def test_what_is_missing_is_said_and_that_nobody_waits_for_it_can_be(ask: Ask, source: FakeSource) -> None:
    assert "/say/gaps" not in ask(HERE).text, "nothing is missing"
    source.missing = {"nsp-0102": [(5, 5), (7, 9)]}
    page = ask(HERE).text
    for said in (
        "alles wat nu ontbreekt: 4",
        ">nummers 5 tot en met 5: 1<",
        '<option value="7-9">nummers 7 tot en met 9: 3',
    ):
        assert said in page, said
    again = say(ask, "gaps", seqs="7-9", reason=" ").text
    assert '<option value="7-9" selected>' in again
