"""A double light beam across a doorway: who breaks the outer beam first comes in, the inner first goes out.

Each receiver gives 1 while it sees its light. The interrupt handlers only follow the order in which the two beams are
broken and freed (as the phases of a rotary encoder); sample() reads the counts. Mount the beams about 10 cm apart, at
hip height: nearer than a body is deep, or nobody ever stands in both.

# Ref: E3F-R2N1 class retro-reflective sensors, NPN open collector with pull-up; no register, no protocol.
"""

import time
from collections import namedtuple

from micropython import const, schedule

from drivers import SensorError, named

KEYS = {"pin_a": "pin", "pin_b": "pin", "reset_pin": "pin?", "max_present": "int?", "name": "name?"}

_BLOCKED_MS = const(60000)  # longer than anybody stands in a doorway: a box, a door, or a dead lamp
_FOLLOWS_MS = const(500)  # who follows closely joins the first for less; who walks backwards stands in both for longer
_HOLD_MS = const(2000)  # of the reset button, so that nobody resets by accident
_JAMMED_MS = const(30000)  # nobody holds a button for so long

Passage = namedtuple("Passage", ("came_in", "went_out", "present"))

# State of the two beams as bits: 2 = outer broken, 1 = inner broken. A whole passage inward goes 0 2 3 1 0, outward
# 0 1 3 2 0. A step along the first circle counts +1, along the second -1; four of a kind are a passage. Turning back
# half-way undoes its own steps, and so does an edge that bounces.
# A row for each state before, in it the step to each state: 0, 1, 2, 3.
_STEPS = (
    (0, -1, 1, 0),
    (1, 0, 0, -1),
    (-1, 0, 0, 1),
    (0, 1, -1, 0),
)


class LightBeam:
    """outer, inner: machine.Pin inputs. max_present: more than so many are never inside; None: no such limit."""

    def __init__(self, outer, inner, max_present=None):
        self._outer = outer
        self._inner = inner
        self._max_present = max_present
        self.reset()
        self._state = self._look()
        self._changed_ms = [time.ticks_ms()] * 3  # of bit 1 and bit 2
        self._forget()
        outer.irq(self._on_edge, outer.IRQ_RISING | outer.IRQ_FALLING)
        inner.irq(self._on_edge, inner.IRQ_RISING | inner.IRQ_FALLING)

    def _look(self):
        return (0 if self._outer.value() else 2) | (0 if self._inner.value() else 1)

    def _forget(self):
        self._steps = 0
        self._inward = self._outward = 0  # how often both beams were crossed, quickly, in one go
        self._before_both = 0
        self._both_ms = 0

    def _on_edge(self, _):
        before, state = self._state, self._look()
        if state == before:
            return
        now_ms = time.ticks_ms()
        for bit in (1, 2):
            if (before ^ state) & bit:
                self._changed_ms[bit] = now_ms
        self._state = state
        self._steps += _STEPS[before][state]
        if state == 3:
            self._before_both, self._both_ms = before, now_ms
        elif state and before == 3 and self._before_both == 3 - state:
            if time.ticks_diff(now_ms, self._both_ms) < _FOLLOWS_MS:
                self._inward += state == 1
                self._outward += state == 2
        elif state == 0:
            # Three of four steps are enough: an edge may have been too quick to be seen.
            # Two close together go 0 2 3 1, 3 2 (the second in the outer, the first still in the inner beam; then the
            # first is gone), 3 1 0: each who follows looks like a crossing backwards within the passage. Somebody who
            # hesitates makes the same order, but slowly. Two who touch are one: no light comes between them.
            if self._steps >= 3:
                self._count(1 + self._outward, 0)
            elif self._steps <= -3:
                self._count(0, 1 + self._inward)
            self._forget()

    def _count(self, came_in, went_out):
        self.came_in += came_in
        self.went_out += went_out
        # Never below nobody: somebody came in before the count began.
        present = max(0, self.present + came_in - went_out)
        self.present = present if self._max_present is None else min(present, self._max_present)

    def reset(self):
        """Everybody is out: start to count anew."""
        self.came_in = self.went_out = self.present = 0

    def read(self):
        """The counts. Raises SensorError blocked when a beam has been dark for a minute, whatever the other does."""
        seen = self._look()
        if seen != self._state:  # an edge was lost while much was going on
            try:
                schedule(self._on_edge, None)
            except RuntimeError:
                pass  # too much still is: what stands in the queue is an edge, or the next sample asks again
        now_ms = time.ticks_ms()
        dark = False
        for bit in (1, 2):
            if seen & self._state & bit and time.ticks_diff(now_ms, self._changed_ms[bit]) > _BLOCKED_MS:
                self._changed_ms[bit] = time.ticks_add(now_ms, -_BLOCKED_MS - 1)  # or the ticks' wrap ends it in days
                dark = True
        if dark:
            raise SensorError("blocked", "a beam is dark: something stands in it, or a lamp is out")
        return Passage(self.came_in, self.went_out, self.present)


class HoldButton:
    """Calls action() when a button to ground was held and is let go. A bounce in between begins the time anew."""

    def __init__(self, pin, action):
        self._pin = pin
        self._action = action
        self._down_ms = None
        pin.irq(self._on_edge, pin.IRQ_RISING | pin.IRQ_FALLING)

    def _on_edge(self, _):
        now_ms = time.ticks_ms()
        if not self._pin.value():
            self._down_ms = now_ms
        elif self._down_ms is not None:
            held_ms = time.ticks_diff(now_ms, self._down_ms)
            self._down_ms = None
            if _HOLD_MS <= held_ms < _JAMMED_MS:
                self._action()


class _Sensor:
    def __init__(self, driver, config, hw):
        self.driver = driver
        self.names = names(config)
        self.reset = driver.reset  # for a button, and for a command from the host
        if "reset_pin" in config:
            self._button = HoldButton(hw.pin_in(config["reset_pin"], 1), self.reset)

    async def sample(self):
        return list(zip(self.names, self.driver.read()))


def names(config):
    return named("people/in", config), named("people/out", config), named("people/present", config)


def setup(config, hw):
    most = config.get("max_present")
    if most is not None and (not isinstance(most, int) or most < 1):
        raise ValueError("max_present: found %s, expected a whole number above 0" % most)
    return _Sensor(LightBeam(hw.pin_in(config["pin_a"]), hw.pin_in(config["pin_b"]), most), config, hw)
