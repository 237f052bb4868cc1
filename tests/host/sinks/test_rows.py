"""The rows that the host stores: all of a moment in one transaction, nothing lost and nothing twice over a restart."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from paraat.domain import facts
from paraat.domain.facts import Author
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.model import AlertState, Delivery, Derived, PointView, Row, SampleSet
from paraat.domain.own import BrokerLink, ChannelHealth, DatabaseLag, DiskSpace
from paraat.domain.refuel import stops
from paraat.domain.subjects import BOARD, CHANNEL, POINT, Subject
from paraat.domain.tracker import Tracker
from paraat.journal import Journal
from paraat.sinks import schema
from paraat.sinks.lines import Places, lines
from paraat.sinks.rows import DELIVERIES, FACTS, Rows, host_row, name_points
from paraat.site import paths
from paraat.site.site import Site, load_site

T0 = 1764000000.0
LEAD = Author(name="Sanne de Vries", way="page", role="NSP-lead")


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(paths.example_site_dir())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


class Bench:
    """A site's rows, fed by hand."""

    def __init__(self, site: Site, journal: Journal) -> None:
        self.site, self.journal = site, journal
        self.rows = Rows(site)
        self.tracker = Tracker(site.points, site.alerts, profiles=site.profiles, since=T0, counts=lambda _: (0, 0))
        self.seen = 0

    def store(self, now: float, *alerts: AlertState) -> list[Derived | Row]:
        """What one interval wrote."""
        views = [self.view(now)]
        acknowledged = {
            fact.told.alert: fact
            for fact in self.journal.facts(facts.Acknowledged)
            if isinstance(fact.told, facts.Acknowledged)
        }
        host = host_row([], now, points=5, poison=0)
        round_ = stops(views, self.site.points, self.site.profiles, self.tracker.standing)
        self.rows.store(self.journal, views, alerts, host, acknowledged=acknowledged.get, round_=round_, now=now)
        entries = self.journal.entries_after(self.seen, 10_000)
        self.seen = entries[-1].id
        for entry in entries:  # each is a line by the schema
            assert lines(entry, Places(), "nl")
        return [
            entry.row or Derived(point=entry.point, t=entry.t, values=entry.values)
            for entry in entries
            if entry.kind in ("derived", "row")
        ]

    def view(self, now: float) -> PointView:
        return self.tracker.view("nsp-0101", now)

    def hears(self, t: float, faults: dict[str, str] | None = None, **values: float) -> None:
        plain = {"power/mains": False, "power/generator": True} | {k.replace("__", "/"): v for k, v in values.items()}
        self.seen_seq = getattr(self, "seen_seq", 0) + 1
        a_set = SampleSet(
            point="nsp-0101", kind="telemetry", seq=self.seen_seq, t=t, received_at=t, values=plain, faults=faults or {}
        )
        self.tracker.apply(a_set)


@pytest.fixture
def bench(site: Site, journal: Journal) -> Bench:
    return Bench(site, journal)


def of(measurement: str, rows: list[Derived | Row]) -> list[Row]:
    return [row for row in rows if isinstance(row, Row) and row.measurement == measurement]


def an_alert(n: int = 0, **changes: object) -> AlertState:
    alert = AlertState(
        rule="low_fuel", subject=Subject(POINT, "nsp-0101"), state="firing", since=T0, severity="critical",
        detail={}, id=n, fired_at=T0,
    )  # fmt: skip
    return msgspec.structs.replace(alert, **changes)


def test_why_a_figure_is_not_known_is_a_row_of_its_own(bench: Bench) -> None:
    bench.hears(T0, fuel__level=60.0, battery__voltage=12.5)

    def figures(now: float) -> dict[str, tuple[object, object]]:
        rows = of(schema.FIGURE, bench.store(now))
        return {row.tags["figure"]: (row.fields["known"], row.fields["code"]) for row in rows}

    assert figures(T0 + 10) == {
        "fuel": (1, ""), "mains": (1, ""), "generator": (1, ""), "battery": (1, ""),
    }  # fmt: skip
    assert figures(T0 + 60) == {}, "nothing changed"
    bench.hears(T0 + 120, {"fuel/level": "wire"}, battery__voltage=12.5)
    assert figures(T0 + 120) == {"fuel": (0, "wire")}
    derived = [row for row in bench.store(T0 + 121) if isinstance(row, Derived)]
    assert not [name for row in derived for name in row.values if name in ("fuel/percent", "fuel/litres")]
    assert figures(T0 + 1200) == {
        "fuel": (0, "silent"), "mains": (0, "silent"), "generator": (0, "silent"), "battery": (0, "silent"),
    }  # fmt: skip
    assert len(figures(T0 + 2100)) == 4, "a quarter of an hour later all of it again"


