"""SHT30, SHT31 and SHT35: temperature and humidity.

# Ref: Sensirion SHT3x-DIS data sheet, version 7, December 2022 ("DS" below).
"""

from drivers import _sensirion
from drivers._sensirion import Climate, temp_c

KEYS = {"bus": "i2c", "address": "int?", "name": "name?"}

_ADDRESSES = (0x44, 0x45)  # DS, I2C addresses: pin ADDR low, high
_MEASURE = b"\x24\x00"  # DS, measurement commands: single shot, high repeatability, no clock stretching
_MEASURE_MS = 16  # DS, timing: 15.5 ms at most, with high repeatability


def humidity_percent(raw):
    """DS, conversion of signal output: 0 to 100 over the 16 bits."""
    return 100 * raw / 65535


class SHT31:
    """i2c: the bus, up to 1 MHz. address: 0x44 or 0x45."""

    def __init__(self, i2c, address=_ADDRESSES[0]):
        self.i2c = i2c
        self.address = address

    async def read(self):
        """Measure now. Raises OSError (bus, or not done in time), SensorError crc."""
        raw_t, raw_h = await _sensirion.ask(self.i2c, self.address, _MEASURE, _MEASURE_MS, 2)
        return Climate(temp_c(raw_t), humidity_percent(raw_h))


names = _sensirion.climate_names


def setup(config, hw):
    address = _sensirion.checked_address(config, _ADDRESSES)
    return _sensirion.ClimateSensor(SHT31(hw.bus(config["bus"]), address), config)
