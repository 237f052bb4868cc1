"""SHT40, SHT41, SHT43 and SHT45: temperature and humidity.

# Ref: Sensirion SHT4x data sheet, version 1, October 2020 ("DS" below).
"""

from drivers import _sensirion
from drivers._sensirion import Climate, temp_c

KEYS = {"bus": "i2c", "address": "int?", "name": "name?"}

_ADDRESSES = (0x44, 0x45, 0x46)  # DS, device overview: part names with A, B and C
_MEASURE = b"\xfd"  # DS, command overview: high precision
_MEASURE_MS = 10  # DS, timings: 8.3 ms at most


def humidity_percent(raw):
    """DS, conversion of signal output: -6 to 119; what is beyond 0 and 100 is the chip's tolerance, to be cut off."""
    return min(100.0, max(0.0, -6 + 125 * raw / 65535))


class SHT4x:
    """i2c: the bus, up to 1 MHz. address: 0x44, 0x45 or 0x46."""

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
    return _sensirion.ClimateSensor(SHT4x(hw.bus(config["bus"]), address), config)
