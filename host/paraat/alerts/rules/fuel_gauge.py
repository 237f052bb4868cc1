"""The gauge of the fuel cannot be believed: it stands still while the generator runs, or rises without a delivery."""

from paraat.alerts.rules._fuel import capacity_l
from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.fuel_events import REFUEL, RISING, FuelEvent, doubtful
from paraat.domain.model import PointView
from paraat.domain.thresholds import FuelGauge
from paraat.domain.tracker import GENERATOR


class FuelGaugeRule(PointRule):
    """Raises on what is found in the level; clears when it was seen to move again: a burn rate from it, or a delivery.

    A generator that is off proves nothing: its gauge may well be stuck still.
    """

    for_role: Role = "technician"
    wordings = worded(firing=WARNING, rising=WARNING)

    def judge(self, view: PointView) -> Judgement:
        if view.fuel_t is None or view.litres is None:
            return self.held()
        detail: Detail = {"percent": view.fuel_percent, "data_t": view.fuel_t}
        limits = self.limits(view.point).fuel_gauge
        wrong = doubtful(view.fuel_events, view.fuel_t)
        if wrong is not None and _is_enough(wrong, view, limits):
            detail |= {"from_at": wrong.since, "wrong_l": wrong.litres}
            return self.raised(detail, "rising" if wrong.kind == RISING else "firing")
        after_s = self.silent_after_s(view)
        fresh = view.now - view.fuel_t <= after_s
        running = view.fresh(GENERATOR, after_s) is True
        burns = running and view.autonomy is not None and view.autonomy.source != "record"
        filled = any(
            e.kind == REFUEL and e.until > view.fuel_t - 3600 * limits.filled_within_h for e in view.fuel_events
        )
        clears = not view.fuel_doubtful and fresh and (burns or filled)
        return self.cleared(detail) if clears else self.held()


def _is_enough(wrong: FuelEvent, view: PointView, limits: FuelGauge) -> bool:
    if wrong.kind == RISING:
        return wrong.litres >= limits.rise_percent / 100 * capacity_l(view)
    return wrong.until - wrong.since >= limits.stuck_s
