import gc
import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain import autonomy
from paraat.domain.activation import Phase
from paraat.domain.facts import Attested, Author, Fact, HelpAsked, PhaseChanged
from paraat.domain.fuel_history import Slot
from paraat.domain.model import AlertState, HelpCall, NodeState, PointView, SampleSet, Value
from paraat.domain.points import Battery, Tank
from paraat.domain.profiles import Profile, Resource
from paraat.domain.readiness import Verdict
from paraat.domain.subjects import Subject
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from tracker_bench import POINT, PROFILE, T0, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_point_that_was_never_heard_is_unknown(bench: Bench) -> None:
    view = bench.view(T0 + 10)
    assert view.verdict is Verdict.UNKNOWN
    assert view.reasons == ("never-heard",)
    assert view.age_s is None
    assert view.litres is None
    assert view.autonomy is None


def test_a_point_with_all_its_figures_is_fine(bench: Bench) -> None:
    bench.sees(T0)
    view = bench.view(T0 + 10)
    assert view.verdict is Verdict.READY
    assert view.litres == 240
    assert view.fuel_percent == 60
    assert view.autonomy is not None
    assert view.autonomy.source == "record"
    assert view.autonomy.hours == 24


def test_what_is_kept_of_a_point_is_no_work_for_pythons_search_for_cycles(bench: Bench) -> None:
    bench.sees(T0)
    view = bench.view(T0 + 10)
    assert view.resources
    assert view.upkeep.tasks
    many = [
        view,
        view.upkeep,
        view.activation,
        view.autonomy,
        *view.latest.values(),
        *view.resources,
        *view.upkeep.tasks,
    ]
    assert [one for one in many if gc.is_tracked(one)] == []


def test_silence_is_never_fine(bench: Bench) -> None:
    bench.sees(T0)
    assert bench.view(T0 + 300).verdict is Verdict.READY
    view = bench.view(T0 + 301)
    assert view.verdict is Verdict.SILENT
    assert view.reasons == ("silent",)


@pytest.mark.parametrize(
    ("faults", "status", "reason"),
    [
        ({"fuel/level": "silent"}, Verdict.UNKNOWN, "fuel-unknown"),
        ({"power/mains": "range"}, Verdict.UNKNOWN, "mains-unknown"),
        ({"climate/temperature": "crc"}, Verdict.READY, "fault"),
    ],
)
def test_what_is_not_known_is_not_fine_and_a_fault_is_told(
    bench: Bench, faults: dict[str, str], status: Verdict, reason: str
) -> None:
    bench.sees(T0)
    bench.sees(T0 + 60, faults)
    view = bench.view(T0 + 61)
    assert view.verdict is status
    assert reason in view.reasons


@pytest.mark.parametrize(
    ("figures", "low"),
    [
        ({"node__idf_free": 24000, "node__idf_largest": 14000, "node__heap": 24000}, False),
        ({"node__idf_free": 16384, "node__idf_largest": 8192, "node__heap": 12288}, False),
        ({"node__idf_free": 16383}, True),
        ({"node__idf_largest": 0}, True),
        ({"node__heap": 12287}, True),
        ({}, False),
    ],
)
def test_a_board_whose_memory_runs_low_asks_for_attention(bench: Bench, figures: dict[str, int], low: bool) -> None:
    bench.sees(T0, **{name.replace("idf_", "idf-"): value for name, value in figures.items()})
    view = bench.view(T0 + 10)
    assert view.reasons == (("memory-low",) if low else ())
    assert view.verdict is Verdict.READY  # of the point; its board asks for somebody


def test_what_a_board_said_of_its_memory_long_ago_says_nothing_of_now(bench: Bench) -> None:
    bench.sees(T0, **{"node__idf-free": 100})
    bench.sees(T0 + 600)
    assert bench.view(T0 + 601).reasons == ()


def test_a_missing_set_asks_for_attention(bench: Bench) -> None:
    bench.sees(T0)
    bench.counts = (10, 2)
    assert bench.view(T0 + 1).reasons == ("missing",)
    assert bench.view(T0 + 1).missing == 2


