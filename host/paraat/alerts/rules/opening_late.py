"""A point that was alerted will not be open in time, or is not open though it should be."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView


class OpeningLateRule(PointRule):
    """Raises when the forecast lies behind the profile's open_within_h; clears when it is open, or stands by again."""

    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, overdue=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        opening = view.activation
        detail: Detail = {
            "alarm_at": opening.alerted_at,
            "due_at": opening.due_at,
            "forecast_at": opening.forecast_at,
            "opened_at": opening.opened_at or opening.since,
        }
        if opening.forecast_at is None or opening.due_at is None or not opening.late:
            return self.cleared(detail)
        overdue = view.now > opening.due_at
        return self.raised(detail, "overdue" if overdue else "firing", rank=float(overdue))
