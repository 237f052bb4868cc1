"""What a rule is: it looks at one point at one moment, and holds no state."""

from enum import Enum
from typing import Protocol

import msgspec

from paraat.domain.model import OwnCertificate, PointView


class Verdict(Enum):
    """RAISE: the condition is there. CLEAR: it is surely gone. HOLD: in between, or not known; nothing changes."""

    RAISE = "raise"
    CLEAR = "clear"
    HOLD = "hold"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, with the numbers that the text needs."""

    verdict: Verdict
    severity: str = "critical"
    detail: dict[str, float | int | str | None] = {}


class Rule(Protocol):
    """hold_s: how long a verdict must stand before the alert follows it, in seconds."""

    hold_s: float

    def judge(self, view: PointView) -> Judgement:
        """Judge a point at view.now."""
        ...


class OwnRule(Protocol):
    """As Rule, about a certificate of the coordination point itself."""

    hold_s: float

    def judge(self, own: OwnCertificate) -> Judgement:
        """Judge a certificate at own.now."""
        ...
