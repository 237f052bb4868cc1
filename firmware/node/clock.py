"""What time it is, as far as the board knows: none < stored < rtc < ntp < host.

Time is unix seconds as an int (a float has no room for it on the board), whatever epoch the port counts from. A set
that is read before the clock is trusted keeps its uptime and is dated when it is sent.

At the start the chip's own clock is believed when it survived a soft reset, then a battery clock; either only between
the floor and ten years above it. The floor is the later of the image's build time and the last time that was stored:
it dates nothing, but a certificate can be judged with it. Later comes NTP from the coordination point, when there is no
better, and the host's own time, which is right by definition and corrects the others, also on the sets of this boot
that were dated with them.

A wrong clock must not lock the board out: when no certificate is valid by it, doubt() lets the next attempt judge by
the next time that there is reason to believe, and takes what a time server says, whatever it is. While the time is the
host's or a time server's, only a time server can shake it: an expired certificate stays expired.
"""

import time

from machine import RTC
from micropython import const

from node import flash
from node.log import complain, log

NONE = "none"
STORED = "stored"
RTC_ = "rtc"
NTP = "ntp"
HOST = "host"

_FILE = "clock"
_STORE_EVERY_S = const(3600)
_EARLIEST = const(1735689600)  # 2025-01-01: an earlier clock was never set
_LATEST = const(3092601600)  # 2068-01-01: a later one is broken, and the board's gmtime() ends that January (2**31 s)
_AHEAD_S = const(315360000)  # ten years above the floor: no battery lasts longer
_STEP_S = const(2)  # a time that differs by less is the network's delay, not our drift
_OFFSETS = const(8)  # remembered corrections; more in one boot is a clock that nobody should have set
_SET = b"paraat"  # in the RTC's memory, which a soft reset leaves and a power cut clears: the chip's clock is right


