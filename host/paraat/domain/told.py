"""Who was told of an alert, by which rung, when, and what came back: the page, the API and the command line say it from here."""

from collections.abc import Iterable

import msgspec

from paraat.domain.model import Delivery
from paraat.domain.roster import Roster

BOARD, SCREEN = "board", "screen"  # the first rungs of a test; the others are the roster's


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a test. rung: BOARD, SCREEN, or of the roster. who: a person, or the point. ok: whether it was taken."""

    rung: str
    who: str
    channel: str
    ok: bool
    answer: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, for who looks. name: as the roster has it, else the id that he had. state and reason: as of Delivery.

    at: when it was last tried, or dropped; None: not yet. answer: what came back, or why not.
    """

    reason: str
    rung: str
    name: str
    channel: str
    state: str
    due_at: float
    at: float | None
    attempts: int
    answer: str


def told(deliveries: Iterable[Delivery], roster: Roster) -> list[Told]:
    """What people were told of one alert, and are to be told yet, oldest first."""
    return [
        Told(
            reason=row.reason,
            rung=row.rung,
            name=roster.people[row.person].name if row.person in roster.people else row.person.rstrip("/"),
            channel=row.channel,
            state=row.state,
            due_at=row.first_due_at,
            at=row.settled_at,
            attempts=row.attempts,
            answer=row.answer,
        )
        for row in deliveries
    ]
