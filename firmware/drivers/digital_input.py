"""A contact or opto-coupler on a pin, debounced: mains present, generator running.

# Ref: no chip; an opto-coupler (PC817 class) or the dry contact of a generator controller against ground. Behind an
#      opto-coupler on AC stands a capacitor of 10 uF: without it the input follows each half-wave and never settles.
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import Sensor, SensorError
from paraat_wire import metrics

KEYS = {"pin": "pin", "metric": "text", "active_low": "bool?", "debounce_ms": "int?", "pull": "text?"}

_POLL_MS = const(2)
_DEBOUNCE_MS = const(30)  # relays bounce for 5 to 10 ms, worn ones for 20
_PATIENCE = const(10)  # give up after so many times the debounce time

Input = namedtuple("Input", ("on",))


class DigitalInput:
    """pin: machine.Pin input. active_low: on when the pin is at 0. debounce_ms: it must stay the same for so long."""

    def __init__(self, pin, active_low=False, debounce_ms=_DEBOUNCE_MS):
        self.pin = pin
        self.active_low = active_low
        self.debounce_ms = debounce_ms

    async def read(self):
        """The settled state. Raises SensorError range when it does not settle within ten times debounce_ms."""
        # Looks are counted, not time: a loop that was held up between two of them has not seen the contact at rest.
        wanted = (self.debounce_ms + _POLL_MS - 1) // _POLL_MS + 1
        last = self.pin.value()
        alike = 1
        for _ in range(_PATIENCE * wanted):
            if alike >= wanted:
                return Input(bool(last) != self.active_low)
            await asyncio.sleep_ms(_POLL_MS)
            level = self.pin.value()
            alike = alike + 1 if level == last else 1
            last = level
        raise SensorError("range", "the input does not settle: loose contact")


def names(config):
    return (config["metric"],)


def _is_state(metric):
    """True for what a sample may report as on or off; an event (point/open) is not read but happens."""
    found = metrics.lookup(metric)
    if found is None or found[2]:
        return False
    return found[0][metrics.TYPE] == metrics.BOOL and found[0][metrics.SOURCE] == metrics.TELEMETRY


def setup(config, hw):
    if not _is_state(config["metric"]):
        raise ValueError("metric: found %s, expected power/mains or power/generator" % config["metric"])
    active_low = config.get("active_low", False)
    if not isinstance(active_low, bool):
        raise ValueError("active_low: found %s, expected true or false" % active_low)
    debounce_ms = config.get("debounce_ms", _DEBOUNCE_MS)
    if not isinstance(debounce_ms, int) or not 1 <= debounce_ms <= 500:
        raise ValueError("debounce_ms: found %s, expected 1 to 500" % debounce_ms)
    if config.get("pull") not in (None, "up", "down"):
        raise ValueError("pull: found %s, expected up or down" % config["pull"])
    pull = {None: None, "up": 1, "down": 0}[config.get("pull")]
    return Sensor(DigitalInput(hw.pin_in(config["pin"], pull), active_low, debounce_ms), names(config))
