"""The certificate of a point's board ends; after that the broker refuses the board, and the point falls silent."""

from paraat.alerts.rules.base import WARNING, Detail, Judgement, Judging, PointRule, Role, worded
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "certificate_expiry"
_DAY_S = 86400.0


class CertificateExpiryRule(PointRule):
    """Raises below raise_days; clears when a certificate that lasts longer is recorded. Not known: HOLD.

    Those of broker, host and authority belong to no point: own_certificate judges them.
    """

    for_role: Role = "technician"
    wordings = worded(firing=WARNING, ended=WARNING)

    def judge(self, view: PointView) -> Judgement:
        until = view.certificate_until
        if until is None:
            return self.held()
        return judge_end(self, self.limits(view.point), until, view.now)


def judge_end(rule: Judging, limits: Alerts, until: float, now: float, **detail: str) -> Judgement:
    """Judge a certificate that ends at `until` (unix seconds) for a rule of both wordings. detail: what else the text needs."""
    left_s = until - now
    figures: Detail = {**detail, "days": max(0.0, left_s / _DAY_S), "ends_at": until, "ended": int(left_s <= 0)}
    if left_s >= limits.certificate_expiry.raise_days * _DAY_S:
        return rule.cleared(figures)
    ended = left_s <= 0
    return rule.raised(figures, "ended" if ended else "firing", rank=float(ended))
