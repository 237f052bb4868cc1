"""What happened to the fuel, found from the level: refuelled, stolen or leaking, a gauge that is stuck or that rises.

A level that sloshes is none of these: each threshold stands well above the ripple of the samples.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

import msgspec

from paraat.domain.fuel_history import OFF, ON, Slot
from paraat.domain.points import Tank
from paraat.domain.slopes import median

REFUEL = "refuel"
THEFT = "theft"
LEAK = "leak"
STUCK = "stuck"
RISING = "rising"

_SLOTS = 3  # that must all stand above (below) those before
_FILL_S = 2700.0  # a delivery takes no longer; what rises more slowly is no delivery
_SUDDEN_S = 1800.0
_BURNT_MAX = 4.0  # times the record's rate: what a generator may take at most
_THEFT_PER_H = 0.25  # of the tank: faster than this nothing leaks
_LEAK_RECENT_S = 3 * 3600.0
_LEAK_RECENT, _LEAK_EVER = 0.01, 0.03  # of the tank; a slow fall must be more: the level also follows the temperature
_LEAK_NOW_S = 900.0
_STUCK_S = 3600.0
_STUCK_PART = 0.1  # of what the record says was burnt
_RISE_S = 1800.0
_TOLD_S = 86_400.0  # a loss is told so long
_DOUBTFUL_S = 900.0
_MOVES_PART = 0.01  # of the tank, by which a gauge that was stuck must move before it is believed again


class FuelEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened to the fuel of a point.

    kind: REFUEL, THEFT, LEAK, STUCK or RISING. since, until: unix seconds; `until` is that of the newest sample while it
    goes on. litres: that came (or by which the gauge rose), that are gone, or that a stuck gauge did not show. stands_l:
    where a stuck gauge stands; None: what was kept before this was. moves_l: by more than this it has moved.
    """

    kind: str
    since: float
    until: float
    litres: float
    stands_l: float | None = None
    moves_l: float = 0.0


# What is found where only the end of another is in what is known, as after a start of the host: a theft seems a leak, a
# delivery a gauge that rises.
_ENDS_OF = {LEAK: THEFT, RISING: REFUEL}


def seen_whole(found: Sequence[FuelEvent], kept: Sequence[FuelEvent]) -> tuple[FuelEvent, ...]:
    """What is found in the level, without what is but the end of something that was kept when all of it was seen.

    A leak or a rise of its own begins after a theft or a delivery, and not within it.
    """
    return tuple(
        event
        for event in found
        if not any(
            one.kind == _ENDS_OF.get(event.kind) and event.since < one.until and one.since < event.until for one in kept
        )
    )


def lost(found: Sequence[FuelEvent], log: Sequence[FuelEvent], t: float) -> FuelEvent | None:
    """The newest loss of the last day before t that no delivery followed. found: in the level now; log: also what was kept.

    A theft is over at once, and its end says no more of it; a leak that is found no longer was the cold, or is filled up.
    """
    events = [*found, *(event for event in log if event.kind in (THEFT, REFUEL))]
    if not events:
        return None
    refuelled = max((event.until for event in events if event.kind == REFUEL), default=float("-inf"))
    losses = [e for e in events if e.kind in (THEFT, LEAK) and e.until > max(refuelled, t - _TOLD_S)]
    return max(losses, key=lambda event: event.until, default=None)


def doubtful(events: Sequence[FuelEvent], t: float) -> FuelEvent | None:
    """What makes the level at t doubtful: a gauge that is stuck, or that rises without a delivery."""
    found = [e for e in events if e.until >= t - _DOUBTFUL_S and e.kind in (STUCK, RISING)]
    return max(found, key=lambda event: event.until) if found else None


def unmoved(log: Sequence[FuelEvent], litres: float | None) -> FuelEvent | None:
    """A gauge that was stuck when the generator ran last and shows the same ever since: it may well be stuck still.

    log: what befell the fuel, in order of its beginning. litres: what the gauge shows now.
    """
    if litres is None:
        return None
    for event in reversed(log):
        if event.kind in (REFUEL, THEFT, LEAK):
            return None  # found in the level: so it moved
        if event.kind == STUCK:
            return event if event.stands_l is not None and abs(litres - event.stands_l) <= event.moves_l else None
    return None


