"""Reads every sensor, each behind its own error edge, and turns a failure into a fault in the same set."""

import asyncio

from drivers import SensorError

from node.filters import plausible
from node.log import complain, log


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


class _Slot:
    """One line of the configuration's sensors."""

    def __init__(self, config):
        self.config = config
        self.driver = __import__("drivers." + config["driver"], None, None, ("setup",))
        self.names = self.driver.names(config)
        self.sensor = None  # set up at the first sample, and again after the bus failed
        self.failures = 0


class Sampler:
    """config: the whole configuration. hw: Hardware. limit_s: time limit of one sensor's reading, in seconds."""

    def __init__(self, config, hw):
        self._hw = hw
        self._limit_s = config["sample_limit_s"]
        self._slots = []
        for i, sensor in enumerate(config["sensors"]):
            try:
                self._slots.append(_Slot(sensor))
            except (ImportError, KeyError) as error:
                # Without names there is nothing that a fault could be reported for: only the console can tell.
                log("E", "sampler", "sensors[%d] %s: %s" % (i, sensor["driver"], error))

    @property
    def names(self):
        """All metrics that the sensors should give."""
        return [name for slot in self._slots for name in slot.names]

    async def sample(self):
        """Read all. Returns ([(name, value)], [(name, fault code)]). Never raises for a sensor."""
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
        return values, faults