def test_a_figure_that_was_never_read_is_not_known(bench: Bench) -> None:
    rows = of(schema.FIGURE, bench.store(T0))
    assert {row.tags["figure"]: row.fields["code"] for row in rows} == dict.fromkeys(
        ("fuel", "mains", "generator"), "never"
    )


def test_the_verdict_on_each_resource(bench: Bench) -> None:
    bench.hears(T0, fuel__level=60.0)
    rows = of(schema.RESOURCE, bench.store(T0 + 1))
    assert len(rows) == len(bench.view(T0 + 1).resources) > 5
    water = next(row for row in rows if row.tags["resource"] == "water")
    assert (water.fields["standing"], water.fields["code"], water.fields["critical"]) == (0, "never-attested", True)
    told = facts.Attested(point="nsp-0101", resource="water", there=True, until=T0 + 86400)
    bench.tracker.standing.apply(bench.journal.record(told, LEAD, t=T0 + 2, now=T0 + 2))
    stored = bench.store(T0 + 60)
    (water,) = of(schema.RESOURCE, stored)
    assert (water.fields["standing"], water.fields["ends_in_s"]) == (2, 86400 - 60)
    (event,) = of(schema.EVENT, stored)
    assert (event.tags, event.fields) == (
        {"kind": "attested", "way": "page"}, {"text": "Is er: water", "role": "NSP-lead"},
    )  # fmt: skip


def test_why_a_point_is_not_ready_is_the_pages_sentence_without_a_name(bench: Bench) -> None:
    bench.hears(T0, fuel__level=60.0)
    (why,) = of(schema.WHY, bench.store(T0 + 1))
    assert (why.fields["text"], why.fields["more"]) == ("stroom: 18 van 72 uur", 3)
    assert why.tags == {"state": "standby", "judged": "not-ready"}
    assert why.fields["to_do"] == "een volle tank geeft 31 uur: regel bijvullen of een grotere tank"
    told = facts.Attested(point="nsp-0101", resource="water", there=False, until=T0 + 86400)
    bench.tracker.standing.apply(bench.journal.record(told, LEAD, t=T0 + 2, now=T0 + 2))
    stored = bench.store(T0 + 60)
    (water,) = of(schema.RESOURCE, stored)
    assert water.fields["text"] == "is er niet, zegt iemand"
    assert len(of(schema.WHY, stored)) == 1, "another resource stands otherwise"
    assert LEAD.name not in str(stored)
    assert of(schema.WHY, bench.store(T0 + 120)) == []


def test_a_point_has_its_place_in_the_order_of_the_page(bench: Bench, journal: Journal) -> None:
    bench.hears(T0, fuel__level=60.0)
    views = [bench.tracker.view(point, T0 + 1) for point in bench.site.points]

    def ranks(*alerts: AlertState) -> dict[str, object]:
        bench.rows.store(
            journal,
            views,
            alerts,
            host_row([], T0, points=5, poison=0),
            acknowledged=lambda _: None,
            round_=[],
            now=T0 + 1,
        )
        entries = journal.entries_after(bench.seen, 10_000)
        bench.seen = entries[-1].id
        return {entry.point: entry.values["point/rank"] for entry in entries if entry.kind == "derived"}

    assert ranks()["nsp-0101"] == 0, "not ready; of the others nobody ever heard"
    other = Subject(POINT, "nsp-0103")
    assert ranks(an_alert(1, subject=other))["nsp-0103"] == 0, "who has a critical alert counts as the worst"


