"""Answers by SMS: "OK 1234" from the number that was told acknowledges the alert of that code.

A sender's number can be forged, and a code of four digits guessed: so both must fit, the alert must have been told to that
number, and after a few wrong codes nothing from that number is looked at for a while.
"""

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from paraat.alerts.codes import Codes, reply
from paraat.domain.facts import Author, Fact
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person
from paraat.domain.tries import Tries
from paraat.site.channels import SMS
from paraat.site.site import Site
from paraat.texts import Words

_log = logging.getLogger(__name__)

WRONG_MOST, WRONG_WITHIN_S = 5, 3600.0


class Told(Protocol):
    """What of the journal is needed here."""

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        """Whom these alerts were told."""
        ...


class Heard(NamedTuple):
    """What became of an answer. outcome: "acknowledged", "over", "no-code", "wrong", "too-many" or "stranger"."""

    outcome: str
    alert: AlertState | None = None
    person: Person | None = None
    answer: str = ""  # what to send back; "": nothing


class BySms:
    """alerts: those that fire, and those that are over since shortly. acknowledge: (alert's id, who), as the service keeps it."""

    def __init__(
        self,
        site: Site,
        journal: Told,
        *,
        alerts: Callable[[], Iterable[AlertState]],
        acknowledge: Callable[[int, Author], Fact | None],
    ) -> None:
        self._site = site
        self._journal = journal
        self._alerts = alerts
        self._acknowledge = acknowledge
        self._codes = Codes(site.own_key())
        self._tries = Tries(WRONG_MOST, WRONG_WITHIN_S)

    def heard(self, number: str, text: str, now: float) -> Heard:
        """Take an answer in. Raises JournalError: nothing is kept then, and it is to be heard again."""
        heard = self._judge(_plain(number), text, now)
        if heard.outcome not in ("acknowledged", "over"):
            # The code is not in the log: who reads that could use it.
            _log.warning("sms from %s not taken: %s", _masked(number), heard.outcome)
        return heard

    def _judge(self, number: str, text: str, now: float) -> Heard:
        people = [person for person in self._site.roster.people.values() if number in person.addresses(SMS)]
        if not people:
            return Heard("stranger")
        if self._tries.until(number, now) is not None:
            return Heard("too-many")
        code = reply(text)
        if code is None:
            return self._answered("no-code", people[0])
        for person in people:
            if (alert := self._told(person, number, code)) is not None:
                return self._take(alert, person)
        self._tries.wrong(number, now)
        return self._answered("wrong", people[0])

    def _told(self, person: Person, number: str, code: str) -> AlertState | None:
        """The alert of this person's code that was told to this number."""
        alerts = {alert.id: alert for alert in self._alerts() if alert.fired_at is not None}
        found = self._codes.alert(person.id, code, alerts)
        if found is None:
            return None
        told = any(
            one.channel == SMS and one.address == number and one.state != "dropped"
            for one in self._journal.deliveries(found)
        )
        return alerts[found] if told else None

    def _take(self, alert: AlertState, person: Person) -> Heard:
        author = Author(name=person.name, role=person.role, way="sms")
        if alert.state != "firing" or self._acknowledge(alert.id, author) is None:
            return self._answered("over", person, alert)
        return self._answered("acknowledged", person, alert)

    def _answered(self, outcome: str, person: Person, alert: AlertState | None = None) -> Heard:
        language = person.language or self._site.region.language
        point = None if alert is None or alert.point is None else self._site.points.get(alert.point)
        rule = "" if alert is None else Words(language, "web").code("rule", alert.rule)
        where = Words(language, "sms")("own") if point is None else point.name
        return Heard(outcome, alert, person, Words(language, "sms")(f"reply.{outcome}", rule=rule, name=where, ok="OK"))


def _plain(number: str) -> str:
    """As the roster writes numbers."""
    digits = "".join(c for c in number if c.isdigit() or c == "+")
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _masked(number: str) -> str:
    """Enough to find who it was among those one knows."""
    return f"{number[:3]}...{number[-3:]}" if len(number) > 8 else "..."
