"""Somebody at the point has held the button for three seconds: help is wanted there."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "help_asked"
EVENT = "button/help"


class HelpAskedRule:
    """Raises when help was asked for within the last for_s; clears after that. A call that comes late says its time."""

    judges = PointView

    def __init__(self, alerts: Alerts) -> None:
        self._for_s = alerts.help_asked.for_s
        self.hold_s = 0.0  # a press of three seconds is no wild value

    def judge(self, view: PointView) -> Judgement:
        asked = view.latest.get(EVENT)
        if asked is None or not asked.value:
            return Judgement(verdict=Verdict.CLEAR)
        recent = view.now - asked.t <= self._for_s
        return Judgement(verdict=Verdict.RAISE if recent else Verdict.CLEAR, detail={"asked_at": asked.t})
