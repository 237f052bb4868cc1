"""What a sensor's table may say: the KEYS of its driver, read from the firmware's source without running it.

firmware/drivers/__init__.py says what KEYS holds. A value's range is the driver's own business: it shows as the fault
"config" of the sensor.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from paraat import paths
from paraat.settings import SettingsError

_BUSES = ("i2c", "uart", "onewire")
# kind -> (types, in words); True is an int in Python, and in no site file
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "pin": ((int,), "the number of a GPIO"),
    "int": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "text": ((str,), "a text"),
    "list": ((list,), "a list"),
}


@cache
def driver_keys() -> dict[str, dict[str, str]]:
    """driver -> key -> kind, of every driver that is a sensor."""
    found = {}
    for path in sorted((paths.firmware_dir() / "drivers").glob("[a-z]*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "KEYS":
                found[path.stem] = dict(ast.literal_eval(node.value))
    return found


def check_sensor(path: Path, at: str, sensor: Mapping[str, Any], buses: Mapping[str, Any]) -> None:
    """Refuse a [[sensors]] table with an unknown driver, bus or key, or a value of another kind.

    at: the table's key, such as "sensors[2]". buses: of the board. Raises SettingsError that names file and key.
    """
    drivers = driver_keys()
    driver = sensor.get("driver")
    if driver not in drivers:
        raise SettingsError(path, f"{at}.driver", repr(driver), f"one of: {', '.join(drivers)}")
    keys = drivers[driver]
    for key, value in sensor.items():
        if key == "driver":
            continue
        if key not in keys:
            raise SettingsError(path, f"{at}.{key}", repr(value), f"a key that the {driver} has: {', '.join(keys)}")
        _check_value(path, f"{at}.{key}", value, keys[key].rstrip("?"), buses)


def check_complete(path: Path, at: str, sensor: Mapping[str, Any]) -> None:
    """Refuse a sensor, all its tables taken together, that lacks a key. Raises SettingsError."""
    for key, kind in driver_keys()[sensor["driver"]].items():
        if not kind.endswith("?") and key not in sensor:
            raise SettingsError(path, f"{at}.{key}", "nothing", _expected(kind))


def _check_value(path: Path, at: str, value: Any, kind: str, buses: Mapping[str, Any]) -> None:
    if kind in _BUSES:
        fitting = sorted(name for name, bus in buses.items() if bus.get("kind") == kind)
        if value not in fitting:
            names = ", ".join(fitting) or "this board has none"
            raise SettingsError(path, at, repr(value), f"{_expected(kind)}: {names}")
        return
    types, words = _KINDS[kind]
    if not isinstance(value, types) or isinstance(value, bool) != (bool in types):
        raise SettingsError(path, at, repr(value), words)


def _expected(kind: str) -> str:
    return f"the name of an {kind} bus" if kind in _BUSES else _KINDS[kind][1]
