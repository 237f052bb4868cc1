"""What people answer an alert with, each way of its own: the link in a mail, a code over the radio, the button of a board.

Who answers is found here; that somebody sees to an alert is kept by what it is given as `acknowledge` and `keep`.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from paraat.alerts import radio
from paraat.alerts.by_button import Press
from paraat.alerts.codes import Codes
from paraat.alerts.links import Claim, LinkError, Links, reachable
from paraat.alerts.outgoing import listed
from paraat.domain.facts import Acknowledged, Author, Fact, SaidOfPoint
from paraat.domain.model import AlertState, Delivery
from paraat.domain.radio import Book, Entered, Said
from paraat.domain.roster import Person, Roster
from paraat.site.errors import SettingsError
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """What a link asks of whom: to say that he has seen an alert that fires, or those of a list that do."""

    alerts: tuple[AlertState, ...]
    person: Person


class Records(radio.Records, Protocol):
    """What of the journal is needed here."""

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        """Whom these alerts were told."""
        ...


class Host(Protocol):
    """What the answers need of the service."""

    def alerts(self) -> Sequence[AlertState]:
        """The alerts that fire, and others."""
        ...

    @property
    def roster(self) -> Roster:
        """Who is told, as it is now."""
        ...

    def by_link(self, nonce: str) -> Fact | None:
        """The time that a link was used; None: it was not."""
        ...

    def acknowledge(self, alert_id: int, author: Author, *, t: float | None = None) -> Fact | None:
        """Keep that somebody sees to an alert; None when it does not fire. Raises JournalError."""
        ...

    def acknowledge_all(self, alert_ids: Collection[int], author: Author, link: str = "") -> list[Fact]:
        """The same of several, all or none: a fact for each that fires. Raises JournalError."""
        ...

    def decline_all(self, alert_ids: Collection[int], author: Author, person: str, link: str = "") -> list[Fact]:
        """Keep that somebody cannot see to these. person: his id in the roster. Raises JournalError."""
        ...

    def keep(self, told: SaidOfPoint, author: Author) -> Fact:
        """Keep what somebody says of a point. Raises JournalError."""
        ...


class Answers:
    """Its methods are called from worker threads, several at once. now: the service's clock."""

    def __init__(self, site: Site, journal: Records, host: Host, now: Callable[[], float]) -> None:
        self._site = site
        self._journal = journal
        self._host = host
        self._now = now
        self._lock = threading.Lock()  # between the look whether something was used, and that it is

    @cached_property
    def links(self) -> Links | None:
        """What makes the links of messages; None: nobody could open one. Raises SettingsError."""
        url = self._site.web.base_url
        return Links(self._site.own_key(), url) if url is not None and reachable(url) else None

    @cached_property
    def book(self) -> Book:
        """The tags of the radio codes. Raises SettingsError."""
        return radio.book_of(self._site)

    @cached_property
    def codes(self) -> Codes:
        """The codes of an SMS. Raises SettingsError."""
        return Codes(self._site.own_key())

    def code(self, alert: int, person: str) -> str:
        """What "OK <code>" acknowledges, for a message to somebody, by his id in the roster; "" where there is no key.

        A key that cannot be read keeps no message back.
        """
        try:
            return self.codes.code(alert, person)
        except SettingsError as error:
            _log.error("messages go out without codes: %s", error)
            return ""

    def link(self, alert: int, person: str, message_key: str, now: float) -> str | None:
        """What acknowledges without a login, for a message to somebody; None where no link would work."""
        try:
            return None if self.links is None else self.links.link(alert, person, message_key, now)
        except SettingsError as error:
            _log.error("messages go out without links: %s", error)
            return None

    def list_code(self, row: int, person: str) -> str:
        """The same for a message with a list; row: the last delivery that it carries."""
        try:
            return self.codes.list_code(row, person)
        except SettingsError as error:
            _log.error("messages go out without codes: %s", error)
            return ""

    def list_link(self, row: int, person: str, now: float) -> str | None:
        """The same for a message with a list."""
        try:
            return None if self.links is None else self.links.list_link(row, person, now)
        except SettingsError as error:
            _log.error("messages go out without links: %s", error)
            return None

    def asked(self, token: str) -> Asked:
        """What a link asks, and changes nothing: a mail scanner opens it too. Raises LinkError, SettingsError."""
        return self._asked(self._claim(token))

    def by_link(self, token: str, *, sees_to_it: bool = True) -> Fact:
        """Use a link up. sees_to_it: whether he does, or cannot. Raises LinkError, JournalError, SettingsError."""
        claim = self._claim(token)
        with self._lock:
            asked = self._asked(claim)
            author = Author(name=asked.person.name, role=asked.person.role, way="link")
            ids = [alert.id for alert in asked.alerts]
            kept = (
                self._host.acknowledge_all(ids, author, claim.nonce)
                if sees_to_it
                else self._host.decline_all(ids, author, asked.person.id, claim.nonce)
            )
        if not kept:
            raise LinkError(_OVER)
        return kept[0]

    def by_code(self, text: str, author: Author) -> Entered:
        """Keep what a code says that was heard over the radio. Raises RadioError, JournalError, SettingsError."""

        def keep(said: Said, author: Author) -> Fact | None:
            if isinstance(said, Acknowledged):
                return self._host.acknowledge(said.alert, author)
            return self._host.keep(said, author)

        with self._lock:
            return radio.enter(
                text,
                author,
                self.book,
                self._journal,
                points=self._site.points,
                firing=[alert.id for alert in self._firing()],
                site=self._site,
                now=self._now(),
                keep=keep,
            )

    def by_button(self, presses: Iterable[Press]) -> None:
        """Keep what was pressed at boards. Raises JournalError."""
        for press in presses:
            self._host.acknowledge(press.told.alert, press.author, t=press.t)

    def _claim(self, token: str) -> Claim:
        if self.links is None:
            raise LinkError(Phrase("This coordination point takes no links. Call it."))
        return self.links.read(token, self._now())

    def _asked(self, claim: Claim) -> Asked:
        used = self._host.by_link(claim.nonce)
        if used is not None:
            raise LinkError(
                Phrase(
                    "This link was used already, by {name}; a link works once. Was that not you? Call the coordination point.",
                    name=used.author.name,
                )
            )
        person = self._host.roster.people.get(claim.person)
        if person is None:
            raise LinkError(
                Phrase(
                    "You are not on the roster any more, so this link no longer counts. Call the coordination point."
                )
            )
        firing = self._firing()
        of_list = listed(self._journal.deliveries(*(one.id for one in firing)), claim.row) if claim.row else ()
        alerts = tuple(alert for alert in firing if alert.id == claim.alert or alert.id in of_list)
        if not alerts:
            raise LinkError(_OVER)
        return Asked(alerts, person)

    def _firing(self) -> list[AlertState]:
        return [alert for alert in self._host.alerts() if alert.state == "firing"]


_OVER = Phrase("This alert is over. You need not do anything.")
