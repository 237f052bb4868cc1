"""Fuel goes while the generator is off: a leak or a theft. In standby nobody would see it before the tank is low."""

from paraat.alerts.rules._fuel import capacity_l
from paraat.alerts.rules.base import Detail, Judgement, PointRule
from paraat.domain.fuel_events import lost
from paraat.domain.model import PointView

NAME = "fuel_loss"


class FuelLossRule(PointRule):
    """Raises on a loss that is found in the level; clears on fresh figures when the tank was filled, or after a day."""

    def judge(self, view: PointView) -> Judgement:
        if view.fuel_t is None or view.litres is None:
            return self.held()
        limits = self.limits(view.point).fuel_loss
        loss = lost(view.fuel_events, view.fuel_log, view.fuel_t)
        detail: Detail = {"data_t": view.fuel_t, "percent": view.fuel_percent}
        least_l = max(limits.raise_litres, limits.raise_percent / 100 * capacity_l(view))
        if loss is not None and loss.litres >= least_l and loss.until > view.fuel_t - 3600 * limits.told_h:
            detail |= {"loss": loss.kind, "lost_l": loss.litres, "fell_at": loss.since}
            return self.raised(detail)
        fresh = view.now - view.fuel_t <= self.silent_after_s(view)
        return self.cleared(detail) if fresh else self.held()
