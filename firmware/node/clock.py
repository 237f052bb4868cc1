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

from micropython import const

from node.lent import lent

NONE = "none"
STORED = "stored"
RTC_ = "rtc"
NTP = "ntp"
HOST = "host"

STORE_EVERY_S = const(3600)
STEP_S = const(2)  # a time that differs by less is the network's delay, not our drift


class Clock:
    """built_s: when the image was made, unix seconds, 0 unknown.

    battery: with read() and write() as drivers.ds3231.DS3231 has them, or None.

    Where a method takes next_seq, it is the journal's: the first set that will be dated with the new time.
    """

    def __init__(self, built_s=0, battery=None):
        self._ticks_ms = time.ticks_ms()
        self._up_ms = 0
        self.offset_s = 0  # unix time = offset + uptime, when trusted
        self.earlier = []  # (next_seq, offset): with what the sets of this boot below that seq were dated
        self.battery = battery
        self.stored_at_s = 0
        self.built_s = built_s
        self.stored_s = 0
        self.doubted = False
        self.judge = 0  # which of the times that there is reason to believe the chip's clock has: certificates go by it
        self.source = NONE
        with lent("node.clock_setting") as setting:
            setting.begin(self)

    def doubt(self):
        """No certificate is valid by our clock, so perhaps it is the clock: let the next attempt judge by another."""
        self.doubted = True
        if self.source not in (NTP, HOST):
            with lent("node.clock_setting") as setting:
                setting.judge_by(self, self.judge + 1)

    def judged(self, next_seq=0):
        """A certificate is valid by the chip's clock. When that is another time than ours, ours is wrong: give it up."""
        self.doubted = False
        if self.judge and self.trusted:
            with lent("node.clock_setting") as setting:
                setting.give_up(self, next_seq)

    @property
    def trusted(self):
        """True when a set may be dated with it."""
        return self.source in (RTC_, NTP, HOST)

    @property
    def wants_time(self):
        """True when a time server should be asked."""
        return self.doubted or not self.trusted

    def uptime_s(self):
        """Seconds since the start. Ask at least once a week: ticks wrap after 12 days."""
        now = time.ticks_ms()
        self._up_ms += time.ticks_diff(now, self._ticks_ms)
        self._ticks_ms = now
        return self._up_ms // 1000

    def now(self):
        """(t, dated): unix seconds and True, or seconds since the start and False."""
        up = self.uptime_s()
        return (self.offset_s + up, True) if self.trusted else (up, False)

    def set_from_ntp(self, unix_s, next_seq=0):
        """A time server has answered. Returns whether it was taken: only where nothing better is known, or in doubt."""
        with lent("node.clock_setting") as setting:
            return setting.set_from_ntp(self, unix_s, next_seq)

    def set_from_host(self, unix_s, next_seq=0):
        """The host's time has come. Returns the seconds by which the clock was wrong, None when there was none."""
        up = self.uptime_s()
        wrong_s = unix_s - self.offset_s - up
        if self.source == HOST and abs(wrong_s) < STEP_S and self.stored_at_s and up - self.stored_at_s < STORE_EVERY_S:
            return wrong_s
        with lent("node.clock_setting") as setting:
            return setting.set_from_host(self, unix_s, next_seq)

    def bt(self, entry, boot):
        """(bt, unsure) of a journal entry that is sent now, in this boot: unix seconds, or minus its age in seconds.

        unsure: it was read in an earlier boot that never knew the time; it is at least as old as this boot.
        """
        up = self.uptime_s()
        if entry.boot != boot:
            if entry.dated:
                return entry.t, False
            return (self.offset_s if self.trusted else -up), True
        read_up = entry.t
        if entry.dated:
            read_up -= self._offset_at(entry.seq)
        return (self.offset_s + read_up, False) if self.trusted else (min(0, read_up - up), False)

    def _offset_at(self, seq):
        """With what the set of this boot was dated."""
        for below, offset_s in self.earlier:
            if seq < below:
                return offset_s
        return self.offset_s
