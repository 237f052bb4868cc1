"""A battery clock on a board that has one."""

from node.lent import lent


class BatteryClock:
    """A DS3231 whose driver is loaded when it is asked: at the start, and when the host corrects the clock."""

    def __init__(self, i2c):
        self._i2c = i2c

    def read(self):
        with lent("drivers.ds3231") as ds3231:
            return ds3231.DS3231(self._i2c).read()

    def write(self, unix_s):
        with lent("drivers.ds3231") as ds3231:
            ds3231.DS3231(self._i2c).write(unix_s)
