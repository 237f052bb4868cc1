"""How often somebody may be wrong: guessing a code must not help. Pure: the moment is passed in."""

from collections import deque
from collections.abc import Hashable


class Tries:
    """At most `most` wrong tries in each stretch of within_s; until the first of them is past, no other is looked at."""

    def __init__(self, most: int, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._wrong: dict[Hashable, deque[float]] = {}

    def until(self, who: Hashable, now: float) -> float | None:
        """Until when (unix seconds) nothing that comes from there is looked at; None: it is."""
        self._forget(now)
        wrong = self._wrong.get(who)
        return wrong[0] + self._within_s if wrong and len(wrong) >= self._most else None

    def wrong(self, who: Hashable, now: float) -> None:
        """Count a wrong try."""
        self._forget(now)
        self._wrong.setdefault(who, deque()).append(now)

    def _forget(self, now: float) -> None:
        for who, wrong in list(self._wrong.items()):
            while wrong and not now - self._within_s < wrong[0] <= now:
                wrong.popleft()
            if not wrong:
                del self._wrong[who]