def test_mains_out_without_a_generator_is_an_alarm(bench: Bench) -> None:
    bench.sees(T0, power__mains=False, power__generator=False)
    assert bench.view(T0 + 1).reasons == ("generator-down",)
    assert bench.view(T0 + 1).verdict is Verdict.NOT_READY


def test_an_alert_that_fires_is_told_until_it_resolves(bench: Bench) -> None:
    bench.sees(T0)
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", POINT.id), state="firing", since=T0, severity="critical", detail={}
    )
    bench.tracker.note_alerts([alert])
    assert bench.view(T0 + 1).reasons == ("low-fuel",)
    bench.tracker.note_alerts([])
    assert bench.view(T0 + 1).reasons == ()


def test_a_call_for_help_is_a_reason_while_its_alert_fires(bench: Bench) -> None:
    bench.sees(T0)
    about = Subject("point", POINT.id)
    alert = AlertState(rule="help_asked", subject=about, state="firing", since=T0, severity="critical", detail={})
    bench.tracker.note_alerts([alert])
    assert bench.view(T0 + 1).reasons == ("help-asked",)


def test_help_that_was_asked_by_voice_is_the_newest_call_with_when_it_was_written_down(bench: Bench) -> None:
    bench.sees(T0)
    assert bench.view(T0 + 1).help_call is None
    told = HelpAsked(point=POINT.id)
    author = Author(name="Jan", way="radio")
    bench.tracker.standing.apply(Fact(id=1, after=0, t=T0 + 10, recorded_at=T0 + 40, author=author, told=told))
    assert bench.view(T0 + 50).help_call == HelpCall(T0 + 10, T0 + 40)


def test_a_tank_that_cannot_hold_the_hours_says_so_with_its_own(bench: Bench) -> None:
    """100 l at 10 l/h, and 30 % for caution: 7.7 h when it is full, of the twelve that are asked."""
    small = Bench(tank=Tank(capacity_l=100, burn_l_per_h=10))
    small.sees(T0)
    (power,) = (one for one in small.view(T0 + 1).resources if one.resource == "power")
    assert power.detail["full"] == pytest.approx(100 / 13, abs=0.1)


@pytest.mark.parametrize("state", ["pending", "resolved"])
def test_an_alert_that_does_not_fire_is_no_reason(bench: Bench, state: str) -> None:
    bench.sees(T0)
    about = Subject("point", POINT.id)
    alert = AlertState(rule="low_fuel", subject=about, state=state, since=T0, severity="critical", detail={})
    bench.tracker.note_alerts([alert])
    assert bench.view(T0 + 1).reasons == ()


def test_an_alert_about_another_point_is_no_reason(bench: Bench) -> None:
    bench.sees(T0)
    about = Subject("point", "nsp-0102")
    alert = AlertState(rule="low_fuel", subject=about, state="firing", since=T0, severity="critical", detail={})
    bench.tracker.note_alerts([alert])
    assert bench.view(T0 + 1).reasons == ()


def test_of_two_sets_of_one_moment_the_one_that_came_later_counts(bench: Bench) -> None:
    bench.sees(T0, battery__voltage=12.1)
    bench.sees(T0, battery__voltage=12.4)
    assert bench.view(T0 + 1).value("battery/voltage") == 12.4
    bench.sees(T0, {"battery/voltage": "bus"})
    view = bench.view(T0 + 1)
    assert (view.value("battery/voltage"), view.latest["battery/voltage"].fault) == (None, "bus")


def test_a_metric_that_never_came_is_not_known(bench: Bench) -> None:
    bench.sees(T0)
    view = bench.view(T0 + 300)
    assert view.value("battery/voltage") is None
    assert view.fresh("battery/voltage", 300) is None
    assert view.fresh("power/mains", 300) is True
    assert view.fresh("power/mains", 299.9) is None


