"""Reads every sensor, each behind its own error edge, and turns a failure into a fault in the same set."""

import asyncio

from drivers import SensorError

from node.filters import plausible
from node.log import complain, log
from paraat_wire import metrics


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


class NoSensor(LookupError):
    """Raised when there is no sensor of the kind that was asked for, or more than one. str() says which there are."""


class _Slot:
    """One line of the configuration's sensors."""

    def __init__(self, config):
        self.config = config
        self.driver = __import__("drivers." + config["driver"], None, None, ("setup",))
        self.names = self.driver.names(config)
        for name in self.names:
            if metrics.lookup(name) is None:
                raise KeyError("no such metric: " + name)
        self.sensor = None  # set up at the first sample, and again after the bus failed
        self.failures = 0


class Sampler:
    """config: the whole configuration. hw: Hardware. limit_s: time limit of one sensor's reading, in seconds."""

    def __init__(self, config, hw):
        self._hw = hw
        self._limit_s = config["sample_limit_s"]
        self._lock = asyncio.Lock()  # two readings at once would take each other's bytes
        self._slots = []
        self.unusable = 0  # sensors of the configuration that can never be asked
        for i, sensor in enumerate(config["sensors"]):
            try:
                slot = _Slot(sensor)
                for name in slot.names:
                    if name in self.names:
                        log("W", "sampler", "sensors[%d]: %s stands in for an earlier sensor's" % (i, name))
                self._slots.append(slot)
            except Exception as error:  # the edge, as below; a .mpy that rotted is a ValueError
                # Without names there is nothing that a fault could be reported for: the console and the lamp tell.
                self.unusable += 1
                log("E", "sampler", "sensors[%d] %s: %s" % (i, sensor["driver"], error))

    @property
    def names(self):
        """All metrics that the sensors should give, each once."""
        names = []
        for slot in self._slots:
            names.extend([name for name in slot.names if name not in names])
        return names

    async def sample(self):
        """Read all. Returns ([(name, value)], [(name, fault code)]). Never raises for a sensor."""
        async with self._lock:
            return await self._sample()

    async def calibrate(self, full, name, keep):
        """Measure at one end of a tank, empty or full, and go on with that. keep(sensor, changes): writes it down.

        name: of the sensor, None where there is only one. Returns {key: measured value}. Raises NoSensor; SensorError
        and OSError from the sensor, ValueError when its driver does not take the value, OSError from keep: nothing
        has changed then.
        """
        slot = self._level_slot(name)
        async with self._lock:
            if slot.sensor is None:
                slot.sensor = slot.driver.setup(slot.config, self._hw)
            try:
                value = await asyncio.wait_for(slot.sensor.measure(), self._limit_s)
            except asyncio.TimeoutError:
                raise SensorError("silent", "no answer within %d s" % self._limit_s)
            changes = {slot.driver.ENDS[1 if full else 0]: value if isinstance(value, int) else round(value, 3)}
            config = dict(slot.config)
            config.update(changes)
            sensor = slot.driver.setup(config, self._hw)
            keep(slot.config, changes)
            slot.config = config
            slot.sensor = sensor
        return changes

    def _level_slot(self, name):
        slots = [slot for slot in self._slots if hasattr(slot.driver, "ENDS")]
        found = [slot for slot in slots if name is None or slot.config.get("name", slot.config["driver"]) == name]
        if len(found) == 1:
            return found[0]
        known = ", ".join([slot.config.get("name", slot.config["driver"]) for slot in slots])
        raise NoSensor("name: found %s, expected one of: %s" % (name, known or "(no level sensor)"))

    def reset_counts(self):
        """Let every counter of people begin anew. Returns how many there are."""
        counters = [slot.sensor for slot in self._slots if hasattr(slot.sensor, "reset")]
        for counter in counters:
            counter.reset()
        return len(counters)

    async def _sample(self):
        values = []
        faults = []
        for slot in self._slots:
            try:
                if slot.sensor is None:
                    slot.sensor = slot.driver.setup(slot.config, self._hw)
                for name, value in await asyncio.wait_for(slot.sensor.sample(), self._limit_s):
                    if plausible(name, value):
                        values.append((name, value))
                    else:
                        faults.append((name, "range"))
            except Exception as error:  # the edge: one sensor never stops the others
                code = fault_code(error)
                slot.failures += 1
                if code == "bus":
                    slot.sensor = None
                complain("sampler", error)
                faults.extend([(name, code) for name in slot.names])
        # Where two sensors give one metric, the first that knows it counts: a fault only when neither does.
        known = set()
        return _once(values, known), _once(faults, known)
