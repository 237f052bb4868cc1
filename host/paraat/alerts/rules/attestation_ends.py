"""Somebody's word that a resource is there ends, or has ended: from then on nobody knows, and the point is not ready."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, PointRule, worded
from paraat.domain.model import PointView
from paraat.domain.readiness import ResourceState, State

_EXPIRED = State.EXPIRED


class AttestationEndsRule(PointRule):
    """Raises when a required word ends within the profile's renew_days, or has ended; clears when all were renewed."""

    wordings = worded(firing=WARNING, ended=WARNING)

    def judge(self, view: PointView) -> Judgement:
        asked = [r for r in view.resources if (r.renew or r.state is _EXPIRED) and r.need == "required"]
        if not asked:
            return self.cleared()
        ended = [r for r in asked if r.state is _EXPIRED]
        return self.raised(_detail(ended or asked), "ended" if ended else "firing", rank=float(len(ended)))


def _detail(words: list[ResourceState]) -> Detail:
    return {
        "resources": ",".join(word.resource for word in words),
        "until_at": min((word.until for word in words if word.until is not None), default=None),
    }