def test_a_key_closes_what_it_opened_whatever_the_order_in_which_that_comes(bench: Bench) -> None:
    """What a board kept comes after what it says now: the newest moment at which it was on counts."""
    for t, on in ((T0 + 600, True), (T0 + 300, True), (T0 + 900, False)):
        bench.sees(t, point__open=on)
    told = PhaseChanged(point=POINT.id, phase="standby")  # between the two, so only the newer one is the key's own
    author = Author(name="lead", way="page")
    bench.tracker.standing.apply(Fact(id=1, after=0, t=T0 + 450, recorded_at=T0 + 450, author=author, told=told))
    assert bench.view(T0 + 901).activation.phase is Phase.CLOSING


def test_a_tank_that_is_measured_by_distance() -> None:
    bench = Bench(Tank(capacity_l=400, burn_l_per_h=10, by="distance", calibration=((0.2, 400.0), (1.2, 0.0))))
    bench.sees(T0, without="fuel/level", fuel__distance=0.7)
    view = bench.view(T0 + 1)
    assert view.litres == pytest.approx(200)
    assert view.fuel_t == T0
    bench.sees(T0 + 60, {"fuel/distance": "silent"})  # its level alone says nothing of such a tank
    assert bench.view(T0 + 61).litres is None


def test_what_falls_while_nobody_knows_of_the_generator_is_burnt_and_not_lost(bench: Bench) -> None:
    for minute in range(240):
        bench.sees(T0 + 60 * minute, without="power/generator", fuel__level=80 - minute / 12)
    assert bench.view(T0 + 240 * 60).fuel_events == ()
    known = Bench()
    for minute in range(240):
        known.sees(T0 + 60 * minute, power__generator=False, fuel__level=80 - minute / 12)
    assert [event.kind for event in known.view(T0 + 240 * 60).fuel_events] != []


def test_the_load_that_was_measured_with_the_level_tells_what_it_takes() -> None:
    """A table of the generator's, and a load: before any slope is there."""
    table = ((0.0, 2.0), (10_000.0, 8.0))
    bench = Bench(Tank(capacity_l=400, burn_l_per_h=10, burn_by_load=table))
    for minute in range(10):
        bench.sees(T0 + 60 * minute, power__generator=True, power__mains=False, power__load=5_000.0)
    left = bench.view(T0 + 600).autonomy
    assert left is not None
    assert left.burn_l_per_h == pytest.approx(5.0)


def test_the_battery_is_judged_by_what_it_says_now() -> None:
    point = msgspec.structs.replace(POINT, battery=Battery(capacity_ah=400, nominal_v=24, load_w=600, empty_percent=20))
    tracker = Tracker(
        {POINT.id: point}, Alerts(), profiles={POINT.id: PROFILE}, since=T0, counts=lambda _: (0, 0)
    )  # fmt: skip
    figures: dict[str, Value] = {
        "fuel/level": 60.0,
        "battery/charge": 70.0,
        "power/mains": True,
        "power/generator": False,
    }
    tracker.apply(
        SampleSet(point=POINT.id, kind="telemetry", seq=1, t=T0, received_at=T0, values=figures, faults={})
    )  # fmt: skip
    view = tracker.view(POINT.id, T0 + 300)
    assert view.battery is not None
    assert view.battery.hours == pytest.approx(8.0)
    assert view.off_grid is not None
    assert view.off_grid.hours == pytest.approx(32.0)
    assert tracker.view(POINT.id, T0 + 301).battery is None, "a charge of five minutes ago is not that of now"


def test_nobody_is_told_hours_by_a_gauge_that_cannot_be_believed() -> None:
    bench = Bench(battery=Battery(capacity_ah=400, nominal_v=24, load_w=600, empty_percent=20))
    now = bench.sees_a_stuck_gauge()
    bench.sees(now, battery__charge=70.0, power__mains=False, power__generator=True)
    for later in (1, 2):  # made anew, and carried on from the one before
        view = bench.view(now + later)
        assert view.fuel_doubtful
        assert view.fuel_left is None
        assert view.autonomy is not None, "alerts count on with it: better an hour too few than none"
        assert view.off_grid is not None
        assert (view.off_grid.source, view.off_grid.hours) == ("battery", pytest.approx(8.0))


