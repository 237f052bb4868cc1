"""Where a sensor's settings reach the end of what its driver can tell.

Refused is what would let a failure look like a good value: a short, a wet sensor face, a loose wire. The drivers refuse
the first two themselves, at the board; here it is said before. Told is up to where a shunt measures. The numbers are
the drivers' own, read from the firmware's source without running it.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from paraat.boards.driver_keys import Wrong
from paraat.site import paths
from paraat.texts import Phrase

_SHUNT_END_MV = 81.92  # INA226, shunt voltage: 7FFFh


@cache
def constants(driver: str) -> dict[str, Any]:
    """The plain values that a driver's module gives names to."""
    path = paths.firmware_dir() / "drivers" / f"{driver}.py"
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # made by a call
    return found


def unsafe(table: Mapping[str, Any]) -> Wrong | None:
    """The key by which a failure of this sensor would look like a good value; its keys are those of its driver."""
    check = {"a02yyuw": _ultrasonic, "tank_sender": _tank_sender, "digital_input": _input}.get(table["driver"])
    return None if check is None else check(table)


def shunts(sensors: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, float]]:
    """(milliohm, amperes up to which it is measured) of each current sensor."""
    for table in sensors:
        if table["driver"] == "ina226" and table["shunt_milliohm"] > 0:
            yield table["shunt_milliohm"], _SHUNT_END_MV / table["shunt_milliohm"]


def _ultrasonic(table: Mapping[str, Any]) -> Wrong | None:
    known = constants("a02yyuw")
    least = known["LEAST_FULL_MM"]
    if table["full_mm"] >= least:
        return None
    why = Phrase(
        "at least {least}: a sensor that is wet or covered says {told}, and must not read as a full tank",
        least=least,
        told=known["MIN_MM"],
    )
    return Wrong("full_mm", repr(table["full_mm"]), why)


def _tank_sender(table: Mapping[str, Any]) -> Wrong | None:
    known = constants("tank_sender")
    empty_ohm, full_ohm = known["SENDERS"].get(table.get("sender"), (None, None))
    rows = table.get("table") or [[table.get("empty_ohm", empty_ohm), 0], [table.get("full_ohm", full_ohm), 100]]
    reference_ohm = table.get("reference_ohm", known["_REFERENCE_OHM"])
    if reference_ohm <= 0 or not all(_is_row(row) for row in rows):
        return None  # the driver says what is missing or wrong
    ohm, percent = min(rows)
    series_ohm = table.get("series_ohm", known["_SERIES_OHM"])
    supply_uv = 1000 * table.get("supply_mv", known["_SUPPLY_MV"])

    def node_uv(sender_ohm: float) -> float:
        total_ohm = sender_ohm + series_ohm
        return float(supply_uv * total_ohm / (total_ohm + reference_ohm))

    apart_mv, least_mv = (node_uv(ohm) - node_uv(0)) / 1000, known["APART_UV"] / 1000
    if not percent or apart_mv >= least_mv:
        return None
    why = Phrase(
        "a sender whose full end is at least {least_mv} mV from a short: of {ohm} ohm it is {apart_mv} mV, and a "
        "short must not read as a full tank; a smaller reference_ohm, or another sender",
        least_mv=f"{least_mv:.0f}",
        ohm=ohm,
        apart_mv=f"{apart_mv:.0f}",
    )
    return Wrong("table" if "table" in table else "full_ohm", repr(ohm), why)


def _is_row(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(value, int | float) for value in row)


def _input(table: Mapping[str, Any]) -> Wrong | None:
    idle = {"up": False, "down": True}.get(table.get("pull", ""))
    if idle is None or table.get("active_low", False) != idle:
        return None
    needed = "true" if table["pull"] == "up" else "false"
    return Wrong(
        "pull",
        repr(table["pull"]),
        Phrase("active_low = {needed} with it: a loose wire must not read as on", needed=needed),
    )
