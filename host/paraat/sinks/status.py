"""What the host works out about a point, as a row that goes to the sinks beside the point's own
sets.
"""

import math
from collections.abc import Collection

from paraat.domain.model import Derived, PointView, Status, Value
from paraat_wire import metrics


def derive(view: PointView, firing: Collection[str]) -> Derived:
    """The derived values of a point at view.now. firing: the rules whose alerts fire for it.

    What is not known, or beyond the table's range, is absent.
    """
    values: dict[str, Value | None] = {
        "point/status": int(view.status),
        "point/age": view.age_s,
        "point/alerts": len(firing),
        "point/missing": view.missing,
        "point/fine": int(view.status is Status.FINE),
        "point/silent": int(view.status in (Status.UNKNOWN, Status.STALE)),
        "point/low-fuel": int("low_fuel" in firing),
        "point/capacity": view.capacity,
        # Of a silent point they were measured long ago: written anew each minute they would look measured now.
        "fuel/litres": None if view.status is Status.STALE else view.litres,
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
