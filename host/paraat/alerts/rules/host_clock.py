"""Nothing keeps the host's clock right. The boards have their time from it, and certificates are judged by it."""

from paraat.alerts.rules.base import WARNING, Judgement, Judging, Role, worded
from paraat.domain.own import HostTime


class HostClockRule(Judging):
    """Raises while the kernel says that the clock is not synchronised; clears when it is. Not known: HOLD."""

    judges = HostTime
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING)

    def judge(self, view: HostTime) -> Judgement:
        """Judge the clock at view.now."""
        if view.synchronised is None:
            return self.held()
        return self.cleared() if view.synchronised else self.raised({})
