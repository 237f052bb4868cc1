"""What holds an alert back: coordination point > point > sensor. Pure.

A cause that stands explains what follows from it: that is still an alert, and shown, but nobody is told of it. What began
well before its cause has another one, and is told.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from paraat.domain.facts import Fact
from paraat.domain.model import AlertState
from paraat.domain.subjects import POINT, Subject
from paraat.domain.telling import CRITICAL, Telling

SILENCED = "silenced"
# What explains it. At a point a cause counts for that point, at the coordination point for all.
_SILENT = ("point_silent", "broker_unreachable")
CAUSES: Mapping[str, tuple[str, ...]] = {
    "point_silent": ("broker_unreachable", "clock_wrong"),  # of a clock that is ahead every reading is old
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


Holds = Mapping[Subject, "Hold"]
_EXPLAIN = frozenset(rule for causes in CAUSES.values() for rule in causes)


class Causes:
    """What may explain alerts at `now`, by where it counts: a country may have some alerts at every point.

    active: the alerts that stand; ended: the causes that are over, which explain for grace_s more.
    """

    def __init__(self, now: float, active: Iterable[AlertState], ended: Iterable[Ended], grace_s: float) -> None:
        self._spans: dict[tuple[str, str | None], list[tuple[float, float]]] = {}  # begins of what each explains
        self._standing: set[str] = set()  # the rules of these causes
        for cause in active:
            if cause.rule in _EXPLAIN:
                self._add(cause.rule, cause.subject, cause.since, float("inf"))
        for over in ended:
            if now - over.at < grace_s:
                self._add(over.rule, over.subject, over.since, over.at + grace_s)

    def _add(self, rule: str, subject: Subject, since: float, until: float) -> None:
        self._standing.add(rule)
        self._spans.setdefault((rule, subject.point), []).append((since - SLACK_S, until))

    def explained(self) -> frozenset[str]:
        """The rules of which any cause stands anywhere: of another no alert need be looked at, and a country may have some at every point."""
        return frozenset(rule for rule, causes in CAUSES.items() if not self._standing.isdisjoint(causes))

    def of(self, alert: AlertState) -> str:
        """The rule of the cause that explains an alert; empty when none does."""
        for rule in CAUSES.get(alert.rule, ()):
            for where in {None, alert.point}:
                if any(first <= alert.since <= last for first, last in self._spans.get((rule, where), ())):
                    return rule
        return ""


class Hold(NamedTuple):
    """Why nobody is told of a subject, and whether that goes for what is critical too."""

    why: str
    critical: bool = True


def holds_of(silenced: Mapping[Subject, Fact], not_used: Mapping[Subject, str], telling: Telling, now: float) -> Holds:
    """What is silenced, and by whom; and what is being built or out of use. A critical alert is not silenced for long."""
    critical_s = 3600 * telling.silence_critical_h
    found = {subject: Hold(SILENCED, now - fact.t < critical_s) for subject, fact in silenced.items()}
    return found | {subject: Hold(why) for subject, why in not_used.items()}


def held_by(alert: AlertState, holds: Holds, causes: Causes) -> str:
    """Why nobody is told of an alert: a word of `holds` (of its subject, or its point), or the rule of its cause; "": told."""
    for subject in (alert.subject, alert.point and Subject(POINT, alert.point)):
        hold = holds.get(subject) if subject else None
        if hold is not None and (hold.critical or alert.severity != CRITICAL):
            return hold.why
    return causes.of(alert)