def is_in_doubt(events: Sequence[FuelEvent], log: Sequence[FuelEvent], t: float | None, litres: float | None) -> bool:
    """Whether the level of the fuel, read at t, cannot be believed. events: found in the level now; log, litres: as of unmoved."""
    if t is None or not (events or log):
        return False
    return doubtful(events, t) is not None or unmoved(log, litres) is not None


class Jump(NamedTuple):
    """The level after `done` has nothing to do with that before `begun`."""

    begun: float
    done: float
    event: FuelEvent


def find_jumps(slots: Sequence[Slot], noise_l: float, tank: Tank, gap_s: float) -> list[Jump]:
    """Deliveries, and sudden losses."""
    least_l = max(2.0, 0.03 * tank.capacity_l, 5 * noise_l)
    jumps: list[Jump] = []
    litres = [slot.litres for slot in slots]
    middles = [median(litres[: i + 1]) for i in range(min(_SLOTS - 1, len(litres)))]
    middles += [sorted(three)[1] for three in zip(litres, litres[1:], litres[2:], strict=False)]  # _SLOTS of them
    at = 0
    while at < len(slots) - _SLOTS:
        rise = middles[at + _SLOTS] - middles[at]
        sign = 1 if rise > 0 else -1
        if abs(rise) <= least_l or (rise < 0 and -rise <= least_l + _may_burn(slots, at, tank)):
            at += 1
            continue
        last = at
        while last + 1 < len(slots) - _SLOTS and (middles[last + 1 + _SLOTS] - middles[last + 1]) * sign > least_l:
            last += 1
        jumps.append(_jump(slots, at, last, sign, gap_s, noise_l, least_l))
        at = last + 1
    return jumps


def _may_burn(slots: Sequence[Slot], at: int, tank: Tank) -> float:
    """Litres that may have been burnt over a fall; of slow falls the burn rate tells, or find_losses."""
    first, last = slots[max(0, at - _SLOTS + 1)], slots[min(len(slots) - 1, at + _SLOTS)]
    if last.t - first.t > _SUDDEN_S:
        return tank.capacity_l
    return _BURNT_MAX * tank.burn_l_per_h * (last.t - first.t) / 3600


def _jump(slots: Sequence[Slot], at: int, last: int, sign: int, gap_s: float, noise_l: float, least_l: float) -> Jump:
    before = median(slot.litres for slot in slots[max(0, at - _SLOTS + 1) : at + 1])
    after = median(slot.litres for slot in slots[last + 1 : last + 1 + _SLOTS])
    # The medians of three see a step one slot early and one late, and the end of a slow filling not at all.
    ripple = 3 * noise_l
    while at < last and abs(slots[at + 1].litres - before) < ripple:
        at += 1
    done = last + 1
    while done - 1 > at and abs(slots[done - 1].litres - after) < ripple:
        done -= 1
    while done + 1 < len(slots) and (slots[done + 1].litres - slots[done].litres) * sign > max(ripple, 0.2 * least_l):
        done += 1
    after = median(slot.litres for slot in slots[done : done + _SLOTS])
    begun_t, done_t = slots[at].last_t, slots[done].first_t
    gap = any(b.first_t - a.last_t > gap_s for a, b in pairwise(slots[at : done + 1]))
    risen = REFUEL if gap or done_t - begun_t <= _FILL_S else RISING
    kind = THEFT if sign < 0 else risen
    event = FuelEvent(kind=kind, since=begun_t, until=done_t, litres=abs(after - before))
    return Jump(begun_t, done_t, event)


def find_losses(slots: Sequence[Slot], noise_l: float, tank: Tank, jumps: Sequence[Jump]) -> list[FuelEvent]:
    """Where the level falls while the generator is known to be off."""
    found: list[FuelEvent] = []
    rest: list[Slot] = []
    for slot in slots:
        if rest and (slot.state != OFF or (jumps and any(rest[-1].t <= jump.begun <= slot.t for jump in jumps))):
            found += _loss(rest, noise_l, tank)
            rest = []
        if slot.state == OFF and not (jumps and any(jump.begun < slot.t < jump.done for jump in jumps)):
            rest.append(slot)
    return found + _loss(rest, noise_l, tank)