def _epoch():
    """Unix seconds of the port's second 0: 2000-01-01 on the board, 1970-01-01 on the unix port."""
    return 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """built_s: when the image was made, unix seconds, 0 unknown.

    battery: with read() and write() as drivers.ds3231.DS3231 has them, or None.

    Where a method takes next_seq, it is the journal's: the first set that will be dated with the new time.
    """

    def __init__(self, built_s=0, battery=None):
        self._ticks_ms = time.ticks_ms()
        self._up_ms = 0
        self._offset_s = 0  # unix time = offset + uptime, when trusted
        self._earlier = []  # (next_seq, offset): with what the sets of this boot below that seq were dated
        self._battery = battery
        self._stored_at_s = 0
        self._built_s = built_s
        self._stored_s = self._read_stored()
        self._doubted = False
        self._judge = 0  # which of _times() the chip's clock has, by which certificates are judged
        self.source = NONE
        now = self._from_chip() or self._from_battery()
        if now:
            self._set(now, RTC_, 0)
        else:
            self.source = STORED if self._floor_s else NONE
            self._judge_by(0)

    @property
    def _floor_s(self):
        return max(self._built_s, self._stored_s)

    def _from_chip(self):
        if RTC().memory() != _SET:
            return None
        return self._believed(time.time() + _epoch())

    def _from_battery(self):
        if self._battery is None:
            return None
        try:
            found = self._battery.read()
        except Exception as error:  # a broken battery clock must not keep the board from starting
            complain("clock", error)
            return None
        if self._believed(found) is None:
            log("W", "clock", "battery clock says %d, which cannot be" % found)
        return self._believed(found)

    def _believed(self, unix_s):
        low = max(_EARLIEST, self._floor_s)
        high = min(_LATEST, self._floor_s + _AHEAD_S) if self._floor_s else _LATEST
        return unix_s if low <= unix_s < high else None

    def _times(self):
        """The times that there is reason to believe, the best first."""
        times = [self._offset_s + self.uptime_s()] if self.trusted else []
        times += [self._floor_s, self._stored_s, self._built_s]
        return [t for i, t in enumerate(times) if t and t not in times[:i]]

    def _judge_by(self, number):
        times = self._times()
        self._judge = number % len(times) if times else 0
        own = self.trusted and not self._judge
        RTC().memory(_SET if own else b"")  # another time must not be taken for ours after a soft reset
        if times:
            self._set_chip(times[self._judge])

    def doubt(self):
        """No certificate is valid by our clock, so perhaps it is the clock: let the next attempt judge by another."""
        self._doubted = True
        if self.source not in (NTP, HOST):
            self._judge_by(self._judge + 1)

    def judged(self, next_seq=0):
        """A certificate is valid by the chip's clock. When that is another time than ours, ours is wrong: give it up."""
        self._doubted = False
        if self._judge and self.trusted:
            self._remember(next_seq)
            self.source = STORED
            self._judge_by(self._judge - 1)  # ours was the first of them

    @property
    def trusted(self):
        """True when a set may be dated with it."""
        return self.source in (RTC_, NTP, HOST)

    @property
    def wants_time(self):
        """True when a time server should be asked."""
        return self._doubted or not self.trusted

    def uptime_s(self):
        """Seconds since the start. Ask at least once a week: ticks wrap after 12 days."""
        now = time.ticks_ms()
        self._up_ms += time.ticks_diff(now, self._ticks_ms)
        self._ticks_ms = now
        return self._up_ms // 1000

    def now(self):
        """(t, dated): unix seconds and True, or seconds since the start and False."""
        up = self.uptime_s()
        return (self._offset_s + up, True) if self.trusted else (up, False)

    def set_from_ntp(self, unix_s, next_seq=0):
        """A time server has answered. Returns whether it was taken: only where nothing better is known, or in doubt."""
        if not _EARLIEST <= unix_s < _LATEST:
            return False
        if not self._doubted and (self.trusted or self._believed(unix_s) is None):
            return False
        self._doubted = False
        self._set(unix_s, NTP, next_seq)
        return True

    def set_from_host(self, unix_s, next_seq=0):
        """The host's time has come. Returns the seconds by which the clock was wrong, None when there was none."""
        if not _EARLIEST <= unix_s < _LATEST:
            return None
        up = self.uptime_s()
        wrong_s = unix_s - self._offset_s - up if self.trusted else None
        if self.source != HOST or wrong_s is None or abs(wrong_s) >= _STEP_S:
            self._set(unix_s, HOST, next_seq)
            self._set_battery(unix_s)
        if not self._stored_at_s or up - self._stored_at_s >= _STORE_EVERY_S or abs(wrong_s or 0) >= _STORE_EVERY_S:
            self._store(unix_s)
            self._stored_at_s = up
        return wrong_s

    def bt(self, entry, boot):
        """(bt, unsure) of a journal entry that is sent now, in this boot: unix seconds, or minus its age in seconds.

        unsure: it was read in an earlier boot that never knew the time; it is at least as old as this boot.
        """
        up = self.uptime_s()
        if entry.boot != boot:
            if entry.dated:
                return entry.t, False
            return (self._offset_s if self.trusted else -up), True
        read_up = entry.t
        if entry.dated:
            read_up -= self._offset_at(entry.seq)
        return (self._offset_s + read_up, False) if self.trusted else (min(0, read_up - up), False)

    def _offset_at(self, seq):
        """With what the set of this boot was dated."""
        for below, offset_s in self._earlier:
            if seq < below:
                return offset_s
        return self._offset_s

    def _remember(self, next_seq):
        self._earlier.append((next_seq, self._offset_s))
        del self._earlier[:-_OFFSETS]

    def _set(self, unix_s, source, next_seq):
        offset_s = unix_s - self.uptime_s()
        if self.trusted and offset_s != self._offset_s:
            self._remember(next_seq)
        self._offset_s = offset_s
        self.source = source
        self._judge_by(0)

    def _set_chip(self, unix_s):
        y, mo, d, h, mi, s, wd, _ = time.gmtime(unix_s - _epoch())[:8]
        RTC().datetime((y, mo, d, wd, h, mi, s, 0))

    def _set_battery(self, unix_s):
        if self._battery is None:
            return
        try:
            self._battery.write(unix_s)
        except Exception as error:  # as at the start
            complain("clock", error)

    def _read_stored(self):
        try:
            stored = int(flash.read(_FILE))
        except ValueError:
            return 0
        return stored if _EARLIEST <= stored < _LATEST else 0

    def _store(self, unix_s):
        self._stored_s = unix_s
        flash.keep(_FILE, str(unix_s), "clock")  # a full flash does not stop the clock; the next hour tries again
