"""Device models at the bus, one file per chip, each with the faults that the real one has.

The model of a sensor is called as its driver is, and has beside it
  wire(sensor, bus, world)  puts one behind a [[sensors]] table, as the world has it, and returns it
  ONE                       such a table: tests/firmware/node/test_one_of_each.py has a board with one of every sensor
  BREAKS                    what breaks that one, a function of it, each with the code of its fault
"""

import wiring


def wired(bus):
    """What hangs on an I2C bus: address -> device."""
    return wiring.i2c.setdefault((bus["scl"], bus["sda"]), {})


def on_i2c(bus, address, device):
    """Hang a device there; returns it."""
    wired(bus)[address] = device
    return device


def put(name, value):
    """What breaks a device: a change of one of its attributes."""
    return lambda device: setattr(device, name, value)
