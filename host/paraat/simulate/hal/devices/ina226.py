"""INA226 battery monitor as an I2C device: 16-bit registers, most significant byte first.

`nack`: it does not answer. `asleep`: it does not measure, whatever it is told. voltage_v and current_a are functions
without arguments. Until its first measurement is done it says 0. In power-down (a MODE of 0 or 4 in its configuration) it
measures nothing and keeps what it has. dip(): it lost its power for a moment.
"""

import kernel

from devices import on_i2c, put

_SHUNT = 0x01
_BUS = 0x02
_CURRENT = 0x04
_CALIBRATION = 0x05
_MASK_ENABLE = 0x06
_MANUFACTURER = 0xFE
_DIE = 0xFF
_READY = 0x0008
_AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
_CONVERSION_US = 1100  # of either input; other settings are not modelled


class INA226:
    def __init__(self, voltage_v, current_a, shunt_ohm):
        self.voltage_v = voltage_v
        self.current_a = current_a
        self.shunt_ohm = shunt_ohm
        self.nack = False
        self.asleep = False
        self._measured_us = None  # when its first measurement is done; None: it has had no power yet
        self._next_us = 0  # when there is one that was not yet told of
        self.registers = {0x00: 0x4127, _CALIBRATION: 0, _MANUFACTURER: 0x5449, _DIE: 0x2260}

    def dip(self):
        self.registers.update({0x00: 0x4127, _CALIBRATION: 0})

    def _is_down(self):
        return not self.registers[0x00] & 3

    def _period_us(self):
        return _AVERAGES[self.registers[0x00] >> 9 & 7] * 2 * _CONVERSION_US

    def write(self, register, data):
        self.registers[register] = data[0] << 8 | data[1]
        if register == 0x00:
            self._next_us = kernel.now_us + self._period_us()
            if self._measured_us is None:
                self._measured_us = self._next_us

    def _ready(self):
        if self.asleep or self._is_down() or kernel.now_us < self._next_us:
            return 0
        self._next_us = kernel.now_us + self._period_us()
        return _READY

    def read(self, register, count):
        value = self._value(register) & 0xFFFF
        return bytes((value >> 8, value & 0xFF))[:count]

    def _value(self, register):
        if register == _MASK_ENABLE:
            return self._ready()
        if register in (_BUS, _SHUNT, _CURRENT) and (self._measured_us is None or kernel.now_us < self._measured_us):
            return 0
        if register == _BUS:
            return min(32767, int(self.voltage_v() / 0.00125 + 0.5))
        shunt = round(self.current_a() * self.shunt_ohm / 0.0000025)
        shunt = max(-32768, min(32767, shunt))
        if register == _SHUNT:
            return shunt
        if register == _CURRENT:  # data sheet, equation 4
            return shunt * self.registers[_CALIBRATION] // 2048
        return self.registers.get(register, 0)


def wire(sensor, bus, world):
    device = INA226(
        lambda: world.battery_v(kernel.story_s()),
        lambda: world.battery_a(kernel.story_s()),
        sensor["shunt_milliohm"] / 1000,
    )
    return on_i2c(bus, sensor.get("address", 0x40), device)


ONE = {"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 2.0}
BREAKS = ((put("nack", True), "bus"),)
