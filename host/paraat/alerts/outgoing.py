"""What a channel sends next, and what is not sent any more. Pure: what waits, and how the alerts stand, in; one message out.

Of one alert somebody gets the newest only: what waited is overtaken by what came after it, so that "recovered" never stands
before what is recovered, and nothing is said as if it still were so. All that is ready for one address is one message.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from paraat.alerts.ladder import BOARD, LEFT, LOG, RESOLVED, after_quiet, is_first, is_loud
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import COORDINATION, REGION, TECHNICIAN, Person, Roster
from paraat.domain.said import Said
from paraat.domain.telling import Telling

HOUR_S = 3600.0
# How long to wait after each attempt; the last one goes on. Mail servers are away for hours in a blackout.
RETRY_S = (30.0, 60.0, 120.0, 300.0, 600.0)
# That something is over is told when the way works again, if that is not too long after.
_STALE_S = 24 * HOUR_S
# The first message in an hour leaves at once, and between the next ones the pauses grow; together they fill this.
_PAUSES_S = 3000.0
_DIGEST = "digest/"
_GATHERED = (COORDINATION, REGION, TECHNICIAN)

Way = tuple[str, str]  # a channel, and an address there


class Outgoing(NamedTuple):
    """One message: what it carries, oldest first."""

    person: Person
    channel: str
    address: str
    rows: tuple[Delivery, ...]

    @property
    def key(self) -> str:
        """What names the message for ever."""
        first = self.rows[0]
        if len(self.rows) == 1:
            return f"{first.alert_id}/{first.reason}/{first.person}/{first.channel}/{first.id}"
        return f"{_DIGEST}{first.person}/{first.channel}/{self.rows[-1].id}/{sum(row.attempts for row in self.rows)}"


def last_delivery(key: str) -> int:
    """The id of the last delivery that a message carries, by its key."""
    parts = key.split("/")
    return int(parts[-2] if key.startswith(_DIGEST) else parts[-1])


def listed(rows: Iterable[Delivery], last: int) -> list[int]:
    """The alerts in a message with a list. rows: deliveries to one address or more; last: the id of the last one that it carried.

    What came to the list when it was tried once more is not in it: who got the first one has not read that.
    """
    rows = [row for row in rows if row.message.startswith(_DIGEST) and row.state != "dropped"]
    message = next((row.message for row in rows if row.id == last), None)
    return [row.alert_id for row in rows if row.message == message and row.id <= last]


class Standing(NamedTuple):
    """How everything stands that decides about what waits.

    alerts: by id, those that anything waits of. acknowledged: whether somebody sees to its last turn. sent: what was sent in
    the last hour, to anybody. ways: by which a person is reached, the first that works first.
    """

    alerts: Mapping[int, AlertState]
    acknowledged: Callable[[AlertState], str]
    sent: Sequence[Delivery]
    ways: Callable[[Person], Sequence[Way]]
    roster: Roster
    telling: Telling


class Choice(NamedTuple):
    """What is sent next, if anything is; and what is not sent at all any more, with why."""

    message: Outgoing | None
    dropped: list[tuple[Delivery, str]]


def choose(waiting: Iterable[Delivery], standing: Standing, now: float) -> Choice:
    """Choose among what waits for one channel: a critical one first, then the longest waiting."""
    dropped: list[tuple[Delivery, str]] = []
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for row in _newest(waiting, dropped):
        alert = standing.alerts.get(row.alert_id)
        why = "its alert is gone" if alert is None else _needless(row, alert, standing, now)
        if why:
            dropped.append((row, why))
        elif alert is not None and not alert.held_by:
            key = (row.person, row.address) if row.rung != LOG else (row.person, str(row.id))
            groups.setdefault(key, []).append(row)
    ready = [message for rows in groups.values() if (message := _message(rows, standing, now)) is not None]
    loud = {row.id for message in ready for row in message.rows if is_loud(standing.alerts[row.alert_id])}
    ready.sort(key=lambda message: (not any(row.id in loud for row in message.rows), message.rows[0].id))
    return Choice(ready[0] if ready else None, dropped)


def _newest(waiting: Iterable[Delivery], dropped: list[tuple[Delivery, str]]) -> list[Delivery]:
    """Of each alert and address the newest; the others are dropped."""
    newest: dict[tuple[int, str, str], Delivery] = {}
    for row in waiting:  # oldest first
        place = (row.alert_id, row.person, row.address)
        if (older := newest.get(place)) is not None:
            dropped.append((older, "overtaken by a newer message"))
        newest[place] = row
    return sorted(newest.values(), key=lambda row: row.id)


def _needless(row: Delivery, alert: AlertState, standing: Standing, now: float) -> str:
    """Why a message is not sent any more; "" when it is."""
    over = row.reason.rstrip("+") in (RESOLVED, LEFT)
    if alert.state != "firing" and not over:
        return "over before it could be sent"
    if over and now - row.first_due_at > _STALE_S:
        return "over for a day"
    if row.rung == LOG:
        return ""
    person = standing.roster.people.get(row.person)
    if row.rung != BOARD and row.person and (person is None or (row.channel, row.address) not in standing.ways(person)):
        return "no longer in the roster"
    if not over and not is_first(row.rung, row.reason, alert) and (by := standing.acknowledged(alert)):
        return Said("acknowledged by {by}", by=by)
    return ""


def _message(rows: list[Delivery], standing: Standing, now: float) -> Outgoing | None:
    """What waits for one address, as one message; None when it is not ready."""
    if all(now < row.due_at <= now + RETRY_S[-1] for row in rows):  # due still later: the clock was set back
        return None
    first = rows[0]
    if first.rung == LOG:
        return Outgoing(Person(id=first.person, name=LOG, reach={}), first.channel, first.address, tuple(rows))
    gathers = all(row.rung in _GATHERED and row.attempts == 0 for row in rows)
    if gathers and 0 <= now - min(row.created_at for row in rows) < standing.telling.gather_s:
        return None
    quiet = all(not is_loud(standing.alerts[row.alert_id]) for row in rows)
    if quiet and standing.telling.warning.quiet and after_quiet(now, standing.roster, standing.telling) > now:
        return None
    person = standing.roster.people.get(first.person) or Person(
        id=first.person, name=first.address, reach={first.channel: (first.address,)}
    )
    if pause_until(person, (first.channel, first.address), standing, now) > now:
        return None
    return Outgoing(person, first.channel, first.address, tuple(rows))


def pause_until(person: Person, way: Way, standing: Standing, now: float) -> float:
    """When the next message may go to somebody by this way, so that no hour brings more than per_hour in all.

    Each way carries the first message. What follows within the hour goes by the first way that works, with growing pauses.
    """
    most = standing.telling.per_hour
    ways = list(standing.ways(person)) or [way]
    # What perhaps did not arrive counts among those of the hour, and is said again without a pause.
    sent = {
        row.message: (row.settled_at, (row.channel, row.address), row.state)
        for row in standing.sent
        if row.person == person.id and row.settled_at is not None and row.settled_at <= now
    }
    every = sorted(t for t, _, _ in sent.values())
    here = sorted(t for t, by, state in sent.values() if by == way and state != "uncertain")
    until = every[-most] + HOUR_S if len(every) >= most else 0.0
    if here and way != ways[0]:
        return max(until, here[-1] + HOUR_S)
    if here:
        share = max(1, most - len(ways) + 1)
        steps = share * (share - 1) / 2
        until = max(until, here[-1] + (_PAUSES_S * min(len(here), share) / steps if steps else HOUR_S))
    return until
