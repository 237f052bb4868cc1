"""SHT30, SHT31 and SHT35: temperature and humidity.

# Ref: Sensirion SHT3x-DIS data sheet, version 7, December 2022 ("DS" below).
"""

from drivers import _sensirion

KEYS = {"bus": "i2c", "address": "int?", "name": "name?"}

_ADDRESSES = (0x44, 0x45)  # DS, I2C addresses: pin ADDR low, high
_MEASURE = b"\x24\x00"  # DS, measurement commands: single shot, high repeatability, no clock stretching
_MEASURE_MS = 16  # DS, timing: 15.5 ms at most, with high repeatability


def humidity_percent(raw):
    """DS, conversion of signal output: 0 to 100 over the 16 bits."""
    return 100 * raw / 65535


names = _sensirion.climate_names


def setup(config, hw):
    return _sensirion.setup_hygrometer(config, hw, _ADDRESSES, _MEASURE, _MEASURE_MS, humidity_percent)
