"""SHT30, SHT31 and SHT35: temperature and humidity.

# Ref: Sensirion SHT3x-DIS data sheet, version 7, December 2022 ("DS" below).
"""

import asyncio

from drivers import SensorError, _sensirion

KEYS = {"bus": "i2c", "address": "int?", "name": "name?"}

_ADDRESSES = (0x44, 0x45)  # DS, I2C addresses: pin ADDR low, high
_MEASURE = b"\x24\x00"  # DS, measurement commands: single shot, high repeatability, no clock stretching
_MEASURE_MS = 16  # DS, timing: 15.5 ms at most, with high repeatability
_BREAK = b"\x30\x93"  # DS, break command: end of the periodic mode, in which it takes no single shot
_HEATER_OFF = b"\x30\x66"
_STATUS = b"\xf3\x2d"
_HEATER = 0x2000  # DS, status register, bit 13
_WAIT_MS = 2  # DS: 1 ms after a break


def humidity_percent(raw):
    """DS, conversion of signal output: 0 to 100 over the 16 bits."""
    return 100 * raw / 65535


async def _prepare(i2c, address):
    """Out of whatever mode another program has left it in. Raises OSError, SensorError: bus, crc."""
    for command in (_BREAK, _HEATER_OFF):
        i2c.writeto(address, command)
        await asyncio.sleep_ms(_WAIT_MS)
    if await _sensirion.status(i2c, address, _STATUS, _WAIT_MS) & _HEATER:
        raise SensorError("bus", "the heater of the chip at 0x%02x stays on" % address)


names = _sensirion.climate_names


def setup(config, hw):
    return _sensirion.setup_hygrometer(config, hw, _ADDRESSES, _MEASURE, _MEASURE_MS, humidity_percent, _prepare)
