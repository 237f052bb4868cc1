"""The API's answers as CSV, for a spreadsheet: one row a point or a resource, with a head. Times and null as in JSON."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from paraat.web.api import Point, Points, Refuel, RefuelStop, Resource, Upkeep

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

POINT_COLUMNS = (
    "point", "name", "municipality", "verdict", "last_verdict", "why", "to_do", "phase", "phase_since", "late",
    "fuel_litres", "fuel_hours_low", "fuel_hours", "refuel_before", "data_at",
    "off_grid_hours_low", "off_grid_hours",
)  # fmt: skip
REFUEL_COLUMNS = (
    "point", "name", "municipality", "access", "hours_low", "refuel_before", "to_full_litres", "to_target_litres",
    "last_delivery_at", "last_delivery_litres", "planned_at", "planned_litres", "planned_who", "planned_late", "planned_too_late",
    "planned_brought_litres",
)  # fmt: skip
UPKEEP_COLUMNS = (
    "point", "name", "municipality", "kind", "resource", "state", "due", "what", "why", "to_do", "done_at", "due_at", "by",
)  # fmt: skip
RESOURCE_COLUMNS = ("resource", "state", "need", "critical", "why", "to_do", "at", "until", "by", "renew")


def points(found: Points, head: bool = True) -> str:
    """The points, one a row; of what keeps one from being ready all on one line. head: with the names of the columns."""
    return _csv(POINT_COLUMNS, map(_point, found.points), head)


def resources(found: Iterable[Resource]) -> str:
    """The resources of a point, one a row."""
    return _csv(RESOURCE_COLUMNS, (tuple(getattr(one, column) for column in RESOURCE_COLUMNS) for one in found))


def refuel(found: Refuel, head: bool = True) -> str:
    """The refuel round, one stop a row."""
    return _csv(REFUEL_COLUMNS, map(_stop, found.stops), head)


def upkeep(found: Upkeep, head: bool = True) -> str:
    """The tasks of every point, one a row."""
    places = ((one.point, one.name, one.municipality, task) for one in found.points for task in one.tasks)
    return _csv(
        UPKEEP_COLUMNS,
        ((*place, *(getattr(task, column) for column in UPKEEP_COLUMNS[3:])) for *place, task in places),
        head,
    )


def _stop(one: RefuelStop) -> tuple[object, ...]:
    last, plan = one.last_delivery, one.planned
    return (
        one.point, one.name, one.municipality, one.access, one.hours_low, one.refuel_before, one.to_full_litres,
        one.to_target_litres, *((None, None) if last is None else (last.at, last.litres)),
        *((None,) * 6 if plan is None else (plan.at, plan.litres, plan.who, plan.late, plan.too_late, plan.brought_litres)),
    )  # fmt: skip


def _point(one: Point) -> tuple[object, ...]:
    left, life, whole = one.fuel_left, one.life, one.off_grid
    fuel = (None, None, None) if left is None else (left.hours_low, left.hours, left.refuel_before)
    return (
        one.point, one.name, one.municipality, one.verdict, one.last_verdict, "; ".join(one.why), one.to_do, life.phase,
        life.since, life.late, one.fuel_litres, *fuel, one.data_at,
        *((None, None) if whole is None else (whole.hours_low, whole.hours)),
    )  # fmt: skip


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]], head: bool = True) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if head:
        writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
