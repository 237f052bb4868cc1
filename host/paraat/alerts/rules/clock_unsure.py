"""A board does not know the time. The host dates what it sends, but not what it keeps while the connection is away."""

from paraat.alerts.rules.base import WARNING, Judgement, PointRule, Role, worded
from paraat.domain.model import PointView

# As boards tell them (firmware/node/clock.py).
_UNSURE, _SURE = ("none", "stored"), ("rtc", "ntp", "host")


class ClockUnsureRule(PointRule):
    """Raises while a board that is connected has no trusted time; clears when it has. What a board of old tells not: HOLD."""

    for_role: Role = "technician"
    wordings = worded(firing=WARNING)

    def judge(self, view: PointView) -> Judgement:
        node = view.node
        heard = view.age_s is not None and view.age_s <= self.silent_after_s(view)
        if node is None or not node.online or not heard or node.clock is None:
            return self.held()
        if node.clock in _UNSURE:
            return self.raised({"data_t": view.data_t})
        return self.cleared({"data_t": view.data_t}) if node.clock in _SURE else self.held()
