"""What the page says: unknown is never 0, old is never new, the worst comes first."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from host.web.scene import NOW, alert, cool, left, never_heard, point, rich, short_of_power, unknown
from paraat.alerts.rules import RULES
from paraat.domain import fuel_events, remarks, tracker, upkeep
from paraat.domain import readiness as judgement
from paraat.domain.activation import Activation, Phase
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.model import BatteryLeft, NodeState, OffGrid, PointView
from paraat.domain.passages import Present
from paraat.domain.profiles import RESOURCES
from paraat.domain.readiness import ResourceState, State, Verdict
from paraat.domain.remarks import Remark
from paraat.domain.subjects import Subject
from paraat.domain.upkeep import Task, TaskState
from paraat.texts import readiness as judgement_words
from paraat.texts import upkeep as upkeep_texts
from paraat.texts.readiness import Line
from paraat.web.cards import _SHOWN_ELSEWHERE, Card, Figure, Writer, rfc3339
from paraat.web.roll import Counts, Roll, firing_by_point, in_order
from paraat.web.source import Check
from paraat.web.texts import Words

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def writer(language: str = "nl") -> Writer:
    return Writer(Words(language), AMSTERDAM, stale_after_s=300.0)


def card(view: PointView, language: str = "nl") -> Card:
    (made,) = writer(language).cards([view], {})
    return made


def cell(made: Card, icon: str) -> tuple[Figure, ...]:
    (found,) = (one.figures for one in made.cells if one.icon == icon)
    return found


def texts(made: Card, icon: str) -> list[str]:
    return [figure.text for figure in cell(made, icon)]


@pytest.mark.parametrize(
    ("rule", "kind", "said"),
    [
        (
            "fuel_loss",
            fuel_events.THEFT,
            "Brandstof daalt terwijl het aggregaat uit staat: 61 l ineens weg, 16:10: diefstal?",
        ),
        ("fuel_loss", fuel_events.LEAK, "Brandstof daalt terwijl het aggregaat uit staat: 61 l weggelekt sinds 16:10"),
        (
            "fuel_gauge",
            fuel_events.RISING,
            "Brandstofmeter niet te vertrouwen: meter steeg 61 l zonder levering, sinds 16:10",
        ),
        ("fuel_loss", fuel_events.REFUEL, "Brandstof daalt terwijl het aggregaat uit staat"),
    ],
)
def test_an_alert_of_the_fuel_says_on_its_card_what_was_found_when_and_how_many_litres(
    rule: str, kind: str, said: str
) -> None:
    event = FuelEvent(kind=kind, since=NOW - 3000, until=NOW - 60, litres=60.7)
    view = point("nsp-0102", fuel_events=(event,))
    (made,) = writer().cards([view], {"nsp-0102": [alert(rule)]})
    assert made.alerts == (("critical", said),)


def on_its_battery(**fields: Any) -> PointView:
    """A point that has no generator."""
    plain: dict[str, Any] = {
        "has_tank": False,
        "litres": None,
        "fuel_percent": None,
        "autonomy": None,
        "values": {"battery/charge": 90.0, "power/mains": True},
        "battery": BatteryLeft(hours=30.0, load_w=100.0, source="record"),
        "off_grid": OffGrid(hours_low=24.0, hours=30.0, hours_high=36.0, source="battery"),
    }
    return point(**(plain | fields))


def test_a_point_without_a_tank_shows_its_battery_in_the_place_of_the_fuel() -> None:
    fuel = card(on_its_battery()).fuel
    assert (fuel.icon, fuel.named, fuel.hours, fuel.level.text, fuel.percent) == ("battery", "Accu", "30", "90 %", 90.0)
    assert (fuel.range, fuel.source) == ("tussen 24 en 36 uur", "op de accu, bij 100 W")
    assert texts(card(on_its_battery()), "power") == ["net aanwezig"]
    monitor = on_its_battery(battery=BatteryLeft(hours=30.0, load_w=None, source="monitor"))
    assert card(monitor).fuel.source == "op de accu, zoals de accumeter rekent"
    unknown = card(on_its_battery(battery=None, off_grid=None, values={})).fuel
    assert (unknown.hours, unknown.percent, unknown.none) == (None, None, "Accu onbekend")


def test_a_point_that_was_never_heard_says_unknown_everywhere_and_0_nowhere() -> None:
    made = card(never_heard("nsp-0202"))
    said = [figure.text for one in made.cells for figure in one.figures]
    assert said == [
        "net onbekend",
        "aggregaat onbekend",
        "onbekend (max. 150)",
        "onbekend",
        "onbekend",
    ]
    assert (made.fuel.level.text, made.fuel.percent, made.fuel.hours) == ("onbekend", None, None)
    assert made.fuel.litres == ""


def test_zero_is_a_reading() -> None:
    values = {"fuel/level": 0.0, "people/present": 0, "battery/voltage": 0.0}
    made = card(point(values=values, litres=0.0, autonomy=left(0.0)))
    assert made.fuel.level == Figure("0 %", "known")
    assert (made.fuel.percent, made.fuel.hours, made.fuel.litres) == (0.0, "0", "0 liter")
    assert texts(made, "people") == ["0 van 150"]
    assert texts(made, "battery") == ["0,0 V"]


def test_a_card_says_where_in_its_life_a_point_is_and_whether_it_keeps_to_its_clock() -> None:
    opened = Activation(phase=Phase.OPERATIONAL, since=NOW - 20)
    assert card(point(activation=opened)).life == "operationeel sinds 16:59"
    assert (card(point()).life, card(point()).clock) == ("", "")
    late = Activation(
        phase=Phase.OPENING, since=NOW - 3600, alerted_at=NOW - 7200, due_at=NOW - 60, forecast_at=NOW, late=True
    )
    made = card(point(activation=late))
    assert made.clock == "te laat: moest open voor 16:59, verwacht 17:00"
    assert made.late
    maintained = Activation(phase=Phase.OUT_OF_USE, since=NOW - 3600, until=NOW + 86400)
    assert card(point(activation=maintained)).life == "buiten gebruik tot 25-11 17:00"


def test_a_card_says_first_what_is_wrong_and_what_to_do() -> None:
    states = (short_of_power(2.36, full=33.0), unknown("water"), unknown("internet"), unknown("light", critical=False))
    lines = card(point(verdict=Verdict.NOT_READY, resources=states)).lines
    assert lines == (
        Line("stroom: 2,3 van 72 uur", "een volle tank geeft 33 uur: regel bijvullen of een grotere tank", "bad"),
        Line("water, internet: nooit bevestigd", "kijk of het er is en bevestig het", "open"),
        Line("licht: nooit bevestigd", "kijk of het er is en bevestig het", "poor"),
    )
    english = card(point(resources=(cool(14.96),)), "en").lines
    assert english == (Line("heat: 15 °C, 18 °C or more needed", "bring it above 18 °C", "poor"),)


def test_a_silent_point_says_so_first_and_keeps_its_last_verdict() -> None:
    silent = {"verdict": Verdict.SILENT, "last_verdict": Verdict.NOT_READY, "reasons": ("silent",)}
    made = card(point(resources=(short_of_power(7.0),), **silent))
    assert (made.verdict, made.was) == ("Stil", "Niet gereed")
    assert [line.text for line in made.lines] == ["laat niets horen", "stroom: 7 van 72 uur"]
    assert made.lines[0].to_do == "bel het punt of ga kijken"


def test_a_point_that_was_never_heard_says_that_and_what_nobody_attested() -> None:
    fuel = ResourceState(resource="power", state=State.UNKNOWN, need="required", critical=True, code="fuel-unknown")
    lines = card(never_heard("nsp-0202", resources=(fuel, unknown("water")))).lines
    assert [line.text for line in lines] == ["nooit iets gehoord", "water: nooit bevestigd"]
    assert lines[0].to_do == "plaats de meetkast of laat hem nakijken"


def test_every_state_has_words_in_both_languages() -> None:
    codes = {value for name, value in vars(judgement).items() if name.isupper() and type(value) is str}
    texts = judgement_words.Words("nl", ZoneInfo("Europe/Amsterdam")).all()
    assert {f"why.{code}" for code in codes} <= texts.keys()
    fine = {judgement.MEASURED, judgement.ATTESTED, judgement.NOT_REQUIRED}
    assert {f"do.{code}" for code in codes - fine} <= texts.keys()
    assert {f"resource.{name}" for name in RESOURCES} <= texts.keys()
    assert {f"phase.{phase}" for phase in Phase} <= texts.keys()
    assert {f"verdict.{verdict.word}" for verdict in Verdict} <= texts.keys()


def test_a_card_says_that_a_configuration_was_refused() -> None:
    state: dict[str, Any] = {"point": "nsp-0101", "received_at": NOW, "retained": False, "online": True, "config": 3}
    refused = NodeState(config_refused=4, config_error="version 4: pins.led", **state)
    assert card(point(node=refused)).config == "instelling 4 geweigerd, versie 3 blijft"
    assert card(point(node=NodeState(**state))).config == ""


def test_a_sensor_at_fault_has_no_figure_and_says_in_words_what_is_wrong() -> None:
    faults = {"climate/temperature/hall": "crc", "fuel/level": "silent"}
    made = card(point(values={"people/present": 3}, faults=faults))
    assert made.fuel.level == Figure("onbekend", "fault")
    assert cell(made, "climate") == (Figure("onbekend", "fault", label="hall"),)
    assert made.faults == (
        "Klimaatsensor hall defect: gestoord signaal",
        "Brandstofsensor defect: geen antwoord",
    )


def test_one_chip_that_breaks_is_one_fault_and_a_new_code_is_said_as_it_is() -> None:
    faults = {"battery/voltage": "bus", "battery/current": "bus", "people/present": "melted"}
    assert card(point(values={}, faults=faults)).faults == (
        "Accusensor defect: sensor antwoordt niet op de bus",
        "Mensenteller defect: melted",
    )


def test_an_old_value_of_a_point_that_is_heard_says_its_own_age() -> None:
    view = point(old={"people/present": NOW - 301, "battery/voltage": NOW - 300})
    assert cell(card(view), "people") == (Figure("84 van 150", "old", NOW - 301),)
    assert cell(card(view), "battery") == (Figure("12,6 V", "known"),)


def test_a_stale_point_says_the_age_of_its_figures_once() -> None:
    view = point(read_at=NOW - 5000, verdict=Verdict.SILENT, old={"battery/voltage": NOW - 9000})
    made = card(view)
    assert made.data_t == NOW - 5000
    assert cell(made, "people") == (Figure("84 van 150", "old"),)
    assert cell(made, "battery") == (Figure("12,6 V", "old", NOW - 9000),)


def test_hours_come_with_a_range_an_end_and_where_they_come_from() -> None:
    running = {"power/generator": True, "fuel/level": 14.0}
    made = card(point(values=running, autonomy=left(2.42)))
    assert made.fuel.hours == "2,4"
    assert made.fuel.range == "tussen 2 en 2,7 uur"
    assert made.fuel.until == "leeg rond 19:25"
    assert made.fuel.source == "gemeten verbruik 9,3 l/uur"
    sure = msgspec.structs.replace(left(1.2), hours_low=1.21, hours_high=1.28)
    assert card(point(values=running, autonomy=sure)).fuel.range == ""  # and not "between 1.2 and 1.2"
    short = msgspec.structs.replace(left(71.97), hours_low=27.94, hours_high=99.99)
    told = card(point(values=running, autonomy=short)).fuel
    assert (told.hours, told.range) == ("71", "tussen 27 en 99 uur"), (
        "no hour that is not there, as the reason beside it"
    )
    record = card(point(values=running, autonomy=left(30.0, source="record")))
    assert record.fuel.hours == "30"
    assert record.fuel.until == "leeg rond di 23:00"
    assert record.fuel.source == "verbruik uit het tankblad, 9,3 l/uur"


@pytest.mark.parametrize("values", [{"power/generator": False}, {}])
def test_nobody_can_say_when_a_tank_is_empty_while_the_generator_stands_still(
    values: dict[str, bool],
) -> None:
    assert card(point(values=dict(values))).fuel.until == "zodra het aggregaat draait"


def test_second_sensors_are_told_apart_by_name() -> None:
    values = {"climate/temperature": 18.4, "climate/temperature/opslag": -4.5}
    assert cell(card(point(values=dict(values))), "climate") == (
        Figure("18,4 °C", "known"),
        Figure("-4,5 °C", "known", label="opslag"),
    )


def test_the_worst_comes_first_and_then_the_one_with_the_fewest_hours() -> None:
    alarm = {"verdict": Verdict.NOT_READY}
    views = [
        point("fine"),
        point("attention", verdict=Verdict.LIMITED),
        never_heard("unknown"),
        point("stale", verdict=Verdict.SILENT),
        point("alarm-9h", autonomy=left(9.0), **alarm),
        point("alarm-2h", autonomy=left(2.0), **alarm),
        point("alarm-unknown-hours", autonomy=None, **alarm),
    ]
    roll = Roll()
    roll.call({view.point: view for view in views}, {})
    assert [view.point for view in roll.points] == [
        "alarm-unknown-hours",
        "alarm-2h",
        "alarm-9h",
        "stale",
        "unknown",
        "attention",
        "fine",
    ]


def count(views: list[PointView]) -> Counts:
    roll = Roll()
    roll.call({str(n): view for n, view in enumerate(views)}, {})
    return roll.counts()


def test_counts_of_every_verdict() -> None:
    counts = count(rich().points)
    assert (counts.not_ready, counts.unknown, counts.silent, counts.limited, counts.ready) == (1, 2, 1, 2, 1)
    assert counts.points == 6


def test_a_point_does_not_leave_the_count_of_trouble_by_falling_silent_nor_counts_as_ready() -> None:
    silent = count([point(verdict=Verdict.SILENT, last_verdict=Verdict.NOT_READY)])
    assert (silent.not_ready, silent.silent) == (1, 1)
    was_ready = count([point(verdict=Verdict.SILENT, last_verdict=Verdict.READY)])
    assert (was_ready.ready, was_ready.silent) == (0, 1)


def test_a_point_that_is_being_built_or_out_of_use_is_in_no_count() -> None:
    counts = count([point(activation=Activation(phase=phase)) for phase in Phase])
    assert (counts.points, counts.not_in_use, counts.ready) == (5, 2, 5)
    assert (counts.standby, counts.opening, counts.operational, counts.closing) == (1, 2, 1, 1)


def test_only_firing_alerts_stand_on_the_card() -> None:
    alerts = [
        alert(),
        alert("point_silent", state="pending", id=0),
        alert("point_silent", state="resolved", resolved_at=NOW),
        alert("brand_new_rule", severity="warning", id=9),
    ]
    (made,) = writer().cards([point("nsp-0102")], firing_by_point(alerts))
    assert made.alerts == (("critical", "Brandstof raakt op"), ("warning", "brand_new_rule"))


def test_an_alert_about_the_coordination_point_itself_has_its_name() -> None:
    own = msgspec.structs.replace(alert("own_certificate"), subject=Subject("certificate", "broker"))
    (item,) = writer().items([own], {}, NOW)
    assert (item.title, item.name) == ("Certificaat verloopt", "Coördinatiepunt")
    nobody = msgspec.structs.replace(alert("unknown_board"), subject=Subject("unknown-board", "nsp-0999"))
    (item,) = writer().items([nobody], {}, NOW)
    assert (item.title, item.name) == ("Onbekende meetkast", "Coördinatiepunt: nsp-0999")


def test_alerts_are_listed_by_what_needs_doing_first() -> None:
    source = rich()
    items = writer().items(in_order(source.firing, {}), {"nsp-0102": "De Zuiderpoort"}, NOW)
    assert [item.look for item in items] == ["critical", "warning", "pending", "resolved"]
    assert items[0].when == "sinds 16:45"
    assert items[0].say == "Nieuwe melding: Brandstof raakt op, De Zuiderpoort"
    assert [item.say for item in items[2:]] == ["", ""]
    assert items[3].when == "hersteld om 16:20"


def test_the_same_point_a_moment_later_gives_an_equal_card() -> None:
    now, later = point(), point(now=NOW + 60)
    assert card(now) == card(later)


def test_trouble_of_the_host_is_said_in_words() -> None:
    checks = [
        Check(name="broker", ok=False, required=True, detail="refused"),
        Check(name="journal", ok=True, required=True),
        Check(name="influx", ok=False, required=False),
        Check(name="ups", ok=False, required=False),
    ]
    (broker, influx, ups) = writer().troubles(checks)
    assert broker == (True, "geen verbinding met de broker: er komen geen nieuwe cijfers binnen")
    assert influx[0] is False
    assert ups == (False, "ups")


@pytest.mark.parametrize(
    ("t", "said"),
    [
        (NOW, "17:00"),
        (NOW - 17 * 3600, "00:00"),
        (NOW - 17 * 3600 - 60, "zo 23:59"),
        (NOW + 6 * 86400, "zo 17:00"),
        (NOW - 7 * 86400, "17-11 17:00"),
        (1_761_436_800.0, "26-10 02:00 (CEST)"),  # at 3 the clocks go back
        (1_761_440_400.0, "26-10 02:00 (CET)"),  # an hour later
    ],
)
def test_times_are_local_and_name_the_day_when_it_is_not_today(t: float, said: str) -> None:
    assert writer().time(t, NOW) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s geleden"),
        (59.9, "59 s geleden"),
        (60, "1 min geleden"),
        (5999, "99 min geleden"),
        (6000, "1 uur geleden"),
        (172799, "47 uur geleden"),
        (172800, "2 dagen geleden"),
        (-3, "0 s geleden"),
    ],
)
def test_ages_in_words(seconds: float, said: str) -> None:
    assert Words("nl").ago(seconds) == said


def test_numbers_are_written_as_in_the_language() -> None:
    assert Words("nl").number(12.64, 1) == "12,6"
    assert Words("en").number(12.64, 1) == "12.6"
    assert Words("nl").number(-0.04, 1) == "0,0"


def test_rfc3339_has_milliseconds_and_no_binary_dust() -> None:
    assert rfc3339(1764000000.1).isoformat() == "2025-11-24T16:00:00.100000+00:00"


def test_every_reason_of_a_status_has_words_or_a_place_of_its_own() -> None:
    codes = {value for name, value in vars(tracker).items() if name.isupper() and type(value) is str}
    codes -= {tracker.FUEL, tracker.DISTANCE, tracker.MAINS, tracker.GENERATOR, tracker.OPEN, tracker.HELP}
    for language in ("nl", "en"):
        words = Words(language)
        for code in codes - _SHOWN_ELSEWHERE:
            assert words.known(f"reason.{code}"), (language, code)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_name_on_the_page(rule: str) -> None:
    assert all(Words(language).known(f"rule.{rule}") for language in ("nl", "en"))


def test_figures_that_are_not_fine_do_not_look_like_fine() -> None:
    """10.9 V, 3.0 degC and 90 of 60."""
    view = point(
        values={"battery/voltage": 10.9, "climate/temperature": 3.0, "climate/temperature/stock": 19.0, "climate/co2": 1400},
        capacity=60,
        people=Present(people=90, low=82, high=98, t=NOW - 20, counted_at=NOW - 7200, counted_by="Jan"),
        remarks=(
            Remark(code="stuffy", bad=False, metric="climate/co2", value=1400.0, limit=1200.0, generator=True),
            Remark(code="battery-low", bad=True, metric="battery/voltage", value=10.9, limit=11.8),
            Remark(code="cold", bad=True, metric="climate/temperature", value=3.0, limit=15.0),
            Remark(code="full", bad=True, metric="people/present", value=90.0, limit=60.0),
        ),
    )  # fmt: skip
    made = card(view)
    assert cell(made, "battery") == (Figure("10,9 V", "known", mark="te laag", bad=True),)
    assert cell(made, "people") == (Figure("90 van 60", "known", mark="vol", bad=True),)
    assert cell(made, "climate") == (
        Figure("3,0 °C", "known", mark="te koud", bad=True),
        Figure("19,0 °C", "known", label="stock"),
        Figure("1400 ppm CO2", "known", mark="bedompt"),
    )
    assert made.counted == "tussen 82 en 98 · geteld 15:00 door Jan"
    assert [(bad, what) for bad, what, _ in made.remarks] == [
        (True, "accu te laag: 10,9 V, nodig 11,8 V of meer"),
        (True, "te koud voor mensen: 3 °C, nodig 15 °C of meer"),
        (True, "vol: 90 mensen"),
        (False, "bedompt: 1400 ppm CO2, een teken van veel mensen"),
    ]
    assert made.remarks[3][2] == "zet ramen en deuren open en kijk of er uitlaatgas binnenkomt"


def test_what_keeps_a_point_from_being_ready_is_said_once() -> None:
    """A cold hall: as its heat that is not ready, with what to do; the figure beside it has its mark."""
    cold = Remark(code="cold", bad=True, metric="climate/temperature", value=12.0, limit=15.0)
    made = card(point(values={"climate/temperature": 12.0}, resources=(cool(12.0),), remarks=(cold,)))
    assert [line.text for line in made.lines] == ["warmte: 12 °C, nodig 18 °C of meer"]
    assert made.remarks == ()
    assert cell(made, "climate") == (Figure("12,0 °C", "known", mark="te koud", bad=True),)


def test_people_who_were_never_counted_and_a_counter_that_was_set_to_nothing() -> None:
    def counted(**changes: Any) -> str:
        fields = {"people": 3, "low": 3, "high": 3, "t": NOW, "counted_at": None, "counted_by": ""} | changes
        return card(point(people=Present(**fields))).counted

    assert counted() == "nooit met de hand geteld"
    assert counted(counted_at=NOW - 3600, high=4) == "tussen 3 en 4 · teller op 0 gezet 16:00"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("fuel+battery", "40 uur zonder net, brandstof en accu"),
        ("battery", "40 uur zonder net, op de accu (brandstof onbekend)"),
    ],
)
def test_where_a_battery_is_recorded_the_hours_without_the_grid_name_their_source(source: str, said: str) -> None:
    whole = OffGrid(hours_low=40.9, hours=50, hours_high=60, source=source)
    battery = BatteryLeft(hours=10, load_w=600.0, source="load")
    assert card(point(off_grid=whole, battery=battery)).fuel.off_grid == said
    assert card(point(off_grid=whole)).fuel.off_grid == ""


@pytest.mark.parametrize(("mains", "generator"), [(False, False), (False, None), (None, False), (None, None)])
def test_in_a_blackout_without_the_generator_the_battery_alone_counts(
    mains: bool | None, generator: bool | None
) -> None:
    whole = OffGrid(hours_low=40.9, hours=50, hours_high=60, source="fuel+battery")
    told = {"fuel/level": 60.0, "power/mains": mains, "power/generator": generator}
    known = {name: value for name, value in told.items() if value is not None}
    view = point(values=known, off_grid=whole, battery=BatteryLeft(hours=10, load_w=600.0, source="load"))
    assert card(view).fuel.off_grid == "8 uur op de accu, als het aggregaat niet draait"


def test_a_gauge_that_cannot_be_believed_gives_no_hours() -> None:
    stuck = FuelEvent(kind=fuel_events.STUCK, since=NOW - 7200, until=NOW - 20, litres=20.0)
    made = card(point(fuel_events=(stuck,)))
    assert (made.fuel.hours, made.fuel.range, made.fuel.until, made.fuel.source) == (None, "", "", "")
    assert made.fuel.level == Figure("61 %", "known", mark="twijfelachtig")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_remark_task_and_event_has_words(language: str) -> None:
    words = upkeep_texts.Words(language, ZoneInfo("Europe/Amsterdam"))
    for name in ("BATTERY_LOW", "COLD", "WARM", "BUSY", "FULL", "STUFFY", "EXHAUST"):
        metric = {"BATTERY_LOW": "battery/voltage", "STUFFY": "climate/co2", "EXHAUST": "climate/co2"}.get(
            name, "climate/temperature"
        )
        remark = Remark(code=getattr(remarks, name), bad=True, metric=metric, value=1.0, limit=2.0)
        assert all(words.remark(remark))
        assert words.mark(remark)
    detail = {
        "minutes": 31.0,
        "wanted_minutes": 30.0,
        "wanted_percent": 30.0,
        "days": 3,
        "volts": 12.7,
        "drop_percent": 2.4,
    }
    codes = {
        upkeep.TEST_RUN: (upkeep.RAN, upkeep.NEVER_RAN, upkeep.LOAD_UNKNOWN),
        upkeep.FUEL_AGE: (upkeep.DELIVERED, upkeep.NEVER_DELIVERED),
        upkeep.BATTERY: (upkeep.STEADY, upkeep.FALLS, upkeep.TOO_SHORT),
        upkeep.CHECK: (upkeep.CHECKED, upkeep.NEVER_CHECKED),
        upkeep.ATTEST: (upkeep.HELD, upkeep.NO_WORD),
    }  # fmt: skip
    for kind, found in codes.items():
        for code in found:
            task = Task(
                kind=kind,
                state=TaskState.UNKNOWN,
                code=code,
                resource="water",
                detail=detail,
                t=NOW,
                due_at=NOW,
                by="Jan",
            )
            assert all((words.task(task), *words.task_said(task)))
    for kind in (fuel_events.REFUEL, fuel_events.THEFT, fuel_events.LEAK, fuel_events.STUCK, fuel_events.RISING):
        assert words.fuel_event(FuelEvent(kind=kind, since=NOW, until=NOW, litres=9.0), NOW)
