"""SHT31 thermometer and hygrometer: single shots without clock stretching. Faults as in sensirion.py.

It stays as another program has left it: `heater` on warms it (and dries what it measures), `periodic` takes no single
shot. reset(): it lost its power for a moment. `stuck_heater`: its heater does not go off.
"""

from devices import on_i2c, put
from devices.sensirion import Sensirion, air, raw_temperature

_BUSY_US = {0x2400: 15500, 0x240B: 6500, 0x2416: 4500}
_BREAK, _HEATER_ON, _HEATER_OFF, _STATUS = 0x3093, 0x306D, 0x3066, 0xF32D
_PERIODIC = (0x2737, 0x2130, 0x2032, 0x2236, 0x2334, 0x2B32)
_HEATER_BIT = 0x2000
_WARMER_C, _DRIER = 4.5, 45 / 57  # what a heater did to one of 24.4 degC and 57 %: esphome/issues#1465


class SHT31(Sensirion):
    def __init__(self, temperature_c, humidity_percent):
        super().__init__()
        self.temperature_c = temperature_c  # functions without arguments
        self.humidity_percent = humidity_percent
        self.stuck_heater = False
        self.reset()

    def reset(self):
        self.heater = self.periodic = False

    def execute(self, command):
        number = command[0] << 8 | command[1] if len(command) == 2 else None
        if number == _BREAK:
            self.periodic = False
            return 1000, ()
        if number in (_HEATER_ON, _HEATER_OFF):
            self.heater = number == _HEATER_ON or self.stuck_heater
            return 0, ()
        if number == _STATUS:
            return 0, (_HEATER_BIT if self.heater else 0,)
        if number in _PERIODIC and not self.periodic:
            self.periodic = True
            return 0, ()
        if number not in _BUSY_US or self.periodic:
            return None
        temperature_c = self.temperature_c() + (_WARMER_C if self.heater else 0)
        humidity_percent = self.humidity_percent() * (_DRIER if self.heater else 1)
        return _BUSY_US[number], (raw_temperature(temperature_c), round(humidity_percent * 65535 / 100))


def wire(sensor, bus, world):
    return on_i2c(bus, sensor.get("address", 0x44), SHT31(*air(world)))


ONE = {"driver": "sht31", "bus": "i2c0", "name": "hall"}
BREAKS = ((put("fault", "crc"), "crc"),)
