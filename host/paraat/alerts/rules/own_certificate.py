"""A certificate of the coordination point itself ends: of the broker, the host, the desk or the authority.

Without the broker's or the host's no reading of any point comes in, so it is told to the coordination point.
"""

from paraat.alerts.rules.base import Judgement
from paraat.alerts.rules.certificate_expiry import judge_end
from paraat.domain.model import OwnCertificate
from paraat.domain.thresholds import Alerts

NAME = "own_certificate"


class OwnCertificateRule:
    """Raises below raise_days of [alerts.certificate_expiry]; clears when one that lasts longer is recorded."""

    judges = OwnCertificate

    def __init__(self, alerts: Alerts) -> None:
        self._raise_days = alerts.certificate_expiry.raise_days
        self.hold_s = alerts.certificate_expiry.hold_s

    def judge(self, view: OwnCertificate) -> Judgement:
        """Judge a certificate at view.now."""
        return judge_end(view.until, view.now, self._raise_days, kind=view.kind)