def _loss(rest: Sequence[Slot], noise_l: float, tank: Tank) -> list[FuelEvent]:
    """A loss in a stretch of rest, if there is one: its end lies below its beginning."""
    if len(rest) < 2 * _SLOTS:
        return []
    end = rest[-1]
    now = [slot for slot in rest[-2 * _SLOTS :] if end.t - slot.t <= _LEAK_NOW_S] or [end]
    older = [slot for slot in rest if end.t - slot.t > 2 * _LEAK_NOW_S] or list(rest[: max(1, len(rest) // 3)])
    n_now, n_older = sum(slot.n for slot in now), sum(slot.n for slot in older)
    before = sum(slot.litres * slot.n for slot in older) / n_older
    level = sum(slot.litres * slot.n for slot in now) / n_now
    unsure = noise_l * (1 / n_now + 1 / n_older) ** 0.5
    gone = before - level
    if gone <= max(1.0, 4.5 * unsure, _LEAK_RECENT * tank.capacity_l):
        return []
    since = _fell_since(rest, before, noise_l)
    if gone <= _LEAK_EVER * tank.capacity_l and end.last_t - since > _LEAK_RECENT_S:
        return []
    rate = gone / max(1 / 60, (end.last_t - since) / 3600)
    kind = THEFT if rate > _THEFT_PER_H * tank.capacity_l else LEAK
    return [FuelEvent(kind=kind, since=since, until=end.last_t, litres=gone)]


def _fell_since(rest: Sequence[Slot], before: float, noise_l: float) -> float:
    """The last moment at which the level was what it had been."""
    for slot in reversed(rest):
        if slot.litres >= before - noise_l * max(0.3, 1 / slot.n**0.5):
            return slot.last_t
    return rest[0].first_t


def find_stuck(slots: Sequence[Slot], noise_l: float, step_l: float, tank: Tank, gap_s: float) -> FuelEvent | None:
    """A gauge that does not move while the generator runs, until now."""
    run = _run(slots, gap_s)
    if not run:
        return None
    end = fmean(slot.litres for slot in run[-_SLOTS:])
    moved_l = max(2.5 * noise_l, 0.6 * step_l)
    still = len(run)
    while still and abs(run[still - 1].litres - end) <= moved_l:
        still -= 1
    held = run[still:]
    hours = (held[-1].last_t - held[0].first_t) / 3600 if held else 0.0
    burnt = hours * tank.burn_l_per_h
    samples = sum(slot.n for slot in held)
    # What a third of the record's rate would have shown must stand out of the ripple.
    if hours * 3600 < _STUCK_S or burnt / 3 < max(1.5 * step_l, 12 * noise_l / samples**0.5):
        return None
    third = max(1, len(held) // 3)
    fell = fmean(slot.litres for slot in held[:third]) - fmean(slot.litres for slot in held[-third:])
    if fell > _STUCK_PART * burnt * 2 / 3 + 2 * noise_l / (samples / 3) ** 0.5:
        return None
    moves_l = max(moved_l, _MOVES_PART * tank.capacity_l)
    since, until = held[0].first_t, held[-1].last_t
    return FuelEvent(kind=STUCK, since=since, until=until, litres=burnt, stands_l=end, moves_l=moves_l)


def _run(slots: Sequence[Slot], gap_s: float) -> list[Slot]:
    """The newest slots in which the generator ran without a stop or a gap."""
    run: list[Slot] = []
    for slot in reversed(slots):
        if slot.state != ON or (run and run[-1].first_t - slot.last_t > gap_s):
            break
        run.append(slot)
    return run[::-1]


def find_rises(
    slots: Sequence[Slot], noise_l: float, tank: Tank, jumps: Sequence[Jump], gap_s: float
) -> list[FuelEvent]:
    """A level that creeps up without a delivery: water in the tank, or a gauge that drifts."""
    done = max((jump.done for jump in jumps), default=float("-inf"))
    stretch: list[Slot] = []
    for slot in reversed(slots):
        if slot.t < done or (stretch and stretch[-1].first_t - slot.last_t > gap_s):
            break
        stretch.append(slot)
    stretch.reverse()
    if len(stretch) < 2 * _SLOTS:
        return []
    litres = [slot.litres for slot in stretch]
    sums = [a + b + c for a, b, c in zip(litres, litres[1:], litres[2:], strict=False)]  # _SLOTS of them
    lowest = min(range(len(stretch) - _SLOTS), key=sums.__getitem__)
    rise = (sums[-1] - sums[lowest]) / _SLOTS
    begun = stretch[lowest].first_t
    if rise <= max(3.0, 0.03 * tank.capacity_l, 5 * noise_l) or stretch[-1].last_t - begun < _RISE_S:
        return []
    return [FuelEvent(kind=RISING, since=begun, until=stretch[-1].last_t, litres=rise)]
