"""The tank does not hold the hours that are asked: nothing for tonight, and no readiness."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView
from paraat.domain.readiness import HOURS
from paraat.domain.tracker import GENERATOR, MAINS


class FuelTargetRule(PointRule):
    """Raises in standby below raise_percent of the profile's hours; clears above clear_percent, on fresh figures.

    Where a full tank does not hold them, those of a full one count: an alert that no delivery can end is heard by nobody.
    In a blackout the hours go down by themselves, and low_fuel tells when.
    """

    for_role: Role = "coordination"  # who plans the refuel round
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        after_s = self.silent_after_s(view)
        standby = view.fresh(MAINS, after_s) is True and view.fresh(GENERATOR, after_s) is False
        if not standby or view.fuel_percent is None or view.fuel_t is None:
            return self.held()
        power = next((r for r in view.resources if r.resource == "power" and r.need == "required"), None)
        if power is None or power.code != HOURS:
            return self.held()
        limits = self.limits(view.point)
        hours, target = float(power.detail["hours"]), float(power.detail["target"])
        full = power.detail.get("full")
        reach = target if full is None else min(target, float(full) * limits.fuel_target.full_percent / 100)
        detail: Detail = {
            "hours": hours,
            "target_h": target,
            "litres": view.litres,
            "percent": view.fuel_percent,
            "data_t": view.fuel_t,
        }
        if hours < reach * limits.fuel_target.raise_percent / 100:
            if view.fuel_percent < limits.low_fuel.raise_percent:  # low_fuel says it, and more urgently
                return self.held()
            return self.raised(detail)
        fresh = view.now - view.fuel_t <= after_s
        enough = hours >= reach * limits.fuel_target.clear_percent / 100
        return self.cleared(detail) if fresh and enough else self.held()
