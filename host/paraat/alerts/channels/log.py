"""The log, always there, and the coordination point's screen, which shows every alert: how many have the page open is kept."""

import logging
from collections.abc import Callable
from typing import Self

from paraat.alerts.channels.base import Message
from paraat.domain.roster import Person
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)


class LogChannel:
    """Writes each message as one line. Nobody sees a page until `connect`."""

    name = "log"

    def __init__(self) -> None:
        self._screens: Callable[[], int] = lambda: 0

    @classmethod
    def from_site(cls, _site: Site) -> tuple[Self]:
        return (cls(),)

    def connect(self, screens: Callable[[], int]) -> None:
        """screens: how many pages are open now."""
        self._screens = screens

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        _log.warning("alert %s: %s", message.key, message.subject)
        n = self._screens()
        if not n:
            return Phrase("written to the log; nobody has the status page open")
        return Phrase("written to the log; open pages: {n}", n=n)

    def rest(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is under way."""
