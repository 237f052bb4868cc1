"""An update on a flash that loses its power in the middle of a write or an erase.

The check of a cut runs in the middle of an update, and it updates too: one event loop cannot run in the other, so here
nothing waits, and coroutines are driven by hand.
"""

import os
import sys

import main
from bundles import build_in, firmware, lay_out, make
from devices.flash import Flash
from node import signature, slots, update
from node.trial import Trial
from power_cuts import Board

BLOCKS = 192  # small: a copy of it is made at every cut
PATH = list(sys.path)


class _NoWait:
    @staticmethod
    async def sleep_ms(ms):
        pass


update.asyncio = signature.asyncio = _NoWait


def drive(coroutine):
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


def start():
    """What the board does at power-on: choose a slot. Returns (slot, its build).

    Fails unless every slot that says so is whole: any of them may have to start, should slot.json be lost.
    """
    for slot in ("a", "b"):
        if main._is_whole(slot):
            build_in(slot)
    sys.path[:] = PATH
    slot = main.put_slot_on_path(True)
    assert slot is not None, "no slot starts"
    return slot, build_in(slot)


class Host:
    """Hands a bundle over, as often as it is asked."""

    def __init__(self, build, files, size):
        self.build = build
        files = ("a%d/old.mpy" % build,) + files  # which the next one does not have
        self.data = make(build, firmware(build, files, size))

    def install(self):
        """What commands or the console do. Raises update.UpdateError."""
        drive(self._install())

    async def _install(self):
        installer = update.Installer(len(self.data))
        try:
            while not installer.done:
                offset, n = installer.want()
                await installer.take(offset, self.data[offset : offset + n])
        finally:
            installer.close()


def confirm():
    """What a slot on trial does when all is well."""
    Trial(900, None)._confirm()


def every_cut(updates, files=("node/app.mpy", "node/clock.mpy", "drivers/ds18b20.mpy"), size=1500, step=1):
    """So many updates, each confirmed; at every `step`-th write and erase, look at what a cut there leaves.

    Then the board must start, from a slot that is whole, with the old or the new build; and the update must go through
    when it is begun again. Returns the counts.
    """
    flash = Flash(BLOCKS)
    board = Board(flash)
    board.on()
    lay_out(1, "a", firmware(1, files, size))
    hosts = [Host(build, files, size) for build in range(2, updates + 2)]
    counts = {"changes": 0, "cuts": 0, "old": 0, "new": 0}
    running = [start()[1]]
    busy = [False]
    now = [None]

    def before_change(kind, block, at, data):
        if busy[0]:
            return
        counts["changes"] += 1
        if counts["changes"] % step:
            return
        busy[0] = True
        counts["cuts"] += 1
        path = list(sys.path)
        after = flash.copy()
        after.half(kind, block, at, data)
        other = Board(after, "/cut")
        other.on()
        slot, build = start()
        assert build in (running[0], now[0].build), (slot, build, running[0], now[0].build)
        counts["new" if build == now[0].build else "old"] += 1
        if build != now[0].build:
            now[0].install()
            assert start()[1] == now[0].build
        confirm()
        assert start()[1] == now[0].build
        assert slots.read() == {"run": slots.running(), "build": now[0].build}
        other.off()
        os.chdir("/flash")
        sys.path[:] = path
        busy[0] = False

    flash.before_change = before_change
    for host in hosts:
        now[0] = host
        host.install()
        assert start()[1] == host.build
        confirm()
        running[0] = host.build
    flash.before_change = None
    board.off()
    return counts