def test_an_alert_is_a_row_at_each_change_and_one_when_it_is_over(bench: Bench, journal: Journal) -> None:
    alert = journal.save_alert(an_alert())

    def alerts(now: float, *standing: AlertState) -> list[tuple[str, object, object]]:
        rows = of(schema.ALERT, bench.store(now, *standing))
        return [(row.tags["what"], row.fields["firing"], row.fields["reached"]) for row in rows]

    assert alerts(T0, alert) == [("fired", 1, "")]
    assert alerts(T0 + 60, alert) == []
    due = [
        Delivery(
            alert_id=alert.id, reason="turn-1", rung=rung, person=rung, channel="sms", address="+31600000000",
            created_at=T0, due_at=T0, first_due_at=T0,
        )
        for rung in ("log", "lead", "deputy")
    ]  # fmt: skip
    journal.add_deliveries(due)
    assert alerts(T0 + 120, alert) == [("reached", 1, "")], "two wait"
    ids = [one.id for one in journal.deliveries(alert.id)]
    journal.settle_deliveries(ids[:2], True, "taken", T0 + 130, 0.0)
    assert alerts(T0 + 180, alert) == [("reached", 1, "lead")]
    journal.record(facts.Acknowledged(alert=alert.id), LEAD, t=T0 + 190, now=T0 + 190)
    (row,) = of(schema.ALERT, bench.store(T0 + 240, alert))
    assert (row.tags["what"], row.fields["acknowledged"], row.fields["by"]) == ("acknowledged", True, "NSP-lead")
    assert row.fields["text"] == "Brandstof raakt op"
    assert alerts(T0 + 300, msgspec.structs.replace(alert, turn=2, turned_at=T0 + 300)) == [("worse", 1, "lead")]
    assert alerts(T0 + 1300, msgspec.structs.replace(alert, turn=2)) == [("standing", 1, "lead")]
    over = journal.save_alert(msgspec.structs.replace(alert, state="resolved", resolved_at=T0 + 1350))
    assert [what for what, firing, _ in alerts(T0 + 1360, over) if not firing] == ["resolved"]
    assert alerts(T0 + 1420, over) == []


def test_an_alert_of_the_coordination_point_says_its_region_and_which_one(bench: Bench) -> None:
    channel = an_alert(7, rule="channel_fails", subject=Subject(CHANNEL, "sms"))
    board = an_alert(8, rule="board_memory", subject=Subject(BOARD, "nsp-0102"))
    rows = {row.fields["id"]: row for row in of(schema.ALERT, bench.store(T0, channel, board))}
    assert (rows[7].point, rows[7].tags["region"]) == ("", bench.site.region.region)
    assert str(rows[7].fields["text"]).endswith(": sms")
    assert rows[8].point == "nsp-0102"
    assert "region" not in rows[8].tags


def test_who_was_reached_is_a_rung_and_no_person(bench: Bench, journal: Journal) -> None:
    alert = journal.save_alert(an_alert())
    journal.add_deliveries(
        Delivery(
            alert_id=alert.id, reason="turn-1", rung=rung, channel="sms", created_at=T0, due_at=T0, first_due_at=T0,
            person=f"{rung}/sanne", address="+31612345678",
        )
        for rung in ("log", "lead")
    )  # fmt: skip
    journal.settle_deliveries(
        [one.id for one in journal.deliveries(alert.id)], True, "taken by +31612345678", T0 + 5, 0
    )
    stored = bench.store(T0 + 60, alert)
    (row,) = of(schema.DELIVERY, stored)
    assert row.tags == {"rule": "low_fuel", "rung": "lead", "channel": "sms", "outcome": "sent"}
    assert row.fields == {"alert": alert.id, "reason": "turn-1", "attempts": 1, "after_s": 5.0}
    assert row.t == T0 + 5
    assert of(schema.DELIVERY, bench.store(T0 + 120, alert)) == []
    everything = b"".join(line for entry in journal.entries_after(0, 1000) for line in lines(entry, Places(), "nl"))
    assert b"sanne" not in everything.lower()
    assert b"3161234" not in everything


