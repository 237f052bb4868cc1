"""Two hosts want the same boards, or the spare one serves them."""

from paraat.alerts.rules.base import CRITICAL, WARNING, Detail, Judgement, Judging, Role, worded
from paraat.domain.own import HostPeers


class SecondHostRule(Judging):
    """Raises while somebody takes our place again and again, while we wait for another host and are not meant to, and while the
    spare host serves; clears when each is where it belongs.
    """

    judges = HostPeers
    for_role: Role = "coordination"
    wordings = worded(firing=CRITICAL, waits=CRITICAL, spare_serves=WARNING)

    def judge(self, view: HostPeers) -> Judgement:
        """Judge the hosts at view.now."""
        detail: Detail = {"host": view.elsewhere, "times": view.takeovers}
        if view.takeovers:
            return self.raised(detail, rank=1.0)
        if view.elsewhere and not view.spare:
            return self.raised(detail, "waits", rank=1.0)
        return self.raised(detail, "spare_serves") if view.spare and view.serving else self.cleared()
