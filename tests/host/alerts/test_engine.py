import msgspec
from hypothesis import given
from hypothesis import strategies as st

from paraat.alerts.engine import Engine, Transition
from paraat.alerts.rules import Judgement, Verdict
from paraat.domain import readiness
from paraat.domain.model import AlertState, PointView
from paraat.domain.subjects import Subject

T0 = 1764000000.0
RAISE, CLEAR, HOLD = Verdict.RAISE, Verdict.CLEAR, Verdict.HOLD


class Scripted:
    """A rule that says what it is told."""

    judges = PointView

    def __init__(self, hold_s: float = 120) -> None:
        self.hold_s = hold_s
        self.verdict = HOLD
        self.severity = "critical"

    def judge(self, view: PointView) -> Judgement:
        return Judgement(verdict=self.verdict, severity=self.severity, detail={"at": view.now})


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


def test_an_alert_of_a_point_that_left_the_site_ends_and_nobody_is_told() -> None:
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
    assert (ended.alert.id, ended.alert.state, ended.alert.resolved_at, ended.announce) == (
        7,
        "resolved",
        T0 + 60,
        False,
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
    hold_s = 60.0

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
