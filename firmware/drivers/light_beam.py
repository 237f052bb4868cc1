"""A double light beam across a doorway: who breaks the outer beam first comes in, the inner first goes out.

Each receiver gives 1 while it sees its light. The interrupt handlers only follow the order in which the two beams are
broken and freed (as the phases of a rotary encoder); sample() reads the counts.

# Ref: E3F-R2N1 class retro-reflective sensors, NPN open collector with pull-up; no register, no protocol.
"""

import time
from collections import namedtuple

from micropython import const

from drivers import SensorError, named

_BLOCKED_MS = const(60000)  # longer than anybody stands in a doorway: a box, a door, or a dead lamp

Passage = namedtuple("Passage", ("came_in", "went_out", "present"))

# State of the two beams as bits: 2 = outer broken, 1 = inner broken. A whole passage inward goes 0 2 3 1 0, outward
# 0 1 3 2 0. A step along the first circle counts +1, along the second -1; four of a kind are one person. Turning back
# half-way undoes its own steps. Two people close together still give their steps one after the other, because the
# middle state 3 lies between them.
_STEP = {
    (0, 2): 1, (2, 3): 1, (3, 1): 1, (1, 0): 1,
    (0, 1): -1, (1, 3): -1, (3, 2): -1, (2, 0): -1,
}  # fmt: skip


class LightBeam:
    """outer, inner: machine.Pin inputs."""

    def __init__(self, outer, inner):
        self._outer = outer
        self._inner = inner
        self.came_in = 0
        self.went_out = 0
        self.present = 0
        self._steps = 0
        self._state = self._look()
        self._moved_ms = time.ticks_ms()
        outer.irq(self._on_edge, outer.IRQ_RISING | outer.IRQ_FALLING)
        inner.irq(self._on_edge, inner.IRQ_RISING | inner.IRQ_FALLING)

    def _look(self):
        return (0 if self._outer.value() else 2) | (0 if self._inner.value() else 1)

    def _on_edge(self, _pin):
        state = self._look()
        if state == self._state:
            return
        self._moved_ms = time.ticks_ms()
        self._steps += _STEP.get((self._state, state), 0)
        self._state = state
        if state == 0:
            # Three of four steps are enough: an edge may have been too quick to be seen.
            if self._steps >= 3:
                self.came_in += 1
                self.present += 1
            elif self._steps <= -3:
                self.went_out += 1
                # Never below nobody: somebody came in before the count began.
                self.present = max(0, self.present - 1)
            self._steps = 0

    def reset(self):
        """Everybody is out: start to count anew."""
        self.came_in = self.went_out = self.present = 0

    def read(self):
        """The counts. Raises SensorError blocked when a beam has been dark for a minute."""
        if self._state and time.ticks_diff(time.ticks_ms(), self._moved_ms) > _BLOCKED_MS:
            raise SensorError("blocked", "a beam is dark: something stands in it, or a lamp is out")
        return Passage(self.came_in, self.went_out, self.present)


class _Sensor:
    def __init__(self, driver, config):
        self.driver = driver
        self.names = names(config)

    async def sample(self):
        return list(zip(self.names, self.driver.read()))


def names(config):
    return named("people/in", config), named("people/out", config), named("people/present", config)


def setup(config, hw):
    return _Sensor(LightBeam(hw.pin_in(config["pin_a"]), hw.pin_in(config["pin_b"])), config)
