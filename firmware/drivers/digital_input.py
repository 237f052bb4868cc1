"""A contact or opto-coupler on a pin, debounced: mains present, generator running.

# Ref: no chip; an opto-coupler (PC817 class) or the dry contact of a generator controller against ground.
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import SensorError
from paraat_wire import metrics

_SETTLE_MS = const(5)
_ALIKE = const(4)  # readings in a row that must agree: 20 ms, longer than a relay bounces
_TRIES = const(40)  # 200 ms; also spans whole half-waves of an opto-coupler on AC

Input = namedtuple("Input", ("on",))


class DigitalInput:
    """pin: machine.Pin input. active_low: on when the pin is at 0."""

    def __init__(self, pin, active_low=False):
        self.pin = pin
        self.active_low = active_low

    async def read(self):
        """The settled state. Raises SensorError range when it does not settle within 200 ms."""
        last = self.pin.value()
        alike = 1
        for _ in range(_TRIES):
            await asyncio.sleep_ms(_SETTLE_MS)
            level = self.pin.value()
            alike = alike + 1 if level == last else 1
            last = level
            if alike >= _ALIKE:
                return Input(bool(level) != self.active_low)
        raise SensorError("range", "the input does not settle: loose contact")


class _Sensor:
    def __init__(self, driver, metric):
        self.driver = driver
        self.metric = metric

    async def sample(self):
        return [(self.metric, (await self.driver.read()).on)]


def names(config):
    return (config["metric"],)


def setup(config, hw):
    found = metrics.lookup(config["metric"])
    if found is None or found[2] or found[0][metrics.TYPE] != metrics.BOOL:
        raise ValueError("metric: found %s, expected one that is on or off" % config["metric"])
    pull = {None: None, "up": 1, "down": 0}[config.get("pull")]
    return _Sensor(DigitalInput(hw.pin_in(config["pin"], pull), bool(config.get("active_low"))), config["metric"])
