import msgspec
import pytest

from paraat.alerts.rules.base import Verdict
from paraat.alerts.rules.low_fuel import LowFuelRule
from paraat.domain.model import Autonomy
from paraat.domain.points import Tank
from paraat.domain.thresholds import Alerts, LowFuel, Silent
from tracker_bench import POINT, T0, Bench

RULE = LowFuelRule(Alerts())


def verdict(bench: Bench, now: float) -> Verdict:
    return RULE.judge(bench.view(now)).verdict


@pytest.mark.parametrize(
    ("level", "mains", "generator", "expected"),
    [
        (60.0, True, False, Verdict.CLEAR),
        (15.0, True, False, Verdict.RAISE),  # standby: by level
        (15.0, False, True, Verdict.RAISE),
        (20.0, True, False, Verdict.HOLD),
        (22.0, True, False, Verdict.HOLD),  # between raise and clear
        (25.0, True, False, Verdict.CLEAR),
        (60.0, False, True, Verdict.CLEAR),
        (0.0, True, False, Verdict.RAISE),  # zero is a reading
    ],
)
def test_by_level(level: float, mains: bool, generator: bool, expected: Verdict) -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=level, power__mains=mains, power__generator=generator)
    assert verdict(bench, T0 + 1) is expected


def test_by_hours_while_it_is_needed_and_not_in_standby() -> None:
    """400 l at 10 l/h (the record's rate): 35 % is 14 h; at 60 l/h measured it is 2 h."""
    bench = Bench()
    for i in range(31):
        bench.sees(T0 + 60 * i, fuel__level=42.5 - 0.25 * i, power__mains=False, power__generator=True)
    judged = RULE.judge(bench.view(T0 + 1801))
    assert judged.verdict is Verdict.RAISE
    assert judged.detail["by"] == "hours"
    hours = judged.detail["hours"]
    assert isinstance(hours, float)
    assert hours == pytest.approx(35 * 4 / 60, rel=0.05)
    for i in range(31, 34):
        bench.sees(T0 + 60 * i, fuel__level=35.0, power__mains=True, power__generator=False)
    assert verdict(bench, T0 + 2000) is Verdict.CLEAR


@pytest.mark.parametrize("name", ["fuel/level", "power/mains"])
def test_what_is_at_fault_is_not_cleared_away(name: str) -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=22.0)
    bench.sees(T0 + 60, {name: "silent"}, fuel__level=22.0)
    assert verdict(bench, T0 + 61) is Verdict.HOLD


def test_silence_holds_and_then_raises_when_the_estimate_runs_low() -> None:
    bench = Bench()
    for i in range(31):
        bench.sees(T0 + 60 * i, fuel__level=60 - 0.05 * i, power__mains=False, power__generator=True)
    heard = T0 + 1800
    assert verdict(bench, heard + 1) is Verdict.CLEAR
    assert verdict(bench, heard + 3600) is Verdict.HOLD
    assert verdict(bench, heard + 20 * 3600) is Verdict.RAISE


def test_a_point_without_figures_is_held() -> None:
    assert verdict(Bench(), T0 + 3600) is Verdict.HOLD


def test_the_message_dates_the_fuel_and_not_the_newest_set() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=10.0)
    bench.sees(T0 + 60, without="fuel/level")
    assert RULE.judge(bench.view(T0 + 61)).detail["data_t"] == T0


def test_mains_that_are_no_longer_told_of_do_not_clear_an_alert_about_hours() -> None:
    bench = Bench()
    for i in range(31):
        bench.sees(T0 + 60 * i, fuel__level=42.5 - 0.25 * i, power__mains=False, power__generator=True)
    bench.sees(T0 + 60 * 31, fuel__level=35.0, power__mains=True, power__generator=False)
    assert verdict(bench, T0 + 60 * 32) is Verdict.CLEAR  # two hours if it ran, but it need not
    for i in range(32, 45):
        bench.sees(T0 + 60 * i, fuel__level=35.0, without="power/mains", power__generator=False)
    assert verdict(bench, T0 + 60 * 44) is Verdict.HOLD


