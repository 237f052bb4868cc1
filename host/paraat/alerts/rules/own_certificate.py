"""A certificate of the coordination point itself ends: of the broker, the host, the desk or the authority.

Without the broker's or the host's no reading of any point comes in, so it is told to the coordination point.
"""

from paraat.alerts.rules import certificate_expiry
from paraat.alerts.rules.base import CRITICAL, WARNING, Judgement, Judging, Role, worded
from paraat.domain.model import OwnCertificate

NAME = "own_certificate"


class OwnCertificateRule(Judging):
    """Raises below raise_days of [alerts.certificate_expiry]; clears when one that lasts longer is recorded."""

    table = certificate_expiry.NAME
    judges = OwnCertificate
    for_role: Role = "coordination"
    wordings = worded(firing=WARNING, ended=CRITICAL)

    def judge(self, view: OwnCertificate) -> Judgement:
        """Judge a certificate at view.now."""
        return certificate_expiry.judge_end(self, self.limits(), view.until, view.now, kind=view.kind)
