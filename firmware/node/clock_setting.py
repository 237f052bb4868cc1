"""Where the clock's time comes from, found and changed. Lent by node.clock, which says what is believed and why."""

import time

from machine import RTC
from micropython import const

from node import flash
from node.clock import HOST, NONE, NTP, RTC_, STEP_S, STORE_EVERY_S, STORED
from node.log import complain, log

_FILE = "clock"
_EARLIEST = const(1735689600)  # 2025-01-01: an earlier clock was never set
_LATEST = const(3092601600)  # 2068-01-01: a later one is broken, and the board's gmtime() ends that January (2**31 s)
_AHEAD_S = const(315360000)  # ten years above the floor: no battery lasts longer
_OFFSETS = const(8)  # remembered corrections; more in one boot is a clock that nobody should have set
_SET = b"paraat"  # in the RTC's memory, which a soft reset leaves and a power cut clears: the chip's clock is right


def _epoch():
    """Unix seconds of the port's second 0: 2000-01-01 on the board, 1970-01-01 on the unix port."""
    return 946684800 if time.gmtime(0)[0] == 2000 else 0


def begin(clock):
    """At the start: the chip's own clock, the battery clock, or the floor."""
    clock.stored_s = _read_stored()
    now = _from_chip(clock) or _from_battery(clock)
    if now:
        _set(clock, now, RTC_, 0)
    else:
        clock.source = STORED if _floor_s(clock) else NONE
        judge_by(clock, 0)


def _floor_s(clock):
    return max(clock.built_s, clock.stored_s)


def _from_chip(clock):
    if RTC().memory() != _SET:
        return None
    return _believed(clock, time.time() + _epoch())


def _from_battery(clock):
    if clock.battery is None:
        return None
    try:
        found = clock.battery.read()
    except Exception as error:  # a broken battery clock must not keep the board from starting
        complain("clock", error)
        return None
    if _believed(clock, found) is None:
        log("W", "clock", "battery clock says %d, which cannot be" % found)
    return _believed(clock, found)


def _believed(clock, unix_s):
    floor_s = _floor_s(clock)
    low = max(_EARLIEST, floor_s)
    high = min(_LATEST, floor_s + _AHEAD_S) if floor_s else _LATEST
    return unix_s if low <= unix_s < high else None


# --- what certificates are judged by ---


def _times(clock):
    """The times that there is reason to believe, the best first."""
    times = [clock.offset_s + clock.uptime_s()] if clock.trusted else []
    times += [_floor_s(clock), clock.stored_s, clock.built_s]
    return [t for i, t in enumerate(times) if t and t not in times[:i]]


def judge_by(clock, number):
    """Give the chip's clock this one of the times, round and round."""
    times = _times(clock)
    clock.judge = number % len(times) if times else 0
    own = clock.trusted and not clock.judge
    RTC().memory(_SET if own else b"")  # another time must not be taken for ours after a soft reset
    if times:
        y, mo, d, h, mi, s, wd, _ = time.gmtime(times[clock.judge] - _epoch())[:8]
        RTC().datetime((y, mo, d, wd, h, mi, s, 0))


def give_up(clock, next_seq):
    """Our time was wrong: a certificate is valid by another."""
    _remember(clock, next_seq)
    clock.source = STORED
    judge_by(clock, clock.judge - 1)  # ours was the first of them


# --- new times ---


def set_from_ntp(clock, unix_s, next_seq):
    """As Clock.set_from_ntp."""
    if not _EARLIEST <= unix_s < _LATEST:
        return False
    if not clock.doubted and (clock.trusted or _believed(clock, unix_s) is None):
        return False
    clock.doubted = False
    _set(clock, unix_s, NTP, next_seq)
    return True


def set_from_host(clock, unix_s, next_seq):
    """As Clock.set_from_host."""
    if not _EARLIEST <= unix_s < _LATEST:
        return None
    up = clock.uptime_s()
    wrong_s = unix_s - clock.offset_s - up if clock.trusted else None
    if clock.source != HOST or wrong_s is None or abs(wrong_s) >= STEP_S:
        _set(clock, unix_s, HOST, next_seq)
        _set_battery(clock, unix_s)
    if not clock.stored_at_s or up - clock.stored_at_s >= STORE_EVERY_S or abs(wrong_s or 0) >= STORE_EVERY_S:
        clock.stored_s = unix_s
        flash.keep(_FILE, str(unix_s), "clock")  # a full flash does not stop the clock; the next hour tries again
        clock.stored_at_s = up
    return wrong_s


def _remember(clock, next_seq):
    clock.earlier.append((next_seq, clock.offset_s))
    del clock.earlier[:-_OFFSETS]


def _set(clock, unix_s, source, next_seq):
    offset_s = unix_s - clock.uptime_s()
    if clock.trusted and offset_s != clock.offset_s:
        _remember(clock, next_seq)
    clock.offset_s = offset_s
    clock.source = source
    judge_by(clock, 0)


def _set_battery(clock, unix_s):
    if clock.battery is None:
        return
    try:
        clock.battery.write(unix_s)
    except Exception as error:  # as at the start
        complain("clock", error)


def _read_stored():
    try:
        stored = int(flash.read(_FILE))
    except ValueError:
        return 0
    return stored if _EARLIEST <= stored < _LATEST else 0
