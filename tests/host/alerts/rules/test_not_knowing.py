"""Of every rule about a point, on anything that a board may send: what is not known clears nothing, and words have their figures."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from host.alerts.details import say
from paraat.alerts.rules import make_rules
from paraat.alerts.rules.base import PointRule, Verdict
from paraat.domain.model import Value
from paraat.domain.thresholds import Alerts
from tracker_bench import POINT, T0, Bench

RULES = {name: rule for name, rule in make_rules(Alerts()).items() if isinstance(rule, PointRule)}
# What people say, what stands in files, what the host counts itself and what passes with time is known in silence too.
KNOWN_IN_SILENCE = {
    "attestation_ends", "certificate_expiry", "data_gap", "help_asked", "opening_late", "test_overdue",
}  # fmt: skip
SENT: dict[str, st.SearchStrategy[Value]] = {
    "fuel/level": st.floats(0, 100),
    "power/mains": st.booleans(),
    "power/generator": st.booleans(),
    "battery/voltage": st.floats(9, 15),
    "battery/charge": st.floats(0, 100),
    "climate/temperature": st.floats(-10, 40),
    "climate/temperature/hall": st.floats(-10, 40),
    "climate/co2": st.floats(400, 9000),
    "people/in": st.integers(0, 300),
    "people/out": st.integers(0, 100),
    "node/heap": st.integers(1000, 40_000),
    "node/idf-free": st.integers(1000, 40_000),
}
Told = dict[str, Any]  # by metric its value; None: at fault


def seen(*sets: Told) -> Bench:
    """A board that has sent these, a minute apart."""
    bench = Bench()
    for minute, told in enumerate(sets):
        values = {name.replace("/", "__"): value for name, value in told.items() if value is not None}
        faults = {name: "silent" for name, value in told.items() if value is None}
        absent = {name for name in ("fuel/level", "power/mains", "power/generator") if name not in told}
        bench.sees(T0 + 60 * minute, faults | dict.fromkeys(absent - set(faults), "silent"), **values)
    return bench


def told() -> st.SearchStrategy[Told]:
    return st.fixed_dictionaries({}, optional={name: st.one_of(st.none(), value) for name, value in SENT.items()})


# Every rule is asked about each course: to draw one takes ten times as long as to judge it.
@settings(max_examples=60, deadline=None)
@given(sets=st.lists(told(), min_size=1, max_size=4))
def test_a_point_that_falls_silent_clears_nothing(sets: list[Told]) -> None:
    bench = seen(*sets)
    for hours in (0.2, 2, 30):
        view = bench.view(T0 + 60 * len(sets) + 3600 * hours)
        cleared = {name for name, rule in RULES.items() if rule.judge(view).verdict is Verdict.CLEAR}
        assert cleared <= KNOWN_IN_SILENCE, hours


@settings(max_examples=60, deadline=None)
@given(whole=told(), lost=st.sampled_from(sorted(SENT)))
def test_a_sensor_that_tells_nothing_clears_nothing_that_was_not_clear(whole: Told, lost: str) -> None:
    known, less = seen(whole).view(T0 + 1), seen(whole | {lost: None}).view(T0 + 1)
    clear, still_clear = (
        {name for name, rule in RULES.items() if rule.judge(view).verdict is Verdict.CLEAR} for view in (known, less)
    )
    assert still_clear <= clear


@settings(max_examples=60, deadline=None)
@given(sets=st.lists(told(), min_size=1, max_size=4), hours=st.sampled_from([0.0, 0.2, 30.0]))
def test_what_a_rule_tells_is_all_that_its_words_ask_for(sets: list[Told], hours: float) -> None:
    view = seen(*sets).view(T0 + 60 * len(sets) + 3600 * hours)
    for name, rule in RULES.items():
        judged = rule.judge(view)
        if judged.verdict is not Verdict.HOLD:
            say(name, POINT, view.now, judged)
