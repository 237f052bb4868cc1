"""A02YYUW ultrasonic sensor as a UART peer: a frame FF hi lo sum each 100 ms (period_us), distance in mm.

Made lazily: the frames of the time that has passed, when the port is read. `fault`: None, "silent" (sends nothing),
"checksum" (every frame wrong), "cut" (frames broken off), "zeros" (not a frame in them). `jump_every`: each so many frames one false echo.
"""

import kernel
import wiring

from devices import put

PERIOD_US = 100000
BURST = 100  # frames that more than fill any port


class A02YYUW:
    def __init__(self, distance_mm, fault=None, jump_every=0):
        self.distance_mm = distance_mm  # function without arguments -> int
        self.fault = fault
        self.jump_every = jump_every
        self.period_us = PERIOD_US
        self._sent = 0

    def bytes_sent(self):
        due = kernel.now_us // self.period_us
        count = min(due - self._sent, BURST)
        self._sent = due
        if self.fault == "silent":
            return b""
        return b"".join([self._frame(due - count + 1 + i) for i in range(count)])

    def _frame(self, number):
        if self.fault == "zeros":
            return bytes((0, 0, 0, number % 2))
        mm = int(self.distance_mm())
        if self.jump_every and number % self.jump_every == 0:
            mm = mm // 2
        head = bytes((0xFF, mm >> 8 & 0xFF, mm & 0xFF))
        total = sum(head) & 0xFF
        if self.fault == "checksum":
            total ^= 0x55
        if self.fault == "cut":
            return head[:3]
        return head + bytes((total,))


def wire(sensor, bus, world):
    device = wiring.uart[bus["rx"]] = A02YYUW(
        lambda: world.distance_mm(kernel.story_s(), sensor["empty_mm"], sensor["full_mm"]), jump_every=37
    )
    return device


ONE = {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1200, "full_mm": 200}
BREAKS = ((put("fault", "silent"), "silent"), (put("fault", "checksum"), "crc"))
