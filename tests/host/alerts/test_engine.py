import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.engine import Engine, Transition
from paraat.alerts.inhibition import Hold, holds_of
from paraat.alerts.rules import Judgement, Verdict
from paraat.domain import readiness
from paraat.domain.facts import Author, Fact, Silenced
from paraat.domain.model import AlertState, PointView
from paraat.domain.subjects import Subject
from paraat.domain.telling import Telling

T0 = 1764000000.0
DAY = 86_400.0
RAISE, CLEAR, HOLD = Verdict.RAISE, Verdict.CLEAR, Verdict.HOLD


class Scripted:
    """A rule that says what it is told."""

    judges = PointView

    def hold_of(self, _point: str | None) -> float:
        return self._hold_s

    def __init__(self, hold_s: float = 120) -> None:
        self._hold_s = hold_s
        self.verdict = HOLD
        self.severity = "critical"
        self.rank = 0.0

    def judge(self, view: PointView) -> Judgement:
        return Judgement(verdict=self.verdict, severity=self.severity, detail={"at": view.now}, rank=self.rank)


def view_at(now: float) -> PointView:
    return PointView(
        point="nsp-0101", name="De Linde", municipality="Voorbeeldstad", capacity=150, now=now, verdict=readiness.Verdict.READY,
        last_verdict=readiness.Verdict.READY, reasons=(), online=True, watched_since=T0, heard_at=now, data_t=now, latest={}, litres=None, fuel_percent=None,
        autonomy=None, stored=0, missing=0, node=None,
    )  # fmt: skip


def play(engine: Engine, rule: Scripted, verdicts: list[tuple[float, Verdict]]) -> list[Transition]:
    transitions = []
    for second, verdict in verdicts:
        rule.verdict = verdict
        transitions += engine.step(T0 + second, [view_at(T0 + second)], expected={"point": {"nsp-0101"}})
    return transitions


def states(transitions: list[Transition]) -> list[tuple[str, bool]]:
    return [(t.alert.state, t.announce) for t in transitions]


def test_an_alert_fires_after_the_hold_time_and_resolves_after_it() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    found = play(engine, rule, [(0, RAISE), (60, RAISE), (120, RAISE), (300, CLEAR), (419, CLEAR), (420, CLEAR)])
    assert states(found) == [("pending", False), ("firing", True), ("resolved", True)]
    assert found[1].alert.fired_at == T0 + 120
    assert found[2].alert.resolved_at == T0 + 420
    assert engine.active() == []


def test_a_single_wild_value_neither_fires_nor_clears() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    assert states(play(engine, rule, [(0, RAISE), (60, CLEAR), (120, CLEAR)])) == [
        ("pending", False),
        ("resolved", False),
    ]
    play(engine, rule, [(200, RAISE), (320, RAISE)])
    assert states(play(engine, rule, [(400, CLEAR), (460, RAISE), (580, CLEAR), (640, RAISE)])) == []
    assert engine.active()[0].state == "firing"


def test_two_wild_values_an_hour_apart_do_not_add_up() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    found = play(engine, rule, [(0, RAISE), (60, HOLD), (180, HOLD), (3600, RAISE), (3660, HOLD), (3780, HOLD)])
    assert "firing" not in [state for state, _ in states(found)]


def test_not_knowing_never_resolves() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    play(engine, rule, [(0, RAISE), (120, RAISE)])
    assert play(engine, rule, [(i * 60, HOLD) for i in range(3, 3000)]) == []
    assert engine.active()[0].state == "firing"


def test_it_is_armed_again_after_recovery() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    once = [(0.0, RAISE), (120.0, RAISE), (200.0, CLEAR), (320.0, CLEAR)]
    found = play(engine, rule, once + [(t + 1000, v) for t, v in once])
    assert [s for s, announced in states(found) if announced] == ["firing", "resolved", "firing", "resolved"]


