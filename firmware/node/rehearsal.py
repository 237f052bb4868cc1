"""Whether a configuration can work on this board, tried without touching its hardware.

What stands behind a pin or a bus only the running node can tell; what a driver refuses in its settings, a pin that the
chip does not have or that is used twice, and a metric that two sensors give, can be told before.
"""

import json

from machine import Pin

from node import config
from node.buses import check_adc
from node.config import ConfigError
from paraat_wire import metrics

_BUS_PINS = {"i2c": ("scl", "sda"), "uart": ("tx", "rx"), "onewire": ("pin",)}
_LINK_PINS = ("mdc", "mdio", "power", "ref_clk")

# Only `make flash` changes these: who the board is, whom it trusts, where its unsent readings lie. A larger ring could
# fill the flash, and then neither a configuration nor an update could undo that; a smaller one would drop what waits.
_KEPT = ("point", "board", "built", "broker.tls", "journal.directory", "journal.max_bytes", "journal.first_seq")


class _Nothing:
    """Stands where a pin or a bus would be: takes every call, and gives nothing."""

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __getitem__(self, key):
        return self

    def __or__(self, other):
        return self

    def __bool__(self):
        return False


class _NoHardware:
    """What drivers see instead of node.hardware.Hardware."""

    def __init__(self, buses):
        self._buses = buses

    def __getattr__(self, name):
        return _Nothing()

    def bus(self, name):
        if name not in self._buses:
            raise ValueError("bus: found %s, expected one of: %s" % (name, ", ".join(sorted(self._buses))))
        return _Nothing()

    def adc(self, number):
        check_adc(number)
        return _Nothing()


def text_of(message, runs):
    """What to store of a new configuration that can work. runs: the settings that run. Raises ConfigError."""
    where = "version %d" % message["version"]
    if message["version"] < runs["version"]:
        raise ConfigError("%s: older than %d, which runs" % (where, runs["version"]))
    _keep_own(message, runs, where)
    text = json.dumps(message)
    rehearse(config.check(message, where), where)
    return text


def _keep_own(message, runs, where):
    for key in _KEPT:
        table, _, name = key.rpartition(".")
        own = runs[table][name] if table else runs[name]
        place = message.setdefault(table, {}) if table else message
        if not isinstance(place, dict):
            raise ConfigError("%s: %s: expected a table" % (where, table))
        if place.setdefault(name, own) != own:
            raise ConfigError("%s: %s: only `make flash` changes it" % (where, key))


def rehearse(settings, where):
    """settings: checked by node.config. where: how messages call it. Raises ConfigError."""
    try:
        drivers = _check_sensors(settings)
        _check_pins(settings, drivers)
    except ConfigError as error:
        raise ConfigError("%s: %s" % (where, error))


def _check_pins(settings, drivers):
    used = {}

    def use(key, pin):
        if not isinstance(pin, int) or isinstance(pin, bool):
            raise ConfigError("%s: found %s, expected the number of a pin" % (key, repr(pin)[:40]))
        if pin in used:
            raise ConfigError("%s: pin %d is used by %s too" % (key, pin, used[pin]))
        try:
            Pin(pin)  # without a mode the chip only says whether it has it
        except ValueError:
            raise ConfigError("%s: found %d, which is no pin of this chip" % (key, pin))
        used[pin] = key

    for name, bus in settings["buses"].items():
        kind = bus.get("kind") if isinstance(bus, dict) else None
        if name == "rtc":  # a table that names a bus
            if kind is None and isinstance(bus, dict) and bus.get("bus") in settings["buses"]:
                continue
            raise ConfigError("buses.rtc.bus: expected one of the buses")
        if kind not in _BUS_PINS:
            raise ConfigError("buses.%s.kind: found %s, expected i2c, uart or onewire" % (name, repr(kind)[:40]))
        for key in _BUS_PINS[kind]:
            use("buses.%s.%s" % (name, key), bus.get(key))
    for name, pin in settings["pins"].items():
        use("pins." + name, pin)
    for key in _LINK_PINS:
        if key in settings["link"]:
            use("link." + key, settings["link"][key])
    for i, sensor in enumerate(settings["sensors"]):
        for key, kind in drivers[i].KEYS.items():
            if kind.rstrip("?") == "pin" and key in sensor:
                use("sensors[%d].%s" % (i, key), sensor[key])


def _check_sensors(settings):
    """The drivers of the sensors."""
    hardware = _NoHardware(settings["buses"])
    given = {}
    drivers = []
    for i, sensor in enumerate(settings["sensors"]):
        at = "sensors[%d] %s" % (i, sensor["driver"])
        driver, names = _try(sensor, hardware, at)
        drivers.append(driver)
        for name in names:
            if metrics.lookup(name) is None:
                raise ConfigError("%s: %s is no metric" % (at, name))
            if name in given:
                raise ConfigError("%s: %s is given by %s too; give one of them a name" % (at, name, given[name]))
            given[name] = at
    return drivers


def _try(sensor, hardware, at):
    """(driver, the metrics that it gives), when the driver takes the sensor's settings. Raises ConfigError."""
    if not _is_module(sensor["driver"]):
        raise ConfigError("%s: expected the name of a driver" % at)
    try:
        driver = __import__("drivers." + sensor["driver"], None, None, ("setup",))
        names = driver.names(sensor)
    except ImportError:
        raise ConfigError("%s: this firmware has no such driver" % at)
    except KeyError as error:
        raise ConfigError("%s: %s: found nothing, expected a value" % (at, error.args[0]))
    except (TypeError, AttributeError):
        raise ConfigError("%s: a value of another type than it should be" % at)
    try:
        driver.setup(sensor, hardware)
    except KeyError as error:
        raise ConfigError("%s: %s: found nothing, expected a value" % (at, error.args[0]))
    except ValueError as error:
        raise ConfigError("%s: %s" % (at, error))
    except MemoryError:  # that says nothing about its settings
        raise
    except Exception:
        pass  # it tried its chip, which is not there: it has taken its settings
    return driver, names


def _is_module(name):
    for c in name:
        if not ("a" <= c <= "z" or "0" <= c <= "9" or c == "_"):
            return False
    return bool(name)
