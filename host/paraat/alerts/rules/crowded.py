"""A point fills: others must take people in before its doors close."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView


class CrowdedRule(PointRule):
    """Raises from the profile's busy_percent of the capacity on, critically from full_percent on.

    Clears hysteresis_percent of the capacity below busy_percent, on a count that is fresh.
    """

    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, full=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        if view.people is None or view.profile is None:
            return self.held()
        limits, here = view.profile.people, view.people
        percent = 100 * here.people / view.capacity
        detail: Detail = {
            "people": here.people,
            "people_low": here.low,
            "people_high": here.high,
            "capacity": view.capacity,
            "data_t": here.t,
        }
        if percent >= limits.full_percent:
            return self.raised(detail, "full", rank=1.0)
        if percent >= limits.busy_percent:
            return self.raised(detail)
        below = percent < limits.busy_percent - self.limits(view.point).crowded.hysteresis_percent
        fresh = view.now - here.t <= self.silent_after_s(view)
        return self.cleared(detail) if below and fresh else self.held()
