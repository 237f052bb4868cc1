"""What the host works out about a point, as a row that goes to the sinks beside the point's own
sets.
"""

import math
from collections.abc import Collection

from paraat.domain.activation import Phase
from paraat.domain.model import Derived, PointView, Value
from paraat.domain.readiness import Verdict
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


def _is_plausible(name: str, value: Value) -> bool:
    row = metrics.row_of(name)
    return math.isfinite(value) and row[metrics.LOW] <= value <= row[metrics.HIGH]
