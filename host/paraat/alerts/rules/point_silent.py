"""A point is not heard. The full list of expected points is judged, so that silence is seen."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import PointView
from paraat.settings import Alerts

NAME = "point_silent"


class PointSilentRule:
    """Raises when a point was not heard for after_s, also when it was never heard; clears when it is heard again."""

    def __init__(self, alerts: Alerts) -> None:
        self._after_s = alerts.point_silent.after_s
        self.hold_s = alerts.point_silent.hold_s

    def judge(self, view: PointView) -> Judgement:
        detail: dict[str, float | int | str | None] = {"heard_at": view.heard_at}
        if view.heard_at is not None and view.now - view.heard_at <= self._after_s:
            return Judgement(verdict=Verdict.CLEAR, severity="warning", detail=detail)
        # After a start of the host every point gets its time to speak up.
        if view.now - max(view.heard_at or 0.0, view.watched_since) > self._after_s:
            return Judgement(verdict=Verdict.RAISE, severity="warning", detail=detail)
        return Judgement(verdict=Verdict.HOLD, severity="warning")
