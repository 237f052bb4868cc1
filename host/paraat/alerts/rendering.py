"""A message is written at the moment of sending: with the figures of now, and with what it must say of itself.

It says when it is late, why this person gets it, that it was told before, and how to say that somebody sees to it. Several
alerts that are ready for one person are one message, with a list. Where words fail the figures go out as they are.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from paraat.alerts import ladder, texts
from paraat.alerts.channels.base import Message
from paraat.alerts.outgoing import Outgoing
from paraat.domain.model import AlertState, Delivery
from paraat.domain.points import Point
from paraat.domain.telling import CRITICAL, SEVERITIES, WARNING
from paraat.site.site import Site
from paraat.texts import Words
from paraat.texts.gsm7 import SMS, gsm7

_log = logging.getLogger(__name__)
_ACTION = 1  # the line of a mail that says what to do
_ACTIONS_MOST = 6  # in a list: a longer one is for who plans, and not for who acts
_ANSWER = len(" Doet u dit? Antwoord OK/NEE 1234")  # what every SMS has room for


class Answers(Protocol):
    """How somebody says that he sees to an alert."""

    def code(self, alert: int, person: str) -> str:
        """What "OK <code>" acknowledges."""
        ...

    def link(self, alert: int, person: str, message_key: str, now: float) -> str | None:
        """What acknowledges without a login; None where no link would work."""
        ...

    def list_code(self, row: int, person: str) -> str:
        """What "OK <code>" acknowledges of a message with a list: all of it. row: the last delivery that it carries."""
        ...

    def list_link(self, row: int, person: str, now: float) -> str | None:
        """The link of such a message."""
        ...


class _Item(NamedTuple):
    alert: AlertState
    row: Delivery
    subject: str
    body: str
    short: str  # with what stands before it, and without how to answer

    @property
    def action(self) -> str:
        """What is to be done: the second line of a mail about something that fires."""
        lines = self.body.splitlines()
        return lines[_ACTION] if self.alert.state == "firing" and len(lines) > _ACTION else ""

    @property
    def deed(self) -> str:
        """The same without by when ("Do now: ")."""
        return self.action.partition(": ")[2]


class Renderer:
    """Writes the messages of a site. also_held: how many alerts an alert holds back, because it explains them."""

    def __init__(self, site: Site, answers: Answers | None, also_held: Callable[[AlertState], int]) -> None:
        self._site = site
        self._answers = answers
        self._also_held = also_held
        self._zone = ZoneInfo(site.region.timezone)
        self.failed: dict[str, float] = {}  # by rule and wording, when words failed last

    def message(self, outgoing: Outgoing, alerts: Mapping[int, AlertState], now: float) -> Message:
        """The message as it is true now."""
        language = outgoing.person.language or self._site.region.language
        items = [self._item(alerts[row.alert_id], row, language, now) for row in outgoing.rows]
        try:
            if len(items) == 1:
                return self._single(items[0], outgoing, language, now)
            return self._digest(items, outgoing, language, now)
        except Exception:  # noqa: BLE001 - what goes around the text fails: the text alone is better than no message
            self._note_failed("message", now)
            return self._bare(items, outgoing)

    def _note_failed(self, text: str, now: float) -> None:
        """Somebody is told of it by an alert of its own; here the log is, with where it failed."""
        if text not in self.failed:
            _log.exception("%s has no words", text)
        self.failed[text] = now

    @staticmethod
    def _bare(items: Sequence[_Item], outgoing: Outgoing) -> Message:
        """What is the matter, without how to answer or why it comes now."""
        others = f" (+{len(items) - 1})" if len(items) > 1 else ""
        firing = [item.alert for item in items if item.alert.state == "firing"]
        return Message(
            to=outgoing.address,
            subject=f"{items[0].subject}{others}",
            body="\n\n".join(item.body for item in items),
            short=_cut(gsm7(", ".join(item.short for item in items)), SMS),
            severity=CRITICAL if any(alert.severity == CRITICAL for alert in firing) else WARNING,
            key=outgoing.key,
            firing=bool(firing),
        )

    def _item(self, alert: AlertState, row: Delivery, language: str, now: float) -> _Item:
        point = None if alert.point is None else self._site.points.get(alert.point)
        transition = "firing" if alert.state == "firing" else "resolved"
        try:
            if alert.left:
                return self._left(alert, row, language, now)
            subject, body = texts.message(alert, transition, point, language=language, zone=self._zone, now=now)
            begins = gsm7(" ".join([*self._begins(alert, row, language, now), ""]).lstrip())
            limit = SMS - _ANSWER - len(begins)  # a name is cut, and never what is to be done
            short = texts.short(alert, transition, point, language=language, zone=self._zone, now=now, limit=limit)
        except Exception:  # noqa: BLE001 - figures without words are better than no message
            self._note_failed(f"{alert.rule}.{alert.wording}", now)
            return self._plain(alert, row, point, transition)
        return _Item(alert, row, subject, body, f"{begins}{short}")

    def _begins(self, alert: AlertState, row: Delivery, language: str, now: float) -> list[str]:
        """The words before an SMS: those before the subject of a mail, and why this person gets it."""
        words, here = Words(language, "sms"), alert.state == "firing" and row.rung != ladder.LOG
        found = self._before(alert, row, language, now)
        if here and row.reason.startswith(ladder.COPY):
            found.append(words("begin.copy"))
        elif here and row.reason.startswith(ladder.TURN) and row.rung not in (ladder.rungs_of(alert)[0], ladder.BOARD):
            found.append(words("begin.climbed"))
        return found

    def _before(self, alert: AlertState, row: Delivery, language: str, now: float) -> list[str]:
        late = "late" if self._late(alert, row, language, now) else ""
        return [Words(language, "mail")(f"begin.{which}") for which in (late, _begin(alert, row)) if which]

    def _left(self, alert: AlertState, row: Delivery, language: str, now: float) -> _Item:
        words = Words(language, "mail")
        fired_at = texts.local_time(alert.told_since, now, self._zone, language)
        values = {"id": alert.id, "point": alert.subject.id, "title": _title(alert, language), "fired_at": fired_at}
        subject = words("left.subject", **values)
        return _Item(alert, row, subject, words("left.body", **values), gsm7(subject)[: SMS - _ANSWER])

    @staticmethod
    def _plain(alert: AlertState, row: Delivery, point: Point | None, transition: str) -> _Item:
        about = alert.subject.id if point is None else point.name
        subject = f"{alert.rule} ({transition}): {about}"
        figures = "\n".join(f"{key}: {value}" for key, value in alert.detail.items())
        return _Item(alert, row, subject, f"{subject}\n{figures}\n{alert.id}", gsm7(subject)[: SMS - _ANSWER])

    def _single(self, item: _Item, outgoing: Outgoing, language: str, now: float) -> Message:
        words, alert, row = Words(language, "mail"), item.alert, item.row
        firing = alert.state == "firing" and row.rung != ladder.LOG
        answers = self._answers if firing else None
        code = "" if answers is None else answers.code(alert.id, row.person)
        link = None if answers is None else answers.link(alert.id, row.person, outgoing.key, now)
        late = self._late(alert, row, language, now)
        why = _why(alert, row, words)
        also = self._also_held(alert) if firing else 0
        lines = (
            late,
            why,
            item.body,
            words.count("also.held", also) if also else "",
            words("flapping") if alert.flapping and firing else "",
            words("answer.link", link=link) if link else "",
        )
        return Message(
            to=outgoing.address,
            subject=" ".join([*self._before(alert, row, language, now), item.subject]),
            body="\n".join(filter(None, lines)),
            short=_asked(item.short, code, language, row.reason.startswith(ladder.COPY)),
            severity=alert.severity,
            key=outgoing.key,
            code=code,
            link=link,
            firing=alert.state == "firing",
        )

    def _late(self, alert: AlertState, row: Delivery, language: str, now: float) -> str:
        """That it could not leave before, with when it was measured; empty when it is in time."""
        if now - row.first_due_at <= self._site.telling.late_after_s:
            return ""
        measured = alert.detail.get("data_t")
        t = measured if isinstance(measured, int | float) else alert.resolved_at or alert.told_since
        return Words(language, "mail")("late", time=texts.local_time(t, now, self._zone, language))

    def _digest(self, items: Sequence[_Item], outgoing: Outgoing, language: str, now: float) -> Message:
        words = Words(language, "mail")
        items = sorted(items, key=lambda i: (i.alert.state != "firing", i.alert.severity != CRITICAL, i.subject))
        kinds = Counter((i.alert.rule if i.alert.state == "firing" else "") for i in items)
        subject = (
            _kind(items[0].alert, len(items), language) if len(kinds) == 1 else words("digest.several", n=len(items))
        )
        lates = [late for i in items if (late := self._late(i.alert, i.row, language, now))]
        told_to_do = len(items) <= _ACTIONS_MOST
        lines = [f"- {i.subject}" + (f"\n  {i.action}" if told_to_do and i.action else "") for i in items]
        parts = (f"{n} x {_kind_short(rule, language)}" for rule, n in kinds.most_common())
        told = "" if len(kinds) == 1 else f" ({', '.join(parts)})"
        firing = any(i.alert.state == "firing" for i in items)
        row, answers = outgoing.rows[-1], self._answers if firing else None
        code = "" if answers is None else answers.list_code(row.id, row.person)
        link = None if answers is None else answers.list_link(row.id, row.person, now)
        answer = gsm7(Words(language, "sms")("digest.answer", code=code)) if code else ""
        how = words("answer.list", link=link) if link else ""
        worst = max((i.alert.severity for i in items), key=lambda s: SEVERITIES.index(s) if s in SEVERITIES else 9)
        return Message(
            to=outgoing.address,
            subject=subject,
            body="\n".join(filter(None, [*lates[:1], f"{subject}{told}:", *lines, words("digest.do"), how])),
            short=f"{self._listed(items, subject, kinds, language, SMS - len(answer))}{answer}",
            severity=worst if firing else WARNING,
            key=outgoing.key,
            code=code,
            link=link,
            firing=firing,
        )

    def _listed(self, items: Sequence[_Item], subject: str, kinds: Counter[str], language: str, limit: int) -> str:
        """A list in an SMS: what is to be done where, if that fits; else of one kind the points, of several what is the matter."""
        deeds = [f"{n} {self._name(item.alert)}: {item.deed}" for n, item in enumerate(items, 1)]
        if all(item.deed for item in items) and len(said := gsm7(" ".join(deeds))) <= limit:
            return said
        by_kind: dict[str, list[str]] = {}
        for item in items:
            by_kind.setdefault(item.alert.rule if item.alert.state == "firing" else "", []).append(
                self._name(item.alert)
            )
        if len(kinds) == 1:
            return _cut(gsm7(f"{subject}: {', '.join(self._name(item.alert) for item in items)}."), limit)
        told = "; ".join(f"{_kind_short(kind, language)}: {', '.join(names)}" for kind, names in by_kind.items())
        return _cut(gsm7(f"{told}."), limit)

    def _name(self, alert: AlertState) -> str:
        point = None if alert.point is None else self._site.points.get(alert.point)
        return alert.subject.id if point is None else point.name


def _asked(short: str, code: str, language: str, reads_along: bool) -> str:
    """An SMS with how to answer it: as a question, where there is room and somebody is to see to it."""
    if not code:
        return short
    words = Words(language, "sms")
    asks = f"{short}{gsm7(words('answer.asks', code=code))}"
    return asks if len(asks) <= SMS and not reads_along else f"{short}{gsm7(words('answer.code', code=code))}"[:SMS]


def _begin(alert: AlertState, row: Delivery) -> str:
    """Which word stands before everything else."""
    if alert.state != "firing":
        return ""
    if row.reason.startswith(ladder.REMINDER):
        return "reminder"
    return "flapping" if alert.flapping else "worse" if alert.turn > 1 else ""


def _why(alert: AlertState, row: Delivery, words: Words) -> str:
    """Why this person gets this now, where it does not go without saying."""
    if row.rung == ladder.LOG or alert.state != "firing":
        return ""
    said = []
    if row.reason.endswith(ladder.AGAIN):
        said.append(words("why.again"))
    if row.reason.startswith(ladder.COPY):
        said.append(words("why.copy"))
    elif row.reason.startswith(ladder.REMINDER):
        said.append(words("why.reminder"))
    elif row.rung != ladder.rungs_of(alert)[0]:
        said.append(words("why.climbed"))
    if alert.turn > 1 and row.reason.startswith((ladder.TURN, ladder.COPY)):
        said.append(words("why.worse"))
    return " ".join(said)


def _title(alert: AlertState, language: str) -> str:
    return Words(language, "web").code("rule", alert.rule)


def _kind(alert: AlertState, n: int, language: str) -> str:
    """What so many alerts of one kind are called."""
    words = Words(language, "mail")
    if alert.state != "firing":
        return words("digest.resolved", n=n)
    if words.known(f"digest.{alert.rule}"):
        return words(f"digest.{alert.rule}", n=n)
    return words("digest.of", n=n, title=_title(alert, language))


def _kind_short(rule: str, language: str) -> str:
    return Words(language, "web").code("rule", rule) if rule else Words(language, "mail")("digest.over")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
