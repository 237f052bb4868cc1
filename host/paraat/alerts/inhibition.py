"""What holds an alert back: coordination point > point > sensor. Pure.

A cause that stands explains what follows from it: that is still an alert, and shown, but nobody is told of it. What began
well before its cause has another one, and is told.
"""

from collections.abc import Collection, Mapping

import msgspec

from paraat.domain.model import AlertState
from paraat.domain.subjects import POINT, Subject

# What explains it. At a point a cause counts for that point, at the coordination point for all.
_SILENT = ("point_silent", "broker_unreachable")
CAUSES: Mapping[str, tuple[str, ...]] = {
    "point_silent": ("broker_unreachable",),
    "mains_out": ("generator_down", "generator_stopped"),
    # What a board says of itself and its sensors. Not what happens to people and fuel: that goes on in silence too.
    "sensor_fault": _SILENT,
    "clock_unsure": _SILENT,
    "data_gap": _SILENT,
    "board_memory": _SILENT,
    "board_restarts": _SILENT,
}
# A cause may be seen a little later than what follows from it.
SLACK_S = 600.0


class Ended(msgspec.Struct, frozen=True):
    """A cause that was over at `at`, and stood from `since`."""

    rule: str
    subject: Subject
    since: float
    at: float


def held_by(
    alert: AlertState,
    now: float,
    holds: Mapping[Subject, str],
    active: Collection[AlertState],
    ended: Collection[Ended],
    grace_s: float,
) -> str:
    """Why nobody is told of an alert: a word of `holds` (of its subject, or its point), or the rule of its cause; "": told."""
    if found := holds.get(alert.subject) or (alert.point and holds.get(Subject(POINT, alert.point))):
        return found
    for rule in CAUSES.get(alert.rule, ()):
        for cause in active:
            if cause.rule == rule and _covers(cause.subject, alert) and alert.since >= cause.since - SLACK_S:
                return rule
        for over in ended:
            explains = over.since - SLACK_S <= alert.since <= over.at + grace_s
            if over.rule == rule and _covers(over.subject, alert) and explains and now - over.at < grace_s:
                return rule
    return ""


def _covers(cause: Subject, alert: AlertState) -> bool:
    return cause.point is None or cause.point == alert.point
