"""A point sends no sets. The full list of expected points is judged, so that silence is seen."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "point_silent"


class PointSilentRule:
    """Raises when no set of a point was read for after_s, also when none ever was; clears when one comes again.

    A board that only says hello is as silent: it may start anew each minute, or its flash may be worn out.
    """

    judges = PointView

    def __init__(self, alerts: Alerts) -> None:
        self._after_s = alerts.point_silent.after_s
        self.hold_s = alerts.point_silent.hold_s

    def judge(self, view: PointView) -> Judgement:
        read_t = view.data_t
        detail: dict[str, float | int | str | None] = {"heard_at": read_t}
        if read_t is not None and view.now - read_t <= self._after_s:
            return Judgement(verdict=Verdict.CLEAR, severity="warning", detail=detail)
        # After a start of the host every point gets its time to speak up.
        if view.now - max(read_t or 0.0, view.watched_since) > self._after_s:
            wording = "never" if read_t is None else "firing"
            return Judgement(verdict=Verdict.RAISE, severity="warning", detail=detail, wording=wording)
        return Judgement(verdict=Verdict.HOLD, severity="warning")
