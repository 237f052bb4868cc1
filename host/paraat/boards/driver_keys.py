"""What a sensor's table may say: the KEYS of its driver, read from the firmware's source without running it.

firmware/drivers/__init__.py says what KEYS holds. A value's range is the driver's own business, and shows as the fault
"config" of the sensor; pins and buses are boards/pins.py's.
"""

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from paraat.site import paths
from paraat.texts import Phrase
from paraat_wire import metrics

# kind -> (types, in words); True is an int in Python, and in no site file
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "i2c": ((str,), Phrase("the name of an i2c bus")),
    "uart": ((str,), Phrase("the name of a uart bus")),
    "onewire": ((str,), Phrase("the name of a onewire bus")),
    "pin": ((int,), Phrase("the number of a GPIO")),
    "int": ((int,), Phrase("a whole number")),
    "number": ((int, float), Phrase("a number")),
    "bool": ((bool,), Phrase("true or false")),
    "text": ((str,), Phrase("a text")),
    "list": ((list,), Phrase("a list")),
    "name": ((str,), Phrase('1 to 20 of a-z, 0-9 and -, not "fault": it stands behind the metric\'s name')),
}


class Wrong(NamedTuple):
    """A key of a sensor's table that is not as its driver takes it."""

    key: str
    found: str
    expected: str


@cache
def driver_keys() -> dict[str, dict[str, str]]:
    """driver -> key -> kind, of every driver that is a sensor."""
    found = {}
    for path in sorted((paths.firmware_dir() / "drivers").glob("[a-z]*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "KEYS":
                found[path.stem] = dict(ast.literal_eval(node.value))
    return found


def first_wrong(table: Mapping[str, Any]) -> Wrong | None:
    """The first key that this sensor's driver does not have, takes otherwise, or lacks; the driver is a known one."""
    keys = driver_keys()[table["driver"]]
    for key, value in table.items():
        if key == "driver":
            continue
        if key not in keys:
            return Wrong(
                key,
                repr(value),
                Phrase("a key that the {driver} has: {keys}", driver=table["driver"], keys=", ".join(keys)),
            )
        kind = keys[key].rstrip("?")
        if not _fits(value, kind):
            return Wrong(key, repr(value), _KINDS[kind][1])
    for key, kind in keys.items():
        if not kind.endswith("?") and key not in table:
            return Wrong(key, Phrase("nothing"), _KINDS[kind][1])
    return None


def _fits(value: object, kind: str) -> bool:
    types, _ = _KINDS[kind]
    if not isinstance(value, types) or isinstance(value, bool) != (bool in types):
        return False
    if kind != "name":
        return True
    found = metrics.lookup(f"fuel/level/{value}")
    return found is not None and found[1] == value