def left(hours_low: float) -> Autonomy:
    """The cautious end is what the rule goes by."""
    return Autonomy(
        hours_low=hours_low, hours=hours_low + 1, hours_high=hours_low + 2, burn_l_per_h=10, source="slope",
        empty_at=T0 + (hours_low + 1) * 3600, refuel_before=T0 + hours_low * 3600,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mains", "generator", "hours", "expected"),
    [
        (False, True, 5.99, Verdict.RAISE),
        (False, True, 6.0, Verdict.HOLD),
        (False, True, 7.99, Verdict.HOLD),
        (False, True, 8.0, Verdict.CLEAR),
        (True, True, 5.99, Verdict.RAISE),  # it burns, whatever the mains do
        (False, False, 5.99, Verdict.RAISE),  # it will be needed
        (True, False, 5.99, Verdict.CLEAR),
        (False, True, None, Verdict.HOLD),
    ],
)
def test_hours_count_unless_it_stands_by(mains: bool, generator: bool, hours: float | None, expected: Verdict) -> None:
    bench = Bench()
    bench.sees(T0, power__mains=mains, power__generator=generator)
    view = msgspec.structs.replace(bench.view(T0 + 1), autonomy=None if hours is None else left(hours))
    assert RULE.judge(view).verdict is expected


def test_what_the_words_need_is_told_when_it_begins_and_when_it_ends() -> None:
    bench = Bench()
    bench.sees(T0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 1)
    low, enough = (msgspec.structs.replace(view, autonomy=left(hours)) for hours in (1.0, 19.0))
    figures = {
        "standby": 0, "percent": 60.0, "litres": 240.0, "hours": 2.0, "hours_low": 1.0, "hours_high": 3.0,
        "empty_at": T0 + 7200, "refuel_before": T0 + 3600, "data_t": T0,
    }  # fmt: skip
    begun = RULE.judge(low)
    assert begun.severity == "critical"
    assert begun.detail == {"by": "hours", **figures}
    ended = RULE.judge(enough)
    assert (ended.verdict, ended.detail["by"], ended.detail["hours"]) == (Verdict.CLEAR, "level", 20.0)
    by_level = RULE.judge(msgspec.structs.replace(view, autonomy=None, fuel_percent=10.0))
    assert by_level.detail == {
        "by": "level", "standby": 0, "percent": 10.0, "litres": 240.0, "hours": None, "hours_low": None, "hours_high": None,
        "empty_at": None, "refuel_before": None, "data_t": T0,
    }  # fmt: skip


def test_a_gauge_that_cannot_be_believed_clears_nothing_until_it_moves_and_raises_as_ever() -> None:
    """Once it cleared: nobody knew what was in the tank, and nobody was told of it any more."""
    bench = Bench()
    assert verdict(bench, bench.sees_a_stuck_gauge()) is Verdict.HOLD
    for found in bench.tracker.due():
        bench.tracker.remember(found)
    for minute in range(121, 180):
        bench.sees(T0 + 60 * minute)
    assert verdict(bench, T0 + 180 * 60) is Verdict.HOLD, "in standby too: it may well be stuck still"
    for minute in range(180, 190):
        bench.sees(T0 + 60 * minute, fuel__level=52.0)
    assert verdict(bench, T0 + 190 * 60) is Verdict.CLEAR
    stuck_low = Bench()
    for minute in range(120):
        stuck_low.sees(T0 + 60 * minute, fuel__level=10.0, power__mains=False, power__generator=True)
    assert verdict(stuck_low, T0 + 7141) is Verdict.RAISE


def test_figures_clear_as_long_as_they_are_no_older_than_silence() -> None:
    bench = Bench()
    bench.sees(T0)
    assert [verdict(bench, T0 + age) for age in (300, 301)] == [Verdict.CLEAR, Verdict.HOLD]


