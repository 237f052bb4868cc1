"""What the sensors of a tank's level have in common: fuel that sloshes, and a percentage between two ends."""

import asyncio

from micropython import const
from node.filters import median

SHOTS = const(5)  # in a median: two of them may be wild
# Fuel sloshes: at 0.5 Hz (a tank of 3 m; shorter ones are quicker) a median of half a second follows every wave. The mean
# of eight medians covers two whole waves: +-10 % of swing moves it by 2 % at most, from 0.3 to 1.3 Hz. No sample knows
# of the one before, so a refuel is there at once and nothing has to be forgotten after a fault.
LOOKS = const(8)
PERIOD_MS = const(100)
_SLACK = const(10)  # percent of the span: what ripple and mounting do beyond an end


def percent(reading, empty, full):
    """Fill of the tank by height, 0 to 100: a reading a little beyond an end is that end (ripple, mounting)."""
    level = 100 * (reading - empty) / (full - empty)
    return min(100.0, max(0.0, level))


def slack(empty, full):
    """How far beyond an end a reading may lie, in its unit."""
    return abs(empty - full) * _SLACK / 100


def full_slack(empty, full, failed):
    """The same beyond the full end, where a sensor that fails says `failed`: at most half of the way to that."""
    return min(slack(empty, full), abs(full - failed) / 2)


async def looks(shot):
    """Eight medians of five shots, over four seconds. shot: a coroutine function that gives one reading."""
    found = []
    for _ in range(LOOKS):
        shots = []
        for _ in range(SHOTS):
            shots.append(await shot())
            await asyncio.sleep_ms(PERIOD_MS)
        found.append(median(shots))
    return found
