"""The certificate of a point's board ends; after that the broker refuses the board, and the point falls silent."""

from paraat.alerts.rules.base import WARNING, Judgement, PointRule, Role, Verdict, worded
from paraat.domain.model import PointView

NAME = "certificate_expiry"
WORDINGS = worded(firing=WARNING, ended=WARNING)
_DAY_S = 86400.0


class CertificateExpiryRule(PointRule):
    """Raises below raise_days; clears when a certificate that lasts longer is recorded. Not known: HOLD.

    Those of broker, host and authority belong to no point: own_certificate judges them.
    """

    for_role: Role = "technician"
    wordings = WORDINGS

    def judge(self, view: PointView) -> Judgement:
        until = view.certificate_until
        if until is None:
            return self.held()
        return judge_end(until, view.now, self.limits().certificate_expiry.raise_days)


def judge_end(until: float, now: float, raise_days: float, **detail: str) -> Judgement:
    """Judge a certificate that ends at `until` (unix seconds). detail: what else the text needs."""
    left_s = until - now
    wording = "ended" if left_s <= 0 else "firing"
    return Judgement(
        verdict=Verdict.RAISE if left_s < raise_days * _DAY_S else Verdict.CLEAR,
        severity=WORDINGS[wording],
        detail={**detail, "days": max(0.0, left_s / _DAY_S), "ends_at": until, "ended": int(left_s <= 0)},
        wording=wording,
    )