def test_an_old_set_does_not_overwrite_a_newer_one(bench: Bench) -> None:
    bench.sees(T0 + 600, fuel__level=50.0)
    bench.sees(T0, fuel__level=70.0, received_at=T0 + 601)
    view = bench.view(T0 + 602)
    assert view.value("fuel/level") == 50
    assert view.data_t == T0 + 600


def test_a_backlog_is_no_proof_that_the_board_lives_now(bench: Bench) -> None:
    bench.sees(T0, received_at=T0 + 7200)
    view = bench.view(T0 + 7201)
    assert view.heard_at == T0
    assert view.verdict is Verdict.SILENT


def test_a_retained_state_is_no_proof_of_life(bench: Bench) -> None:
    bench.sees(T0)
    later = T0 + 1000
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=later, retained=True, online=True))
    assert bench.view(later).verdict is Verdict.SILENT
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=later, retained=False, online=True))
    assert bench.view(later).heard_at == later


def test_a_board_that_lives_and_sends_no_sets_is_not_fine(bench: Bench) -> None:
    """It starts anew each minute, or its flash is worn out: its last figures are hours old."""
    bench.sees(T0)
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=T0 + 7200, retained=False, online=True))
    view = bench.view(T0 + 7201)
    assert view.verdict is Verdict.UNKNOWN
    assert view.reasons == ("fuel-unknown", "mains-unknown", "old")
    assert view.litres is None
    assert view.autonomy is None


@pytest.mark.parametrize(
    ("name", "status", "reasons"),
    [
        ("fuel/level", Verdict.UNKNOWN, ("fuel-unknown",)),
        ("power/mains", Verdict.UNKNOWN, ("mains-unknown",)),
        ("battery/voltage", Verdict.READY, ("old",)),
    ],
)
def test_a_figure_that_is_no_longer_sent_is_not_what_it_was(
    bench: Bench, name: str, status: Verdict, reasons: tuple[str, ...]
) -> None:
    bench.sees(T0, battery__voltage=12.5)
    for minute in range(1, 10):
        bench.sees(T0 + 60 * minute, without=name, **({} if name == "battery/voltage" else {"battery__voltage": 12.5}))
    view = bench.view(T0 + 541)
    assert view.verdict is status
    assert view.reasons == reasons
    assert view.value(name) is not None  # still there, with its age
    # Nor does it come to life again when the point falls silent.
    assert (bench.view(T0 + 9000).litres is None) == (name == "fuel/level")


def test_the_last_figures_of_a_silent_point_count_on(bench: Bench) -> None:
    bench.sees(T0)
    assert bench.view(T0 + 9000).litres == 240


def test_mains_out_and_a_generator_that_is_not_known_is_unknown(bench: Bench) -> None:
    bench.sees(T0, without="power/generator", power__mains=False)
    assert bench.view(T0 + 1).verdict is Verdict.UNKNOWN
    assert bench.view(T0 + 1).reasons == ("generator-unknown",)


def test_a_host_clock_that_is_set_back_takes_the_future_with_it(bench: Bench) -> None:
    """A day ahead, until it was set right: what came then must not hide what comes now, nor stay fine for a day."""
    wrong = T0 + 86400
    bench.sees(wrong, fuel__level=70.0)
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=wrong, retained=False, online=True))
    assert bench.view(wrong + 1).verdict is Verdict.READY
    bench.tracker.forget_after(T0)
    view = bench.view(T0)
    assert view.verdict is Verdict.UNKNOWN
    assert view.litres is None
    assert view.watched_since <= T0
    bench.sees(T0 + 1, fuel__level=50.0)
    view = bench.view(T0 + 2)
    assert view.verdict is Verdict.READY
    assert view.fuel_percent == 50
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=T0 + 700, retained=False, online=False))
    assert bench.view(T0 + 700).online is False


def test_a_will_shows_before_the_silence_does(bench: Bench) -> None:
    bench.sees(T0)
    bench.tracker.apply_state(NodeState(point=POINT.id, received_at=T0 + 2, retained=False, online=False))
    view = bench.view(T0 + 3)
    assert view.verdict is Verdict.READY
    assert view.reasons == ("offline",)


