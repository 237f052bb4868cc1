from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.data_gap import DataGapRule
from paraat.domain.thresholds import Alerts, DataGap
from tracker_bench import T0, Bench

RULE = DataGapRule(Alerts())
DAY = 86_400.0


def gap(backlog: int = 0) -> Bench:
    """Three sets are lost after the first."""
    bench = Bench()
    bench.sees(T0)
    bench.seq += 3
    bench.sees(T0 + 240, node__backlog=backlog)
    bench.counts = (2, 3)
    return bench


def test_what_the_board_has_not_got_any_more_is_told_to_the_technician() -> None:
    judged = RULE.judge(gap().view(T0 + 241))
    assert (judged.verdict, judged.severity, RULE.for_role) == (Verdict.RAISE, "warning", "technician")
    assert judged.detail == {"missing": 3, "data_t": T0 + 240, "gap_at": T0 + 240}


def test_while_it_has_a_backlog_or_is_not_heard_the_gap_may_fill() -> None:
    assert RULE.judge(gap(backlog=20).view(T0 + 241)).verdict is Verdict.HOLD
    assert RULE.judge(gap(backlog=1).view(T0 + 241)).verdict is Verdict.RAISE  # the set that tells it
    assert RULE.judge(gap().view(T0 + 1000)).verdict is Verdict.HOLD
    bench = Bench()
    bench.counts = (0, 3)
    assert RULE.judge(bench.view(T0)).verdict is Verdict.HOLD


def test_it_clears_when_they_came_and_a_day_after_the_gap() -> None:
    bench = gap()
    bench.sees(T0 + DAY + 240, node__backlog=0)
    assert RULE.judge(bench.view(T0 + DAY + 240)).verdict is Verdict.RAISE
    judged = RULE.judge(bench.view(T0 + DAY + 241))
    assert (judged.verdict, judged.detail["missing"]) == (Verdict.CLEAR, 3)
    bench = gap()
    bench.counts = (5, 0)
    assert RULE.judge(bench.view(T0 + 241)).verdict is Verdict.CLEAR


def test_a_gap_that_filled_is_forgotten() -> None:
    bench = gap()
    bench.seq = 1
    for minute in (1, 2, 3):
        bench.sees(T0 + 60 * minute)
    assert bench.view(T0 + 241).gap_t is None


def test_its_limit_is_that_of_the_site() -> None:
    assert DataGapRule(Alerts(data_gap=DataGap(hold_s=7))).hold_s == 7
