"""A point sends no sets. The full list of expected points is judged, so that silence is seen."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView

NAME = "point_silent"


class PointSilentRule(PointRule):
    """Raises when no set of a point was read for after_s, also when none ever was; clears when one comes again.

    A board that only says hello is as silent: it may start anew each minute, or its flash may be worn out.
    """

    wordings = worded(firing=WARNING, never=WARNING)

    def judge(self, view: PointView) -> Judgement:
        read_t = view.data_t
        detail: Detail = {"heard_at": read_t}
        if read_t is not None and view.now - read_t <= self.silent_after_s(view):
            return self.cleared(detail)
        # After a start of the host every point gets its time to speak up.
        if view.now - max(read_t or 0.0, view.watched_since) > self.silent_after_s(view):
            return self.raised(detail, "never" if read_t is None else "firing")
        return self.held()
