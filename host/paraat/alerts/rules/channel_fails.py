"""A channel takes no message: whoever is reached by it alone hears nothing. It is told by the others."""

from paraat.alerts.rules.base import WARNING, Judgement, Judging, Role, worded
from paraat.domain.own import ChannelHealth


class ChannelFailsRule(Judging):
    """Raises while the last message that was tried was not taken; clears when one is."""

    judges = ChannelHealth
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING)

    def judge(self, view: ChannelHealth) -> Judgement:
        """Judge a channel at view.now."""
        if view.failing_since is None:
            return self.cleared({"channel": view.name})
        return self.raised({"channel": view.name, "why": view.why})
