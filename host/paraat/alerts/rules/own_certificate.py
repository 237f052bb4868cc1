"""A certificate of the coordination point itself ends: of the broker, the host, the desk or the authority.

Without the broker's or the host's no reading of any point comes in, so it is told to the coordination point.
"""

from paraat.alerts.rules.base import Judgement, Verdict
from paraat.domain.model import OwnCertificate
from paraat.settings import Alerts

NAME = "own_certificate"
_DAY_S = 86400.0


class OwnCertificateRule:
    """Raises below raise_days of [alerts.certificate_expiry]; clears when one that lasts longer is recorded."""

    def __init__(self, alerts: Alerts) -> None:
        self._raise_s = alerts.certificate_expiry.raise_days * _DAY_S
        self.hold_s = alerts.certificate_expiry.hold_s

    def judge(self, own: OwnCertificate) -> Judgement:
        """Judge a certificate at own.now."""
        left_s = own.until - own.now
        return Judgement(
            verdict=Verdict.RAISE if left_s < self._raise_s else Verdict.CLEAR,
            severity="warning",
            detail={"kind": own.kind, "days": max(0.0, left_s / _DAY_S), "ends_at": own.until},
        )
