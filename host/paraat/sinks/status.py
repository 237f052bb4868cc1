"""What the host works out about a point, as a row that goes to the sinks beside the point's own
sets.
"""

import math
from collections.abc import Collection

from paraat.domain.activation import Phase
from paraat.domain.model import Derived, PointView, Value
from paraat.domain.readiness import Verdict
from paraat.domain.refuel import Stop
from paraat.domain.upkeep import ATTEST, Task, TaskState
from paraat_wire import metrics

_HOUR_S = 3600.0
# The numbers of the metric point/phase; they never change.
PHASES = {
    Phase.BUILDING: 0,
    Phase.STANDBY: 1,
    Phase.ALERTED: 2,
    Phase.OPENING: 3,
    Phase.OPERATIONAL: 4,
    Phase.CLOSING: 5,
    Phase.OUT_OF_USE: 6,
}


# The order of their names says which one stands for the point where no sensor has the plain name.
_NOW = {
    "now/mains": "power/mains",
    "now/generator": "power/generator",
    "now/load": "power/load",
    "now/voltage": "battery/voltage",
    "now/charge": "battery/charge",
    "now/temperature": "climate/temperature",
    "now/co2": "climate/co2",
}


def derive(
    view: PointView,
    firing: Collection[str],
    fresh_s: float,
    tank_l: float | None = None,
    rank: int | None = None,
    stop: Stop | None = None,
    turn: int | None = None,
) -> Derived:
    """The derived values of a point at view.now. firing: the rules whose alerts fire for it. fresh_s: what was read longer
    ago is not known now. tank_l: what its tank holds. rank: its place among the points of its site. stop: what the refuel round
    says of it, and turn its place there; None: it is not in it.

    What is not known, or beyond the table's range, is absent.
    """
    used = view.activation.in_use
    silent = view.verdict is Verdict.SILENT
    values: dict[str, Value | None] = {
        "point/verdict": int(view.verdict),
        "point/last-verdict": int(view.last_verdict),
        "point/phase": PHASES[view.activation.phase],
        "point/at": view.now,
        "point/rank": rank,
        "point/in-use": int(used),
        "point/standby": int(view.activation.phase is Phase.STANDBY),
        "point/opening": int(view.activation.phase in (Phase.ALERTED, Phase.OPENING)),
        "point/operational": int(view.activation.phase is Phase.OPERATIONAL),
        "point/late": int(used and view.activation.late),
        "point/mains-out": int(used and view.fresh("power/mains", fresh_s) is False),
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
        "off-grid/target": None if view.profile is None else view.profile.target_h,
        "fuel/tank": tank_l,
    }
    values |= _clock(view)
    values |= _upkeep(view)
    if not silent:  # written anew each minute, what was measured long ago would look measured now
        values |= _people_and_remarks(view) | _fuel_and_battery(view, fresh_s)
    if (left := view.fuel_left) is not None:
        values |= {
            "fuel/hours": left.hours,
            "fuel/hours-low": left.hours_low,
            "fuel/hours-high": left.hours_high,
            "fuel/burn": left.burn_l_per_h,
            "fuel/refuel-in": (left.refuel_before - view.now) / _HOUR_S,
        }
    if stop is not None:
        values |= _round(view, stop, turn)
    low, target = values.get("off-grid/hours-low"), values["off-grid/target"]
    values["point/fuel-unknown"] = int(used and view.has_tank and values.get("fuel/litres") is None)
    values["point/hours-unknown"] = int(used and low is None)
    values["point/short"] = int(used and low is not None and target is not None and low < target)
    return Derived(
        point=view.point,
        t=view.now,
        values={name: value for name, value in values.items() if value is not None and _is_plausible(name, value)},
    )


def _fuel_and_battery(view: PointView, fresh_s: float) -> dict[str, Value | None]:
    doubtful = view.fuel_doubtful
    values: dict[str, Value | None] = {
        "fuel/litres": None if doubtful else view.litres,
        "fuel/percent": None if doubtful else view.fuel_percent,
        "battery/hours": None if view.battery is None else view.battery.hours,
    }
    if view.off_grid is not None:
        values |= {
            "off-grid/hours": view.off_grid.hours,
            "off-grid/hours-low": view.off_grid.hours_low,
            "off-grid/hours-high": view.off_grid.hours_high,
        }
    for name, base in _NOW.items():
        known = (view.fresh(found, fresh_s) for found in view.named(base))
        values[name] = next((value for value in known if value is not None), None)
    return values


def _round(view: PointView, stop: Stop, turn: int | None) -> dict[str, Value | None]:
    """Of the refuel round. What a silent point wants was worked out from what it said last: that is no figure of now."""
    silent, plan = view.verdict is Verdict.SILENT, stop.plan
    return {
        "fuel/round": turn,
        "fuel/to-target": None if silent else stop.to_target_l,
        "fuel/to-full": None if silent else stop.to_full_l,
        "fuel/planned": None if plan is None else plan.to_come_l,
        "fuel/planned-in": None if plan is None else (plan.at - view.now) / _HOUR_S,
    }


def _clock(view: PointView) -> dict[str, Value | None]:
    """How long it is in its phase, and the clock that runs from an alarm."""
    at = view.activation

    def until(t: float | None) -> float | None:
        return None if t is None else t - view.now

    return {
        "point/phase-age": _age(view, at.since),
        "point/due-in": None if at.opened_at is not None else until(at.due_at),
        "point/opens-in": until(at.forecast_at),
    }


def _upkeep(view: PointView) -> dict[str, Value | None]:
    upkeep, used = view.upkeep, view.activation.in_use
    states = [task.state for task in upkeep.tasks]
    ends = [_left(task, view.now) for task in upkeep.tasks if task.kind == ATTEST] if used else []
    trend = upkeep.battery
    return {
        "upkeep/test-age": _age(view, None if upkeep.test is None else upkeep.test.until),
        "upkeep/fuel-age": _age(view, upkeep.fuel_at),
        "upkeep/check-age": _age(view, upkeep.checked_at),
        "upkeep/rest-voltage": None if trend is None else trend.volts,
        "upkeep/rest-drop": None if trend is None else trend.drop_percent,
        "upkeep/overdue": used * states.count(TaskState.OVERDUE),
        "upkeep/word-ends": min(ends, default=None),
        "upkeep/unknown": used * states.count(TaskState.UNKNOWN),
    }


def _left(word: Task, now: float) -> float:
    """Until a word must be given anew; 0 where there is none, as it is asked for now."""
    return 0.0 if word.due_at is None else word.due_at - now


def _people_and_remarks(view: PointView) -> dict[str, Value | None]:
    said = {remark.code for remark in view.remarks}
    values: dict[str, Value | None] = {f"remark/{code}": int(code in said) for code in (*view.judged, *said)}
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
