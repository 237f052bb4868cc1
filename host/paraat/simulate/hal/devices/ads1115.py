"""ADS1115 as an I2C device with a current loop on each of its four inputs: single shots, 16-bit registers.

`nack`: it does not answer. `fault`: None, "stuck" (never ends a conversion). reset(): it lost its power for a moment.
"""

import kernel
from world import inverse

from devices import on_i2c, put, wired

_CONVERSION = 0x00
_CONFIG = 0x01
_RESET_CONFIG = 0x8583
_OS = 0x8000
_FULL_SCALE_UV = (6144000, 4096000, 2048000, 1024000, 512000, 256000, 256000, 256000)
_RATES_SPS = (8, 16, 32, 64, 128, 250, 475, 860)


class ADS1115:
    def __init__(self, loops_ma, sense_ohm=100):
        """loops_ma: channel -> function without arguments."""
        self.loops_ma = loops_ma
        self.sense_ohm = sense_ohm
        self.nack = False
        self.fault = None
        self.reset()

    def reset(self):
        self.config = _RESET_CONFIG
        self._raw = 0
        self._done_us = 0

    def write(self, register, data):
        value = data[0] << 8 | data[1]
        if register == _CONFIG:
            self.config = value & ~_OS
            if value & _OS:
                rate_sps = _RATES_SPS[value >> 5 & 7] * 0.9  # the slowest that the maker allows
                self._done_us = kernel.now_us + int(1000000 / rate_sps)
                self._raw = self._measure()

    def read(self, register, count):
        busy = self.fault == "stuck" or kernel.now_us < self._done_us
        value = 0 if busy else self._raw
        if register == _CONFIG:
            value = self.config | (0 if busy else _OS)
        return bytes((value >> 8 & 0xFF, value & 0xFF))[:count]

    def _measure(self):
        mux = self.config >> 12 & 7
        loop = self.loops_ma.get(mux - 4)  # 4 to 7: that input against ground
        uv = 0 if loop is None else loop() * self.sense_ohm * 1000
        uv = max(-300000, min(3600000, uv))  # what its protection lets through, at a supply of 3.3 V
        raw = round(uv * 32768 / _FULL_SCALE_UV[self.config >> 9 & 7])
        return max(-32768, min(32767, raw))


def wire(sensor, bus, world):
    table = [[sensor.get("empty_ma", 4), 0], [sensor.get("full_ma", 20), 100]]
    address = sensor.get("address", 0x48)
    # Four probes hang on one chip.
    device = wired(bus).get(address) or on_i2c(bus, address, ADS1115({}, sensor.get("sense_ohm", 100)))
    device.loops_ma[sensor.get("channel", 0)] = lambda: inverse(table, world.level_percent(kernel.story_s()))
    return device


ONE = {"driver": "ads1115", "bus": "i2c0", "name": "depot"}
BREAKS = ((put("nack", True), "bus"), (put("fault", "stuck"), "silent"))
