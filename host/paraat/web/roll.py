"""All points in the order of the page, and how many stand how: kept, so that only what changed is looked at again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from paraat.domain.activation import Phase
from paraat.domain.facts import Fact
from paraat.domain.model import ACKNOWLEDGED, AlertState, PointView
from paraat.domain.readiness import Verdict
from paraat.domain.urgency import Place, worst_first
from paraat.web.cards import moment, stage

_ALERT_RANK = {"firing": 0, "pending": 1, "resolved": 2}

_Kind = tuple[bool, Verdict, Verdict, Phase]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The head of the page: of the points that are in use, how many stand how.

    A silent point counts as silent, and by its last verdict too where that was not "ready": it does not leave the count of
    trouble by falling silent.
    """

    points: int
    not_ready: int
    unknown: int
    limited: int
    silent: int
    ready: int
    standby: int
    opening: int  # alerted or opening
    operational: int
    closing: int
    not_in_use: int  # being built or out of use; in none of the other counts


class _Row(NamedTuple):
    view: PointView
    critical: bool
    place: Place


class Roll:
    """Who is late first, then the worst, as which counts whoever has a critical alert; then the fewest hours."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._kinds: Counter[_Kind] = Counter()
        self._ordered: list[_Row] = []

    def call(self, views: Mapping[str, PointView], firing: Mapping[str, Sequence[AlertState]]) -> None:
        """These are all points now. firing: by point its alerts that fire."""
        rows = {}
        for point, view in views.items():
            critical = point in firing and any(alert.severity == "critical" for alert in firing[point])
            row = self._rows.get(point)
            if row is None or row.view is not view or row.critical is not critical:
                row = _Row(view, critical, worst_first(view, critical))
            rows[point] = row
        self._kinds.update(_kind(row.view) for point, row in rows.items() if self._rows.get(point) is not row)
        self._kinds.subtract(_kind(row.view) for point, row in self._rows.items() if rows.get(point) is not row)
        # Nearly in order already: then sorting costs little more than looking.
        known = [rows[row.view.point] for row in self._ordered if row.view.point in rows]
        new = [row for point, row in rows.items() if point not in self._rows]
        self._rows, self._ordered = rows, sorted([*known, *new], key=lambda row: row.place)

    @property
    def points(self) -> list[PointView]:
        """All points in their order."""
        return [row.view for row in self._ordered]

    def counts(self) -> Counts:
        """How many points stand how."""
        of, last, phases, unused = Counter[Verdict](), Counter[Verdict](), Counter[Phase](), 0
        for (in_use, verdict, last_verdict, phase), n in self._kinds.items():
            if in_use:
                of[verdict] += n
                last[last_verdict] += n
                phases[phase] += n
            else:
                unused += n
        return Counts(
            points=of.total(),
            not_ready=last[Verdict.NOT_READY],
            unknown=last[Verdict.UNKNOWN],
            limited=last[Verdict.LIMITED],
            silent=of[Verdict.SILENT],
            ready=of[Verdict.READY],
            standby=phases[Phase.STANDBY],
            opening=phases[Phase.ALERTED] + phases[Phase.OPENING],
            operational=phases[Phase.OPERATIONAL],
            closing=phases[Phase.CLOSING],
            not_in_use=unused,
        )


def firing_by_point(alerts: Iterable[AlertState]) -> dict[str, list[AlertState]]:
    """By point its alerts that fire."""
    firing: dict[str, list[AlertState]] = {}
    for alert in alerts:
        if alert.state == "firing" and alert.point is not None:
            firing.setdefault(alert.point, []).append(alert)
    return firing


def in_order(alerts: Iterable[AlertState], seen: Mapping[int, Fact]) -> list[AlertState]:
    """Alerts that fire first, critical before warning, what nobody sees to before the rest, then the newest.

    seen: by alert who saw it last.
    """

    def place(one: AlertState) -> tuple[int, bool, bool, float]:
        seen_to = stage(one, seen.get(one.id)) == ACKNOWLEDGED
        return _ALERT_RANK[one.state], one.severity != "critical", seen_to, -moment(one)

    return sorted(alerts, key=place)


def _kind(view: PointView) -> _Kind:
    found = view.activation
    return found.in_use, view.verdict, view.last_verdict, found.phase
