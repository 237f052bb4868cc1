"""INA226 battery monitor: bus voltage, and current through a shunt.

# Ref: Texas Instruments INA226, SBOS547B (rev. B, 2024) ("DS" below).
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import Sensor, SensorError, keep, named

KEYS = {"bus": "i2c", "address": "int?", "shunt_milliohm": "number", "maker_id": "int?", "name": "name?"}

_ADDRESSES = range(0x40, 0x50)  # by pins A0 and A1
_CONFIGURATION = const(0x00)
_SHUNT_VOLTAGE = const(0x01)
_BUS_VOLTAGE = const(0x02)
_MASK_ENABLE = const(0x06)
_READY = const(0x0008)  # DS, Mask/Enable, CVRF: cleared by a read of it, and by a write of the configuration
_MANUFACTURER_ID = const(0xFE)
_TI = const(0x5449)  # "TI"
# DS table 7-6: averages of 16 (slosh of a charger's ripple), 1.1 ms conversions, shunt and bus, continuous.
_AVERAGE_16 = b"\x45\x27"

_POLL_MS = const(5)
_POLLS = const(20)  # 16 averages of 1.1 ms for each of the two take 35 ms

_FULL_SCALE = const(32767)  # 81.92 mV at the shunt, 40.96 V at the bus

_SCALES = (1000, 1000)  # mV and mA to the metrics' V and A

Power = namedtuple("Power", ("bus_mv", "current_ma"))


def bus_mv(raw):
    """DS 7.6.1.3: 1.25 mV a bit, always positive."""
    return raw * 5 // 4


def shunt_uv(raw):
    """DS 7.6.1.2: 2.5 uV a bit, two's complement."""
    if raw & 0x8000:
        raw -= 0x10000
    return raw * 5 / 2


def current_ma(raw_shunt, shunt_milliohm):
    """Ohm's law on the shunt voltage: uV / mOhm = mA. The chip's own current register only rounds the same product."""
    return shunt_uv(raw_shunt) / shunt_milliohm


class INA226:
    """i2c: the bus, up to 2.94 MHz. address: 0x40 to 0x4F by pins A0 and A1. shunt_milliohm: of the shunt."""

    def __init__(self, i2c, address=_ADDRESSES[0], shunt_milliohm=2.0, maker_id=_TI):
        self.i2c = i2c
        self.address = address
        self.shunt_milliohm = shunt_milliohm
        self._buf = bytearray(2)
        found = self._read(_MANUFACTURER_ID)
        if found in (0, 0xFFFF):
            raise SensorError("bus", "0x%02x: only %04x: a line of the bus is held, or no supply" % (address, found))
        if found != maker_id:
            detail = "0x%02x: id %04x, not %04x: a copy (maker_id = 0x%04x), or another chip"
            raise SensorError("config", detail % (address, found, maker_id, found))

    def _read(self, register):
        self.i2c.readfrom_mem_into(self.address, register, self._buf)
        return self._buf[0] << 8 | self._buf[1]

    async def _measured(self):
        """Wait for a measurement since the last read: before the first one the registers say 0 V."""
        for _ in range(_POLLS):
            if self._read(_MASK_ENABLE) & _READY:
                return
            await asyncio.sleep_ms(_POLL_MS)
        raise SensorError("silent", "the INA226 does not measure")

    async def read(self):
        """Voltage and current, or SensorError range for the one that is at the end of what the chip measures.

        Raises OSError (bus), SensorError: silent (it does not measure), bus (it does not keep its settings).
        """
        # A dip of the supply, or another program, leaves it measuring once instead of sixteen times, or asleep.
        keep(self.i2c, self.address, _CONFIGURATION, _AVERAGE_16)
        await self._measured()
        raw_shunt, raw_bus = self._read(_SHUNT_VOLTAGE), self._read(_BUS_VOLTAGE)
        most_a = 81.92 / self.shunt_milliohm
        return Power(
            bus_mv(raw_bus) if raw_bus < _FULL_SCALE else SensorError("range", "40.96 V or more at VBUS"),
            SensorError("range", "%.2f A or more through the shunt, or its wires are off" % most_a)
            if raw_shunt in (_FULL_SCALE, 0x8000)
            else current_ma(raw_shunt, self.shunt_milliohm),
        )


def names(config):
    return named("battery/voltage", config), named("battery/current", config)


def setup(config, hw):
    shunt_milliohm = config["shunt_milliohm"]
    if shunt_milliohm <= 0:
        raise ValueError("shunt_milliohm: found %s, expected above 0" % shunt_milliohm)
    address = config.get("address", _ADDRESSES[0])
    if address not in _ADDRESSES:
        raise ValueError("address: found %s, expected 0x40 to 0x4f" % address)
    driver = INA226(hw.bus(config["bus"]), address, shunt_milliohm, config.get("maker_id", _TI))
    return Sensor(driver, names(config), _SCALES)
