"""Who is told of an alert, for which reason, and when. Pure: alert, moment, roster and acknowledgement in; what is due out.

Reasons, of which each reaches a person once by each channel:

    turn-1, turn-2 ...      it fires; it has become worse
    copy-1, copy-2 ...      the coordination point reads along, while the lead has it
    reminder-1-1 ...        it stands, and nobody acknowledged
    resolved, left          it is over; its point was taken out of the site
    <reason>+               once more, because the host was stopped while it was sent
"""

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from paraat.domain.model import ACKNOWLEDGED, AlertState
from paraat.domain.roster import COORDINATION, DEPUTY, LEAD, REGION, TECHNICIAN, Person, Roster
from paraat.domain.telling import CRITICAL, Rungs, Telling

RESOLVED, LEFT, AGAIN = "resolved", "left", "+"
TURN, COPY, REMINDER = "turn", "copy", "reminder"
LOG, BOARD = "log", "board"
# Nobody: the log has every alert.
EVERYTHING = Person(id="log/", name="log", reach={"log": ("log",)})
_LADDERS: dict[str, tuple[str, ...]] = {
    LEAD: (LEAD, DEPUTY, COORDINATION, REGION),
    TECHNICIAN: (TECHNICIAN, COORDINATION, REGION),
    COORDINATION: (COORDINATION, REGION),
}


def board_of(point: str) -> Person:
    """The lamp and the buzzer at a point, as somebody who can be told."""
    return Person(id=f"board/{point}", name=point, reach={"siren": (point,)})


class Due(NamedTuple):
    """That somebody is to be told, on which rung, for which reason, not before `at`."""

    reason: str
    rung: str
    person: Person
    at: float


class _Step(NamedTuple):
    rung: str
    at: float
    people: tuple[Person, ...]


