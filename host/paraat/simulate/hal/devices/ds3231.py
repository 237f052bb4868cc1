"""DS3231 battery clock as an I2C device: its registers 00h to 12h, in BCD, with a running calendar.

It counts by itself from what was written: seconds of the board's time since then are carried through the calendar one
field at a time, as the chip's counters do, in 12 hours where they were set so. `nack`: it does not answer. stop(): its
battery was empty. blackout(): it runs on its battery, or with EOSC set stands still.
"""

import kernel

_SECONDS, _HOURS, _WEEKDAY, _DATE, _MONTH, _YEAR = 0x00, 0x02, 0x03, 0x04, 0x05, 0x06
CONTROL, STATUS = 0x0E, 0x0F
EOSC = 0x80
OSF = 0x80
_12_HOURS, _AFTERNOON = 0x40, 0x20
CENTURY = 0x80
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _binary(byte):
    return (byte >> 4) * 10 + (byte & 0x0F)


def _bcd(value):
    return value // 10 << 4 | value % 10


class DS3231:
    """As delivered: 1 January 2000, stopped flag set."""

    def __init__(self):
        self.nack = False
        self.registers = bytearray(0x13)
        self.registers[_WEEKDAY] = self.registers[_DATE] = self.registers[_MONTH] = 1
        self.registers[CONTROL] = 0x1C
        self.registers[STATUS] = OSF | 0x08
        self._counted_us = kernel.now_us

    def stop(self):
        """The battery was empty while the board was off: power-on values, as in a new one."""
        DS3231.__init__(self)

    def blackout(self, seconds):
        """So long without any power but its battery's, in which the board sees no time pass."""
        self._count()
        if self.registers[CONTROL] & EOSC:
            self.registers[STATUS] |= OSF
        else:
            self._counted_us -= seconds * 1000000

    def read(self, register, count):
        self._count()
        return bytes(self.registers[register : register + count])

    def write(self, register, data):
        self._count()
        if register <= _SECONDS < register + len(data):
            self._counted_us = kernel.now_us  # writing the seconds begins a new one
        for i, byte in enumerate(data):
            if register + i == STATUS:  # OSF and the alarm flags can only be cleared
                byte &= self.registers[STATUS] | ~0x83
            self.registers[register + i] = byte

    def _count(self):
        """Carry the seconds that have passed through the calendar."""
        passed_s = (kernel.now_us - self._counted_us) // 1000000
        self._counted_us += passed_s * 1000000
        r = self.registers
        hours = 24 * 3600
        in_12 = r[_HOURS] & _12_HOURS
        hour = _binary(r[_HOURS])
        if in_12:
            hour = _binary(r[_HOURS] & 0x1F) % 12 + (12 if r[_HOURS] & _AFTERNOON else 0)
        of_day_s = hour * 3600 + _binary(r[1]) * 60 + _binary(r[0]) + passed_s
        for _ in range(of_day_s // hours):
            self._next_day()
        of_day_s %= hours
        hour = of_day_s // 3600
        r[0], r[1], r[_HOURS] = _bcd(of_day_s % 60), _bcd(of_day_s // 60 % 60), _bcd(hour)
        if in_12:
            r[_HOURS] = _12_HOURS | (_AFTERNOON if hour >= 12 else 0) | _bcd((hour + 11) % 12 + 1)

    def _next_day(self):
        r = self.registers
        r[_WEEKDAY] = r[_WEEKDAY] % 7 + 1
        month, year = _binary(r[_MONTH] & ~CENTURY & 0xFF), _binary(r[_YEAR])
        days = _DAYS[month - 1] + (1 if month == 2 and year % 4 == 0 else 0)
        day = _binary(r[_DATE]) + 1
        if day > days:
            day = 1
            month += 1
        if month > 12:
            month = 1
            year += 1
        if year > 99:
            year = 0
            r[_MONTH] ^= CENTURY
        r[_DATE], r[_MONTH], r[_YEAR] = _bcd(day), _bcd(month) | r[_MONTH] & CENTURY, _bcd(year)
