"""Buses and pins by the names that the configuration gives them. Nothing touches the hardware before it is asked for."""

from machine import Pin

from node.lent import lent

_PULLS = {None: -1, 1: Pin.PULL_UP, 0: Pin.PULL_DOWN}


class Hardware:
    """config: the whole configuration; its "buses" and "pins" are used."""

    def __init__(self, config):
        self._buses = config["buses"]
        self._pins = config["pins"]
        self._open = {}

    def bus(self, name):
        """The bus of this name, opened once. Raises KeyError for an unknown name, ValueError for an unknown kind.

        Raises MemoryError when the chip has none for its driver.
        """
        if name not in self._open:
            with lent("node.buses") as buses:
                self._open[name] = buses.make(name, self._buses[name])
        return self._open[name]

    def battery_clock(self):
        """The battery clock that the board names in its buses' "rtc" table; None where there is none."""
        table = self._buses.get("rtc")
        if table is None:
            return None
        from node.battery_clock import BatteryClock  # most boards have none

        return BatteryClock(self.bus(table["bus"]))

    def pin_in(self, number, pull=None):
        """An input; pull: None, 1 (up) or 0 (down)."""
        return Pin(number, Pin.IN, _PULLS[pull])

    def adc(self, number):
        """An analogue input of 150 to 2450 mV. Raises ValueError for a pin that has none while the radio is on."""
        with lent("node.buses") as buses:
            return buses.adc(number)

    def pin_out(self, number):
        """An output, low at first."""
        return Pin(number, Pin.OUT, value=0)

    def named_out(self, name):
        """The output that the board calls led or buzzer; None where it has none."""
        number = self._pins.get(name)
        return None if number is None else self.pin_out(number)

    def has(self, name):
        """Whether the board has a pin of this name."""
        return name in self._pins

    def named_button(self, name):
        """The button of this name (to ground, with a pull-up); None where there is none."""
        number = self._pins.get(name)
        return None if number is None else self.pin_in(number, 1)
