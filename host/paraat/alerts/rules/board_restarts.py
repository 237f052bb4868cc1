"""A board starts again and again: its supply is bad, or its program fails. Each start costs readings."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView


class BoardRestartsRule(PointRule):
    """Raises on raise_times starts within within_s; clears when it is heard and started no more than again_times in that time."""

    for_role: Role = "technician"
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        limits = self.limits(view.point).board_restarts
        recent = [t for t in view.starts if view.now - t <= limits.within_s]
        detail: Detail = {"starts": len(recent), "data_t": view.data_t, "reset": view.node.reset if view.node else None}
        if len(recent) >= limits.raise_times:
            return self.raised(detail | {"first_at": recent[0]})
        heard = view.age_s is not None and view.age_s <= self.silent_after_s(view)
        watched = view.now - view.watched_since > limits.within_s  # before that, starts may have been missed
        return self.cleared(detail) if heard and watched and len(recent) <= limits.again_times else self.held()
