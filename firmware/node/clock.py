"""What time it is, as far as the board knows: none < stored < rtc < host.

Time is unix seconds as an int (a float has no room for it on the board), whatever epoch the port counts from. A set
that is read before the clock is trusted keeps its uptime and is dated when it is sent.
"""

import os
import time

from machine import RTC
from micropython import const

NONE = "none"
STORED = "stored"  # the last time that was written to flash: enough to judge a certificate, not to date a set
RTC_ = "rtc"
HOST = "host"

_FILE = "clock"
_STORE_EVERY_S = const(3600)
_EARLIEST = const(1735689600)  # 2025-01-01: an earlier clock was never set
_LATEST = const(4070908800)  # 2099-01-01: a later one is broken
_STEP_S = const(2)  # a host time that differs by less is the network's delay, not our drift


def _epoch():
    """Unix seconds of the port's second 0: 2000-01-01 on the board, 1970-01-01 on the unix port."""
    return 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Reads the clock that survived a soft reset, and the last stored time. hw is untouched but for machine.RTC."""

    def __init__(self):
        self._ticks_ms = time.ticks_ms()
        self._up_ms = 0
        self._offset_s = 0  # unix time = offset + uptime, when trusted
        self.source = NONE
        self._stored_s = self._read_stored()
        self._stored_at_s = 0
        if self._stored_s:
            self.source = STORED
        now = time.time() + _epoch()
        if max(_EARLIEST, self._stored_s) <= now < _LATEST:
            self._offset_s = now
            self.source = RTC_

    @property
    def trusted(self):
        """True when a set may be dated with it."""
        return self.source in (RTC_, HOST)

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

    def set_from_host(self, unix_s):
        """The host's time has come. Returns the seconds by which the clock was wrong, None when there was none."""
        if not _EARLIEST <= unix_s < _LATEST:
            return None
        up = self.uptime_s()
        wrong_s = unix_s - self._offset_s - up if self.trusted else None
        if self.source != HOST or wrong_s is None or abs(wrong_s) >= _STEP_S:
            self._offset_s = unix_s - up
            self._set_rtc(unix_s)
        self.source = HOST
        if not self._stored_at_s or up - self._stored_at_s >= _STORE_EVERY_S:
            self._store(unix_s)
            self._stored_at_s = up
        return wrong_s

    def bt(self, entry, boot):
        """(bt, unsure) of a journal entry that is sent now, in this boot: unix seconds, or minus its age in seconds.

        unsure: it was read in an earlier boot that never knew the time; it is at least as old as this boot.
        """
        if entry.dated:
            return entry.t, False
        up = self.uptime_s()
        if entry.boot != boot:
            return -up, True
        return (self._offset_s + entry.t, False) if self.trusted else (entry.t - up, False)

    def _set_rtc(self, unix_s):
        y, mo, d, h, mi, s, wd, _ = time.gmtime(unix_s - _epoch())[:8]
        RTC().datetime((y, mo, d, wd, h, mi, s, 0))

    def _read_stored(self):
        try:
            with open(_FILE) as f:
                return int(f.read())
        except (OSError, ValueError):
            return 0

    def _store(self, unix_s):
        self._stored_s = unix_s
        try:
            with open(_FILE + ".new", "w") as f:
                f.write(str(unix_s))
            os.rename(_FILE + ".new", _FILE)
        except OSError:
            pass  # a full flash must not stop the clock; the next hour tries again