def test_its_limits_are_those_of_the_site() -> None:
    limits = LowFuel(raise_hours=1, clear_hours=2, raise_percent=70, clear_percent=80, hold_s=7)
    rule = LowFuelRule(Alerts(low_fuel=limits, point_silent=Silent(after_s=10)))
    assert rule.hold_s == 7
    bench = Bench()
    bench.sees(T0)
    assert rule.judge(bench.view(T0 + 1)).verdict is Verdict.RAISE
    bench = Bench()
    bench.sees(T0, fuel__level=80.0)
    assert [rule.judge(bench.view(T0 + t)).verdict for t in (10, 11)] == [Verdict.CLEAR, Verdict.HOLD]


def test_a_tank_that_cannot_hold_the_hours_of_the_threshold_clears_when_it_is_filled() -> None:
    """100 l at 15 l/h are 6.7 h when full: an alert that ends at 8 h would stand for ever."""
    tank = Tank(capacity_l=100, burn_l_per_h=15)
    bench = Bench(tank)
    litres = 100.0
    verdicts = []
    for minute in range(420):
        litres = 100.0 if minute == 360 else litres - 0.25
        bench.sees(T0 + 60 * minute, fuel__level=litres, power__mains=False, power__generator=True)
        verdicts.append(verdict(bench, T0 + 60 * minute + 1))
    assert verdicts[5] is not Verdict.RAISE
    assert Verdict.RAISE in verdicts[60:180]  # long before it is empty
    assert verdicts[350] is Verdict.RAISE
    assert Verdict.CLEAR in verdicts[362:380]


def test_a_load_that_rises_is_told_well_before_the_tank_is_empty() -> None:
    """200 l, 8 h at 5 l/h, then 25 l/h: with 2 h left the alert stands long since."""
    bench = Bench(Tank(capacity_l=200, burn_l_per_h=9.5))
    for minute in range(480):
        bench.sees(T0 + 60 * minute, fuel__level=100 - minute / 24, power__mains=False, power__generator=True)
    litres = 160.0
    for minute in range(480, 480 + 60):
        litres -= 25 / 60
        bench.sees(T0 + 60 * minute, fuel__level=litres / 2, power__mains=False, power__generator=True)
    assert verdict(bench, T0 + 540 * 60) is Verdict.RAISE


def running(hours: float, level: float = 60.0) -> Bench:
    """400 l at 6 l/h, a set a minute; the last one of them at T0 + hours."""
    bench = Bench()
    for minute in range(int(hours * 60) + 1):
        bench.sees(T0 + 60 * minute, fuel__level=level - 0.025 * minute, power__mains=False, power__generator=True)
    return bench


def test_a_broken_fuel_sensor_holds_no_later_alert_back() -> None:
    """240 l less 12 are 228 l after two hours; 38 h at 6 l/h. Then the sensor tells nothing, and the generator runs on."""
    bench, raised_h = running(2), None
    for minute in range(121, 60 * 50):
        bench.sees(T0 + 60 * minute, {"fuel/level": "silent"}, power__mains=False, power__generator=True)
        if minute % 30 == 0:
            judged = RULE.judge(bench.view(T0 + 60 * minute + 1))
            assert judged.verdict is not Verdict.CLEAR
            if judged.verdict is Verdict.RAISE and raised_h is None:
                raised_h = minute / 60
                assert (judged.severity, judged.wording) == ("critical", "unmeasured")
                assert judged.detail["data_t"] == T0 + 7200
    assert raised_h is not None
    true_empty_h = 40.0
    assert true_empty_h - 16 < raised_h <= true_empty_h - 6  # by the highest burn rate: sooner, never later


def test_what_a_generator_at_rest_cannot_have_burnt_counts_no_more() -> None:
    bench = running(2)
    for minute in range(121, 60 * 50, 10):
        bench.sees(T0 + 60 * minute, {"fuel/level": "silent"})
    view = bench.view(T0 + 60 * 60 * 50 - 500)
    assert view.last_fuel is not None
    assert view.last_fuel.litres == pytest.approx(228, abs=3)
    assert RULE.judge(view).verdict is Verdict.HOLD


