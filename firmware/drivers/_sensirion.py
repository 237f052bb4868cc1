"""What Sensirion's I2C chips have in common: a command, a wait, and words of two bytes with a CRC behind each.

# Ref: Sensirion data sheets SHT3x-DIS, version 7 (December 2022), SHT4x, version 1 (October 2020), SCD4x (May 2023):
#      "Checksum calculation" and "Conversion of signal output". All three state the same CRC and the same temperature.
"""

import asyncio
from collections import namedtuple

from drivers import Sensor, SensorError, named

Climate = namedtuple("Climate", ("temp_c", "humidity_percent"))


def crc8(data):
    """Polynomial 0x31, begins with 0xFF, most significant bit first: BE EF gives 92."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc


def temp_c(raw):
    """-45 degC to 130 degC over the 16 bits."""
    return -45 + 175 * raw / 65535


async def ask(i2c, address, command, wait_ms, count):
    """Send a command (bytes), wait, and return its `count` words, SensorError crc for a garbled one. Raises OSError."""
    i2c.writeto(address, command)
    await asyncio.sleep_ms(wait_ms)
    reply = bytearray(3 * count)
    i2c.readfrom_into(address, reply)
    words = []
    for i in range(0, len(reply), 3):
        whole = crc8(reply[i : i + 2]) == reply[i + 2]
        error = None if whole else SensorError("crc", "word %d of the chip at 0x%02x" % (i // 3, address))
        words.append(error or reply[i] << 8 | reply[i + 1])
    return words


async def status(i2c, address, command, wait_ms):
    """The one word that a command gives. Raises OSError (no answer), SensorError crc."""
    (word,) = await ask(i2c, address, command, wait_ms, 1)
    if isinstance(word, SensorError):
        raise word
    return word


def convert(formula, word):
    """The formula of a word, or the SensorError that stands in its place."""
    return word if isinstance(word, SensorError) else formula(word)


class Hygrometer:
    """A chip that measures temperature and humidity once for a command.

    i2c: the bus, up to 1 MHz. measure: the command, as bytes; measure_ms: how long it takes at most.
    humidity_percent: the chip's own formula for the second word. prepare: a coroutine function of i2c and address, for
    before the first measurement.
    """

    def __init__(self, i2c, address, measure, measure_ms, humidity_percent, prepare=None):
        self._i2c = i2c
        self._address = address
        self._measure = measure
        self._measure_ms = measure_ms
        self._humidity_percent = humidity_percent
        self._prepare = prepare

    async def read(self):
        """Measure now; SensorError crc in the place of a garbled one. Raises OSError (bus, or not done in time)."""
        if self._prepare is not None:
            await self._prepare(self._i2c, self._address)
            self._prepare = None
        raw_t, raw_h = await ask(self._i2c, self._address, self._measure, self._measure_ms, 2)
        return Climate(convert(temp_c, raw_t), convert(self._humidity_percent, raw_h))


def climate_names(config):
    return named("climate/temperature", config), named("climate/humidity", config)


def setup_hygrometer(config, hw, addresses, *chip):
    """What setup gives of a sensor at one of these addresses, by default the first. chip: as Hygrometer takes it."""
    address = config.get("address", addresses[0])
    if address not in addresses:
        known = " or ".join(["0x%02x" % a for a in addresses])
        raise ValueError("address: found %s, expected %s" % (address, known))
    return Sensor(Hygrometer(hw.bus(config["bus"]), address, *chip), climate_names(config))
