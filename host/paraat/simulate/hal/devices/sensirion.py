"""What Sensirion's chips do at the bus: take a command, be busy, give words with their CRC.

`nack`: it does not answer. `fault`: None, "crc" (every word damaged on the wire), "crc-first" (the first one alone), "slow" (never done in time).
"""

import kernel

_SLOW_US = 60000000


def crc8(data):
    """The makers' CRC-8: polynomial x8 + x5 + x4 + 1 over 0xFF."""
    crc = 0xFF
    for byte in data:
        for i in range(7, -1, -1):
            top = crc >> 7
            crc = crc << 1 & 0xFF
            if top ^ (byte >> i & 1):
                crc ^= 0x31
    return crc


def pack(words):
    out = b""
    for word in words:
        two = bytes((word >> 8, word & 0xFF))
        out += two + bytes((crc8(two),))
    return out


def raw_temperature(temperature_c):
    return max(0, min(65535, round((temperature_c + 45) * 65535 / 175)))


class Sensirion:
    def __init__(self):
        self.nack = False
        self.fault = None
        self._reply = b""
        self._done_us = 0

    def execute(self, command):
        """What a command does: (microseconds that it takes, words), or None when it is not taken (NACK)."""
        raise NotImplementedError

    def receive(self, data):
        """A write on the bus; False: not acknowledged."""
        if kernel.now_us < self._done_us:
            return False
        found = self.execute(data)
        if found is None:
            return False
        busy_us, words = found
        self._done_us = kernel.now_us + (_SLOW_US if self.fault == "slow" and words else busy_us)
        self._reply = pack(words)
        if self.fault in ("crc", "crc-first"):
            ends = len(self._reply) if self.fault == "crc" else 1
            self._reply = bytes([byte ^ (0x04 if i % 3 == 0 and i < ends else 0) for i, byte in enumerate(self._reply)])
        return True

    def reply(self, count):
        """A read on the bus; None: not acknowledged, because there is nothing yet."""
        if kernel.now_us < self._done_us or not self._reply:
            return None
        data, self._reply = self._reply[:count], b""
        return data


def air(world):
    """What a thermometer with a hygrometer measures: two functions."""
    return lambda: world.temperature_c(kernel.story_s()), lambda: world.humidity_percent(kernel.story_s())