def test_a_gauge_that_never_told_anything_has_no_last_level() -> None:
    bench = Bench()
    bench.sees(T0, {"fuel/level": "silent"})
    view = bench.view(T0 + 1)
    assert view.last_fuel is None
    assert RULE.judge(view).verdict is Verdict.HOLD


def test_a_low_level_stays_low_while_the_gauge_tells_nothing() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=15.0)
    bench.sees(T0 + 60, {"fuel/level": "crc"})
    judged = RULE.judge(bench.view(T0 + 61))
    assert (judged.verdict, judged.wording, judged.detail["percent"]) == (Verdict.RAISE, "unmeasured", 15.0)
    worse = running(2, level=17.0)  # some 56 l left at 6 l/h, and then the gauge tells nothing for six hours
    for minute in range(121, 60 * 8):
        worse.sees(T0 + 60 * minute, {"fuel/level": "crc"}, power__mains=False, power__generator=True)
    later = RULE.judge(worse.view(T0 + 8 * 3600))
    hours = later.detail["hours_low"]
    assert isinstance(hours, float)
    assert hours < 4
    assert later.rank > judged.rank


def test_the_words_follow_what_is_known_of_the_hours() -> None:
    bench = Bench()
    bench.sees(T0, fuel__level=10.0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 1)
    by_hours = msgspec.structs.replace(view, autonomy=left(30.0))
    unknown = msgspec.structs.replace(view, autonomy=None)
    assert [RULE.judge(one).wording for one in (by_hours, unknown)] == ["firing", "level"]


def test_each_step_down_the_hours_is_worse_and_the_job_for_today_is_least() -> None:
    bench = Bench()
    bench.sees(T0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 1)
    ranks = [RULE.judge(msgspec.structs.replace(view, autonomy=left(h))).rank for h in (5.9, 4.0, 2.0, 1.0, 0.0)]
    assert ranks == sorted(set(ranks))
    by_level = RULE.judge(msgspec.structs.replace(view, fuel_percent=10.0)).rank
    bench = Bench()
    bench.sees(T0, fuel__level=10.0)
    today = RULE.judge(bench.view(T0 + 1))
    assert (today.wording, today.severity) == ("standby", "warning")
    assert today.rank < by_level < ranks[0]


def test_the_steps_down_the_hours_are_settings() -> None:
    rule = LowFuelRule(Alerts(low_fuel=LowFuel(raise_hours=12, clear_hours=16, worse_hours=(8, 3))))
    bench = Bench()
    bench.sees(T0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 1)
    hours = (11.9, 8.1, 8.0, 3.1, 3.0, 0.0)
    ranks = [rule.judge(msgspec.structs.replace(view, autonomy=left(h))).rank for h in hours]
    assert ranks == [2.0, 2.0, 3.0, 3.0, 4.0, 4.0]


def test_how_far_below_what_a_small_tank_holds_it_fires_is_a_setting() -> None:
    bench = Bench()
    bench.sees(T0, power__mains=False, power__generator=True)
    small = msgspec.structs.replace(
        left(5.0), hours_full=7.0
    )  # filled to 85 % it holds 5.95 h: below 90 % of those is 5.36
    view = msgspec.structs.replace(bench.view(T0 + 1), autonomy=small)
    for short, verdict in ((90, Verdict.RAISE), (85, Verdict.RAISE), (84, Verdict.HOLD)):
        rule = LowFuelRule(Alerts(low_fuel=LowFuel(short_percent=short)))
        assert rule.judge(view).verdict is verdict, short


def test_a_point_may_have_limits_of_its_own() -> None:
    own = Alerts(low_fuel=LowFuel(raise_percent=70, clear_percent=80))
    bench = Bench()
    bench.sees(T0)
    for of, expected in ((POINT.id, Verdict.RAISE), ("nsp-0102", Verdict.CLEAR)):
        assert LowFuelRule(Alerts(), {of: own}).judge(bench.view(T0 + 1)).verdict is expected