def test_what_people_said_and_what_was_found_are_events_without_names(bench: Bench, journal: Journal) -> None:
    for n, told in enumerate((
        facts.PhaseChanged(point="nsp-0101", phase="operational"),
        facts.PhaseChanged(point="nsp-0101", phase="of-a-newer-release"),
        facts.Delivered(point="nsp-0101", litres=200.0),
        facts.DeliveryPlanned(point="nsp-0101", at=T0, litres=150.0, who="Jan Jansen"),
        facts.Counted(point="nsp-0101", people=42),
        facts.Silenced(subject=Subject(POINT, "nsp-0101"), until=T0 + 1e6, reason="gebeld met Jan Jansen"),
        facts.FuelFound(point="nsp-0101", event=FuelEvent(kind="leak", since=T0 - 500, until=T0, litres=31.4)),
        facts.HelpAsked(point="nsp-0101"),
        facts.Commissioned(point="nsp-0101", done=("fuel", "button")),
        facts.Commissioned(point="nsp-0101", done=("fuel",), left=("button",)),
        facts.Started(forget_after=T0),
        facts.WrongCode(),
    )):  # fmt: skip
        journal.record(told, LEAD, t=T0 + n, now=T0 + n)
    rows = of(schema.EVENT, bench.store(T0 + 60))
    assert [(row.tags["kind"], row.fields["text"], row.t - T0) for row in rows] == [
        ("opened", "Geopend", 0),
        ("refuel", "Bijgevuld: 200 liter", 2),
        ("refuel-planned", "Brandstof gepland: 150 liter", 3),
        ("counted", "Geteld: 42 mensen", 4),
        ("silenced", "Meldingen stil gezet", 5),
        ("leak", "Langzaam 31 liter weg: een lek?", -500),
        ("help", "Hulp gevraagd", 7),
        ("commissioned", "Ter plaatse helemaal nagelopen", 8),
        ("commissioned-partly", "Ter plaatse nagelopen, niet alles gezien", 9),
        ("host-started", "Paraat is gestart", 10),
    ]
    assert all("Jan" not in str(row.fields) and "Sanne" not in str(row.fields) for row in rows)


def test_a_restart_writes_what_happened_meanwhile_and_nothing_twice(bench: Bench, journal: Journal, site: Site) -> None:
    journal.record(facts.Counted(point="nsp-0101", people=1), LEAD, t=T0, now=T0)
    assert len(of(schema.EVENT, bench.store(T0 + 1))) == 1
    journal.record(facts.Counted(point="nsp-0101", people=2), LEAD, t=T0 + 2, now=T0 + 2)
    again = Bench(site, journal)
    again.seen = bench.seen
    (event,) = of(schema.EVENT, again.store(T0 + 60))
    assert event.fields["value"] == 2
    assert (journal.cursor(FACTS), journal.cursor(DELIVERIES)) == (2, round((T0 + 60) * 1000))


def test_an_alert_of_before_a_restart_did_not_fire_then_and_one_that_ended_meanwhile_is_over(
    bench: Bench, journal: Journal, site: Site
) -> None:
    stands, ends = journal.save_alert(an_alert()), journal.save_alert(an_alert(rule="mains_out"))
    bench.store(T0 + 5, stands, ends)
    over = journal.save_alert(msgspec.structs.replace(ends, state="resolved", resolved_at=T0 + 20))
    again = Bench(site, journal)
    again.seen = bench.seen
    rows = of(schema.ALERT, again.store(T0 + 60, stands, over))
    assert [(row.tags["rule"], row.tags["what"], row.t - T0) for row in rows] == [
        ("low_fuel", "standing", 60), ("mains_out", "resolved", 20),
    ]  # fmt: skip
    assert of(schema.ALERT, again.store(T0 + 120, stands, over)) == []
    new = journal.save_alert(an_alert(rule="too_cold", fired_at=T0 + 130))
    (row,) = of(schema.ALERT, again.store(T0 + 180, stands, new))
    assert (row.tags["what"], row.t) == ("fired", T0 + 130)


