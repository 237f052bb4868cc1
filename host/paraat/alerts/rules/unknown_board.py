"""A board sends for a point that this site has not: renamed, taken out, or of somebody else. Nothing of it is kept."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import UnknownBoard


class UnknownBoardRule(Judging):
    """Raises when such a board sends; clears when the site has its point, or when it has sent nothing for clear_s."""

    judges = UnknownBoard
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING)

    def judge(self, view: UnknownBoard) -> Judgement:
        """Judge what was heard of the board at view.now."""
        detail: Detail = {"board": view.id, "first_at": view.first_t, "last_at": view.last_t}
        if view.known or view.now - view.last_t > self.limits().unknown_board.clear_s:
            return self.cleared(detail)
        return self.raised(detail)
