"""DS3231 battery clock. Not a sensor: node.clock reads it at the start and corrects it when the host tells the time.

# Ref: Maxim/Analog Devices DS3231, 19-5170 Rev 10; 3/15 ("DS" below).
"""

from micropython import const

from drivers import SensorError, keep

_SECONDS = const(0x00)  # DS figure 1: seconds, minutes, hours, day of the week, date, month and century, year; BCD
_CONTROL = const(0x0E)
_STANDS_ON_BATTERY = const(0x80)  # DS control register: EOSC; another program may have left it set
_CONVERT = const(0x20)  # DS control register: CONV, which goes by itself
_STATUS = const(0x0F)
_OSCILLATOR_STOPPED = const(0x80)  # DS status register: OSF, set at power-on and whenever the clock stood still
# DS figure 1, register 05h, bit 7: the century, toggled when the year goes from 99 to 00. The chip does not say which of
# the two is which: some programs set it for 20xx. No board's clock goes beyond 2068, so all years are of this century.
_MONTH = const(0x7F)
_12_HOURS = const(0x40)  # DS figure 1, register 02h: another program may have left the clock so
_AFTERNOON = const(0x20)
_FIRST_YEAR = const(2000)
_DAY_S = const(86400)
_FIRST_S = 946684800  # 2000-01-01 and 2100-01-01
_END_S = 4102444800


def day_number(year, month, day):
    """Days since 1970-01-01. Counted from March, so that 29 February is the last day of its year."""
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469


def date(days):
    """(year, month, day) of so many days since 1970-01-01."""
    year = 1970 + days // 366  # never too late, and within this century at most a year too early
    if day_number(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while day_number(year, month, 1) > days:
        month -= 1
    return year, month, days - day_number(year, month, 1) + 1


def _bcd(value):
    return value // 10 << 4 | value % 10


def _binary(byte):
    if byte & 0x0F > 9 or byte >> 4 > 9:
        raise ValueError
    return (byte >> 4) * 10 + (byte & 0x0F)


def _hour(byte):
    if not byte & _12_HOURS:
        return _binary(byte)
    hour = _binary(byte & 0x1F)
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if byte & _AFTERNOON else 0)


def to_unix_s(registers):
    """Unix seconds of registers 00h to 06h. Raises ValueError when they are no date."""
    second, minute, hour = _binary(registers[0]), _binary(registers[1]), _hour(registers[2])
    year = _FIRST_YEAR + _binary(registers[6])
    month, day = _binary(registers[5] & _MONTH), _binary(registers[4])
    if second > 59 or minute > 59 or hour > 23 or not 1 <= month <= 12:
        raise ValueError
    days = day_number(year, month, day)
    if date(days) != (year, month, day):
        raise ValueError
    return days * _DAY_S + (hour * 60 + minute) * 60 + second


def to_registers(unix_s):
    """Registers 00h to 06h of a time, in 24 hours. Raises ValueError outside 2000 to 2099."""
    if not _FIRST_S <= unix_s < _END_S:
        raise ValueError("found the time %d, expected one of the years 2000 to 2099" % unix_s)
    days, second = divmod(unix_s, _DAY_S)
    year, month, day = date(days)
    weekday = (days + 3) % 7 + 1  # Monday is 1; nobody reads it, but it must be one of 1 to 7
    fields = (second % 60, second // 60 % 60, second // 3600, weekday, day, month, year - _FIRST_YEAR)
    return bytearray([_bcd(field) for field in fields])


class DS3231:
    """i2c: the bus, up to 400 kHz. address: 0x68, the only one the chip has.

    From then on it goes on while it runs on its battery. Raises OSError (bus), SensorError bus.
    """

    def __init__(self, i2c, address=0x68):
        self.i2c = i2c
        self.address = address
        self._time = bytearray(7)
        self._status = bytearray(1)
        control = i2c.readfrom_mem(address, _CONTROL, 1)[0]
        self._stood_on_battery = keep(
            i2c, address, _CONTROL, bytes((control & ~(_STANDS_ON_BATTERY | _CONVERT) & 0xFF,))
        )

    def read(self):
        """Unix seconds. Raises OSError (bus), SensorError: stopped (the clock stood still), range (no date)."""
        self.i2c.readfrom_mem_into(self.address, _STATUS, self._status)
        if self._status[0] & _OSCILLATOR_STOPPED:
            why = "never set, or its battery is empty"
            if self._stood_on_battery:
                why = "it was told to stop without the board (EOSC), which is mended now; or its battery is empty"
            raise SensorError("stopped", "the battery clock stood still: " + why)
        self.i2c.readfrom_mem_into(self.address, _SECONDS, self._time)  # one burst: DS, no carry in between
        try:
            return to_unix_s(self._time)
        except ValueError:
            raise SensorError("range", "the battery clock holds no date")

    def write(self, unix_s):
        """Set the clock. Raises OSError (bus), ValueError outside 2000 to 2099."""
        self.i2c.writeto_mem(self.address, _SECONDS, to_registers(unix_s))
        # Last, so that a clock that was set by half goes on to be distrusted. The other flags stay as they are.
        self.i2c.readfrom_mem_into(self.address, _STATUS, self._status)
        self._status[0] &= ~_OSCILLATOR_STOPPED & 0xFF
        self.i2c.writeto_mem(self.address, _STATUS, self._status)
