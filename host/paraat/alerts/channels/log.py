"""The log: always there, and what a coordinator finds when all else fails."""

import logging
from typing import Self

from paraat.domain.model import Delivery
from paraat.domain.points import Lead
from paraat.site.site import Site

_log = logging.getLogger(__name__)


class LogChannel:
    """Writes each alert as one line."""

    name = "log"

    @classmethod
    def from_site(cls, _site: Site) -> Self:
        return cls()

    def recipient(self, _lead: Lead) -> str:
        return "log"

    def send(self, delivery: Delivery) -> None:
        _log.warning("alert %d %s: %s", delivery.alert_id, delivery.transition, delivery.subject)
