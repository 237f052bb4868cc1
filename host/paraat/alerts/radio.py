"""A code that was read aloud over the radio and typed in at the coordination point: what it says becomes a fact.

Guessing does not help: wrong codes are facts too, and after MOST_WRONG of them within WITHIN_S none is looked at any more
until the first of these is past, also after a restart.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from paraat.domain.facts import Acknowledged, Author, Counted, Delivered, Fact, HelpAsked, Told, WrongCode
from paraat.domain.radio import ACKNOWLEDGE, COUNT, LITRES, Book, Code, Entered, RadioError, Said, read
from paraat.site.private import derived
from paraat.site.site import Site
from paraat.texts.localtime import local

MOST_WRONG = 5
WITHIN_S = 3600.0
# Two people at a coordination point may both type in what they heard: of a count and of litres it is one within so long.
AGAIN_S = 900.0

Keep = Callable[[Said, Author], Fact | None]


class Records(Protocol):
    """What of the journal is needed here."""

    def facts(self, *kinds: type[Told], point: str | None = None, limit: int | None = None) -> list[Fact]:
        """The newest facts of these kinds, in the order of the journal."""
        ...

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        """Store a fact."""
        ...


def book_of(site: Site) -> Book:
    """The tags of a site. Raises SettingsError."""
    return Book(derived(site.own_key(), "radio"))


def enter(
    text: str,
    author: Author,
    book: Book,
    journal: Records,
    *,
    points: Collection[str],
    firing: Iterable[int],
    site: Site,
    now: float,
    keep: Keep,
) -> Entered:
    """Keep what a code says. firing: the ids of the alerts that do. Raises RadioError and JournalError.

    A code that is not whole tells a guesser nothing, and is none of the wrong ones: everybody makes mistakes.
    """
    until = blocked_until(journal, now)
    if until is not None:
        raise RadioError("blocked", until=until)
    code = read(text)
    try:
        said = _said(code, book, points, firing, moment_of(site, now))
    except RadioError as error:
        if error.code == "unknown":
            journal.record(WrongCode(), author, t=now, now=now)
        raise
    before = _before(journal, said, now)
    fact = before or keep(said, author)
    if fact is None:  # it stopped firing at this very moment
        raise RadioError("unknown")
    return Entered(said, book.answer(code), fact, again=before is not None)


def blocked_until(journal: Records, now: float) -> float | None:
    """Until when no code is looked at, unix seconds; None: they are."""
    wrong = journal.facts(WrongCode, limit=MOST_WRONG)
    if len(wrong) < MOST_WRONG or not now - WITHIN_S < wrong[0].t <= now:
        return None
    return wrong[0].t + WITHIN_S


def moment_of(site: Site, t: float) -> datetime:
    """The moment where the people of a site live: a sheet's tags change at their midnight."""
    return local(t, ZoneInfo(site.region.timezone))


def _said(code: Code, book: Book, points: Collection[str], firing: Iterable[int], at: datetime) -> Said:
    """Raises RadioError."""
    if code.kind == ACKNOWLEDGE:
        return Acknowledged(alert=book.alert(code, firing))
    point = book.point(code, points, at.date())
    if code.kind == COUNT:
        return Counted(point=point, people=code.number or 0)
    if code.kind == LITRES:
        return Delivered(point=point, litres=float(code.number or 0))
    return HelpAsked(point=point)


def _before(journal: Records, said: Said, now: float) -> Fact | None:
    """The same count or litres, by the radio too, of shortly ago."""
    if not isinstance(said, Counted | Delivered):
        return None
    for fact in journal.facts(type(said), point=said.point, limit=1):
        same = fact.author.way == "radio" and _number(fact.told) == _number(said)
        if same and 0 <= now - fact.t < AGAIN_S:
            return fact
    return None


def _number(told: Any) -> float:
    return float(told.people if isinstance(told, Counted) else told.litres)
