"""SCD41 (and SCD40): carbon dioxide, which says how well a hall full of people is aired.

Its temperature and humidity are those of a chip that warms itself; hang a thermometer elsewhere.

# Ref: Sensirion SCD4x data sheet, May 2023 ("DS" below).
"""

import asyncio
from collections import namedtuple

from micropython import const

from drivers import Sensor, SensorError, _sensirion, named

KEYS = {"bus": "i2c", "name": "name?"}

_ADDRESS = const(0x62)
# DS, command overview.
_START = b"\x21\xb1"  # a measurement every five seconds from now on
_STOP = b"\x3f\x86"
_STOP_MS = const(500)
_WAKE = b"\x36\xf6"  # out of power-down; the one command that it never acknowledges
_WAKE_MS = const(30)
_CALIBRATE = b"\x24\x16\x00\x01\xb0"  # DS, set_automatic_self_calibration_enabled: on
_READY = b"\xe4\xb8"
_READY_BITS = const(0x07FF)  # DS, get_data_ready_status: nothing new while these are all 0
_READ = b"\xec\x05"
_ANSWER_MS = const(2)  # DS: 1 ms
_LOOK_MS = const(500)
_LOOKS = const(13)  # 6 s: with the stop before it, the first sample takes 5.5 s of the sampler's 10

Air = namedtuple("Air", ("co2_ppm", "temp_c", "humidity_percent"))


def air(raw_co2, raw_t, raw_h):
    """DS, read_measurement: ppm as it is; temperature and humidity over the 16 bits. A SensorError stays what it is."""
    humidity_percent = _sensirion.convert(lambda raw: 100 * raw / 65535, raw_h)
    return Air(raw_co2, _sensirion.convert(_sensirion.temp_c, raw_t), humidity_percent)


class SCD41:
    """i2c: the bus, up to 400 kHz."""

    def __init__(self, i2c):
        self.i2c = i2c
        self._started = False

    async def _start(self):
        # After a restart of the board it may still measure, and then it takes no other command than to stop. Another
        # program may have put it to sleep, or switched off its calibration.
        try:
            self.i2c.writeto(_ADDRESS, _WAKE)
        except OSError:
            pass  # as it must be
        await asyncio.sleep_ms(_WAKE_MS)
        self.i2c.writeto(_ADDRESS, _STOP)
        await asyncio.sleep_ms(_STOP_MS)
        self.i2c.writeto(_ADDRESS, _CALIBRATE)
        await asyncio.sleep_ms(_ANSWER_MS)
        self.i2c.writeto(_ADDRESS, _START)
        self._started = True

    async def read(self):
        """The newest measurement since the last, SensorError crc for what of it is garbled.

        Raises OSError (bus), SensorError: crc (of its state), silent (none came).
        """
        if not self._started:
            await self._start()
        for _ in range(_LOOKS):
            if await _sensirion.status(self.i2c, _ADDRESS, _READY, _ANSWER_MS) & _READY_BITS:
                return air(*await _sensirion.ask(self.i2c, _ADDRESS, _READ, _ANSWER_MS, 3))
            await asyncio.sleep_ms(_LOOK_MS)
        self._started = False  # it lost its power; the next sample starts it again
        raise SensorError("silent", "the SCD41 does not measure")


def names(config):
    """Of the carbon dioxide alone, the first of what read() gives."""
    return (named("climate/co2", config),)


def setup(config, hw):
    return Sensor(SCD41(hw.bus(config["bus"])), names(config))
