"""The alarm at the point itself: a lamp, a buzzer and a button, from the first sample on, without any network.

Unknown holds an alarm as it is, and shows: the lamp never says that all is well when a sensor is at fault.
"""

from micropython import const

LOW_FUEL = "alarm/low-fuel"
LOW_BATTERY = "alarm/low-battery"
GENERATOR_DOWN = "alarm/generator-down"

_IN_A_ROW = const(2)  # samples that must agree before an alarm changes

# Milliseconds on, off, on, off, ... and then again. They differ in count and length, not only in speed.
PATTERNS = {
    "well": (50, 4950),
    "no-link": (50, 250, 50, 4650),
    "unknown": (50, 250, 50, 250, 50, 4350),
    LOW_BATTERY: (800, 400, 100, 1700),
    LOW_FUEL: (800, 800),
    GENERATOR_DOWN: (250, 250),
    # What somebody has asked for, with the buzzer.
    "identify": (100, 100, 100, 100, 100, 900),
    "called": (1200, 200, 200, 200),  # by the host: it has an alert of this point
    "help": (100, 100, 100, 100, 100, 100, 100, 100, 100, 600),
    "opened": (200, 200, 600, 600),
    "closed": (600, 200, 200, 600),
}
_WORST_FIRST = (GENERATOR_DOWN, LOW_FUEL, LOW_BATTERY)


class _Alarm:
    def __init__(self):
        self.on = False
        self.acknowledged = False
        self._agree = _IN_A_ROW - 1  # the first sample after the start decides alone: nothing is known better

    def update(self, wanted):
        """wanted: True, False, or None for unknown or in between. Returns whether the alarm changed."""
        if wanted is None or wanted == self.on:
            self._agree = 0
            return False
        self._agree += 1
        if self._agree < _IN_A_ROW:
            return False
        self._agree = 0
        self.on = wanted
        self.acknowledged = False
        return True


class LocalAlarm:
    """limits: the "alarm" table of the configuration. expected: the metrics that the sensors should give.

    unusable: how many sensors of the configuration cannot even be asked (node.sampler): they stay unknown for ever.
    """

    def __init__(self, limits, expected, unusable=0):
        self._limits = limits
        self._expected = expected
        self._unusable = unusable
        self._alarms = {name: _Alarm() for name in _WORST_FIRST}
        self.linked = False  # the host has acknowledged something a short time ago
        self.kept = True  # the last sample is in the journal: without that the host never hears of it
        self._blind = True  # no sample yet

    def update(self, values, faults):
        """Judge a sample. faults: those that tell of trouble. Returns the changes as a list of (alarm name, on)."""
        self._blind = bool(faults or self._unusable)
        limits = self._limits
        wanted = {
            LOW_FUEL: self._low(values, "fuel/level", limits["fuel_low_percent"], limits["hysteresis_percent"]),
            LOW_BATTERY: self._low(values, "battery/voltage", limits["battery_low_v"], limits["hysteresis_v"]),
            GENERATOR_DOWN: self._generator_down(dict(values)),
        }
        changes = []
        for name, alarm in self._alarms.items():
            if alarm.update(wanted[name]):
                changes.append((name, alarm.on))
        return changes

    def _low(self, values, metric, limit, hysteresis):
        """Whether the lowest of a kind is too low; None when unknown or within the hysteresis."""
        found = [v for name, v in values if name == metric or name.startswith(metric + "/")]
        expected = [n for n in self._expected if n == metric or n.startswith(metric + "/")]
        if found and min(found) < limit:
            return True
        if len(found) < len(expected) or not found:
            return None  # one of them is silent: it may be the low one
        return False if min(found) >= limit + hysteresis else None

    def _generator_down(self, values):
        mains, generator = values.get("power/mains"), values.get("power/generator")
        if mains or generator:
            return False
        return True if mains is False and generator is False else None

    @property
    def state(self):
        """The key of PATTERNS that the lamp shows."""
        for name in _WORST_FIRST:
            if self._alarms[name].on:
                return name
        if self._blind:
            return "unknown"
        return "well" if self.linked and self.kept else "no-link"

    @property
    def sounds(self):
        """True when the buzzer goes along with the lamp: an alarm that nobody has acknowledged."""
        for alarm in self._alarms.values():  # asked five times a second: no list for it
            if alarm.on and not alarm.acknowledged:
                return True
        return False

    def acknowledge(self):
        """The button: silence what is on, until it clears and comes again. Returns whether there was something."""
        any_on = self.sounds
        for alarm in self._alarms.values():
            if alarm.on:
                alarm.acknowledged = True
        return any_on
