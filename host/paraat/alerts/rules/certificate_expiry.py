"""The certificate of a point's board ends; after that the broker refuses the board, and the point falls silent."""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import PointView
from paraat.domain.thresholds import Alerts

NAME = "certificate_expiry"
_DAY_S = 86400.0


class CertificateExpiryRule:
    """Raises below raise_days; clears when a certificate that lasts longer is recorded. Not known: HOLD.

    Those of broker, host and authority belong to no point: own_certificate judges them.
    """

    judges = PointView

    def __init__(self, alerts: Alerts) -> None:
        self._raise_days = alerts.certificate_expiry.raise_days
        self.hold_s = alerts.certificate_expiry.hold_s

    def judge(self, view: PointView) -> Judgement:
        until = view.certificate_until
        if until is None:
            return Judgement(verdict=Verdict.HOLD, severity="warning")
        return judge_end(until, view.now, self._raise_days)


def judge_end(until: float, now: float, raise_days: float, **detail: str) -> Judgement:
    """Judge a certificate that ends at `until` (unix seconds). detail: what else the text needs."""
    left_s = until - now
    return Judgement(
        verdict=Verdict.RAISE if left_s < raise_days * _DAY_S else Verdict.CLEAR,
        severity="warning",
        detail={**detail, "days": max(0.0, left_s / _DAY_S), "ends_at": until, "ended": int(left_s <= 0)},
        wording="ended" if left_s <= 0 else "firing",
    )
