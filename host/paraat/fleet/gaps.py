"""What a board has no longer is waited for no longer: it is asked for what is missing, and says from where on it still has it.

So a host with a new journal begins where the memory of each board begins, and one set that was lost keeps no point on trouble.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any, Protocol

from paraat.domain.facts import Author, GapAccepted
from paraat.domain.model import PointView
from paraat.fleet.asking import AskError, NoConnectionError

_log = logging.getLogger(__name__)

LIMIT_S = 10.0
STANDS_S = 120.0  # what comes newest first leaves gaps that fill
DRAINS_S = 3600.0  # a board that still has a backlog may yet send what is missing
AGAIN_S = 6 * 3600.0
_AT_ONCE = 3  # gaps of one board
_BACKLOG = "node/backlog"
REASON = "board-has-it-no-more"

Range = tuple[int, int]


class Ask(Protocol):
    """Has a board do something; raises AskError."""

    def __call__(self, point: str, do: str, args: dict[str, Any], *, limit_s: float) -> dict[str, Any]:
        """Its results."""
        ...


class Gaps:
    """Belongs to one thread. gaps: what of a point is missing and waited for. accept: keeps that it is not any more.

    uptime_s: a clock that only goes on.
    """

    def __init__(
        self,
        *,
        ask: Ask,
        gaps: Callable[[str], Collection[Range]],
        accept: Callable[[GapAccepted, Author], object],
        view: Callable[[str], PointView],
        silent_after_s: float,
        uptime_s: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._gaps = gaps
        self._accept = accept
        self._view = view
        self._silent_after_s = silent_after_s
        self._uptime_s = uptime_s
        self._since_s: dict[str, float] = {}  # by point: since when something is missing
        self._asked_s: dict[str, float] = {}

    def look(self, points: Collection[str]) -> None:
        """Ask each board that can be asked for what is missing of it. Takes seconds. Raises what `accept` raises."""
        for point in points:
            gaps = self._gaps(point)
            if not gaps:
                self._since_s.pop(point, None)
                self._asked_s.pop(point, None)
                continue
            self._since_s.setdefault(point, self._uptime_s())
            if self._is_due(point):
                self._asked_s[point] = self._uptime_s()
                try:
                    self._ask_for(point, list(gaps)[:_AT_ONCE])
                except NoConnectionError:
                    del self._asked_s[point]
                    return
                except AskError as error:
                    _log.info("%s: asked for what is missing: %s", point, error)

    def _is_due(self, point: str) -> bool:
        now_s = self._uptime_s()
        stands_s = now_s - self._since_s[point]
        if stands_s < STANDS_S or now_s - self._asked_s.get(point, float("-inf")) < AGAIN_S:
            return False
        view = self._view(point)
        if view.online is not True or view.age_s is None or view.age_s > self._silent_after_s:
            return False
        backlog = view.fresh(_BACKLOG, self._silent_after_s)
        return stands_s >= DRAINS_S or (backlog is not None and backlog <= 1)

    def _ask_for(self, point: str, gaps: Collection[Range]) -> None:
        """Raises AskError."""
        for first, last in gaps:
            oldest = self._ask(point, "resend", {"from": first, "to": last}, limit_s=LIMIT_S).get("oldest")
            if not isinstance(oldest, int) or isinstance(oldest, bool) or oldest <= first:
                continue
            gone = min(last, oldest - 1)
            _log.info("%s has seq %d to %d no more: they are waited for no longer", point, first, gone)
            told = GapAccepted(point=point, reason=REASON, first=first, last=gone)
            self._accept(told, Author(name=point, way="board"))
