"""The host's clock is behind or ahead: its boards say so, or it made a leap. No board is told the time meanwhile."""

from paraat.alerts.rules.base import CRITICAL, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import ClockDoubt


class ClockWrongRule(Judging):
    """Raises while the clock is not believed; clears when it is."""

    judges = ClockDoubt
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL, ran_later=CRITICAL, ahead=CRITICAL, leapt=CRITICAL)

    def judge(self, view: ClockDoubt) -> Judgement:
        """Judge the clock at view.now."""
        if view.behind_s is None:
            return self.cleared()
        if view.behind_s < 0:
            ahead: Detail = {"ahead_min": -view.behind_s / 60, "boards": view.boards}
            return self.raised(ahead, "ahead" if view.boards else "leapt")
        detail: Detail = {"behind_min": view.behind_s / 60, "boards": view.boards}
        return self.raised(detail, "firing" if view.boards else "ran_later")
