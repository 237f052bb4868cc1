"""The log: always there, and what a coordinator finds when all else fails."""

import logging
from typing import Self

from paraat.alerts.channels.base import Message
from paraat.domain.roster import Person
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)


class LogChannel:
    """Writes each message as one line."""

    name = "log"

    @classmethod
    def from_site(cls, _site: Site) -> tuple[Self]:
        return (cls(),)

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        _log.warning("alert %s: %s", message.key, message.subject)
        return Phrase("written to the log")

    def rest(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is under way."""