def test_a_restart_goes_on_with_what_fired() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    fired = play(engine, rule, [(0, RAISE), (120, RAISE)])[-1].alert
    saved = msgspec.structs.replace(fired, id=7)
    again = Engine({"r": rule}, [saved])
    assert play(again, rule, [(200, RAISE), (260, HOLD)]) == []
    resolved = play(again, rule, [(300, CLEAR), (420, CLEAR)])
    assert states(resolved) == [("resolved", True)]
    assert resolved[0].alert.id == 7


def test_the_id_that_the_journal_gives_is_kept() -> None:
    rule = Scripted(hold_s=0)
    engine = Engine({"r": rule})
    fired = play(engine, rule, [(0, RAISE)])[0].alert
    assert fired.state == "firing"
    engine.saved(msgspec.structs.replace(fired, id=3))
    assert play(engine, rule, [(60, CLEAR)])[0].alert.id == 3


@given(st.lists(st.tuples(st.floats(1, 200), st.sampled_from(list(Verdict))), max_size=60))
def test_whatever_happens_people_hear_of_each_alert_once_and_of_its_end_once(
    steps: list[tuple[float, Verdict]],
) -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    second = 0.0
    announced = []
    for wait, verdict in steps:
        second += wait
        rule.verdict = verdict
        for transition in engine.step(T0 + second, [view_at(T0 + second)]):
            if transition.announce:
                announced.append(transition.alert.state)
                # Each follows what the rule says at that moment.
                assert (transition.alert.state, verdict) in (("firing", RAISE), ("resolved", CLEAR))
    assert announced == ["firing", "resolved"] * (len(announced) // 2) + ["firing"] * (len(announced) % 2)


def test_a_clock_that_is_set_back_does_not_put_an_alert_off() -> None:
    """The host's own clock was a day ahead, as after a flat battery, when the condition began and when it ended."""
    rule = Scripted()
    engine = Engine({"r": rule})
    assert states(play(engine, rule, [(86400, RAISE), (0, RAISE), (119, RAISE)])) == [("pending", False)]
    assert states(play(engine, rule, [(120, RAISE)])) == [("firing", True)]
    play(engine, rule, [(86400, CLEAR)])
    assert states(play(engine, rule, [(200, CLEAR), (319, CLEAR)])) == []
    assert states(play(engine, rule, [(320, CLEAR)])) == [("resolved", True)]


def test_a_wild_value_from_before_the_clock_was_set_back_ends_too() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    play(engine, rule, [(86400, RAISE), (0, HOLD)])
    assert states(play(engine, rule, [(120, HOLD)])) == [("resolved", False)]


def test_an_alert_of_a_point_that_left_the_site_ends_and_who_was_told_hears_so() -> None:
    rule = Scripted()
    fired = AlertState(
        rule="r",
        subject=Subject("point", "nsp-9999"),
        state="firing",
        since=T0,
        severity="warning",
        detail={},
        id=7,
        fired_at=T0,
    )
    own = msgspec.structs.replace(fired, subject=Subject("certificate", "broker"), id=8)
    engine = Engine({"r": rule}, [fired, own])
    (ended,) = play(engine, rule, [(60, CLEAR)])
    assert (ended.alert.id, ended.alert.state, ended.alert.resolved_at, ended.change, ended.alert.left) == (
        7,
        "resolved",
        T0 + 60,
        "left",
        True,
    )
    assert [alert.id for alert in engine.active()] == [8], "of the coordination point itself nothing was said"
    assert play(engine, rule, [(120, CLEAR)]) == []


def test_an_alert_of_a_rule_that_is_gone_is_left_alone() -> None:
    old = AlertState(
        rule="gone", subject=Subject("point", "nsp-0101"), state="firing", since=T0, severity="warning", detail={}
    )
    assert Engine({}, [old]).active() == []


class Modem(msgspec.Struct, frozen=True):
    """A view that Paraat does not have: of a modem, say."""

    subject: Subject
    hangs: bool


class ModemHangs:
    judges = Modem

    def hold_of(self, _point: str | None) -> float:
        return 60.0

    def judge(self, view: Modem) -> Judgement:
        return Judgement(verdict=RAISE if view.hangs else CLEAR, wording="hangs")


def test_a_subject_of_another_kind_is_judged_by_the_rules_for_it_and_by_no_other() -> None:
    one, two = Subject("channel", "sms-1"), Subject("channel", "sms-2")
    points = Scripted(hold_s=0)
    points.verdict = RAISE
    engine = Engine({"points": points, "modem": ModemHangs()})

    def told(t: float, *modems: Modem) -> list[tuple[str, Subject, str]]:
        found = engine.step(T0 + t, [view_at(T0 + t), *modems], expected={"channel": {"sms-1", "sms-2"}})
        return [(c.alert.rule, c.alert.subject, c.alert.wording) for c in found if c.announce]

    linde = Subject("point", "nsp-0101")
    assert told(0, Modem(one, True), Modem(two, True)) == [("points", linde, "firing")]
    assert told(60, Modem(one, True)) == [("modem", one, "hangs")], "of the second nothing was said: it waits"
    assert told(90, Modem(one, False), Modem(two, True)) == [("modem", two, "hangs")]
    assert engine.step(T0 + 91, [], expected={"channel": {"sms-1"}})[0].alert.subject == two
    assert {alert.subject for alert in engine.active()} == {linde, one}, "of the points no list was given"


def test_an_alert_carries_the_severity_and_the_figures_of_the_judgement_that_changed_it() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})

    def told(second: float, verdict: Verdict, severity: str) -> tuple[str, object]:
        rule.severity = severity
        (change,) = play(engine, rule, [(second, verdict)])
        return change.alert.severity, change.alert.detail["at"]

    assert told(0, RAISE, "warning") == ("warning", T0)
    assert told(120, RAISE, "critical") == ("critical", T0 + 120)
    play(engine, rule, [(180, RAISE), (240, HOLD)])
    assert [alert.detail["at"] for alert in engine.active()] == [T0 + 180], (
        "the newest figures, and not those of a HOLD"
    )
    play(engine, rule, [(300, CLEAR)])
    assert told(420, CLEAR, "warning")[1] == T0 + 420


