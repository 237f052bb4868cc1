"""The words of a message failed, so that it went out in plain figures. Somebody must mend the words."""

from paraat.alerts.rules.base import WARNING, Judgement, Judging, Role, worded
from paraat.domain.model import FailedText


class TextFailedRule(Judging):
    """Raises when words failed within the last for_s; clears after that."""

    judges = FailedText
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING)

    def judge(self, view: FailedText) -> Judgement:
        """Judge the words of one text at view.now."""
        detail: dict[str, float | int | str | None] = {"text": view.text, "failed_at": view.failed_at}
        recent = 0 <= view.now - view.failed_at < self.limits().text_failed.for_s
        return self.raised(detail) if recent else self.cleared(detail)
