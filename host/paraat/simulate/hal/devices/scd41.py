"""SCD41 carbon dioxide sensor: measures by itself every five seconds once it was started, and takes few commands then.

Faults as in sensirion.py; power_cycle(): it lost its power, and measures nothing until it is started again. It stays as
another program has left it: `asleep` it acknowledges nothing, `calibrates` says whether it does so by itself.
"""

import kernel

from devices import on_i2c, put
from devices.sensirion import Sensirion, air, pack, raw_temperature

_START, _STOP, _READY, _READ = 0x21B1, 0x3F86, 0xE4B8, 0xEC05
_SLEEP, _WAKE, _CALIBRATE = 0x36E0, 0x36F6, 0x2416
_PERIOD_US = 5000000


class SCD41(Sensirion):
    def __init__(self, co2_ppm, temperature_c, humidity_percent):
        super().__init__()
        self.co2_ppm = co2_ppm  # functions without arguments
        self.temperature_c = temperature_c
        self.humidity_percent = humidity_percent
        self.asleep = False
        self.calibrates = True
        self.power_cycle()

    def power_cycle(self):
        self._next_us = None  # when the next measurement is there; None: idle
        self._measured = None

    def execute(self, command):
        self._measure()
        number = command[0] << 8 | command[1]
        if self.asleep:
            self.asleep = number != _WAKE
            return None
        idle = self._next_us is None
        if number == _SLEEP and idle:
            self.asleep = True
            return 1000, ()
        if number == _CALIBRATE and idle and command[2:] in (pack((0,)), pack((1,))):
            self.calibrates = command[3] == 1
            return 1000, ()
        if number == _START and idle:
            self._next_us = kernel.now_us + _PERIOD_US
            return 0, ()
        if number == _STOP:
            self.power_cycle()
            return 500000, ()
        if number == _READY:
            return 1000, (0x8006 if self._measured else 0x8000,)
        if number == _READ and self._measured:
            words, self._measured = self._measured, None
            return 1000, words
        return None

    def _measure(self):
        """Keep the newest of what has become due."""
        if self._next_us is None or kernel.now_us < self._next_us:
            return
        self._next_us += ((kernel.now_us - self._next_us) // _PERIOD_US + 1) * _PERIOD_US
        raw_h = round(self.humidity_percent() * 65535 / 100)
        self._measured = (round(self.co2_ppm()), raw_temperature(self.temperature_c()), raw_h)


def wire(sensor, bus, world):
    return on_i2c(bus, 0x62, SCD41(lambda: world.co2_ppm(kernel.story_s()), *air(world)))


ONE = {"driver": "scd41", "bus": "i2c0"}
BREAKS = ((put("nack", True), "bus"),)
