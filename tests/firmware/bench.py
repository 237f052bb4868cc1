"""Helpers of the firmware's tests: a Hardware on given pins, what a coroutine raises, and the board's ticks."""

import time

from node.hardware import Hardware

_TICKS = 1 << 30  # MicroPython, MICROPY_PY_TIME_TICKS_PERIOD where small ints have 31 bits: 12.4 days of milliseconds


def hardware(buses=None, pins=None):
    return Hardware({"buses": buses or {}, "pins": pins or {}})


async def fault_of(sensor):
    """The SensorError code, or the exception's class, with which a sample fails; fails when it succeeds."""
    try:
        found = await sensor.sample()
    except Exception as error:
        return getattr(error, "code", type(error))
    raise AssertionError("no fault, but " + repr(found))


async def outcome(sensor):
    """What a sample gives, as a dict: a value for each name, or the code of its own fault."""
    return {name: getattr(value, "code", value) for name, value in await sensor.sample()}


def raises(kind, call, *args):
    """The exception of this kind that the call raises; fails when there is none."""
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


def board_ticks():
    """Let time.ticks_ms() wrap as on the board, for all but asyncio, which took its own at its import.

    The unix port's never wrap, so whatever is compared over days would pass any test.
    """
    long_ms = time.ticks_ms
    time.ticks_ms = lambda: long_ms() % _TICKS
    time.ticks_add = lambda ticks, delta: (ticks + delta) % _TICKS
    time.ticks_diff = lambda end, start: (end - start + _TICKS // 2) % _TICKS - _TICKS // 2
