"""Nobody can look into the mailbox to which mails come back: that one did is learnt late, or never."""

from paraat.alerts.rules.base import WARNING, Judgement, Judging, Role, worded
from paraat.domain.own import MailboxHealth


class MailboxFailsRule(Judging):
    """Raises while the last look failed; clears with one that does not."""

    judges = MailboxHealth
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING)

    def judge(self, view: MailboxHealth) -> Judgement:
        """Judge a mailbox at view.now."""
        if view.failing_since is None:
            return self.cleared({"channel": view.channel})
        return self.raised({"channel": view.channel, "why": view.why})
