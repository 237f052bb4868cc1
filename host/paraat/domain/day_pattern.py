"""How much is burnt by the time of day, when the generator has run for a whole day: what was is what may come again.

A hall is full by day and asleep at night. The rate of now, held on for a day, is then too many hours at night and too few by
day. Nobody knows that tomorrow is as today: so the pattern moves the ends of the range, and not the rate.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from paraat.domain.fuel_events import Jump
from paraat.domain.fuel_history import ON, Slot

DAY_S = 86_400.0
_BIN_S = 7200.0  # so long is averaged over: a coarse slot lies in it
_BINS = 12
_VARIES, _NOISE_SDS = 0.15, 6.0  # by so much of the mean, and of what the noise makes, the rates differ in a pattern


class Pattern(NamedTuple):
    """Litres an hour in each of _BINS parts of a day, the first of them from `since` (unix seconds) on."""

    since: float
    rates: tuple[float, ...]

    @property
    def first(self) -> float:
        """When the day that was seen began, unix seconds."""
        return self.since + _BIN_S / 2

    @property
    def last(self) -> float:
        """When it ended."""
        return self.first + DAY_S

    def hours_left(self, litres: float, now: float) -> float:
        """Hours until so many litres are burnt, when each day is as the one that was seen."""
        part, into_s = divmod((now - self.since) % DAY_S, _BIN_S)
        n, hours = int(part), 0.0
        span_h = (_BIN_S - into_s) / 3600
        a_day = sum(self.rates) * _BIN_S / 3600
        whole_days = int(litres // a_day)
        litres -= whole_days * a_day
        while litres > self.rates[n % _BINS] * span_h:
            litres -= self.rates[n % _BINS] * span_h
            hours, n, span_h = hours + span_h, n + 1, _BIN_S / 3600
        return whole_days * 24 + hours + litres / self.rates[n % _BINS]


def find_pattern(slots: Sequence[Slot], noise_l: float, jumps: Sequence[Jump], least: float) -> Pattern | None:
    """The pattern of the last day; None where the generator did not run all of it, or burns much the same all day.

    slots: in order of time. noise_l: of one sample. least: litres an hour; nothing that runs burns less.
    """
    newest = slots[-1].last_t
    since = newest - DAY_S
    if slots[0].first_t > since:
        return None
    # One more on each side: a rate is that between the middles of two.
    sums = [[0.0, 0.0, 0.0] for _ in range(_BINS + 1)]  # samples, seconds since, litres
    for slot in reversed(slots):
        part = int((slot.t - since) // _BIN_S) + 1
        if part < 0:
            break
        if slot.state != ON:
            return None
        one = sums[min(part, _BINS)]
        one[0] += slot.n
        one[1] += slot.n * (slot.t - since)
        one[2] += slot.n * slot.litres
    if any(not n for n, _, _ in sums):
        return None
    middles = [(t / n, litres / n) for n, t, litres in sums]
    rates = [
        None if _jumped(since + t0 - _BIN_S / 2, since + t1 + _BIN_S / 2, jumps) else (y0 - y1) / (t1 - t0) * 3600
        for (t0, y0), (t1, y1) in pairwise(middles)
    ]
    known = [rate for rate in rates if rate is not None]
    if len(known) < _BINS / 2:
        return None
    mean = sum(known) / len(known)
    by_noise = noise_l * math.sqrt(2 / min(n for n, _, _ in sums)) / (_BIN_S / 3600)
    if max(known) - min(known) <= max(_VARIES * mean, _NOISE_SDS * by_noise):
        return None
    # The rate between the middles of two parts is that at the border between them, half a part before the second's middle.
    filled = tuple(max(least, mean if rate is None else rate) for rate in rates)
    return Pattern(since - _BIN_S / 2, filled)


def _jumped(first: float, last: float, jumps: Sequence[Jump]) -> bool:
    """Whether the level jumped between the first and the last sample of two parts."""
    return any(jump.begun < last and jump.done > first for jump in jumps)
