"""Answers by SMS: "OK 1234" from the number that was told acknowledges the alert of that code, "NEE 1234" says that he cannot.

A sender's number can be forged, and a code of four digits guessed: so both must fit, the alert must have been told to that
number, and after a few wrong codes nothing from that person is looked at for a while. Each is a fact, so a restart forgets none.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from paraat.alerts.codes import LIST_DIGITS, Codes, reply
from paraat.alerts.outgoing import listed
from paraat.domain.facts import Author, Fact, Told, WrongReply
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Person, Roster
from paraat.site.channels import SMS
from paraat.site.site import Site
from paraat.texts import Words

_log = logging.getLogger(__name__)

WRONG_MOST, WRONG_WITHIN_S = 5, 3600.0
_WRONG_READ = 1000  # five of each of some two hundred people within the hour


class Records(Protocol):
    """What of the journal is needed here. All of it raises JournalError."""

    def facts(self, *kinds: type[Told], limit: int | None = None) -> list[Fact]:
        """The newest facts of these kinds, in the order of the journal."""
        ...

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        """Store a fact."""
        ...

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        """Whom these alerts were told."""
        ...


class Heard(NamedTuple):
    """What became of an answer. outcome: "acknowledged", "declined", "over", "no-code", "wrong", "too-many" or "stranger"."""

    outcome: str
    alert: AlertState | None = None
    person: Person | None = None
    answer: str = ""  # what to send back; "": nothing


class BySms:
    """alerts: those that fire, and those that are over since shortly. acknowledge: (ids of alerts, who), as the service keeps it;
    decline: (ids, who, his id in the roster).
    """

    def __init__(
        self,
        site: Site,
        journal: Records,
        *,
        alerts: Callable[[], Iterable[AlertState]],
        acknowledge: Callable[[Collection[int], Author], Sequence[Fact]],
        decline: Callable[[Collection[int], Author, str], Sequence[Fact]],
        roster: Callable[[], Roster] | None = None,
    ) -> None:
        self._site = site
        self._roster = roster or (lambda: site.roster)
        self._journal = journal
        self._alerts = alerts
        self._acknowledge = acknowledge
        self._decline = decline
        self._codes = Codes(site.own_key())

    def heard(self, number: str, text: str, now: float) -> Heard:
        """Take an answer in. Raises JournalError: nothing is kept then, and it is to be heard again."""
        heard = self._judge(_plain(number), text, now)
        if heard.outcome not in ("acknowledged", "declined", "over"):
            # The code is not in the log: who reads that could use it.
            _log.warning("sms from %s not taken: %s", _masked(number), heard.outcome)
        return heard

    def _judge(self, number: str, text: str, now: float) -> Heard:
        people = [person for person in self._roster().people.values() if number in person.addresses(SMS)]
        if not people:
            return Heard("stranger")
        wrong = [fact for fact in self._journal.facts(WrongReply, limit=_WRONG_READ) if _of(fact, people, now)]
        if len(wrong) >= WRONG_MOST:
            return Heard("too-many")
        said = reply(text)
        if said is None:
            return self._answered("no-code", people[0])
        for person in people:
            if alerts := self._told(person, number, said.code):
                return self._take(alerts, person, sees_to_it=said.sees_to_it)
        author = Author(name=people[0].name, role=people[0].role, way="sms")
        self._journal.record(WrongReply(person=people[0].id), author, t=now, now=now)
        return self._answered("wrong", people[0])

    def _told(self, person: Person, number: str, code: str) -> list[AlertState]:
        """What this person's code stands for, of what was told to this number: an alert, or all of a list."""
        alerts = {alert.id: alert for alert in self._alerts() if alert.fired_at is not None}
        if len(code) < LIST_DIGITS:
            one = self._codes.alert(person.id, code, alerts)
            return [] if one is None or not self._sent(number, one) else [alerts[one]]
        rows = self._sent(number, *alerts)
        last = next((row.id for row in rows if self._codes.list_code(row.id, person.id) == code), 0)
        return [alerts[alert_id] for alert_id in listed(rows, last)]

    def _sent(self, number: str, *alert_ids: int) -> list[Delivery]:
        return [
            row
            for row in self._journal.deliveries(*alert_ids)
            if row.channel == SMS and row.address == number and row.state != "dropped"
        ]

    def _take(self, alerts: Sequence[AlertState], person: Person, *, sees_to_it: bool) -> Heard:
        author = Author(name=person.name, role=person.role, way="sms")
        firing = [alert.id for alert in alerts if alert.state == "firing"]
        kept = self._acknowledge(firing, author) if sees_to_it else self._decline(firing, author, person.id)
        if not kept:
            return self._answered("over", person, alerts[0])
        if not sees_to_it:
            return self._answered("declined", person, alerts[0])
        if len(alerts) > 1:
            language = person.language or self._site.region.language
            return Heard("acknowledged", alerts[0], person, Words(language, "sms")("reply.list", n=len(kept)))
        return self._answered("acknowledged", person, alerts[0])

    def _answered(self, outcome: str, person: Person, alert: AlertState | None = None) -> Heard:
        language = person.language or self._site.region.language
        point = None if alert is None or alert.point is None else self._site.points.get(alert.point)
        rule = "" if alert is None else Words(language, "web").code("rule", alert.rule)
        where = Words(language, "sms")("own") if point is None else point.name
        return Heard(outcome, alert, person, Words(language, "sms")(f"reply.{outcome}", rule=rule, name=where, ok="OK"))


def _of(fact: Fact, people: Sequence[Person], now: float) -> bool:
    """Whether it is a wrong reply of one of these people, of shortly ago."""
    told = fact.told
    mine = isinstance(told, WrongReply) and any(told.person == person.id for person in people)
    return mine and 0 <= now - fact.t < WRONG_WITHIN_S


def _plain(number: str) -> str:
    """As the roster writes numbers."""
    digits = "".join(c for c in number if c.isdigit() or c == "+")
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _masked(number: str) -> str:
    """Enough to find who it was among those one knows."""
    return f"{number[:3]}...{number[-3:]}" if len(number) > 8 else "..."
