"""Fuel goes while the generator is off: a leak or a theft. In standby nobody would see it before the tank is low."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.fuel_events import lost
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "fuel_loss"


class FuelLossRule:
    """Raises on a loss that is found in the level; clears on fresh figures when the tank was filled, or after a day."""

    judges = PointView

    def __init__(self, alerts: Alerts) -> None:
        self._silent_after_s = alerts.point_silent.after_s
        self.hold_s = alerts.fuel_loss.hold_s

    def judge(self, view: PointView) -> Judgement:
        if view.fuel_t is None or view.litres is None:
            return Judgement(verdict=Verdict.HOLD)
        loss = lost(view.fuel_events, view.fuel_t)
        detail: dict[str, float | int | str | None] = {"data_t": view.fuel_t, "percent": view.fuel_percent}
        if loss is not None:
            detail |= {"loss": loss.kind, "lost_l": loss.litres, "fell_at": loss.since}
            return Judgement(verdict=Verdict.RAISE, detail=detail)
        fresh = view.now - view.fuel_t <= self._silent_after_s
        return Judgement(verdict=Verdict.CLEAR if fresh else Verdict.HOLD, detail=detail)
