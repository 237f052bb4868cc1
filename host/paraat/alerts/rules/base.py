"""What a rule is: it looks at one subject at one moment, and holds no state."""

from enum import Enum
from typing import Protocol, TypeVar

import msgspec

from paraat.domain.subjects import View

V = TypeVar("V", bound=View)


class Verdict(Enum):
    """RAISE: the condition is there. CLEAR: it is surely gone. HOLD: in between, or not known; nothing changes."""

    RAISE = "raise"
    CLEAR = "clear"
    HOLD = "hold"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, with the numbers that the text needs. wording: which text; "<rule>.<wording>" is its key.

    rank: how bad it is; while an alert fires, one that rises is told anew. A rule that has no degrees leaves it.
    """

    verdict: Verdict
    severity: str = "critical"
    detail: dict[str, float | int | str | None] = {}
    wording: str = "firing"
    rank: float = 0.0


class Rule(Protocol[V]):
    """judges: which views it looks at, of points say. hold_s: how long a verdict must stand before the alert follows it."""

    judges: type[V]
    hold_s: float

    def judge(self, view: V) -> Judgement:
        """Judge a subject at the moment of its view."""
        ...
