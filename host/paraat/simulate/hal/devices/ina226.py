"""INA226 battery monitor as an I2C device: 16-bit registers, most significant byte first.

`nack`: it does not answer. voltage_v and current_a are functions without arguments.
"""

_SHUNT = 0x01
_BUS = 0x02
_CURRENT = 0x04
_CALIBRATION = 0x05
_MANUFACTURER = 0xFE
_DIE = 0xFF


class INA226:
    def __init__(self, voltage_v, current_a, shunt_ohm):
        self.voltage_v = voltage_v
        self.current_a = current_a
        self.shunt_ohm = shunt_ohm
        self.nack = False
        self.registers = {0x00: 0x4127, _CALIBRATION: 0, _MANUFACTURER: 0x5449, _DIE: 0x2260}

    def write(self, register, data):
        self.registers[register] = data[0] << 8 | data[1]

    def read(self, register, count):
        value = self._value(register) & 0xFFFF
        return bytes((value >> 8, value & 0xFF))[:count]

    def _value(self, register):
        if register == _BUS:
            return int(self.voltage_v() / 0.00125 + 0.5)
        shunt = round(self.current_a() * self.shunt_ohm / 0.0000025)
        shunt = max(-32768, min(32767, shunt))
        if register == _SHUNT:
            return shunt
        if register == _CURRENT:  # data sheet, equation 4
            return shunt * self.registers[_CALIBRATION] // 2048
        return self.registers.get(register, 0)
