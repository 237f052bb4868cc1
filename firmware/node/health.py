"""Whether the node makes progress: it alone feeds the hardware watchdog, and it remembers why the board started."""

import asyncio
import time

import esp32
import machine
from micropython import const

from node import flash
from node.log import log

_LOOK_S = const(5)
_LAST = "last-error"
_PSRAM_BYTES = const(1048576)  # a region so large is that, and holds Python's heap
_CAUSES = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")


class Health:
    """limits_s: task -> seconds within which it must show a beat. watchdog_s: of the hardware, 0 for none."""

    def __init__(self, limits_s, watchdog_s):
        self._limits_s = limits_s
        self._watchdog_s = watchdog_s
        now = time.ticks_ms()
        self._beats = {name: now for name in limits_s}
        self.reset_cause = _reset_cause()
        self.last_error = flash.read(_LAST)

    def beat(self, name):
        """This task goes on."""
        self._beats[name] = time.ticks_ms()

    def stuck(self):
        """The tasks that have shown no beat for too long."""
        now = time.ticks_ms()
        return [n for n, limit_s in self._limits_s.items() if time.ticks_diff(now, self._beats[n]) > limit_s * 1000]

    async def watch(self):
        """Feed the watchdog while all tasks make progress. Once begun it cannot be stopped: without food it resets."""
        dog = machine.WDT(timeout=self._watchdog_s * 1000) if self._watchdog_s else None
        told = False
        while True:
            stuck = self.stuck()
            if not stuck:
                told = False
                if dog is not None:
                    dog.feed()
            elif not told:
                told = True
                self.note("no progress: " + ", ".join(stuck))
            await asyncio.sleep(_LOOK_S)

    def note(self, text):
        """Keep a line over a restart: the last mistake, or why we restart. Told in `state`."""
        log("E", "health", text)
        if self.last_error == text[:120]:
            return  # it is in flash; a task that fails every five seconds must not wear it out
        self.last_error = text[:120]
        flash.keep(_LAST, self.last_error, "health")

    def failed(self, name, error):
        """Keep what a task failed with. How much a MemoryError asked for differs each time, and stays out of flash."""
        text = "not enough memory" if isinstance(error, MemoryError) else "%s %s" % (type(error).__name__, error)
        self.note("%s: %s" % (name, text))

    def restart(self, why):
        """Start anew, and remember why."""
        self.note("restart: " + why)
        machine.reset()


def idf_heap():
    """(bytes free, largest free block) of the chip's own heap, in which Wi-Fi, TLS and sockets live; not Python's."""
    regions = [region for region in esp32.idf_heap_info(esp32.HEAP_DATA) if region[0] < _PSRAM_BYTES]
    return sum([region[1] for region in regions]), max([region[2] for region in regions])


def _reset_cause():
    cause = machine.reset_cause()
    for name in _CAUSES:
        if getattr(machine, name, None) == cause:
            return name[:-6].lower()
    return "unknown"
