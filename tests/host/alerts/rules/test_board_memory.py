import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.board_memory import BoardMemoryRule
from paraat.domain.model import Value
from paraat.domain.thresholds import Alerts, BoardMemory
from tracker_bench import POINT, T0, Bench

RULE = BoardMemoryRule(Alerts())
PLENTY: dict[str, Value] = {"node__idf_free": 40_000, "node__heap": 40_000}


def judged(values: dict[str, Value], rule: BoardMemoryRule = RULE, age_s: float = 1.0) -> Verdict:
    bench = Bench()
    bench.sees(T0, **{name.replace("_free", "-free").replace("_largest", "-largest"): v for name, v in values.items()})
    return rule.judge(bench.view(T0 + age_s)).verdict


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (PLENTY, Verdict.CLEAR),
        (PLENTY | {"node__idf_free": 16_383}, Verdict.RAISE),
        (PLENTY | {"node__idf_largest": 8_191}, Verdict.RAISE),
        (PLENTY | {"node__heap": 12_287}, Verdict.RAISE),
        (PLENTY | {"node__heap": 12_288}, Verdict.HOLD),  # no flutter
        (PLENTY | {"node__heap": 13_517}, Verdict.CLEAR),
        ({"node__heap": 40_000}, Verdict.CLEAR),  # older firmware tells less
        ({}, Verdict.HOLD),
    ],
)
def test_by_the_worst_heap(values: dict[str, Value], expected: Verdict) -> None:
    assert judged(values) is expected


def test_silence_holds() -> None:
    assert judged(PLENTY, age_s=400) is Verdict.HOLD
    assert judged({"node__heap": 100}, age_s=400) is Verdict.HOLD


def test_it_is_a_warning_for_the_technician_with_the_figures() -> None:
    bench = Bench()
    bench.sees(T0, node__heap=6144)
    found = RULE.judge(bench.view(T0 + 1))
    assert (found.severity, RULE.for_role) == ("warning", "technician")
    assert found.detail == {"free_kb": 6.0, "limit_kb": 12.0, "data_t": T0}


def test_its_limits_are_those_of_the_site_and_of_the_point() -> None:
    rule = BoardMemoryRule(Alerts(board_memory=BoardMemory(heap_free_bytes=100, hold_s=7)))
    assert rule.hold_s == 7
    assert judged({"node__heap": 111}, rule) is Verdict.CLEAR
    own = BoardMemoryRule(Alerts(), {POINT.id: Alerts(board_memory=BoardMemory(heap_free_bytes=100))})
    assert judged({"node__heap": 99}, own) is Verdict.RAISE
    assert judged({"node__heap": 111}, own) is Verdict.CLEAR
