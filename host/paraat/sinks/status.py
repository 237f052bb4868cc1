"""What the host works out about a point, as a row that goes to the sinks beside the point's own
sets.
"""

import math
from collections.abc import Collection

from paraat.domain.activation import Phase
from paraat.domain.model import Derived, PointView, Value
from paraat.domain.readiness import Verdict
from paraat.domain.upkeep import TaskState
from paraat_wire import metrics

# The numbers of the metric point/phase; they never change.
_PHASES = {
    Phase.BUILDING: 0,
    Phase.STANDBY: 1,
    Phase.ALERTED: 2,
    Phase.OPENING: 3,
    Phase.OPERATIONAL: 4,
    Phase.CLOSING: 5,
    Phase.OUT_OF_USE: 6,
}


def derive(view: PointView, firing: Collection[str]) -> Derived:
    """The derived values of a point at view.now. firing: the rules whose alerts fire for it.

    What is not known, or beyond the table's range, is absent.
    """
    used = view.activation.in_use
    silent = view.verdict is Verdict.SILENT
    values: dict[str, Value | None] = {
        "point/verdict": int(view.verdict),
        "point/last-verdict": int(view.last_verdict),
        "point/phase": _PHASES[view.activation.phase],
        "point/in-use": int(used),
        "point/ready": int(used and view.verdict is Verdict.READY),
        # A silent point stays in the count of trouble by its last verdict.
        "point/limited": int(used and view.last_verdict is Verdict.LIMITED),
        "point/not-ready": int(used and view.last_verdict is Verdict.NOT_READY),
        "point/unknown": int(used and view.last_verdict is Verdict.UNKNOWN),
        "point/quiet": int(used and silent),
        "point/age": view.age_s,
        "point/alerts": len(firing),
        "point/missing": view.missing,
        "point/low-fuel": int("low_fuel" in firing),
        "point/capacity": view.capacity,
        # Of a silent point they were measured long ago: written anew each minute they would look measured now.
        "fuel/litres": None if silent else view.litres,
    }
    values |= _upkeep(view)
    if not silent:
        values |= _people_and_remarks(view)
    if view.off_grid is not None and not silent:
        values |= {
            "battery/hours": None if view.battery is None else view.battery.hours,
            "off-grid/hours": view.off_grid.hours,
            "off-grid/hours-low": view.off_grid.hours_low,
            "off-grid/hours-high": view.off_grid.hours_high,
        }
    if view.autonomy is not None:
        values |= {
            "fuel/hours": view.autonomy.hours,
            "fuel/hours-low": view.autonomy.hours_low,
            "fuel/hours-high": view.autonomy.hours_high,
            "fuel/burn": view.autonomy.burn_l_per_h,
        }
    return Derived(
        point=view.point,
        t=view.now,
        values={name: value for name, value in values.items() if value is not None and _is_plausible(name, value)},
    )


def _upkeep(view: PointView) -> dict[str, Value | None]:
    upkeep, used = view.upkeep, view.activation.in_use
    states = [task.state for task in upkeep.tasks]
    trend = upkeep.battery
    return {
        "upkeep/test-age": _age(view, None if upkeep.test is None else upkeep.test.until),
        "upkeep/fuel-age": _age(view, upkeep.fuel_at),
        "upkeep/check-age": _age(view, upkeep.checked_at),
        "upkeep/rest-voltage": None if trend is None else trend.volts,
        "upkeep/rest-drop": None if trend is None else trend.drop_percent,
        "upkeep/overdue": used * states.count(TaskState.OVERDUE),
        "upkeep/unknown": used * states.count(TaskState.UNKNOWN),
    }


def _people_and_remarks(view: PointView) -> dict[str, Value | None]:
    said = {remark.code for remark in view.remarks}
    values: dict[str, Value | None] = {f"remark/{code}": int(code in said) for code in view.judged}
    people = view.people
    if people is not None:
        values |= {
            "people/likely": people.people,
            "people/low": people.low,
            "people/high": people.high,
            "people/age": _age(view, people.counted_at),
        }
    return values


def _age(view: PointView, t: float | None) -> float | None:
    return None if t is None else max(0.0, view.now - t)


def _is_plausible(name: str, value: Value) -> bool:
    row = metrics.row_of(name)
    return math.isfinite(value) and row[metrics.LOW] <= value <= row[metrics.HIGH]
