"""The coordination point runs on its UPS: when that is empty, nobody is told of anything any more."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import HostPower


class OnBatteryRule(Judging):
    """Raises while the UPS carries the host; clears when the mains do. No UPS, or one that does not answer: HOLD."""

    judges = HostPower
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, low=CRITICAL)

    def judge(self, view: HostPower) -> Judgement:
        """Judge the supply at view.now."""
        if view.on_battery is None:
            return self.held()
        detail: Detail = {"percent": view.charge_percent, "left_h": view.left_h}
        if not view.on_battery:
            return self.cleared(detail)
        charge = view.charge_percent
        low = charge is not None and charge < self.limits().on_battery.low_percent
        return self.raised(detail, "low" if low else "firing", rank=float(low))
