"""How the buses and the analogue inputs are opened. Lent by node.hardware for each."""

import sys

from machine import ADC, I2C, UART, Pin

from node.lent import lent


def adc1_pins(machine):
    """The pins of ADC1: the radio has ADC2 to itself while it is on. machine: as sys.implementation._machine says it."""
    chip = machine[-2:]  # ESP32S3, from MicroPython 1.29 on ESP32-S3
    return range(1, 11) if chip == "S3" else range(5) if chip == "C3" else range(32, 40)


def check_adc(number):
    """Raises ValueError for a pin that is no analogue input while the radio is on."""
    pins = adc1_pins(sys.implementation._machine)
    if number not in pins:
        raise ValueError("pin: found %s, expected one of ADC1: %d to %d" % (number, pins[0], pins[-1]))


def adc(number):
    """As Hardware.adc."""
    check_adc(number)
    return ADC(Pin(number), atten=ADC.ATTN_11DB)


def make(name, bus):
    """As Hardware.bus. bus: its table of the configuration. Raises MemoryError when the chip has none for its driver."""
    try:
        return _open(name, bus)
    except OSError as error:  # of a UART "UART driver malloc error" on the console, and EPERM here
        with lent("node.shortage") as shortage:
            if shortage.is_it(error) or shortage.is_now():
                raise MemoryError("buses.%s: %s" % (name, shortage.WORDS))
        raise


def _open(name, bus):
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
