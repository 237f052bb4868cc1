"""A 4-20 mA level probe, measured by an ADS1115 over a resistor from its input to ground.

# Ref: Texas Instruments ADS1113, ADS1114, ADS1115, SBAS444E (December 2024) ("DS" below).
#      NAMUR NE 43 (2021): 3.8 to 20.5 mA is a measurement, up to 3.6 and from 21 mA the probe says that it failed.
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import SensorError, _level, named

KEYS = {
    "bus": "i2c",
    "address": "int?",
    "channel": "int?",
    "sense_ohm": "number?",
    "empty_ma": "number?",
    "full_ma": "number?",
    "name": "name?",
}
ENDS = ("empty_ma", "full_ma")

# DS, register map.
_CONVERSION = const(0x00)
_CONFIG = const(0x01)
# DS, Config register: start one conversion (OS), AIN0 to AIN3 against ground (MUX), single shot (MODE), 128 SPS (DR),
# comparator off (COMP_QUE).
_START = const(0xC183)
_OS = const(0x8000)  # reads 1 when no conversion is going on
_CHANNEL_SHIFT = const(12)
_GAIN_SHIFT = const(9)
# DS, Config register, PGA: full scale in mV, and its code; a bit is full scale / 32768. The wider ranges than 4096 mV end
# at the supply of 3.3 V all the same.
_GAINS = ((512, 4), (1024, 3), (2048, 2), (4096, 1))

_CONVERSION_MS = const(8)  # 1 / 128 SPS
_POLLS = const(5)  # DS: the rate is true to 10 %
_POLL_MS = const(1)

BROKEN_MA = 3.6
FAILED_MA = 21
_TOP_MA = 22  # the range must hold the probe's own alarm, to tell it from 20.5
_TOP_MV = 3100  # DS, absolute maximum: the supply of 3.3 V and 0.3
_LEAST_SPAN_MA = 1

Current = namedtuple("Current", ("current_ma",))


def gain(sense_ohm):
    """(full scale in mV, PGA code) of the narrowest range that holds 22 mA. Raises ValueError."""
    for full_scale_mv, code in _GAINS:
        if 0 < _TOP_MA * sense_ohm <= min(full_scale_mv, _TOP_MV):
            return full_scale_mv, code
    raise ValueError("sense_ohm: found %s, expected above 0 and at most %d" % (sense_ohm, _TOP_MV // _TOP_MA))


def current_ma(raw, full_scale_mv, sense_ohm):
    """DS, data format: two's complement; Ohm's law: mV / ohm = mA."""
    if raw & 0x8000:
        raw -= 0x10000
    return raw * full_scale_mv / 32768 / sense_ohm


class ADS1115:
    """i2c: the bus, up to 400 kHz. address: 0x48 to 0x4B by pin ADDR. channel: 0 to 3. sense_ohm: resistor to ground."""

    def __init__(self, i2c, address=0x48, channel=0, sense_ohm=100):
        self.i2c = i2c
        self.address = address
        self.sense_ohm = sense_ohm
        self.full_scale_mv, code = gain(sense_ohm)
        self._start = _START | channel << _CHANNEL_SHIFT | code << _GAIN_SHIFT
        self._buf = bytearray(2)

    def _read(self, register):
        self.i2c.readfrom_mem_into(self.address, register, self._buf)
        return self._buf[0] << 8 | self._buf[1]

    async def _shot(self):
        self._buf[0], self._buf[1] = self._start >> 8, self._start & 0xFF
        self.i2c.writeto_mem(self.address, _CONFIG, self._buf)
        await asyncio.sleep_ms(_CONVERSION_MS)
        for _ in range(_POLLS):
            state = self._read(_CONFIG)
            if state & ~_OS != self._start & ~_OS:  # it lost its power: what it holds is another input's, or none
                raise SensorError("bus", "the ADS1115 holds %04x: its supply dips, or wires" % state)
            if state & _OS:
                return current_ma(self._read(_CONVERSION), self.full_scale_mv, self.sense_ohm)
            await asyncio.sleep_ms(_POLL_MS)
        raise SensorError("silent", "the ADS1115 does not end its conversion")

    async def read(self):
        """The mean of eight medians. Raises OSError (bus), SensorError: wire-break, range (the probe failed), silent."""
        found = await _level.looks(self._shot)
        for ma in found:
            if ma < BROKEN_MA:
                raise SensorError("wire-break", "%.1f mA: a wire is off, or the probe has no supply" % ma)
            if ma > FAILED_MA:
                raise SensorError("range", "%.1f mA: the probe says that it failed, or its wires touch" % ma)
        return Current(sum(found) / len(found))


class _Sensor:
    def __init__(self, driver, empty_ma, full_ma, config):
        self.driver = driver
        self.empty_ma = empty_ma
        self.full_ma = full_ma
        self.names = names(config)

    async def measure(self):
        return (await self.driver.read()).current_ma

    async def sample(self):
        ma = await self.measure()
        over_ma = (ma - self.full_ma) * (1 if self.full_ma > self.empty_ma else -1)
        if over_ma > _level.slack(self.empty_ma, self.full_ma):  # none of the probe's alarms, and yet no full tank
            raise SensorError("range", "%.1f mA: beyond a full tank: another probe, or full_ma" % ma)
        return [(self.names[0], _level.percent(ma, self.empty_ma, self.full_ma))]


def names(config):
    return (named("fuel/level", config),)


def setup(config, hw):
    address = config.get("address", 0x48)
    if not 0x48 <= address <= 0x4B:
        raise ValueError("address: found 0x%02x, expected 0x48 to 0x4b" % address)
    channel = config.get("channel", 0)
    if channel not in (0, 1, 2, 3):
        raise ValueError("channel: found %s, expected 0 to 3" % channel)
    empty_ma, full_ma = config.get("empty_ma", 4), config.get("full_ma", 20)
    low, high = min(empty_ma, full_ma), max(empty_ma, full_ma)
    if low <= BROKEN_MA or high >= FAILED_MA or high - low < _LEAST_SPAN_MA:
        raise ValueError("empty_ma, full_ma: found %s, %s, expected 4 to 20, 1 mA apart" % (empty_ma, full_ma))
    driver = ADS1115(hw.bus(config["bus"]), address, channel, config.get("sense_ohm", 100))
    return _Sensor(driver, empty_ma, full_ma, config)
