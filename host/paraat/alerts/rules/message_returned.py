"""A message was taken and came back: the address is wrong, or its mailbox full, and who is reached by it alone hears nothing."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import Returns


class MessageReturnedRule(Judging):
    """Raises for for_s after the last that came back; each further address is worse. Clears when none is left."""

    judges = Returns
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, several=WARNING)

    def judge(self, view: Returns) -> Judgement:
        """Judge what came back of one channel by view.now."""
        for_s = self.limits().message_returned.for_s
        lately = [one for one in view.came if 0 <= view.now - one[2] < for_s]
        if not lately:
            return self.cleared({"channel": view.channel})
        name, address, t, why = max(lately, key=lambda one: one[2])
        detail: Detail = {
            "channel": view.channel,
            "who": name,
            "address": address,
            "returned_at": t,
            "why": why,
            "n": len(lately),
        }
        return self.raised(detail, "several" if len(lately) > 1 else "firing", rank=float(len(lately)))
