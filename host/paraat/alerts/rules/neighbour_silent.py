"""A host of Paraat that we watch gives no sign of life: its region may hear of nothing."""

from paraat.alerts.rules.base import CRITICAL, Detail, Judgement, Judging, Role, worded
from paraat.domain.neighbours import Neighbour


class NeighbourSilentRule(Judging):
    """Raises when a host was not heard for after_s, counted from when we began to listen; clears at its next sign."""

    judges = Neighbour
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL, never=CRITICAL)

    def judge(self, view: Neighbour) -> Judgement:
        """Judge a host at view.now."""
        after_s = self.limits().neighbour_silent.after_s
        detail: Detail = {"host": view.name, "heard_at": view.heard_at or view.watched_since}
        if view.heard_at is not None and 0 <= view.now - view.heard_at <= after_s:
            return self.cleared(detail)
        if view.now - max(view.heard_at or 0.0, view.watched_since) > after_s:
            return self.raised(detail, "never" if view.heard_at is None else "firing")
        return self.held()
