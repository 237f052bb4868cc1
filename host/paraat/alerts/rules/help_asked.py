"""Somebody at the point has held the button for three seconds: help is wanted there."""

from paraat.alerts.rules.base import CRITICAL, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView

NAME = "help_asked"


class HelpAskedRule(PointRule):
    """Raises when help was asked for within the last for_s, or when a call of at most late_s ago has just come in.

    A press of three seconds is no wild value: nothing is held. Clears for_s after the last call came in.
    A second press is told anew: it ranks above the first.
    """

    for_role: Role = "coordination"  # who pressed stands at the point: the coordination point can help
    wordings = worded(firing=CRITICAL, late=CRITICAL)

    def judge(self, view: PointView) -> Judgement:
        call, limits = view.help_call, self.limits(view.point).help_asked
        if call is None:
            return self.cleared({"asked_at": None})
        came_late_s = call.received_at - call.t
        if came_late_s > limits.late_s or view.now - max(call.t, call.received_at) > limits.for_s:
            return self.cleared({"asked_at": call.t})
        if came_late_s > limits.told_late_s:
            return self.raised({"asked_at": call.t, "came_at": call.received_at}, "late", rank=call.t)
        return self.raised({"asked_at": call.t}, rank=call.t)