def test_zero_is_a_reading(bench: Bench) -> None:
    for i in range(5):
        bench.sees(T0 + 60 * i, fuel__level=0.0)
    view = bench.view(T0 + 241)
    assert view.litres == 0
    assert view.autonomy is not None
    assert view.autonomy.hours == 0


def test_one_wild_echo_does_not_show_in_the_litres(bench: Bench) -> None:
    for i in range(10):
        bench.sees(T0 + 60 * i, fuel__level=5.0 if i == 8 else 60.0)
    assert bench.view(T0 + 541).litres == 240


def test_the_order_in_which_sets_come_makes_no_difference() -> None:
    sets = [(T0 + 60 * i, 80 - 0.05 * i) for i in range(120)]
    views = []
    for seed in (None, 1, 2):
        bench = Bench()
        shuffled = list(sets)
        if seed is not None:
            random.Random(seed).shuffle(shuffled)
        for t, level in shuffled:
            bench.sees(t, fuel__level=level, power__mains=False, power__generator=True)
        left = bench.view(T0 + 7200).autonomy
        assert left is not None
        assert left.source == "slope"
        views.append((left.hours, left.burn_l_per_h))
    assert views[0] == pytest.approx(views[1], rel=0.01)
    assert views[0] == pytest.approx(views[2], rel=0.01)
    assert views[0][1] == pytest.approx(12, rel=0.02)


def test_a_point_that_is_not_expected_is_left_out(bench: Bench) -> None:
    bench.tracker.apply(
        SampleSet(point="nsp-9999", kind="telemetry", seq=1, t=T0, received_at=T0, values={}, faults={})
    )
    assert [view.point for view in bench.tracker.views(T0)] == [POINT.id]


def test_a_view_is_the_same_whenever_somebody_looked_before() -> None:
    """What is worked out between two looks must not stay: the past could not be told again as it was."""
    watched, alone = Bench(), Bench()
    for n in range(60):
        level = 60.0 - n * (0.05 if n < 30 else 0.4)
        for bench in (watched, alone):
            bench.sees(T0 + 20 * n, fuel__level=level, power__generator=True, power__mains=False)
        watched.view(T0 + 20 * n)
    assert watched.view(T0 + 1200) == alone.view(T0 + 1200)


LEVELS = st.lists(
    st.tuples(st.integers(0, 20 * 60), st.floats(0, 100), st.booleans()),
    min_size=1,
    max_size=60,
    unique_by=lambda r: r[0],
)


@settings(max_examples=60, deadline=None)
@given(rows=LEVELS, seed=st.integers(0, 1000), asked=st.booleans())
def test_neither_order_nor_repetition_nor_a_restart_changes_the_hours(
    rows: list[tuple[int, float, bool]], seed: int, asked: bool
) -> None:
    """A restart is a tracker that is fed from the journal, the newest set first."""
    sets = [
        SampleSet(
            point=POINT.id, kind="telemetry", seq=seq, t=T0 + 60 * minute, received_at=T0 + 80_000, faults={},
            values={"fuel/level": level, "power/mains": not running, "power/generator": running},
        )
        for seq, (minute, level, running) in enumerate(sorted(rows), start=1)
    ]  # fmt: skip
    mixed = [*sets, *sets[:10]]
    random.Random(seed).shuffle(mixed)
    found = []
    for order in (sets, mixed, sets[::-1]):
        bench = Bench()
        for a_set in order:
            bench.tracker.apply(a_set)
        view = bench.view(T0 + 80_000)
        found.append((view.litres, view.autonomy, view.fuel_events))
    assert found[0] == found[1] == found[2]


def test_a_reading_is_kept_while_nothing_new_can_be_learnt_and_renewed_when_it_can() -> None:
    bench = Bench()
    for minute in range(180):
        bench.sees(T0 + 60 * minute, fuel__level=80 - minute / 24, power__mains=False, power__generator=True)
    first = bench.view(T0 + 180 * 60)
    assert first.litres == pytest.approx((80 - 179 / 24) * 4, abs=0.2)
    for minute in range(180, 183):  # refuelled: three sets that nothing led to expect
        bench.sees(T0 + 60 * minute, fuel__level=95.0, power__mains=False, power__generator=True)
    second = bench.view(T0 + 183 * 60)
    assert second.litres == pytest.approx(380, abs=0.5)
    assert [event.kind for event in second.fuel_events] == ["refuel"]


