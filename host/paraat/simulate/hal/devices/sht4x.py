"""SHT4x thermometer and hygrometer. Faults as in sensirion.py."""

from devices import on_i2c, put
from devices.sensirion import Sensirion, air, raw_temperature

_BUSY_US = {0xFD: 8300, 0xF6: 4500, 0xE0: 1700}


class SHT4x(Sensirion):
    def __init__(self, temperature_c, humidity_percent):
        super().__init__()
        self.temperature_c = temperature_c  # functions without arguments
        self.humidity_percent = humidity_percent

    def execute(self, command):
        busy_us = _BUSY_US.get(command[0]) if len(command) == 1 else None
        if busy_us is None:
            return None
        raw = round((self.humidity_percent() + 6) * 65535 / 125)
        return busy_us, (raw_temperature(self.temperature_c()), raw)


def wire(sensor, bus, world):
    return on_i2c(bus, sensor.get("address", 0x44), SHT4x(*air(world)))


ONE = {"driver": "sht4x", "bus": "i2c0", "address": 0x45, "name": "yard"}
BREAKS = ((put("nack", True), "bus"),)