def test_a_wild_value_is_over_at_a_time() -> None:
    rule = Scripted()
    (_, over) = play(Engine({"r": rule}), rule, [(0, RAISE), (60, CLEAR)])
    assert over.alert.resolved_at == T0 + 60


def test_without_a_hold_time_it_fires_at_once_and_with_a_second_it_waits() -> None:
    at_once, soon = Scripted(hold_s=0), Scripted(hold_s=1)
    assert states(play(Engine({"r": at_once}), at_once, [(0, RAISE)])) == [("firing", True)]
    assert states(play(Engine({"r": soon}), soon, [(0, RAISE)])) == [("pending", False)]


def test_a_pending_alert_of_a_point_that_left_is_off_and_nobody_hears_of_it() -> None:
    rule = Scripted()
    waiting = AlertState(
        rule="r", subject=Subject("point", "nsp-9999"), state="pending", since=T0, severity="warning", detail={}
    )
    (off,) = play(Engine({"r": rule}, [waiting]), rule, [(60, CLEAR)])
    assert (off.change, off.announce) == ("off", False)


def ranked(engine: Engine, rule: Scripted, steps: list[tuple[float, float]]) -> list[tuple[str, int, float]]:
    """(change, turn, second) of a rule that raises each time, with these ranks."""
    found = []
    for second, rank in steps:
        rule.rank = rank
        found += [(c.change, c.alert.turn, second) for c in play(engine, rule, [(second, RAISE)]) if c.announce]
    return found


