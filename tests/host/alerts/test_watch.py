"""Engine, ladder and journal together: whatever happens, each reason reaches a person once, in order, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paraat.alerts.engine import Transition
from paraat.alerts.inhibition import Hold
from paraat.alerts.rules import Judgement, Verdict
from paraat.alerts.watch import Watch
from paraat.domain.facts import Acknowledged, Author, Fact
from paraat.domain.model import Delivery
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.domain.telling import Telling
from paraat.domain.told import told
from paraat.journal import Journal, JournalError

T0 = 1764000000.0
RUNGS = ("lead", "deputy", "coordination", "region")
PEOPLE = {
    name: Person(id=name, name=name.title(), reach={"email": (f"{name}@example.org",), "sms": ("+31600000000",)})
    for name in RUNGS
}
ROSTER = Roster(people=PEOPLE, duties=tuple(Duty(rung=rung, who=(rung,)) for rung in RUNGS))


class Tank(msgspec.Struct, frozen=True):
    subject: Subject
    verdict: Verdict
    rank: float


class LowTank:
    judges = Tank
    for_role = "lead"

    def hold_of(self, _point: str | None) -> float:
        return 0.0

    def judge(self, view: Tank) -> Judgement:
        return Judgement(verdict=view.verdict, rank=view.rank)


class Bench:
    """A watch over points that say what they are told, and people who acknowledge."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: dict[int, Fact] = {}
        self.journal = Journal(path)
        self.again()

    def again(self) -> None:
        self.journal.close()
        self.journal = Journal(self.path)
        self.watch = Watch(
            {"low_tank": LowTank()},
            self.journal,
            roster=ROSTER,
            telling=Telling(),
            ways=lambda person: [(name, a) for name, to in person.reach.items() if name != "siren" for a in to],
            acknowledged=self.seen.get,
        )

    def step(
        self,
        second: float,
        verdicts: dict[str, tuple[Verdict, float]],
        holds: dict[str, str] | None = None,
        points: int = 3,
    ) -> tuple[list[Transition], list[Delivery]]:
        views = [Tank(Subject("point", point), *found) for point, found in verdicts.items()]
        return self.watch.step(
            T0 + second,
            views,
            expected={"point": [f"p{n}" for n in range(points)]},
            holds={Subject("point", point): Hold(why) for point, why in (holds or {}).items()},
        )

    def acknowledge(self, alert: int, second: float) -> None:
        author = Author(name="Anna", way="page")
        self.seen[alert] = Fact(
            id=1, after=0, t=T0 + second, recorded_at=T0 + second, author=author, told=Acknowledged(alert=alert)
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "journal.sqlite")
    yield found
    found.journal.close()


LOW = {"p1": (Verdict.RAISE, 0.0)}
FINE = {"p1": (Verdict.CLEAR, 0.0)}


def keys(rows: list[Delivery]) -> set[tuple[str, str, str]]:
    return {(row.reason, row.person, row.channel) for row in rows}


def test_it_is_told_by_every_way_and_the_log_has_it(bench: Bench) -> None:
    ((fired,), rows) = bench.step(0, LOW)
    assert fired.alert.id == 1
    assert keys(rows) == {
        ("turn-1", "log/", "log"),
        *(("turn-1", "lead", way) for way in ("email", "sms")),
        *(("copy-1", "coordination", way) for way in ("email", "sms")),
    }
    assert bench.step(5, LOW) == ([], [])
    assert bench.journal.deliveries(1) == [msgspec.structs.replace(row, id=n + 1) for n, row in enumerate(rows)]


def test_who_heard_of_it_hears_that_it_is_over_and_nobody_else(bench: Bench) -> None:
    bench.step(0, LOW)
    _, rows = bench.step(60, FINE)
    assert keys(rows) == {("resolved", who, way) for who in ("lead", "coordination") for way in ("email", "sms")} | {
        ("resolved", "log/", "log")
    }
    assert bench.step(65, FINE) == ([], [])


def test_a_point_that_is_taken_out_ends_with_a_word_to_who_was_told(bench: Bench) -> None:
    bench.step(0, LOW)
    (left,), rows = bench.step(60, {}, points=1)
    assert (left.change, left.alert.left) == ("left", True)
    assert {row.reason for row in rows} == {"left"}
    assert {row.person for row in rows} == {"lead", "coordination", "log/"}


def test_an_acknowledged_alert_is_reminded_of_by_nobody_and_told_when_it_is_worse(bench: Bench) -> None:
    bench.step(0, LOW)
    bench.acknowledge(1, 10)
    assert bench.step(5 * 3600, LOW) == ([], [])
    (worse,), rows = bench.step(6 * 3600, {"p1": (Verdict.RAISE, 1.0)})
    assert worse.change == "worse"
    assert ("turn-2", "lead", "sms") in keys(rows)


