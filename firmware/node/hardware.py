"""Buses and pins by the names that the configuration gives them. Nothing touches the hardware before it is asked for."""

import sys

from machine import ADC, I2C, UART, Pin

from node.lent import lent

_PULLS = {None: -1, 1: Pin.PULL_UP, 0: Pin.PULL_DOWN}


def adc1_pins(machine):
    """The pins of ADC1: the radio has ADC2 to itself while it is on. machine: as sys.implementation._machine says it."""
    chip = machine[-2:]  # ESP32S3, from MicroPython 1.29 on ESP32-S3
    return range(1, 11) if chip == "S3" else range(5) if chip == "C3" else range(32, 40)


def check_adc(number):
    """Raises ValueError for a pin that is no analogue input while the radio is on."""
    pins = adc1_pins(sys.implementation._machine)
    if number not in pins:
        raise ValueError("pin: found %s, expected one of ADC1: %d to %d" % (number, pins[0], pins[-1]))


class _BatteryClock:
    """A DS3231 whose driver is loaded when it is asked: at the start, and when the host corrects the clock."""

    def __init__(self, i2c):
        self._i2c = i2c

    def read(self):
        with lent("drivers.ds3231") as ds3231:
            return ds3231.DS3231(self._i2c).read()

    def write(self, unix_s):
        with lent("drivers.ds3231") as ds3231:
            ds3231.DS3231(self._i2c).write(unix_s)


class Hardware:
    """config: the whole configuration; its "buses" and "pins" are used."""

    def __init__(self, config):
        self._buses = config["buses"]
        self._pins = config["pins"]
        self._open = {}

    def bus(self, name):
        """The bus of this name, opened once. Raises KeyError for an unknown name, ValueError for an unknown kind."""
        if name not in self._open:
            self._open[name] = self._make(name, self._buses[name])
        return self._open[name]

    def _make(self, name, bus):
        kind = bus["kind"]
        number = int(name[-1]) if name[-1].isdigit() else 0
        if kind == "i2c":
            return I2C(number, scl=Pin(bus["scl"]), sda=Pin(bus["sda"]), freq=bus.get("freq_hz", 100000))
        if kind == "uart":
            return UART(number, baudrate=bus.get("baud", 9600), tx=Pin(bus["tx"]), rx=Pin(bus["rx"]))
        if kind == "onewire":
            from onewire import OneWire

            return OneWire(Pin(bus["pin"]))
        raise ValueError("buses.%s.kind: found %s, expected i2c, uart or onewire" % (name, kind))

    def battery_clock(self):
        """The battery clock that the board names in its buses' "rtc" table; None where there is none."""
        table = self._buses.get("rtc")
        return None if table is None else _BatteryClock(self.bus(table["bus"]))

    def pin_in(self, number, pull=None):
        """An input; pull: None, 1 (up) or 0 (down)."""
        return Pin(number, Pin.IN, _PULLS[pull])

    def adc(self, number):
        """An analogue input of 150 to 2450 mV. Raises ValueError for a pin that has none while the radio is on."""
        check_adc(number)
        return ADC(Pin(number), atten=ADC.ATTN_11DB)

    def pin_out(self, number):
        """An output, low at first."""
        return Pin(number, Pin.OUT, value=0)

    def named_out(self, name):
        """The output that the board calls led or buzzer; None where it has none."""
        number = self._pins.get(name)
        return None if number is None else self.pin_out(number)

    def named_button(self, name):
        """The button of this name (to ground, with a pull-up); None where there is none."""
        number = self._pins.get(name)
        return None if number is None else self.pin_in(number, 1)
