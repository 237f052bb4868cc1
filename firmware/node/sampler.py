"""Reads every sensor, each behind its own error edge, and turns a failure into a fault in the same set."""

import asyncio

from drivers import SensorError

from node.filters import plausible
from node.log import complain, log
from paraat_wire import metrics

_OTHER_LINE = {"power/mains": "power/generator", "power/generator": "power/mains"}


def fault_code(error):
    """The word that goes over the wire for an exception."""
    if isinstance(error, SensorError):
        return error.code
    if isinstance(error, asyncio.TimeoutError):
        return "silent"
    if isinstance(error, OSError):
        return "bus"
    if isinstance(error, (KeyError, ValueError, TypeError, ImportError)):
        return "config"
    return "error"


def _once(rows, known):
    """The rows whose name is not known yet; it is known from then on."""
    found = []
    for row in rows:
        if row[0] not in known:
            known.add(row[0])
            found.append(row)
    return found


class _Slot:
    """One line of the configuration's sensors. Raises what its driver does, where that cannot be loaded or used."""

    def __init__(self, config, hw):
        self.config = config
        self._hw = hw
        self.driver = __import__("drivers." + config["driver"], None, None, ("setup",))
        self.names = self.driver.names(config)
        for name in self.names:
            if metrics.lookup(name) is None:
                raise KeyError("no such metric: " + name)
        self.fed_by = self.driver.fed_by(config) if hasattr(self.driver, "fed_by") else None
        self.sensor = None  # set up at the first sample, and again after it was lost

    def ready(self):
        """The sensor. Raises what setup does (drivers/__init__.py)."""
        if self.sensor is None:
            self.sensor = self.driver.setup(self.config, self._hw)
        return self.sensor


class Sampler:
    """config: the whole configuration. hw: Hardware.

    limit_s: time limit of one sensor's reading, in seconds. slots: one for each sensor that can be asked, in the order
    of the configuration. lock: held while sensors are read; two readings at once would take each other's bytes.
    shortage: the MemoryError of the last sample, None where there was none.
    """

    def __init__(self, config, hw):
        self.limit_s = config["sample_limit_s"]
        self.lock = asyncio.Lock()
        self.slots = []
        self.shortage = None
        self.unusable = 0  # sensors of the configuration that can never be asked
        for i, sensor in enumerate(config["sensors"]):
            try:
                slot = _Slot(sensor, hw)
                for name in slot.names:
                    if name in self.names:
                        log("W", "sampler", "sensors[%d]: %s stands in for an earlier sensor's" % (i, name))
                self.slots.append(slot)
            except Exception as error:  # the edge, as below; a .mpy that rotted is a ValueError
                # Without names there is nothing that a fault could be reported for: the console and the lamp tell.
                self.unusable += 1
                log("E", "sampler", "sensors[%d] %s: %s" % (i, sensor["driver"], error))

    @property
    def names(self):
        """All metrics that the sensors should give, each once."""
        names = []
        for slot in self.slots:
            names.extend([name for name in slot.names if name not in names])
        return names

    async def sample(self):
        """Read all. Returns ([(name, value)], [(name, fault code)]). Never raises for a sensor."""
        async with self.lock:
            return await self._sample()

    async def _sample(self):
        values = []
        faults = []
        self.shortage = None
        for slot in self.slots:
            try:
                for name, value in await asyncio.wait_for(slot.ready().sample(), self.limit_s):
                    if isinstance(value, SensorError):
                        complain("sampler", value)
                        faults.append((name, value.code))
                    elif plausible(name, value):
                        values.append((name, value))
                    else:
                        faults.append((name, "range"))
            except Exception as error:  # the edge: one sensor never stops the others
                code = fault_code(error)
                if isinstance(error, MemoryError):
                    self.shortage = error
                if code in ("bus", "silent"):  # it may have forgotten what it was told
                    slot.sensor = None
                complain("sampler", error)
                faults.extend([(name, code) for name in slot.names])
        # Where two sensors give one metric, the first that knows it counts: a fault only when neither does.
        known = set()
        return _once(values, known), _once(faults, known)

    def unexplained(self, values, faults):
        """The faults of a sample that tell of trouble: not the silence of a meter whose line is rightly dead."""
        known = dict(values)
        right = []
        for slot in self.slots:
            if slot.fed_by is None:
                continue
            # Another sensor says that its line is off; or does not know, and the point lives on the other one.
            alive = known.get(slot.fed_by)
            if alive is False or (alive is None and known.get(_OTHER_LINE[slot.fed_by])):
                right.extend(slot.names)
        return [(name, code) for name, code in faults if code != "silent" or name not in right]