def test_what_is_held_and_ends_held_is_told_to_nobody(bench: Bench) -> None:
    (fired,), rows = bench.step(0, LOW, {"p1": "building"})
    assert (fired.alert.held_by, rows) == ("building", [])
    _, rows = bench.step(7200, FINE, {"p1": "building"})
    assert rows == []
    bench.step(8000, LOW, {"p1": "building"})
    _, rows = bench.step(9000, LOW)
    assert ("turn-1", "lead", "sms") in keys(rows)
    assert bench.watch.engine.active()[0].held_by == ""


def test_a_disk_that_fails_keeps_it_for_the_next_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise JournalError("full")

    monkeypatch.setattr(bench.journal, "add_deliveries", full)
    with pytest.raises(JournalError):
        bench.step(0, LOW)
    assert bench.journal.alerts(9) == []
    monkeypatch.undo()
    (fired,), rows = bench.step(5, FINE)
    assert (fired.change, fired.alert.id) == ("firing", 1)
    assert ("turn-1", "lead", "sms") in keys(rows)
    _, rows = bench.step(10, FINE)
    assert {row.reason for row in rows} == {"resolved"}


def test_of_what_stands_it_is_asked_when_more_may_be_due_and_not_at_each_step(bench: Bench) -> None:
    asked: list[str] = []
    ways = bench.watch._ways
    bench.watch._ways = lambda person: asked.append(person.id) or ways(person)
    bench.step(0, LOW)
    assert asked
    asked.clear()
    for second in range(5, 300, 5):
        assert bench.step(second, LOW) == ([], [])
    assert asked == []
    assert {row.person for row in bench.step(300, LOW)[1]} == {"deputy"}
    asked.clear()
    bench.acknowledge(1, 305)
    bench.step(310, LOW)
    assert asked, "somebody answered"
    asked.clear()
    bench.watch.roster = msgspec.structs.replace(ROSTER, duties=ROSTER.duties[1:])
    bench.step(315, LOW)
    assert asked, "the roster is another"
    asked.clear()
    bench.step(200, LOW)
    assert asked, "the clock was set back"


def test_who_was_told_is_said_with_names(bench: Bench) -> None:
    bench.step(0, LOW)
    (first, *_) = [one for one in told(bench.journal.deliveries(1), ROSTER) if one.channel == "sms"]
    assert (first.name, first.rung, first.reason, first.state, first.due_at, first.at) == (
        "Lead",
        "lead",
        "turn-1",
        "due",
        T0,
        None,
    )
    assert {one.name for one in told(bench.journal.deliveries(1), Roster())} == {"lead", "coordination", "log"}


STEPS = st.lists(
    st.tuples(
        st.integers(1, 4000),
        st.sampled_from(["p0", "p1", "p2"]),
        st.sampled_from(list(Verdict)),
        st.integers(0, 3),
        st.sampled_from(["", "", "", "building", "restart", "acknowledge", "gone"]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_each_reason_reaches_a_person_once_and_the_end_comes_last(
    tmp_path: Path, steps: list[tuple[int, str, Verdict, int, str]]
) -> None:
    path = tmp_path / "journal.sqlite"
    for old in tmp_path.glob("journal.sqlite*"):
        old.unlink()
    bench = Bench(path)
    second, stepped = 0.0, []
    for wait, point, verdict, rank, what in steps:
        second += wait
        if what == "restart":
            bench.again()
        if what == "acknowledge" and (firing := [a.id for a in bench.watch.engine.active() if a.id]):
            bench.acknowledge(firing[0], second)
        holds = {point: "building"} if what == "building" else {}
        views = {} if what == "gone" else {point: (verdict, float(rank))}
        changes, rows = bench.step(second, views, holds, points=1 if what == "gone" else 3)
        stepped += rows
        assert len({row.key for row in rows}) == len(rows)
        fired = {change.alert.id for change in changes if change.change == "firing" and not change.alert.held_by}
        assert fired <= {row.alert_id for row in rows}, "no alert is lost"
        bench.watch._asked.clear()
        assert bench.step(second, {}, holds, points=1 if what == "gone" else 3) == ([], []), "all that is due was found"
    assert len({row.key for row in stepped}) == len(stepped), "nothing is due twice for one reason"
    assert len(bench.journal.deliveries(*range(1, 200))) == len(stepped)
    by_person: dict[tuple[int, str], list[str]] = {}
    for row in stepped:
        by_person.setdefault((row.alert_id, row.person), []).append(row.reason)
    for reasons in by_person.values():
        ends = [n for n, reason in enumerate(reasons) if reason in ("resolved", "left")]
        assert not ends or (min(ends) > 0 and set(reasons[min(ends) :]) <= {"resolved", "left"})
    bench.journal.close()
