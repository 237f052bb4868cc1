"""Sets of a point are missing, and do not come: its board lost them, or cannot send them."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView

_BACKLOG = "node/backlog"


class DataGapRule(PointRule):
    """Raises while sets are missing and the board has nothing left to send; clears when they came, or a day after the gap.

    While it still has a backlog, or is not heard, the gap may fill yet.
    """

    for_role: Role = "technician"
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        detail: Detail = {"missing": view.missing, "data_t": view.data_t, "gap_at": view.gap_t}
        if not view.missing:
            return self.cleared(detail)
        backlog = view.fresh(_BACKLOG, self.silent_after_s(view))
        if view.gap_t is None or backlog is None:
            return self.held()
        if view.now - view.gap_t > 3600 * self.limits(view.point).data_gap.told_h:
            return self.cleared(detail)
        return self.held() if backlog > 1 else self.raised(detail)