def due(
    alert: AlertState,
    now: float,
    roster: Roster,
    telling: Telling,
    *,
    acknowledged_t: float | None,
    told: Iterable[tuple[Person, str]] = (),
    reaches: Callable[[Person], bool],
    came_back: Callable[[Person], bool] = lambda _: False,
    declined: Callable[[Person], bool] = lambda _: False,
) -> tuple[list[Due], float]:
    """What is due by now of an alert that fires, and the moment before which time alone makes nothing more due.

    It may have been due before: a reason reaches a person once.

    acknowledged_t: when somebody last acknowledged it; that ends reminders and the climb, until it becomes worse. told: who
    knows of it from an earlier turn, and on which rung. reaches: whether any channel reaches somebody. came_back: whether all that he was sent
    of it came back, so that he knows nothing: the next rung is told at once. declined: whether he said that he cannot, since it was so.
    """
    if alert.held_by:
        return [], math.inf
    rungs = telling.rungs(alert.severity)
    begins = _awake(alert.told_since, rungs, roster, telling)
    turn = f"{TURN}-{alert.turn}"
    seen = alert.stage(acknowledged_t) == ACKNOWLEDGED
    until = now if acknowledged_t is None or not seen else min(now, acknowledged_t)

    def lost(person: Person) -> bool:
        return not seen and (came_back(person) or declined(person))  # who acknowledged has it, whoever was not reached

    steps = _climb(alert, begins, rungs, roster, telling, reaches, lost)
    turns = [alert.told_since, begins, *(step.at for step in steps)]
    found = [Due(turn, LOG, EVERYTHING, alert.told_since)]
    found += [Due(turn, step.rung, person, step.at) for step in steps if step.at <= until for person in step.people]
    if begins <= until:
        found += [Due(turn, rung, person, begins) for person, rung in told if alert.turn > 1 and reaches(person)]
        if rungs.copy and steps and steps[0].rung != COORDINATION:
            here = roster.on_duty(COORDINATION, alert.point, begins)
            found += [Due(f"{COPY}-{alert.turn}", COORDINATION, person, begins) for person in here if reaches(person)]
    if not seen and rungs.remind_every_s:
        n = int((now - begins) // rungs.remind_every_s)
        at = _awake(begins + n * rungs.remind_every_s, rungs, roster, telling)
        turns += [at, begins + (n + 1) * rungs.remind_every_s]
        reminders = _reminders(alert, n, at, roster, steps, reaches) if n >= 1 else []
        # Who said no is left alone, while there is somebody else to remind.
        found += [one for one in reminders if not declined(one.person)] or reminders
    return [one for one in found if one.at <= now], min([t for t in turns if t > now], default=math.inf)


def due_at_board(alert: AlertState, *, acknowledged_t: float | None, reaches: Callable[[Person], bool]) -> list[Due]:
    """The board of the point calls, where there is something that its lead must see to at once. As of `due`."""
    if alert.held_by or alert.point is None or alert.role != LEAD or not is_loud(alert):
        return []
    if alert.stage(acknowledged_t) == ACKNOWLEDGED:
        return []
    board = board_of(alert.point)
    return [Due(f"{TURN}-{alert.turn}", BOARD, board, alert.told_since)] if reaches(board) else []


def rungs_of(alert: AlertState) -> tuple[str, ...]:
    """The rungs that an alert climbs, the first that is told first."""
    role = alert.role if alert.point is not None else COORDINATION
    return _LADDERS.get(role, _LADDERS[LEAD])


def _climb(
    alert: AlertState,
    begins: float,
    rungs: Rungs,
    roster: Roster,
    telling: Telling,
    reaches: Callable[[Person], bool],
    lost: Callable[[Person], bool],
) -> list[_Step]:
    """Each rung with somebody on it. Where nobody stands, or whom nothing reached, the next one is told in his stead, at his time."""
    steps: list[_Step] = []
    waiting: float | None = None
    reached = False
    for n, rung in enumerate(rungs_of(alert)):
        after_s = 0.0 if n == 0 else rungs.after_s(rung)
        if after_s is None and (waiting is None or reached):
            continue
        at = min(a for a in (waiting, None if after_s is None else begins + after_s) if a is not None)
        at = _awake(at, rungs, roster, telling)
        people = tuple(person for person in roster.on_duty(rung, alert.point, at) if reaches(person))
        if people:
            steps.append(_Step(rung, at, people))
        here = not all(lost(person) for person in people)
        waiting = None if here else at
        reached = reached or here
    return steps


def _reminders(
    alert: AlertState, n: int, at: float, roster: Roster, steps: list[_Step], reaches: Callable[[Person], bool]
) -> list[Due]:
    """The n-th reminder, at `at`, to who is on duty then on every rung that it has climbed to."""
    return [
        Due(f"{REMINDER}-{alert.turn}-{n}", step.rung, person, at)
        for step in steps
        if step.at <= at
        for person in roster.on_duty(step.rung, alert.point, at)
        if reaches(person)
    ]


def _awake(t: float, rungs: Rungs, roster: Roster, telling: Telling) -> float:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if not rungs.quiet:
        return t
    return after_quiet(t, roster, telling)


def after_quiet(t: float, roster: Roster, telling: Telling) -> float:
    """The moment itself, or the end of the quiet hours that it lies in."""
    at = datetime.fromtimestamp(t, roster.zone)
    clock = f"{at:%H:%M}"
    begins, ends = telling.quiet_begins, telling.quiet_ends
    quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if begins == ends or not quiet:
        return t
    day = at.date() + timedelta(days=1 if clock >= ends else 0)
    hours, minutes = ends.split(":")
    return datetime(day.year, day.month, day.day, int(hours), int(minutes), tzinfo=roster.zone).timestamp()


def is_first(row_rung: str, reason: str, alert: AlertState) -> bool:
    """Whether somebody who acknowledged makes this message needless: not that of the first rung, and not a copy."""
    return row_rung == LOG or reason.startswith(COPY) or (reason.startswith(TURN) and row_rung == rungs_of(alert)[0])


def is_loud(alert: AlertState) -> bool:
    """Whether its messages go before others."""
    return alert.severity == CRITICAL
