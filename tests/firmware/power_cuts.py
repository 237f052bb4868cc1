"""The journal on a flash that loses its power in the middle of a write or an erase."""

import gc
import os
from array import array

import vfs
from devices.flash import Flash, PowerCut, Powered
from node.journal import EVENT, TELEMETRY, Journal

RING = 16384  # four segments of one block: the ring goes round often
BLOCKS = 24


def reading(i):
    """A set that tells its own seq, in numbers that change."""
    values = [
        ("people/in", i), ("fuel/level", i % 1000 / 10), ("battery/voltage", 12 + i % 700 / 1000),
        ("climate/temperature", 20 - i % 40), ("node/uptime", i * 60), ("power/mains", i % 3 == 0),
    ]  # fmt: skip
    return values, [("power/load", "silent")] if i % 7 == 0 else []


class Board:
    """A board with this flash: on() mounts it, formatted when it is empty; off() takes its power."""

    def __init__(self, flash, at="/flash"):
        self._flash = flash
        self._at = at
        self._power = None

    def on(self):
        self._power = Powered(self._flash)
        try:
            device = vfs.VfsLfs2(self._power)
        except OSError:
            vfs.VfsLfs2.mkfs(self._power)
            device = vfs.VfsLfs2(self._power)
        vfs.mount(device, self._at)
        os.chdir(self._at)

    def off(self, journal=None):
        self._power.off()
        os.chdir("/")
        if journal is not None:
            try:
                journal.close()  # else its file is collected later, and complains on the console
            except OSError:
                pass
        try:
            vfs.umount(self._at)
        except OSError:
            pass  # the cut came while it was mounted
        gc.collect()


class Book:
    """What append() returned: the promise that is checked after every cut."""

    def __init__(self):
        self._numbers = array("i", [-1] * 512)  # by seq, round and round: the number it carries; -1: never promised
        self.highest = 0
        self.acked = 0  # up to here the host said stored

    def _at(self, seq):
        return seq % len(self._numbers)

    def note(self, seq, i):
        assert seq > self.highest, "seq %d after %d" % (seq, self.highest)
        for between in range(self.highest + 1, seq):
            self._numbers[self._at(between)] = -1
        self._numbers[self._at(seq)] = i
        self.highest = seq

    def check(self, journal):
        """Everything promised that the ring has room for is there, whole; nothing else is. Returns how many are there."""
        assert journal.next > self.highest, "next %d, but %d was given out" % (journal.next, self.highest)
        oldest_known = max(1, self.highest - len(self._numbers) + 1)
        expected = journal.next - 1  # newest first: what is skipped on the way must never have been promised
        found = 0
        while True:
            entries = journal.take(200, 10)
            if not entries:
                break
            for e in entries:
                self._not_promised(e.seq + 1, expected, oldest_known)
                expected = e.seq - 1
                found += 1
                if e.kind == TELEMETRY:
                    self._whole(e, oldest_known)
        # What is older than the oldest in the ring may be gone, acknowledged or dropped.
        assert journal.torn == 0, "littlefs shows no torn record"
        return found

    def _not_promised(self, first, last, oldest_known):
        for seq in range(max(first, oldest_known), min(last, self.highest) + 1):
            assert self._numbers[self._at(seq)] < 0 or seq <= self.acked, "seq %d is lost" % seq

    def _whole(self, e, oldest_known):
        got = dict(e.values)
        i = got["people/in"]
        values, faults = reading(i)
        assert sorted(e.faults) == faults, e
        for name, value in values:
            assert abs(got[name] - value) < 0.001, (e, name, value)
        if oldest_known <= e.seq <= self.highest:
            assert self._numbers[self._at(e.seq)] in (i, -1), (e, self._numbers[self._at(e.seq)])


def every_cut(appends, step=1, offset=0):
    """Append so many; at every `step`-th write and erase, look at what a cut there would leave. Returns the counts."""
    flash = Flash(BLOCKS)
    board = Board(flash)
    board.on()
    book = Book()
    counts = {"changes": 0, "cuts": 0, "least": None}
    busy = [False]

    def before_change(kind, block, at, data):
        if busy[0]:
            return
        counts["changes"] += 1
        if counts["changes"] % step != offset % step:
            return
        busy[0] = True
        counts["cuts"] += 1
        after = flash.copy()
        after.half(kind, block, at, data)
        other = Board(after, "/cut")
        other.on()
        journal = Journal("journal", RING, 9)
        found = book.check(journal)
        journal.close()
        journal = Journal("journal", RING, 9)  # the power goes again, before anything is sampled
        assert journal.next > book.highest, "next %d after two cuts, but %d was given out" % (
            journal.next,
            book.highest,
        )
        seq = journal.append(TELEMETRY, 5, False, *reading(100000))
        assert seq > book.highest
        again = Journal("journal", RING, 10)
        assert again.next == seq + 1
        assert again.take(1, 1)[0].seq == seq
        journal.close()
        other.off(again)
        os.chdir("/flash")
        if book.highest > 400:
            counts["least"] = found if counts["least"] is None else min(found, counts["least"])
        busy[0] = False

    flash.before_change = before_change
    journal = Journal("journal", RING, 1)
    for i in range(1, appends + 1):
        if i % 50 == 0:
            seq = journal.append(EVENT, i, True, [("button/help", True)], [])
            book.note(seq, i)
        else:
            book.note(journal.append(TELEMETRY, i, True, *reading(i)), i)
        # Now and then the host has stored all, and for a third of the run at once; the newest segment stays.
        if i % 97 == 0 or i % 600 > 400:
            while journal.take(200, 10):
                pass
            journal.ack([(1, journal.next - 1)])
            book.acked = book.highest
        if i % 211 == 0:  # and the board starts anew
            journal.close()
            journal = Journal("journal", RING, 1 + i)
            book.check(journal)
            journal.send_again()
    flash.before_change = None
    board.off(journal)
    return counts


def cuts_in_a_row(cuts, seed=1):
    """One flash, cut again and again at a random change, and used on. Returns (cuts, sets promised)."""
    flash = Flash(BLOCKS)
    board = Board(flash)
    board.on()
    board.off()
    book = Book()
    journal = None
    i = 0
    for boot in range(cuts):
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        flash.cut_in = seed >> 8 & 0x7F
        try:
            board.on()
            journal = Journal("journal", RING, boot)
            while True:
                i += 1
                book.note(journal.append(TELEMETRY, i, True, *reading(i)), i)
        except PowerCut:
            pass
        flash.cut_in = None
        board.off(journal)
        board.on()
        journal = Journal("journal", RING, boot)
        book.check(journal)
        board.off(journal)
    return cuts, book.highest
