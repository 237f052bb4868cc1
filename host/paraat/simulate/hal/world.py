"""The physical truth of one point as a function of the story's time. Runs on MicroPython and on CPython.

A scenario is a dict (JSON); every time in it is in seconds after the story began:
  t0_unix, speed, real0_unix          see kernel.py
  tank {capacity_l, by, calibration}, fuel_l, burn_l_per_h, refuel [[s, litres added], ...]
  mains, generator [[s, true or false], ...]      people [[s, +1 or -1], ...]
  temperature_c, humidity_percent, co2_ppm, battery_v, battery_percent, load_w [[s, value], ...]
                                                  values between two rows lie on the line through them
"""

import math


def step(rows, t, default):
    """The value of the last row whose time has come."""
    value = default
    for row in rows:
        if row[0] > t:
            break
        value = row[1]
    return value


def line(rows, t):
    """The value on the line through the rows; before the first and after the last it stays."""
    before = rows[0]
    for row in rows:
        if row[0] > t:
            if row is before:
                return before[1]
            return before[1] + (row[1] - before[1]) * (t - before[0]) / (row[0] - before[0])
        before = row
    return before[1]


def inverse(table, litres):
    """The reading of a calibration table [[reading, litres], ...] at so many litres; litres may fall or rise."""
    rows = sorted([row[1], row[0]] for row in table)
    return line(rows, litres)


class World:
    """Everything the sensors of one point could measure. t is in seconds of the story."""

    def __init__(self, scenario):
        self.scenario = scenario
        tank = scenario.get("tank") or {}
        self.capacity_l = tank.get("capacity_l", 100.0)
        self.calibration = tank.get("calibration") or ()
        self.by_distance = tank.get("by") == "distance"

    def generator(self, t):
        return bool(step(self.scenario.get("generator", ()), t, False))

    def mains(self, t):
        return bool(step(self.scenario.get("mains", ()), t, True))

    def _running_h(self, t):
        """Hours that the generator has run by t."""
        total_s, on_since = 0, None
        for second, on in self.scenario.get("generator", ()):
            if second > t:
                break
            if on and on_since is None:
                on_since = second
            elif not on and on_since is not None:
                total_s += second - on_since
                on_since = None
        if on_since is not None:
            total_s += t - on_since
        return total_s / 3600

    def litres(self, t):
        s = self.scenario
        fuel = s.get("fuel_l", self.capacity_l)
        burn = s.get("burn_l_per_h", 0)
        burnt_before = 0
        for second, added in s.get("refuel", ()):
            if second > t:
                break
            burnt = self._running_h(second) * burn
            fuel = min(self.capacity_l, max(0, fuel - (burnt - burnt_before)) + added)
            burnt_before = burnt
        return max(0, fuel - (self._running_h(t) * burn - burnt_before))

    def level_percent(self, t):
        litres = self.litres(t)
        if self.calibration and not self.by_distance:
            return inverse(self.calibration, litres)
        return 100 * litres / self.capacity_l

    def distance_mm(self, t, empty_mm, full_mm):
        """What an ultrasonic sensor at the top sees; a ripple of some millimetres while the generator shakes it."""
        if self.by_distance:
            mm = 1000 * inverse(self.calibration, self.litres(t))
        else:
            mm = empty_mm - (empty_mm - full_mm) * self.level_percent(t) / 100
        if self.generator(t):
            # Of each moment its own: a sine alone, looked at once a minute, is a slow wave, and looks like a load that changes.
            chance = math.sin(t * 12.9898) * 43758.5453
            mm += 4 * (chance - math.floor(chance)) - 2
        return int(mm + 0.5)

    def temperature_c(self, t):
        return line(self.scenario.get("temperature_c", [[0, 20.0]]), t)

    def humidity_percent(self, t):
        return line(self.scenario.get("humidity_percent", [[0, 45.0]]), t)

    def co2_ppm(self, t):
        return line(self.scenario.get("co2_ppm", [[0, 600.0]]), t)

    def battery_v(self, t):
        return line(self.scenario.get("battery_v", [[0, 13.6]]), t)

    def battery_a(self, t):
        """Amperes, charging positive: the mains or the generator charges, else the board and its radio draw."""
        return 0.4 if self.mains(t) or self.generator(t) else -1.8

    def battery_percent(self, t):
        return line(self.scenario.get("battery_percent", [[0, 100.0]]), t)

    def load_w(self, t):
        """What the point takes while it is fed."""
        fed = self.mains(t) or self.generator(t)
        return line(self.scenario.get("load_w", [[0, 800]]), t) if fed else 0

    def people(self, t):
        return max(0, sum(n for second, n in self.scenario.get("people", ()) if second <= t))
