"""One file per chip or instrument.

A driver is a small class with the bus passed in and one read() that returns a namedtuple with units in its names. Its
file has, for the sampler, which gives them the sensor's table of the configuration:
  KEYS               the keys of that table beside "driver", and the kind of each: i2c, uart or onewire (the name of a
                     bus of that kind), pin, int, number, bool, text, list or name; with a ? behind it, it may be left out.
                     `paraat check` reads it as text and refuses other keys, so it is a plain table. A chip that is no
                     sensor (ds3231) has none
  names(config)      the metrics that it reports, so that a failure gives each its fault
  setup(config, hw)  an object with `async sample()`, which returns a list of (name, value); missing is absent, zero is
                     a reading, and a SensorError in a value's place is its fault: the others stand. For most a Sensor,
                     as below
A meter that is fed by the line that it measures, and so falls silent with it, also has
  fed_by(config)     that line's metric: power/mains or power/generator
A level sensor that can be calibrated at its tank also has
  ENDS               its keys of the empty and of the full tank
  measure()          of the object that setup made: async, the reading in the unit of those keys
They raise OSError (the bus), SensorError, or KeyError and ValueError for a wrong configuration. Drivers hold no tasks
and touch hardware only in setup and sample.
"""


class SensorError(Exception):
    """Raised when a sensor gives no value that can be believed.

    code: bus (it refuses, or lost its settings), crc, silent, range, blocked, config, wire-break, short, stopped.
    detail: what was seen; where that has several causes, the likelier first.
    """

    def __init__(self, code, detail=""):
        super().__init__(code + (": " + detail if detail else ""))
        self.code = code


class Sensor:
    """What setup gives where a sample is what the driver's read() gives: a value for each name, in the same order.

    scales: what each value is divided by, to come to its metric's unit; without them they come in it. None is absent,
    and a SensorError is the fault of that one value; where no value stands, the first of them is raised.
    """

    def __init__(self, driver, names, scales=None):
        self.driver = driver
        self.names = names
        self._scales = scales

    async def sample(self):
        read = await self.driver.read()
        scales = self._scales or [None] * len(self.names)
        found = []
        fault = None
        for name, value, scale in zip(self.names, read, scales):
            if value is None:
                continue
            if isinstance(value, SensorError):
                fault = fault or value
            elif scale is not None:
                value = value / scale
            found.append((name, value))
        if fault is not None and all([isinstance(value, SensorError) for _, value in found]):
            raise fault
        return found


def keep(i2c, address, register, wanted):
    """See that a register holds these bytes, whatever another program or a dip of the supply has left in it.

    Returns whether they had to be written. Raises OSError (bus), SensorError bus: it does not take them.
    """
    if i2c.readfrom_mem(address, register, len(wanted)) == wanted:
        return False
    i2c.writeto_mem(address, register, wanted)
    if i2c.readfrom_mem(address, register, len(wanted)) != wanted:
        raise SensorError("bus", "0x%02x does not keep register %d: its supply dips, or wires" % (address, register))
    return True


def named(metric, config):
    """The metric's name with the sensor's own name behind it, where it has one: climate/temperature/hall."""
    name = config.get("name")
    return metric + "/" + name if name else metric
