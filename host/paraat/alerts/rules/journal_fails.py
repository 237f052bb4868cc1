"""The journal takes nothing, or was found damaged: what boards send stays with them, and what was kept is not all there."""

from paraat.alerts.rules.base import CRITICAL, Judgement, Judging, Role, worded
from paraat.domain.own import JournalHealth


class JournalFailsRule(Judging):
    """Raises while nothing can be kept, and while a damaged journal lies beside it that nobody brought back; clears after both."""

    judges = JournalHealth
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL, damaged=CRITICAL)

    def judge(self, view: JournalHealth) -> Judgement:
        """Judge the journal at view.now."""
        if view.problem:
            return self.raised({"why": view.problem}, rank=1.0)
        return self.raised({"file": view.set_aside}, "damaged") if view.set_aside else self.cleared()
