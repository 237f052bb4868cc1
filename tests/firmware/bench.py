"""Helpers of the firmware's tests: a Hardware on given pins, and what a coroutine raises."""

from node.hardware import Hardware


def hardware(buses=None, pins=None):
    return Hardware({"buses": buses or {}, "pins": pins or {}})


async def fault_of(sensor):
    """The SensorError code, or the exception's class, with which a sample fails; fails when it succeeds."""
    try:
        found = await sensor.sample()
    except Exception as error:
        return getattr(error, "code", type(error))
    raise AssertionError("no fault, but " + repr(found))


def raises(kind, call, *args):
    """The exception of this kind that the call raises; fails when there is none."""
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)
