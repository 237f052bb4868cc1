"""One file per chip or instrument.

A driver is a small class with the bus passed in and one read() that returns a namedtuple with units in its names. Its
file has two functions for the sampler, which gives them the sensor's table of the configuration:
  names(config)      the metrics that it reports, so that a failure gives each its fault
  setup(config, hw)  an object with `async sample()`, which returns a list of (name, value); missing is absent, zero is
                     a reading
They raise OSError (the bus), SensorError, or KeyError and ValueError for a wrong configuration. Drivers hold no tasks
and touch hardware only in setup and sample.
"""


class SensorError(Exception):
    """Raised when a sensor gives no value that can be believed. code: bus, crc, silent, range, blocked, config."""

    def __init__(self, code, detail=""):
        super().__init__(code + (": " + detail if detail else ""))
        self.code = code


def named(metric, config):
    """The metric's name with the sensor's own name behind it, where it has one: climate/temperature/hall."""
    name = config.get("name")
    return metric + "/" + name if name else metric