@pytest.mark.parametrize("interval_s", [20, 60, 300])
def test_a_kept_reading_does_not_depend_on_who_asked_when(interval_s: int) -> None:
    """A load that doubles, a rest and a delivery, a set that comes late: each seen by one who looks at all, and by one who does not."""
    watched, late = Bench(), 0
    seen: list[tuple[float, float, bool, int]] = []
    level = 90.0
    for n in range(6 * 3600 // interval_s):
        t = T0 + n * interval_s
        hour = (t - T0) / 3600
        running = not 4 <= hour < 5
        level = 80.0 if hour == 5 else level - (0 if not running else 2.4 if hour < 2 else 4.8) * interval_s / 3600
        seen.append((t, level, running, n + 1))
        if n % 7 == 3:  # held back on the way, and taken in after the next
            late = n
            continue
        for at in (n, late) if n == late + 1 and late else (n,):
            take(watched, seen[at])
        view = watched.view(t + 1)
        if n % 11 == 0:
            alone = Bench()
            for one in seen[: n + 1]:
                take(alone, one)
            assert alone.view(t + 1) == view


def test_a_clock_that_was_set_back_leaves_a_level(bench: Bench) -> None:
    """What was read is in slots of an hour then."""
    for minute in range(600):
        bench.sees(T0 + 60 * minute, fuel__level=80 - minute / 24, power__mains=False, power__generator=True)
    bench.sees(T0 + 30 * 86400, fuel__level=10.0, power__mains=False, power__generator=True)
    bench.tracker.forget_after(T0 + 36000)
    assert bench.view(T0 + 36000).litres is None
    bench.sees(T0 + 36060, fuel__level=55.0, power__mains=False, power__generator=True)
    view = bench.view(T0 + 36061)
    assert view.autonomy is not None
    assert (view.litres, view.autonomy.burn_l_per_h) == (pytest.approx(220, abs=2), pytest.approx(10, rel=0.1))


def take(bench: Bench, seen: tuple[float, float, bool, int]) -> None:
    t, level, running, seq = seen
    bench.tracker.apply(
        SampleSet(
            point=POINT.id, kind="telemetry", seq=seq, t=t, received_at=t, faults={},
            values={"fuel/level": level, "power/mains": not running, "power/generator": running},
        )
    )  # fmt: skip


def test_while_all_goes_on_as_it_went_the_fuel_is_read_once_in_sixteen_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0
    read = autonomy.read

    def counted(slots: Iterable[Slot], tank: Tank) -> autonomy.Reading | None:
        nonlocal times
        times += 1
        return read(slots, tank)

    monkeypatch.setattr(autonomy, "read", counted)
    bench = Bench()
    for minute in range(300):
        level = 80 - minute / 24
        bench.sees(T0 + 60 * minute, fuel__level=level, power__mains=False, power__generator=True)
        if minute == 236:
            times = 0
        assert bench.view(T0 + 60 * minute).litres == pytest.approx(4 * level, abs=0.5)
    assert times == 4


def test_refuel_before_goes_by_the_cautious_hours_and_empty_by_the_likely_ones() -> None:
    bench = Bench()
    bench.sees(T0, power__mains=False, power__generator=True)
    left = bench.view(T0 + 60).autonomy
    assert left is not None
    assert left.hours_low < left.hours
    assert left.refuel_before == pytest.approx(T0 + 60 + 3600 * left.hours_low)
    assert left.empty_at == pytest.approx(T0 + 60 + 3600 * left.hours)


@pytest.mark.parametrize(
    ("mains", "generator", "drains"),
    [(False, True, True), (True, False, False), (False, None, True), (True, None, False), (None, None, True)],
)
def test_fuel_goes_on_falling_while_the_generator_runs_and_where_nobody_knows(
    mains: bool | None, generator: bool | None, drains: bool
) -> None:
    known = {"power/mains": mains, "power/generator": generator}
    values: dict[str, Value] = {name: value for name, value in known.items() if value is not None}
    bench = Bench()
    bench.tracker.apply(
        SampleSet(
            point=POINT.id,
            kind="telemetry",
            seq=1,
            t=T0,
            received_at=T0,
            faults={},
            values={"fuel/level": 60.0, **values},
        )
    )
    now, later = (bench.view(T0 + t).autonomy for t in (1, 1801))
    assert now is not None
    assert later is not None
    assert (now.hours - later.hours == pytest.approx(0.5, abs=0.01)) is drains
    assert (later.hours == pytest.approx(now.hours, abs=0.001)) is not drains


def test_where_a_battery_is_recorded_power_is_fuel_and_battery_together_with_their_source() -> None:
    battery = Battery(capacity_ah=100, nominal_v=12, load_w=96)
    bench = Bench(battery=battery)
    bench.sees(T0, battery__charge=100.0)
    plain = Bench()
    plain.sees(T0, battery__charge=100.0)

    def power(view: PointView) -> tuple[float, object]:
        (found,) = (state for state in view.resources if state.resource == "power")
        return float(found.detail["hours"]), found.detail.get("source")

    alone, together = power(plain.view(T0 + 10)), power(bench.view(T0 + 10))
    assert alone[1] is None
    assert together == (pytest.approx(alone[0] + 8), "fuel+battery"), "ten hours of battery, cautiously"
    bench.sees(T0 + 60)
    assert power(bench.view(T0 + 400)) == (pytest.approx(alone[0], rel=0.01), "fuel"), (
        "the charge is not known any more"
    )


def test_a_battery_alone_makes_no_power_known_whose_fuel_is_not() -> None:
    bench = Bench(battery=Battery(capacity_ah=1000, nominal_v=48, load_w=96))
    bench.sees(T0, without="fuel/level", battery__charge=100.0)
    assert bench.view(T0 + 10).verdict is Verdict.UNKNOWN


def test_a_point_that_never_sent_anything_is_not_known_whatever_somebody_attests() -> None:
    bench = Bench(profile=Profile(target_h=12.0, resources={"water": Resource(critical=True)}))
    attested = Attested(point=POINT.id, resource="water", there=True, until=T0 + 86_400)
    World(bench.tracker).apply(
        Fact(id=1, after=0, t=T0, recorded_at=T0, author=Author(name="Jan", way="cli"), told=attested)
    )
    assert bench.view(T0 + 60).verdict is Verdict.UNKNOWN
    bench.sees(T0 + 60)
    assert bench.view(T0 + 61).verdict is Verdict.READY


@pytest.mark.parametrize("restart", [False, True])
def test_a_gauge_that_was_stuck_in_an_exercise_is_not_believed_in_standby_until_it_moves(restart: bool) -> None:
    profile = Profile(target_h=12.0, resources={"power": Resource(critical=True, by="hours")})
    bench = Bench(profile=profile)
    now = bench.sees_a_stuck_gauge()
    kept = bench.tracker.due()
    if restart:
        bench = Bench(profile=profile)
    for found in kept:
        bench.tracker.remember(found)
    for later_s in (0, 1800, 86_400):
        bench.sees(now + later_s)
        view = bench.view(now + later_s)
        assert (view.verdict, view.fuel_left) == (Verdict.UNKNOWN, None)
        assert view.reasons == ("fuel-doubtful",)
    for minute in range(30):
        bench.sees(now + 90_000 + 60 * minute, fuel__level=52.0)
    view = bench.view(now + 90_000 + 1801)
    assert view.verdict is Verdict.READY


def test_a_word_that_is_dated_ahead_is_not_known_until_its_time() -> None:
    bench = Bench(profile=Profile(target_h=12.0, resources={"water": Resource(critical=True)}))
    bench.sees(T0)
    attested = Attested(point=POINT.id, resource="water", there=True, until=T0 + 86_400)
    World(bench.tracker).apply(
        Fact(id=1, after=0, t=T0 + 90, recorded_at=T0, author=Author(name="Jan", way="cli"), told=attested)
    )
    assert [bench.view(T0 + s).verdict for s in (60, 89, 90)] == [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.READY]
