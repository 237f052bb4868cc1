"""The board's time module on virtual time: epoch 2000, whole seconds, and a clock that nobody set at power-on."""

import kernel
import utime
from utime import ticks_add, ticks_diff  # the C part of asyncio compares ticks with the port's own period

EPOCH_S = 946684800  # 2000-01-01 in unix seconds

# Where a task becomes ready without a delay, the C part of asyncio stamps it with the port's real ticks. Ours must stay
# ahead of those, or such a task would look as if it were due later.
_TICKS_AHEAD_MS = utime.ticks_ms() + 100000000

_clock_offset_s = 0  # what setting the clock added


def _set_clock(seconds):
    """Set the clock, as machine.RTC does: seconds since 2000."""
    global _clock_offset_s
    _clock_offset_s = seconds - kernel.now_us // 1000000


def time():
    return _clock_offset_s + kernel.now_us // 1000000


def time_ns():
    return _clock_offset_s * 1000000000 + kernel.now_us * 1000


def gmtime(seconds=None):
    if seconds is not None and not -(1 << 31) <= seconds < 1 << 31:  # a machine word of the board: to January 2068
        raise OverflowError("overflow converting long int to machine word")
    return utime.gmtime((time() if seconds is None else seconds) + EPOCH_S)[:8]


localtime = gmtime  # the board knows no time zone


def mktime(when):
    year, month, day, hour, minute, second = when[:6]
    if month <= 2:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 730426
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def ticks_ms():
    return _TICKS_AHEAD_MS + kernel.now_us // 1000


def ticks_us():
    return kernel.now_us


ticks_cpu = ticks_us


def sleep(seconds):
    kernel.sleep_us(int(seconds * 1000000))


def sleep_ms(ms):
    kernel.sleep_us(ms * 1000)


def sleep_us(us):
    kernel.sleep_us(us)
