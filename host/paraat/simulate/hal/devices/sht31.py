"""SHT31 thermometer and hygrometer: single shots without clock stretching. Faults as in sensirion.py."""

from devices.sensirion import Sensirion, raw_temperature

_BUSY_US = {0x2400: 15500, 0x240B: 6500, 0x2416: 4500}


class SHT31(Sensirion):
    def __init__(self, temperature_c, humidity_percent):
        super().__init__()
        self.temperature_c = temperature_c  # functions without arguments
        self.humidity_percent = humidity_percent

    def execute(self, command):
        busy_us = _BUSY_US.get(command[0] << 8 | command[1]) if len(command) == 2 else None
        if busy_us is None:
            return None
        return busy_us, (raw_temperature(self.temperature_c()), round(self.humidity_percent() * 65535 / 100))
