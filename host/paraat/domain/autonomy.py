"""How long the fuel lasts: the litres now, and how fast they go, each with a range. docs/autonomy.md has the method.

Everything here is worked out anew from the slots of a point's history, so it does not matter in which order, how often or
before which restart a set came.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean

import msgspec
from msgspec.structs import replace

from paraat.domain import slopes
from paraat.domain.day_pattern import Pattern, find_pattern
from paraat.domain.fuel_events import FuelEvent, Jump, find_jumps, find_losses, find_rises, find_stuck
from paraat.domain.fuel_history import OFF, ON, UNKNOWN, Slot
from paraat.domain.model import Autonomy
from paraat.domain.points import Tank
from paraat.domain.slopes import Line, median
from paraat.domain.spots import Spot
from paraat.domain.tanks import interpolate

RECORD_SPREAD = 0.3  # how far a tank record's rate is trusted, as a part of it
LEVEL_AGE_S = 900.0  # a reading older than this, against the newest one, is not "the level now"
LEVEL_SLOTS = 5  # whose median is "the level now" where no line tells it better
LOAD_AGE_S = 600.0  # so long back goes "the load now"
_AS_BEFORE = 1.1  # a day is as the one before to so much
TOO_MANY = 1.1  # hours shown may be so much more than the cautious end
_LOW, _HIGH = 0.05, 0.95  # the range holds the truth in 90 %
_SURE, _SURE_SDS = 0.99, 2.33  # and so sure it is that the hours shown are not more than TOO_MANY
_UNSURE = (
    1.12  # the ripple is measured from some tens of slots, to 12 %: what was taken too small makes changes of chance
)
_GAP_MIN_S, _GAP_MAX_S, _GAP_SPACINGS = 300.0, 3600.0, 4.0
_ANCHOR_S, _ANCHOR_SLOTS = 3600.0, 40  # so near a run the level at rest tells where the run began or ended
# How often a load changes to anything, before anything is measured; and how likely over a rest or a gap.
CHANGES_PER_H, CHANGED_MEANWHILE = 3e-3, 0.02
_OTHER_AFTER_H = 48.0  # of rest: then a run is as likely at another load as at the same
_LEAST_APART_H = 1 / 60
_SHORT_GAP_S = 900.0
_PAIR_S = 120.0
_WIDER, _NO_BETTER = (
    1.12,
    0.003,
)  # no sensor is as true as its ripple says: its errors hang together, its table is a table
_MIN_OWN = 6  # spots before a gap that tell what to expect of it
_IDLE = 0.1  # of the record's rate: nothing that runs burns less
_ODD_SDS, _ODD_SAMPLES = 3.0, 2  # so many samples, or means, as unlikely as this are not what was expected
_OTHER_LOAD = 0.05  # a measured load by which the rate differs by such a part is not either
MIN_RUN_H = 1 / 6  # of running before a slope means anything
_STANDS_OUT = 0.4  # of the likely fall that the lowest one must be, before it says more than the tank record


class Burn(msgspec.Struct, frozen=True, gc=False):
    """Litres an hour while the generator runs, with a range. most: what it hardly exceeds, where the level has told anything.

    source: "slope" (of the level), "load" (the generator's curve at the load, fitted to the level) or "record".
    """

    low: float
    likely: float
    high: float
    source: str
    most: float = 0.0

    @classmethod
    def recorded(cls, l_per_h: float, source: str) -> "Burn":
        """What a tank record, or a generator's curve, says: trusted to RECORD_SPREAD."""
        return cls(l_per_h * (1 - RECORD_SPREAD), l_per_h, l_per_h * (1 + RECORD_SPREAD), source)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What the history of a point says. litres_sd: standard deviation; since: when the burn rate began to be what it is."""

    litres: float
    litres_sd: float
    t: float  # of the newest sample
    burn: Burn
    since: float | None
    lost_l: float  # that a stuck gauge may hide: burnt at the record's rate since it moved last
    events: tuple[FuelEvent, ...]
    noise: "Noise"
    state: int  # of the generator at the newest sample, as in fuel_history
    scale: (
        float | None
    )  # what its curve says for the load of now, as a part of the record's rate; None: no load is measured
    pattern: Pattern | None = None  # of the last day

    @property
    def is_at_rest(self) -> bool:
        """Whether the generator is known to stand still."""
        return self.state == OFF


class Noise(msgspec.Struct, frozen=True, gc=False):
    """Of one sample, in litres: its deviation, and the step of the sensor's scale."""

    sd: float
    step: float

    @property
    def in_steps(self) -> bool:
        """Whether the scale is so coarse that the level stands still on it, and then jumps."""
        return self.sd < 0.35 * self.step

    @property
    def whole_sd(self) -> float:
        """Both together."""
        return math.sqrt(self.sd * self.sd + self.step * self.step / 12)


def read(slots: Iterable[Slot], tank: Tank) -> Reading | None:
    """Work out level, burn rate and events. slots: in order of time; None without any."""
    every = list(slots)
    if not every:
        return None
    apart_s = _usually_apart_s(every)
    noise = measure_noise(every, max(_GAP_MIN_S, apart_s))
    gap_s = _gap_s(apart_s)
    kept = _without_wild(every, noise, tank, gap_s)
    jumps = find_jumps(kept, noise.whole_sd, tank, gap_s)
    losses = find_losses(kept, noise.whole_sd, tank, jumps)
    stuck = find_stuck(kept, noise.whole_sd, noise.step, tank, gap_s)
    rises = find_rises(kept, noise.whole_sd, tank, jumps, gap_s)
    spots, times, by_load = _spots(kept, noise, tank, gap_s, jumps, losses)
    mixture = _fit(kept, spots, noise, tank)
    burn, litres, litres_sd, since = _conclude(
        kept, mixture, spots, times, by_load, noise, tank, jumps, gap_s, bool(stuck)
    )
    newest = every[-1].last_t
    hidden_h = (newest - stuck.since) / 3600 if stuck is not None else 0.0
    events = sorted(
        (*(jump.event for jump in jumps), *losses, *rises, *((stuck,) if stuck else ())), key=lambda e: e.since
    )
    return Reading(
        litres,
        litres_sd,
        max([slot.last_t for slot in every]),
        burn,
        since,
        hidden_h * tank.burn_l_per_h,
        tuple(events),
        noise,
        every[-1].state,
        _load_now(kept, tank) if by_load else None,
        find_pattern(kept, noise.whole_sd, jumps, _IDLE * tank.burn_l_per_h),
    )


def estimate(reading: Reading, tank: Tank, now: float, *, drains: bool) -> Autonomy:
    """Hours of fuel left at `now`, when the generator runs on.

    drains: whether fuel must be taken to go on falling since the last sample (the generator ran then, or nobody knows).
    """
    burn = reading.burn
    gone_h = max(0.0, now - reading.t) / 3600 if drains else 0.0
    usable = max(0.0, reading.litres - reading.lost_l - tank.reserve_l)
    at_most = max(0.0, reading.litres - tank.reserve_l)
    middle, level_h = usable / burn.likely, 1.645 * reading.litres_sd / burn.likely
    hours_low = max(0.0, middle - math.hypot(middle - usable / burn.high, level_h) - gone_h)
    hours_high = max(
        0.0, at_most / burn.likely + math.hypot(at_most / burn.low - at_most / burn.likely, level_h) - gone_h
    )
    # The hours shown must not be many too many: where they are unsure, they lean to the cautious end. Not where nothing was
    # measured: the record is what it is, and its range is wide.
    slowest = usable / burn.most if burn.most > burn.likely else middle
    surely = middle - math.hypot(middle - slowest, _SURE_SDS / 1.645 * level_h)
    hours = max(hours_low, min(middle, TOO_MANY * surely) - gone_h)
    if reading.pattern is not None and usable:
        as_before = max(0.0, reading.pattern.hours_left(usable, reading.t) - gone_h)
        hours_low, hours_high = min(hours_low, as_before / _AS_BEFORE), max(hours_high, as_before * _AS_BEFORE)
        hours = min(hours, TOO_MANY * as_before)
    return Autonomy(
        hours_low=hours_low,
        hours=hours,
        hours_high=hours_high,
        burn_l_per_h=burn.likely,
        source=burn.source,
        empty_at=now + hours * 3600,
        refuel_before=now + hours_low * 3600,
        hours_full=(tank.fill_l - tank.reserve_l) / burn.high,
    )


def carry(reading: Reading, latest: Sequence[Slot], tank: Tank) -> Reading | None:
    """The reading at the newest of the slots; None where they may tell more than it does.

    latest: those that came after it, and some of the last that it was read from: they too must be what it says.
    """
    if reading.events and any(event.until >= reading.t for event in reading.events):
        return None
    if reading.is_at_rest:
        states = [slot.state for slot in latest]
        if ON in states:
            started = states.index(ON)
            return _started(reading, latest[:started], latest[started:], tank)
    return None if _is_odd(reading, latest, tank) else _at_newest(reading, latest)


def _started(reading: Reading, rest: Sequence[Slot], runs: Sequence[Slot], tank: Tank) -> Reading | None:
    """As carry, where the generator started since: of its rate nothing more is known than before, but by its load.

    Where a run of before told one it may be another now, after a long rest.
    """
    if reading.since is not None or (tank.burn_by_load and runs[0].load_w is not None) or _is_odd(reading, rest, tank):
        return None
    began_t = rest[-1].last_t if rest else reading.t
    running = replace(_at_newest(reading, rest), t=began_t, state=ON)
    return None if _is_odd(running, runs, tank) else _at_newest(running, runs)


def _at_newest(reading: Reading, latest: Sequence[Slot]) -> Reading:
    newest_t = max([slot.last_t for slot in latest], default=reading.t)
    return replace(reading, litres=max(0.0, _expected_l(reading, newest_t)), t=newest_t)


def _expected_l(reading: Reading, t: float) -> float:
    later_h = (t - reading.t) / 3600
    return reading.litres - (later_h * reading.burn.likely if reading.state != OFF else 0.0)


def _is_odd(reading: Reading, latest: Sequence[Slot], tank: Tank) -> bool:
    """Whether slots are not what the reading leads to expect: two samples far off, or the newest of them all to one side.

    A single sample that is far off is a wild echo.
    """
    noise, burn, state, read_t, litres_sd = reading.noise, reading.burn, reading.state, reading.t, reading.litres_sd
    least_l = 0.001 * tank.capacity_l
    far_l = max(10 * least_l, _ODD_SDS * noise.whole_sd)
    rate, rate_sd = (burn.likely, (burn.high - burn.low) / 3.29) if state != OFF else (0.0, 0.0)
    of_sample, of_step = max(noise.sd, least_l), noise.step / math.sqrt(12)
    far, samples, off_l = 0, 0, 0.0
    read_l, by_load = reading.litres, reading.scale is not None
    for slot in reversed(latest):
        t, litres, n, own = slot[:4]
        if (own != state and own != UNKNOWN) or (by_load and _has_other_load(reading, slot, tank)):
            if t <= read_t:
                continue
            return True
        off = litres - (read_l - (t - read_t) / 3600 * rate)
        if not -far_l <= off <= far_l:
            far += n
            if far >= _ODD_SAMPLES:
                return True
            continue
        samples += n
        off_l += off * n
        if abs(off_l) <= _ODD_SDS * litres_sd * samples:
            continue
        ripple = math.hypot(of_sample / math.sqrt(samples), of_step)
        unsure = math.hypot(ripple, litres_sd, rate_sd * (t - read_t) / 3600)
        if abs(off_l) > _ODD_SDS * unsure * samples:
            return True
    return False


def _has_other_load(reading: Reading, slot: Slot, tank: Tank) -> bool:
    if reading.scale is None or slot.load_w is None or slot.state == OFF:
        return False
    scale = interpolate(tank.burn_by_load, slot.load_w) / tank.burn_l_per_h
    return abs(scale - reading.scale) > _OTHER_LOAD * reading.scale


def measure_noise(slots: Sequence[Slot], apart_s: float) -> Noise:
    """How far a sample lies beside the line through its neighbours, and the smallest step between two. apart_s: as far as two
    slots may lie apart."""
    beside: list[float] = []
    steps: list[float] = []
    sqrt = math.sqrt
    a_t = a_litres = t = litres = first = last = 0.0
    a_n = n = 0
    a_state = state = None  # a: the slot before the last; without a: the last
    for c_t, c_litres, c_n, c_state, c_first, c_last, low, high, _ in slots:
        if state is not None:
            if c_n > 1:
                steps.append(high - low)
            elif n == 1:
                steps.append(abs(c_litres - litres))
        if a_state == state == c_state and c_t - a_t <= 6 * (last - first + apart_s):
            part = (t - a_t) / (c_t - a_t) if c_t > a_t else 0.5
            off = litres - (a_litres + part * (c_litres - a_litres))
            rest = 1 - part
            beside.append(abs(off) / sqrt(1 / n + rest * rest / a_n + part * part / c_n))
        a_t, a_litres, a_n, a_state = t, litres, n, state
        t, litres, n, state, first, last = c_t, c_litres, c_n, c_state, c_first, c_last
    return Noise(
        1.4826 * median(beside) if beside else 0.0,
        min([step for step in steps if step > 0.002], default=0.0),
    )


def _gap_s(apart_s: float) -> float:
    """Longer than this between two samples is a gap, in which nobody knows whether the generator ran. apart_s: as they usually are."""
    return min(_GAP_MAX_S, max(_GAP_MIN_S, _GAP_SPACINGS * apart_s))


def _usually_apart_s(slots: Sequence[Slot]) -> float:
    spaces = sorted([b.first_t - a.last_t for a, b in pairwise(slots)])
    return max(0.0, spaces[(len(spaces) - 1) // 2]) if spaces else 0.0


def _without_wild(slots: Sequence[Slot], noise: Noise, tank: Tank, gap_s: float) -> list[Slot]:
    """The slots without those of an echo that jumps; a rise or a fall that lasts for three slots stays."""
    wild_l = max(2.0, 0.03 * tank.capacity_l, 6 * noise.whole_sd)
    burnt = 4 * tank.burn_l_per_h / 3600
    kept: list[Slot] = []
    newest, near_s = len(slots) - 1, 2 * gap_s
    times, levels = [slot.t for slot in slots], [slot.litres for slot in slots]
    follows = False
    for i, slot in enumerate(slots):
        near, follows = follows, i < newest and times[i + 1] - times[i] <= near_s
        if near and follows:  # near both its neighbours the middle of those around it is not far off either
            litres = levels[i]
            amid = abs(levels[i - 1] - litres) <= wild_l and abs(levels[i + 1] - litres) <= wild_l
        else:
            amid = not (near or follows)  # with none near in time there is no middle
        if not amid:
            # Of the newest ones five too: two echoes in a row are no level that fell, before a third says the same.
            first = max(0, min(i - 2, len(slots) - 5))
            around = [other for other in slots[first : i + 3] if abs(other.t - slot.t) <= near_s]
            if len(around) >= 3:
                middle = median(other.litres for other in around)
                if abs(slot.litres - middle) > wild_l + burnt * (around[-1].t - around[0].t):
                    continue
        if slot.n == 1 or slot.high - slot.low <= 2 * wild_l + burnt * (slot.last_t - slot.first_t):
            kept.append(slot)
        elif slot.n >= 4 and (rest := _without_one(slot, wild_l)) is not None:
            kept.append(rest)
    return kept or list(slots[-1:])


def _without_one(slot: Slot, wild_l: float) -> Slot | None:
    """The slot without its highest or lowest sample, where that one alone is wild."""
    total = slot.litres * slot.n
    for one, other in ((slot.high, slot.low), (slot.low, slot.high)):
        rest = (total - one) / (slot.n - 1)
        if abs(rest - other) <= wild_l:
            return slot._replace(litres=rest, n=slot.n - 1, low=min(rest, other), high=max(rest, other))
    return None


def _spots(
    slots: Sequence[Slot],
    noise: Noise,
    tank: Tank,
    gap_s: float,
    jumps: Sequence[Jump],
    losses: Sequence[FuelEvent],
) -> tuple[list[Spot], list[float], bool]:
    """What the fit needs: the level over the hours that the generator ran (or, by load, over what its curve says).

    Also the time of each, and whether x is by load. A stretch ends at a jump of the level, and at a gap.
    """
    running = [slot for slot in slots if slot.state != OFF] if tank.burn_by_load else []
    by_load = bool(running) and all(slot.load_w is not None for slot in running)
    spots: list[Spot] = []
    times: list[float] = []
    x, stretch, chance = 0.0, 0, 1.0
    anchors = _anchors(slots, losses)
    jumped, amid_jumps = _jumped(slots, jumps)
    of_sample, of_step = (_UNSURE * noise.sd) ** 2, (0.1 * noise.step) ** 2 + 1e-6
    new = tuple.__new__  # half the time of Spot(...)
    before = None
    before_t, before_last, before_state = 0.0, 0.0, UNKNOWN
    ran_t = math.inf
    for i, slot in enumerate(slots):
        t, litres, n, state, first, last, _, _, _ = slot
        if before is not None:
            far, apart_h = first - before_last > gap_s, (t - before_t) / 3600
            chance = CHANGES_PER_H * (apart_h if apart_h > _LEAST_APART_H else _LEAST_APART_H)
            if before_state == OFF == state:
                more_h = 0.0
            elif before_state != OFF != state:
                more_h = apart_h
            else:
                more_h = _ran_h(before, slot)
            if far:
                chance = max(chance, CHANGED_MEANWHILE)
            elif before_state == OFF != state:
                chance = max(CHANGED_MEANWHILE, min(1.0, (first - ran_t) / 3600 / _OTHER_AFTER_H))
            if far and not (before_state == state == ON and _fits(slots, i, spots, noise, tank.burn_l_per_h)):
                more_h, stretch = 0.0, stretch + 1
            elif i in jumped:
                stretch += 1
            x += more_h * _by_load(tank, before, slot) if by_load else more_h
        before, before_t, before_last, before_state = slot, t, last, state
        if state != OFF:
            ran_t = last
        if (state == OFF and i not in anchors) or i in amid_jumps:
            continue
        spots.append(new(Spot, (x, litres, of_sample / n + of_step, stretch, chance)))
        times.append(t)
    spots, times = _one_a_step(spots, times, noise) if noise.in_steps else _in_pairs(spots, times)
    return spots, times, by_load


def _jumped(slots: Sequence[Slot], jumps: Sequence[Jump]) -> tuple[set[int], set[int]]:
    """The slots between which and the one before a jump begins or is done, and those amid one."""
    if not jumps:
        return set(), set()
    times = [slot.t for slot in slots]
    ends = [end for jump in jumps for end in (jump.begun, jump.done)]
    return (
        {i for end in ends for i in range(bisect_left(times, end), bisect_right(times, end) + 1)},
        {i for jump in jumps for i in range(bisect_right(times, jump.begun), bisect_left(times, jump.done))},
    )


def _ran_h(a: Slot, b: Slot) -> float:
    """Hours that the generator ran between the middles of two slots, in one of which it stood still."""
    between_s = max(0.0, b.first_t - a.last_t) / 2
    ran_s = a.last_t - a.t if a.state != OFF else b.t - b.first_t
    return (ran_s + between_s) / 3600


def _by_load(tank: Tank, a: Slot, b: Slot) -> float:
    """Litres an hour that the generator's curve says for the load between two slots, as a part of the tank record's."""
    known = [slot.load_w for slot in (a, b) if slot.load_w is not None and slot.state != OFF]
    if not known:
        return 1.0
    return sum(interpolate(tank.burn_by_load, load) for load in known) / len(known) / tank.burn_l_per_h


def _fits(slots: Sequence[Slot], i: int, spots: Sequence[Spot], noise: Noise, usual: float) -> bool:
    """Whether the level fell over the gap before slot i as it did before the gap: only then the generator ran in it.

    Over a short one it is enough that nothing speaks against it.
    """
    before, after = slots[max(0, i - 3) : i], slots[i : i + 3]
    own = [spot for spot in spots[-40:] if spot.stretch == spots[-1].stretch]
    unsure = 3 * noise.whole_sd / math.sqrt(min(sum(s.n for s in before), sum(s.n for s in after)))
    hours = (fmean(slot.t for slot in after) - fmean(slot.t for slot in before)) / 3600
    fell = fmean(slot.litres for slot in before) - fmean(slot.litres for slot in after)
    if slots[i].first_t - slots[i - 1].last_t <= _SHORT_GAP_S:
        return -unsure <= fell <= unsure + 4 * usual * hours
    if fell <= 1.7 * unsure:  # what is expected is more than 0.9 of what is below, less what is unsure
        return False
    found = slopes.lines(own, height_width=1e3, usual=usual) if len(own) >= _MIN_OWN else []
    if not found:
        return False
    expected = max(found, key=lambda one: one.share).fall * hours
    return expected > 3 * unsure and abs(fell - expected) < unsure + 0.1 * expected


def _anchors(slots: Sequence[Slot], losses: Sequence[FuelEvent]) -> set[int]:
    """Which slots at rest tell where a run began or ended: the generator ran shortly before or after."""
    states = [slot.state for slot in slots]
    if OFF not in states:
        return set()
    found: set[int] = set()
    for way in (range(len(slots)), range(len(slots) - 1, -1, -1)):
        ran: int | None = None
        for i in way:
            if states[i] != OFF:
                ran = i
            elif ran is not None and abs(i - ran) <= _ANCHOR_SLOTS and abs(slots[i].t - slots[ran].t) <= _ANCHOR_S:
                found.add(i)
    # A slot at rest with samples from before a run and from after it: their mean is neither level.
    beside = [(i, j) for i, state in enumerate(states) if state != OFF for j in (i - 1, i + 1) if j in found]
    found.difference_update([j for i, j in beside if _is_within(slots[i], slots[j])])
    if not losses:
        return found
    return {i for i in found if not any(loss.since <= slots[i].t <= loss.until for loss in losses)}


def _is_within(a: Slot, b: Slot) -> bool:
    """Whether slot b has samples from before all of a and from after them."""
    return b.first_t < a.first_t and a.last_t < b.last_t


def _one_a_step(spots: Sequence[Spot], times: Sequence[float], noise: Noise) -> tuple[list[Spot], list[float]]:
    """One spot for each step of a coarse scale, in its middle: there the level is what the scale says."""
    runs: list[list[int]] = []
    for i, spot in enumerate(spots):
        first = spots[runs[-1][0]] if runs else None
        if first and first.stretch == spot.stretch and abs(first.y - spot.y) < 0.6 * noise.step:
            runs[-1].append(i)
        else:
            runs.append([i])
    stepped: list[Spot] = []
    for at, run in enumerate(runs):
        inner = 0 < at < len(runs) - 1 and runs[at - 1][-1] + 1 == run[0]
        inner = inner and spots[runs[at - 1][0]].stretch == spots[run[0]].stretch == spots[runs[at + 1][0]].stretch
        middle = (spots[run[0]].x + spots[run[-1]].x) / 2
        level = sum(spots[i].y for i in run) / len(run)
        sd = noise.step * (0.15 if inner else 0.3)
        stepped.append(Spot(middle, level, sd * sd, spots[run[0]].stretch, max(spots[i].chance for i in run)))
    return stepped, [times[run[0]] for run in runs]


def _in_pairs(spots: Sequence[Spot], times: Sequence[float]) -> tuple[list[Spot], list[float]]:
    """One spot for the slots of the same two minutes: half as many to weigh, and as sure; and one for all before it first ran."""
    paired: list[Spot] = []
    begun: list[float] = []
    stretch = pair = None
    weight = sum_x = sum_y = chance = 0.0
    for (x, y, variance, own, may_change), t in zip(spots, times, strict=True):
        sure, minutes = 1 / variance, t // _PAIR_S
        if own == stretch and (minutes == pair or x == 0.0):
            weight, sum_x, sum_y, chance = weight + sure, sum_x + sure * x, sum_y + sure * y, chance + may_change
        else:
            if stretch is not None:
                paired.append(Spot(sum_x / weight, sum_y / weight, 1 / weight, stretch, chance))
            begun.append(t)
            stretch, weight, sum_x, sum_y, chance = own, sure, sure * x, sure * y, may_change
        pair = minutes
    if stretch is not None:
        paired.append(Spot(sum_x / weight, sum_y / weight, 1 / weight, stretch, chance))
    return paired, begun


def _fit(slots: Sequence[Slot], spots: Sequence[Spot], noise: Noise, tank: Tank) -> list[Line]:
    if len(spots) < 3 or spots[-1].x - spots[0].x < MIN_RUN_H:
        return []
    known = UNKNOWN not in [slot.state for slot in slots]
    return slopes.lines(
        spots,
        height_width=max(2.0, 6 * noise.whole_sd),
        usual=tank.burn_l_per_h,
        least=_IDLE * tank.burn_l_per_h if known else 0.0,
    )


def _conclude(
    slots: Sequence[Slot],
    mixture: Sequence[Line],
    spots: Sequence[Spot],
    times: Sequence[float],
    by_load: bool,
    noise: Noise,
    tank: Tank,
    jumps: Sequence[Jump],
    gap_s: float,
    stuck: bool,
) -> tuple[Burn, float, float, float | None]:
    """Burn rate, litres now with their deviation, and since when the rate is what it is."""
    litres, litres_sd = _level(slots, noise, jumps, gap_s)
    scale = _load_now(slots, tank) if by_load else 1.0
    record = Burn.recorded(tank.burn_l_per_h * scale, "load" if by_load else "record")
    if not mixture or stuck:
        return record, litres, litres_sd, None
    least = _IDLE * tank.burn_l_per_h
    mixture = [line for line in mixture if line.fall > least]
    if sum(line.share for line in mixture) < _IDLE:
        return record, litres, litres_sd, None
    mixture = [replace(line, sd=math.hypot(_WIDER * line.sd, _NO_BETTER * line.fall)) for line in mixture]
    low, middle, high = (slopes.quantile(mixture, part) for part in (_LOW, 0.5, _HIGH))
    line = max(mixture, key=lambda one: one.share)
    if low < _STANDS_OUT * middle or _has_just_begun(slots):
        high = max(record.high, high * scale)
        return replace(record, high=high, most=high), litres, litres_sd, None
    if slots[-1].state != OFF:
        on_h = spots[-1].x - line.x
        litres = line.y - line.fall * on_h
        litres_sd = _WIDER * math.sqrt(1 / line.weight + (on_h * line.sd) ** 2)
    source = "load" if by_load else "slope"
    burn = Burn(low * scale, middle * scale, high * scale, source, slopes.quantile(mixture, _SURE) * scale)
    return burn, litres, litres_sd, times[line.since]


def _has_just_begun(slots: Sequence[Slot]) -> bool:
    """Whether the newest run came after a rest so long that its load may well be another, and has told nothing of it yet."""
    begun = len(slots)
    while begun and slots[begun - 1].state != OFF:
        begun -= 1
        if slots[-1].last_t - slots[begun].first_t >= MIN_RUN_H * 3600:
            return False
    if begun in (0, len(slots)):
        return False
    rest = begun
    while rest and slots[rest - 1].state == OFF:
        rest -= 1
    return rest > 0 and slots[begun].first_t - slots[rest - 1].last_t > CHANGED_MEANWHILE * _OTHER_AFTER_H * 3600


def _level(slots: Sequence[Slot], noise: Noise, jumps: Sequence[Jump], gap_s: float) -> tuple[float, float]:
    """The litres at the newest sample: of the slots that are not older than LEVEL_AGE_S, nor before a gap or a jump."""
    newest = slots[-1]
    recent = [newest]
    for slot in reversed(slots[:-1]):
        apart = recent[-1].first_t - slot.last_t
        if len(recent) == LEVEL_SLOTS or newest.t - slot.t > LEVEL_AGE_S or apart > gap_s:
            break
        if any(slot.t < jump.done for jump in jumps):
            break
        recent.append(slot)
    samples = sum(slot.n for slot in recent)
    return median(slot.litres for slot in recent), 1.25 * noise.sd / math.sqrt(samples) + noise.step / math.sqrt(12)


def _load_now(slots: Sequence[Slot], tank: Tank) -> float:
    """What the curve says of the load of the last minutes, as a part of the tank record's rate."""
    newest = slots[-1].t
    known = [slot for slot in slots if slot.load_w is not None and slot.state != OFF]
    recent = [slot for slot in known if newest - slot.t <= LOAD_AGE_S] or known[-3:]
    rates = [(interpolate(tank.burn_by_load, slot.load_w), slot.n) for slot in recent if slot.load_w is not None]
    return sum(rate * n for rate, n in rates) / sum(n for _, n in rates) / tank.burn_l_per_h
