"""A part of the program does not get on: it looks alive, and something is not done. Whoever runs the host starts it anew."""

from paraat.alerts.rules.base import CRITICAL, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import LoopProgress


class LoopHangsRule(Judging):
    """Raises while a loop does not get on; clears when it does again."""

    judges = LoopProgress
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL)

    def judge(self, view: LoopProgress) -> Judgement:
        """Judge one loop at view.now."""
        detail: Detail = {"loop": view.name, "hung_at": view.hung_since}
        return self.cleared(detail) if view.hung_since is None else self.raised(detail)
