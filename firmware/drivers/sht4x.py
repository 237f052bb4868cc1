"""SHT40, SHT41, SHT43 and SHT45: temperature and humidity.

# Ref: Sensirion SHT4x data sheet, version 1, October 2020 ("DS" below).
"""

from drivers import _sensirion

KEYS = {"bus": "i2c", "address": "int?", "name": "name?"}

_ADDRESSES = (0x44, 0x45, 0x46)  # DS, device overview: part names with A, B and C
_MEASURE = b"\xfd"  # DS, command overview: high precision
_MEASURE_MS = 10  # DS, timings: 8.3 ms at most


def humidity_percent(raw):
    """DS, conversion of signal output: -6 to 119; what is beyond 0 and 100 is the chip's tolerance, to be cut off."""
    return min(100.0, max(0.0, -6 + 125 * raw / 65535))


names = _sensirion.climate_names


def setup(config, hw):
    return _sensirion.setup_hygrometer(config, hw, _ADDRESSES, _MEASURE, _MEASURE_MS, humidity_percent)
