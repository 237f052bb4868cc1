"""What a rule is: it looks at one subject at one moment, and holds no state."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Literal, Protocol, TypeVar

import msgspec

from paraat.domain.model import PointView
from paraat.domain.subjects import View
from paraat.domain.thresholds import Alerts

V = TypeVar("V", bound=View)

CRITICAL, WARNING = "critical", "warning"
Role = Literal["lead", "technician", "coordination"]
Detail = dict[str, float | int | str | None]
_NONE: Mapping[str, Alerts] = MappingProxyType({})


class Verdict(Enum):
    """RAISE: the condition is there. CLEAR: it is surely gone. HOLD: in between, or not known; nothing changes."""

    RAISE = "raise"
    CLEAR = "clear"
    HOLD = "hold"


# On Python 3.11 a look at a member takes five times as long as one at a name, and there are fifty of them in each judging of a point.
_RAISE, _CLEAR, _HOLD = Verdict.RAISE, Verdict.CLEAR, Verdict.HOLD


class Judgement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A verdict, with the numbers that the text needs. wording: which text; "<rule>.<wording>" is its key.

    rank: how bad it is; while an alert fires, one that rises is told anew. A rule that has no degrees leaves it.
    """

    verdict: Verdict
    severity: str = CRITICAL
    detail: Detail = {}
    wording: str = "firing"
    rank: float = 0.0


class Rule(Protocol[V]):
    """judges: which views it looks at, of points say.

    for_role: whose job it is. wordings: its texts, each with its severity; "firing" is the first.
    """

    judges: type[V]
    for_role: Role
    wordings: Mapping[str, str]

    def judge(self, view: V) -> Judgement:
        """Judge a subject at the moment of its view."""
        ...

    def hold_of(self, point: str | None) -> float:
        """Seconds that a verdict about a point (None: about the coordination point) must stand before the alert follows it."""
        ...


def worded(**severities: str) -> Mapping[str, str]:
    """The wordings of a rule, each with its severity."""
    return MappingProxyType(severities)


class Judging:
    """What the rules share. alerts: the site's thresholds. own: by point, where its profile or its file has others."""

    table = ""  # of its thresholds in [alerts], where it is not called as the rule is
    for_role: Role = "lead"
    wordings: Mapping[str, str] = worded(firing=CRITICAL)

    def __init__(self, alerts: Alerts, own: Mapping[str, Alerts] = _NONE) -> None:
        self._alerts = alerts
        self._own = own
        self._table = self.table or type(self).__module__.rpartition(".")[2]
        self._held, self._cleared = self._judged(_HOLD, {}, "firing"), self._judged(_CLEAR, {}, "firing")

    @property
    def hold_s(self) -> float:
        """How long a verdict must stand, where a point says nothing else."""
        return self.hold_of(None)

    def hold_of(self, point: str | None) -> float:
        """As of Rule."""
        return float(getattr(getattr(self.limits(point), self._table), "hold_s", 0.0))

    def silent_after_s(self, view: PointView) -> float:
        """Seconds after which a point is silent, and what it said is old."""
        return (self._own.get(view.point, self._alerts) if self._own else self._alerts).point_silent.after_s

    def limits(self, point: str | None = None) -> Alerts:
        """The thresholds that hold for a point; None: those of the site."""
        return self._alerts if point is None else self._own.get(point, self._alerts)

    def raised(self, detail: Detail, wording: str = "firing", *, rank: float = 0.0) -> Judgement:
        """The condition is there. rank: of Judgement."""
        return self._judged(_RAISE, detail, wording, rank)

    def cleared(self, detail: Detail | None = None) -> Judgement:
        """It is surely gone."""
        return self._judged(_CLEAR, detail, "firing") if detail else self._cleared

    def held(self) -> Judgement:
        """In between, or not known."""
        return self._held

    def _judged(self, verdict: Verdict, detail: Detail, wording: str, rank: float = 0.0) -> Judgement:
        severity = self.wordings[wording]
        return Judgement(verdict=verdict, severity=severity, detail=detail, wording=wording, rank=rank)


class PointRule(Judging):
    """A rule about a point."""

    judges = PointView