def test_a_moment_is_stored_whole_or_not_at_all(
    bench: Bench, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.record(facts.Counted(point="nsp-0101", people=1), LEAD, t=T0, now=T0)
    advance = journal.advance

    def fails(sink: str, *rest: object) -> None:
        if sink == DELIVERIES:
            raise OSError("cut off")
        advance(sink, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "advance", fails)
    with pytest.raises(OSError, match="cut off"):
        bench.store(T0 + 1)
    assert journal.entries_after(0, 10) == []
    assert journal.cursor(FACTS) == 0
    monkeypatch.setattr(journal, "advance", advance)
    rows = bench.store(T0 + 2)
    assert of(schema.EVENT, rows)
    assert of(schema.FIGURE, rows), "what seldom changes was not stored the first time"


def test_the_host_itself_is_a_row(bench: Bench) -> None:
    own = [
        BrokerLink(now=T0, connected=True),
        DatabaseLag(now=T0, waiting_since=T0 - 30, waiting=12),
        DiskSpace(now=T0, free=5, total=10),
        ChannelHealth(now=T0, name="sms", failing_since=T0),
        ChannelHealth(now=T0, name="email"),
    ]
    row = host_row(own, T0, points=5, poison=2)
    version = row.fields.pop("version")
    assert version
    assert row.fields == {
        "points": 5, "poison_lines": 2, "broker": True, "influx_backlog": 12, "influx_late_s": 30.0,
        "disk_free_b": 5, "disk_total_b": 10, "channels_failing": 1,
    }  # fmt: skip
    (stored,) = of(schema.HOST, bench.store(T0))
    assert stored.tags == {"region": bench.site.region.region}


def test_a_point_is_named_once_and_again_when_it_is_called_otherwise(site: Site, journal: Journal) -> None:
    name_points(journal, site, T0)
    name_points(journal, site, T0 + 1)
    assert len(journal.facts(facts.Named)) == len(site.points)
    renamed = msgspec.structs.replace(site.points["nsp-0101"], name="De Eik")
    name_points(journal, msgspec.structs.replace(site, points={**site.points, "nsp-0101": renamed}), T0 + 2)
    assert [fact.told.name for fact in journal.facts(facts.Named, limit=1)] == ["De Eik"]  # type: ignore[union-attr]


def test_the_refuel_round_stands_in_the_rows_as_on_the_page(bench: Bench) -> None:
    """What is arranged, until it is brought; what is wanted, and not of a silent point as if it were known now."""
    bench.hears(T0, fuel__level=60.0)

    def of_fuel(now: float) -> dict[str, object]:
        (row,) = [row for row in bench.store(now) if isinstance(row, Derived)]
        named = ("fuel/round", "fuel/to-target", "fuel/to-full", "fuel/planned", "fuel/planned-in")
        return {name: row.values[name] for name in named if name in row.values}

    (stop,) = stops([bench.view(T0 + 1)], bench.site.points, bench.site.profiles, bench.tracker.standing)
    assert of_fuel(T0 + 1) == {
        "fuel/round": 0, "fuel/to-target": stop.to_target_l, "fuel/to-full": stop.to_full_l,
    }  # fmt: skip
    planned = facts.DeliveryPlanned(point="nsp-0101", at=T0 + 7202, litres=400.0, who="Jansen")
    bench.tracker.standing.apply(facts.Fact(id=1, after=0, t=T0 + 1, recorded_at=T0, author=LEAD, told=planned))
    assert of_fuel(T0 + 2)["fuel/planned"] == 400.0
    assert of_fuel(T0 + 2)["fuel/planned-in"] == 2.0
    a_little = facts.Delivered(point="nsp-0101", litres=50.0)
    bench.tracker.standing.apply(facts.Fact(id=2, after=0, t=T0 + 3, recorded_at=T0, author=LEAD, told=a_little))
    assert of_fuel(T0 + 3)["fuel/planned"] == 350.0
    assert of_fuel(T0 + 10_802) == {"fuel/round": 0, "fuel/planned": 350.0, "fuel/planned-in": -1.0}, "late, and silent"
    brought = facts.Delivered(point="nsp-0101", litres=390.0)
    bench.tracker.standing.apply(facts.Fact(id=3, after=0, t=T0 + 3, recorded_at=T0, author=LEAD, told=brought))
    assert "fuel/planned" not in of_fuel(T0 + 4)


def test_the_host_says_who_lasts_the_shortest_and_of_how_many_that_is_not_known(bench: Bench) -> None:
    (host,) = of(schema.HOST, bench.store(T0))
    assert (host.fields["hours_unknown"], host.fields["short"]) == (1, 0)
    assert "least_hours_low" not in host.fields, "nothing is known, and that is no zero"
    bench.hears(T0, fuel__level=60.0)
    left, profile = bench.view(T0 + 1).off_grid, bench.site.profiles["nsp-0101"]
    assert left is not None
    (host,) = of(schema.HOST, bench.store(T0 + 1))
    assert (host.fields["least_hours_low"], host.fields["least_target_h"]) == (left.hours_low, profile.target_h)
    assert (host.fields["hours_unknown"], host.fields["short"]) == (0, int(left.hours_low < profile.target_h))