def test_a_worse_turn_is_told_anew_once_it_has_stood_for_the_hold_time() -> None:
    """A blackout, then 6 h, 4.2 h, 1.3 h and nothing left: each is told, and none twice."""
    rule = Scripted()
    engine = Engine({"r": rule})
    found = ranked(engine, rule, [(60.0 * n, n // 10) for n in range(50)])
    assert found == [
        ("firing", 1, 120.0),
        ("worse", 2, 720.0),
        ("worse", 3, 1320.0),
        ("worse", 4, 1920.0),
        ("worse", 5, 2520.0),
    ]
    (alert,) = engine.active()
    assert (alert.turned_at, alert.fired_at, alert.rank) == (T0 + 2520, T0 + 120, 4)


def test_one_wild_value_is_no_worse_turn_and_a_flutter_between_two_degrees_tells_once() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    steps = [(60.0 * n, 0.0) for n in range(5)] + [(300.0, 5.0), (360.0, 0.0)]
    steps += [(420.0 + 60 * n, float(n // 3 % 2)) for n in range(29)]
    assert ranked(engine, rule, steps) == [("firing", 1, 120.0), ("worse", 2, 720.0)]


def test_what_was_better_for_half_an_hour_and_becomes_worse_again_is_told_again() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    steps = (
        [(60.0 * n, 2.0) for n in range(3)]
        + [(180.0 + 60 * n, 1.0) for n in range(32)]
        + [(2100.0 + 60 * n, 2.0) for n in range(3)]
    )
    assert ranked(engine, rule, steps) == [("firing", 1, 120.0), ("worse", 2, 2220.0)]


def test_a_worse_severity_is_a_worse_turn_whatever_its_rank() -> None:
    rule = Scripted(hold_s=0)
    rule.severity = "warning"
    engine = Engine({"r": rule})
    rule.rank = 3
    play(engine, rule, [(0, RAISE)])
    rule.severity, rule.rank = "critical", 1
    (worse,) = play(engine, rule, [(5, RAISE)])
    assert (worse.change, worse.alert.severity) == ("worse", "critical")
    rule.severity = "warning"
    assert play(engine, rule, [(10, RAISE)]) == []
    assert engine.active()[0].severity == "critical", "not better before it has stood"


def test_a_restart_while_it_gets_worse_loses_no_turn() -> None:
    rule = Scripted()
    engine = Engine({"r": rule})
    play(engine, rule, [(0, RAISE), (120, RAISE)])
    rule.rank = 1
    (noted,) = play(engine, rule, [(180, RAISE)])
    assert (noted.change, noted.announce) == ("noted", False)
    again = Engine({"r": rule}, [noted.alert])
    (worse,) = play(again, rule, [(300, RAISE)])
    assert (worse.change, worse.alert.turn) == ("worse", 2)


def flapped(hours: float, every_s: float, restart: bool) -> list[Transition]:
    """A point that drops out for two thirds of each `every_s`."""
    rule = Scripted(hold_s=30)
    engine = Engine({"r": rule})
    found: list[Transition] = []
    ended: list[AlertState] = []
    for n in range(int(hours * 3600 / 10)):
        second = 10.0 * n
        found += play(engine, rule, [(second, RAISE if second % every_s < every_s * 2 / 3 else CLEAR)])
        ended = [c.alert for c in found if c.change == "resolved"]
        if restart and n % 100 == 99:
            engine = Engine({"r": rule}, engine.active(), ended=ended)
    return [c for c in found if c.announce]


@pytest.mark.parametrize("restart", [False, True])
def test_a_point_that_drops_out_and_returns_all_day_is_told_a_few_times_and_so(restart: bool) -> None:
    told = flapped(24, 240, restart)
    assert [c.change for c in told] == ["firing", "resolved", "firing", "resolved", "firing"]
    assert [c.alert.flapping for c in told] == [False, False, False, False, True]


def test_what_flaps_ends_when_it_was_good_for_an_hour_and_is_armed_again() -> None:
    rule = Scripted(hold_s=30)
    fired = [AlertState(rule="r", subject=Subject("point", "nsp-0101"), state="resolved", since=T0, severity="warning", detail={},
                        id=n, fired_at=T0 - 600 * n, resolved_at=T0 - 600 * n + 60) for n in (1, 2)]  # fmt: skip
    engine = Engine({"r": rule}, ended=fired)
    (*_, fires) = play(engine, rule, [(0, RAISE), (30, RAISE)])
    assert fires.alert.flapping
    assert play(engine, rule, [(60 + 10 * n, CLEAR) for n in range(360)]) == []
    (over,) = play(engine, rule, [(3660, CLEAR)])
    assert over.change == "resolved"
    later = play(engine, rule, [(8 * 3600, RAISE), (8 * 3600 + 30, RAISE)])
    assert [c.alert.flapping for c in later if c.announce] == [False]


def test_an_alert_is_acknowledged_until_it_becomes_worse_or_ends() -> None:
    rule = Scripted(hold_s=0)
    engine = Engine({"r": rule})
    play(engine, rule, [(0, RAISE)])
    seen_t = T0 + 60
    assert [engine.active()[0].stage(t) for t in (None, T0 - 1, seen_t)] == ["firing", "firing", "acknowledged"]
    rule.rank = 1.0
    play(engine, rule, [(120, RAISE)])
    assert [engine.active()[0].stage(t) for t in (seen_t, T0 + 120)] == ["firing", "acknowledged"]
    (over,) = play(engine, rule, [(180, CLEAR)])
    assert over.alert.stage(T0 + 150) == "resolved"


def test_what_holds_a_subject_back_is_said_and_it_is_told_from_when_it_ends() -> None:
    rule = Scripted(hold_s=0)
    rule.verdict = RAISE
    engine = Engine({"r": rule})
    linde = Subject("point", "nsp-0101")
    (held,) = engine.step(T0, [view_at(T0)], holds={linde: Hold("building")})
    assert (held.change, held.alert.held_by) == ("firing", "building")
    assert engine.step(T0 + 5, [view_at(T0 + 5)], holds={linde: Hold("building")}) == []
    (free,) = engine.step(T0 + 600, [view_at(T0 + 600)])
    assert (free.change, free.alert.held_by, free.alert.told_since) == ("noted", "", T0 + 600)
    assert free.alert.fired_at == T0


@pytest.mark.parametrize(("severity", "held"), [("critical", ""), ("warning", "silenced")])
def test_a_critical_alert_is_silenced_for_some_hours_and_told_then_all_the_same(severity: str, held: str) -> None:
    rule = Scripted(hold_s=0)
    rule.verdict, rule.severity = RAISE, severity
    engine, linde = Engine({"r": rule}), Subject("point", "nsp-0101")
    told = Silenced(subject=linde, until=T0 + 3 * DAY, reason="werk")
    fact = Fact(id=1, after=0, t=T0, recorded_at=T0, author=Author(name="Anna", way="page"), told=told)

    def step(after_s: float) -> str:
        now = T0 + after_s
        engine.step(now, [view_at(now)], holds=holds_of({linde: fact}, {}, Telling(silence_critical_h=2.0), now))
        return engine.active()[0].held_by

    assert [step(0), step(7199), step(7200)] == ["silenced", "silenced", held]


def test_what_is_not_used_is_held_whoever_silenced_it() -> None:
    linde = Subject("point", "nsp-0101")
    assert holds_of({}, {linde: "building"}, Telling(), T0) == {linde: Hold("building", critical=True)}


class Broker(msgspec.Struct, frozen=True):
    subject: Subject
    reached: bool


class BrokerUnreachable:
    judges = Broker
    for_role = "coordination"

    def hold_of(self, _point: str | None) -> float:
        return 0.0

    def judge(self, view: Broker) -> Judgement:
        return Judgement(verdict=CLEAR if view.reached else RAISE)


def test_points_that_fall_silent_with_the_broker_are_held_by_it_until_they_had_time_to_speak_up() -> None:
    silent = Scripted(hold_s=60)
    engine = Engine({"point_silent": silent, "broker_unreachable": BrokerUnreachable()})
    cause = Subject("broker", "")

    def step(second: float, reached: bool, verdict: Verdict) -> list[tuple[str, str, str]]:
        silent.verdict = verdict
        found = engine.step(T0 + second, [Broker(cause, reached), view_at(T0 + second)])
        return [(c.alert.rule, c.change, c.alert.held_by) for c in found]

    assert step(0, False, HOLD) == [("broker_unreachable", "firing", "")]
    assert step(300, False, RAISE) == [("point_silent", "pending", "broker_unreachable")]
    assert step(360, False, RAISE) == [("point_silent", "firing", "broker_unreachable")]
    assert step(1200, True, RAISE) == [("broker_unreachable", "resolved", "")]
    assert step(1200 + 419, True, RAISE) == []
    assert step(1200 + 420, True, RAISE) == [("point_silent", "noted", "")], (
        "the broker is back, and it still says nothing"
    )
    (alert,) = engine.active()
    assert alert.told_since == T0 + 1620


def test_a_point_that_was_silent_long_before_the_broker_is_told_all_the_same() -> None:
    silent = Scripted(hold_s=0)
    silent.verdict = RAISE
    engine = Engine({"point_silent": silent, "broker_unreachable": BrokerUnreachable()})
    engine.step(T0, [view_at(T0)])
    engine.step(T0 + 700, [Broker(Subject("broker", ""), False), view_at(T0 + 700)])
    assert {alert.rule: alert.held_by for alert in engine.active()} == {"point_silent": "", "broker_unreachable": ""}


def test_a_restart_knows_what_the_broker_explained() -> None:
    silent = Scripted(hold_s=0)
    silent.verdict = RAISE
    over = AlertState(rule="broker_unreachable", subject=Subject("broker", ""), state="resolved", since=T0, severity="critical",
                      detail={}, id=1, fired_at=T0, resolved_at=T0 + 900)  # fmt: skip
    engine = Engine({"point_silent": silent}, ended=[over])
    (found,) = engine.step(T0 + 1000, [view_at(T0 + 1000)])
    assert found.alert.held_by == "broker_unreachable"


@given(
    hold_s=st.sampled_from([0.0, 60.0, 120.0]),
    course=st.lists(
        st.tuples(st.sampled_from([RAISE, RAISE, CLEAR, HOLD]), st.sampled_from([0.0, 1.0, 2.0]), st.integers(1, 50)),
        max_size=12,
    ),
)
def test_whoever_is_judged_when_something_changes_or_time_alone_does_is_judged_often_enough(
    hold_s: float, course: list[tuple[Verdict, float, int]]
) -> None:
    rule, telling = Scripted(hold_s), Telling(flaps=2, flap_within_s=600, calm_s=150, ease_s=90)
    always, when_due = Engine({"r": rule}, telling=telling), Engine({"r": rule}, telling=telling)
    found: list[list[tuple[object, ...]]] = [[], []]
    now, looked = T0, 0
    for rule.verdict, rule.rank, ticks in course:
        for tick in range(ticks):
            now += 5
            due = tick == 0 or bool(when_due.waiting(now))
            looked += due
            for engine, views, into in (
                (always, [view_at(now)], found[0]),
                (when_due, [view_at(now)] if due else [], found[1]),
            ):
                into += [
                    (t.change, a.state, a.since, a.fired_at, a.turned_at, a.resolved_at, a.rank, a.turn, a.worse_since)
                    for t in engine.step(now, views)
                    for a in (t.alert,)
                ]
    assert found[1] == found[0]
    assert looked <= 4 * len(course), "at the change, and where what was held has stood for long enough"
