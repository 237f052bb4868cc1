"""What was taken and came back later: the mail server of somebody bounces, or the network could not bring an SMS.

It stands in the journal as a fact, so that the ladder goes on at once and a replay knows it too; and with what was delivered.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from paraat.domain.facts import HOST, Author, CameBack, Fact, Told, Way
from paraat.domain.model import Delivery
from paraat.texts import Phrase, Words
from paraat.texts.printable import printable

KEPT, KNOWN, LATER = "kept", "known", "later"
TEST = "test/"  # a test's key: TEST, its own, the channel and the address
_CHARS = 200
_READ = 1000  # so many of what came back are looked through for a test


class Records(Protocol):
    """What of the journal is needed here. All of it raises JournalError."""

    def atomic(self) -> AbstractContextManager[None]:
        """One transaction of all that is written inside."""
        ...

    def deliveries_in(self, message: str) -> list[Delivery]:
        """What a message carries that was taken, is being sent, or is tried again."""
        ...

    def note_returned(self, message: str, answer: str, now: float) -> None:
        """Keep that it came back."""
        ...

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        """Store a fact."""
        ...

    def facts(self, *kinds: type[Told], limit: int | None = None) -> list[Fact]:
        """The newest facts of these kinds."""
        ...


class Returned:
    """learn: is given each fact once it is stored."""

    def __init__(self, journal: Records, *, language: str, learn: Callable[[Fact], None]) -> None:
        self._journal = journal
        self._words = Words(language)
        self._learn = learn

    def came_back(self, message: str, why: str, now: float) -> str:
        """Keep that a message came back. why: what was said of it, by whomever. Raises JournalError: nothing is kept then.

        Returns KEPT; KNOWN when nothing that it carried stands any more, so also the second time; LATER while it is being sent.
        """
        told = printable(self._words.say(why))[:_CHARS]
        with self._journal.atomic():
            rows = self._journal.deliveries_in(message)
            if any(row.state == "sending" for row in rows):
                return LATER
            found = _of_rows(rows, told) or self._of_test(message, told)
            if found is None:
                return KNOWN
            fact = self._journal.record(found, HOST, t=now, now=now)
            self._journal.note_returned(message, answer(self._words, told), now)
        self._learn(fact)
        return KEPT

    def _of_test(self, message: str, why: str) -> CameBack | None:
        if not message.startswith(TEST) or message.count("/") < 3:
            return None
        before = (fact.told for fact in self._journal.facts(CameBack, limit=_READ))
        if any(isinstance(told, CameBack) and told.message == message for told in before):
            return None
        _, _, channel, address = message.split("/", 3)
        return CameBack(message=message, alerts=(), person="", channel=channel, address=address, why=why)


def lately(came_back: Mapping[Way, Fact], now: float, for_s: float) -> set[Way]:
    """From which ways a message came back within for_s. came_back: by way the last time."""
    return {way for way, fact in came_back.items() if 0 <= now - fact.t < for_s}


def answer(words: Words, why: str) -> str:
    """What stands with a delivery that came back. words: of the site's language."""
    return words.say(Phrase("came back: {why}", why=why))


def _of_rows(rows: list[Delivery], why: str) -> CameBack | None:
    if not rows:
        return None
    row = rows[0]
    alerts = tuple(sorted({one.alert_id for one in rows}))
    return CameBack(
        message=row.message, alerts=alerts, person=row.person, channel=row.channel, address=row.address, why=why
    )
