"""A02YYUW waterproof ultrasonic distance sensor, looking down at the fuel.

# Ref: DFRobot SEN0311 (A02YYUW), product wiki "UART Auto Output", retrieved 2026-11: 9600 8N1, FF H L SUM with
#      SUM = (FF + H + L) & FF, distance = H << 8 | L in mm; range 30 to 4500 mm. With its RX open or high, as a UART
#      holds it, it smooths, and takes 100 to 300 ms; with RX at ground 100 ms.
"""

import asyncio
from collections import namedtuple

from node.filters import median

from drivers import SensorError, _level, named

KEYS = {"bus": "uart", "empty_mm": "int", "full_mm": "int", "shots": "int?", "name": "name?"}
ENDS = ("empty_mm", "full_mm")

MIN_MM = 30  # closer lies in the dead band: echoes from there are not to be believed
LEAST_FULL_MM = 60  # what is in its way, or wet on its face, reads as MIN_MM: a full tank must be told from that
MAX_MM = 4500
_FRAME_BYTES = 4
_POLL_MS = 100
_SETTLE_MS = 10
_TRIES_PER_SHOT = 2  # half of the frames may be cut, wrong or out of range
_SILENT_POLLS = 20  # without one byte
_POLLS = 85  # of all medians together, within the sampler's 10 s: a slow sensor has time for fewer of them
_MOST_SHOTS = 9

Distance = namedtuple("Distance", ("distance_mm", "shots", "rejected"))


def parse(buffer):
    """Split bytes into ([distance in mm], number of wrong checksums, bytes left over for the next time)."""
    found = []
    wrong = 0
    i = 0
    while len(buffer) - i >= _FRAME_BYTES:
        if buffer[i] != 0xFF:
            i += 1
            continue
        if (0xFF + buffer[i + 1] + buffer[i + 2]) & 0xFF == buffer[i + 3]:
            found.append(buffer[i + 1] << 8 | buffer[i + 2])
            i += _FRAME_BYTES
        else:
            wrong += 1
            i += 1
    return found, wrong, buffer[i:]


class A02YYUW:
    """uart: 9600 baud. shots: how many distances the median is taken of, at least 5."""

    def __init__(self, uart, shots=_level.SHOTS):
        self.uart = uart
        self.shots = max(_level.SHOTS, shots)

    async def read(self):
        """The mean of eight medians, of fewer when frames come slowly.

        Raises SensorError: silent (no bytes, or too few frames), crc (no frames, or wrong ones), range (no echo).
        """
        for _ in range(2):  # what piled up since the last time is old; the chip's FIFO comes out after the first read
            self.uart.read()
            await asyncio.sleep_ms(_SETTLE_MS)
        polls = _POLLS
        looks = []
        while len(looks) < _level.LOOKS:
            look, used = await self._look(polls)
            if look is None:
                break  # the time is up
            looks.append(look)
            polls -= used
        if not looks:
            raise SensorError("silent", "less than %d frames in %d s" % (self.shots, _POLLS * _POLL_MS // 1000))
        return Distance(
            sum([look.distance_mm for look in looks]) // len(looks),
            sum([look.shots for look in looks]),
            sum([look.rejected for look in looks]),
        )

    async def _look(self, polls):
        """(one median, how many polls it took); None for it when so many polls are not enough."""
        good = []
        wrong = rejected = heard = used = 0
        rest = b""
        while used < polls and len(good) < self.shots and len(good) + wrong + rejected < self.shots * _TRIES_PER_SHOT:
            await asyncio.sleep_ms(_POLL_MS)
            used += 1
            data = self.uart.read()
            if data is None:
                if not heard and used >= _SILENT_POLLS:
                    raise SensorError("silent", "no bytes from the A02YYUW")
                continue
            heard += len(data)
            found, bad, rest = parse(rest + data)
            wrong += bad
            for mm in found:
                if MIN_MM <= mm <= MAX_MM:
                    good.append(mm)
                else:
                    rejected += 1
        if rejected and rejected >= len(good):
            raise SensorError("range", "no distance of %d to %d mm: no echo, or its face is wet" % (MIN_MM, MAX_MM))
        if len(good) >= self.shots:
            return Distance(median(good), len(good), rejected), used
        if wrong and wrong + rejected >= len(good):
            raise SensorError("crc", "%d frames with a wrong checksum" % wrong)
        if heard and not good:
            raise SensorError("crc", "%d bytes but no frame: 9600 baud? wired to TX? a type that sends frames?" % heard)
        return None, used


class _Sensor:
    def __init__(self, driver, config):
        self.driver = driver
        self.empty_mm = config["empty_mm"]
        self.full_mm = config["full_mm"]
        # A surface further off than the bottom, or above "full" by more than this, is an echo from something else.
        self.most_mm = self.empty_mm + max(30, _level.slack(self.empty_mm, self.full_mm))
        self.least_mm = self.full_mm - _level.full_slack(self.empty_mm, self.full_mm, MIN_MM)
        self.names = names(config)

    async def measure(self):
        return (await self.driver.read()).distance_mm

    async def sample(self):
        mm = await self.measure()
        if not self.least_mm <= mm <= self.most_mm:
            where = "%d mm is not in the tank, which has %d to %d"
            raise SensorError("range", where % (mm, self.least_mm, self.most_mm))
        return [
            (self.names[0], mm / 1000),
            (self.names[1], _level.percent(mm, self.empty_mm, self.full_mm)),
        ]


def names(config):
    return named("fuel/distance", config), named("fuel/level", config)


def setup(config, hw):
    full_mm, empty_mm = config["full_mm"], config["empty_mm"]
    if not LEAST_FULL_MM <= full_mm < empty_mm <= MAX_MM:
        raise ValueError(
            "full_mm, empty_mm: found %s, %s, expected %d <= full_mm < empty_mm <= %d"
            % (full_mm, empty_mm, LEAST_FULL_MM, MAX_MM)
        )
    shots = config.get("shots", _level.SHOTS)
    if not isinstance(shots, int) or not _level.SHOTS <= shots <= _MOST_SHOTS:
        raise ValueError("shots: found %s, expected %d to %d" % (shots, _level.SHOTS, _MOST_SHOTS))
    return _Sensor(A02YYUW(hw.bus(config["bus"]), shots), config)
