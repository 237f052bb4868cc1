"""The host has no broker: nothing of any point comes in, and all of them would seem to be silent."""

from paraat.alerts.rules.base import CRITICAL, Judgement, Judging, Role, worded
from paraat.domain.own import BrokerLink


class BrokerUnreachableRule(Judging):
    """Raises without a connection, or where the broker keeps topics from us; clears when there is one without a problem."""

    judges = BrokerLink
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL, refused=CRITICAL)

    def judge(self, view: BrokerLink) -> Judgement:
        """Judge the connection at view.now."""
        if not view.connected:
            return self.raised({"why": view.problem or None}, rank=1.0)
        return self.raised({"why": view.problem}, "refused") if view.problem else self.cleared()
