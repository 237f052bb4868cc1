"""Acknowledging at the board: whoever presses its button has seen its lamp and heard its buzzer. Pure.

A press counts for the alerts about that point that are the lead's to see to and that fired, or became worse, before it. Not for a call for
help (who asks for it does not answer it), nor for what is a technician's or the coordination point's: nobody at the point
has seen those. It is found in what the board sent, so a press that comes in hours late counts from when it was made, and a
host that was killed meanwhile finds it again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from paraat.domain.facts import Acknowledged, Author, Fact
from paraat.domain.model import AlertState, PointView
from paraat.domain.roster import LEAD
from paraat.domain.subjects import POINT

EVENT = "button/ack"


class Press(NamedTuple):
    """Somebody pressed the button of a point's board at t, unix seconds, and so acknowledged an alert."""

    told: Acknowledged
    author: Author
    t: float


def presses(
    alerts: Iterable[AlertState],
    views: Iterable[PointView],
    acknowledged: Callable[[int], Fact | None],
) -> Iterator[Press]:
    """The presses that are not kept yet. acknowledged: the last time that somebody acknowledged an alert."""
    pressed = {view.point: view.latest[EVENT].t for view in views if view.value(EVENT)}
    for alert in alerts:
        t = pressed.get(alert.subject.id) if alert.subject.kind == POINT else None
        if t is None or alert.state != "firing" or alert.role != LEAD or t < alert.told_since:
            continue
        seen = acknowledged(alert.id)
        if seen is None or seen.t < t:
            yield Press(Acknowledged(alert=alert.id), Author(name=alert.subject.id, way="button"), t)
