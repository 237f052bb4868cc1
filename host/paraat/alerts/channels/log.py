"""The log: always there, and what a coordinator finds when all else fails."""

import logging

from paraat.alerts.channels.base import Message
from paraat.domain.roster import Person

_log = logging.getLogger(__name__)


class LogChannel:
    """Writes each message as one line."""

    name = "log"

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        _log.warning("alert %s: %s", message.key, message.subject)
        return "logged"

    def rest(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is under way."""
