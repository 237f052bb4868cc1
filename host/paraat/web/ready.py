"""What is shown of the points, kept ready, so that who asks neither waits for the judging nor keeps it waiting.

Of few points each is looked at when somebody asks. Of many the views are those that the judging made anyway, and asking
costs no look at all; only a point of which somebody said something is looked at once more, so that he finds it told.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable

from paraat.domain.model import PointView
from paraat.web.source import Stand

AT_ONCE = 250  # so many points are looked at when somebody asks: some milliseconds
_REMADE_S = 2.0  # of more points, at the earliest after so long
_PATIENCE_S = 0.2  # for who makes a stand already; after it the one before is good enough, unless it is older than this
_OLD_S = 10.0
_HUNG_S = 120.0  # nobody has judged the points for so long: what they were then is nothing to show

Look = Callable[[Iterable[str]], list[PointView]]


class NotJudgedError(Exception):
    """Raised when the points were not judged for so long that nobody may take for true what is known of them."""


class Ready:
    """points: all of the site, by id. look: gives their views, each as it is now. now: unix seconds. shown: what of a view is shown.

    `take`, `said` and `mark` are called by those who judge and keep, and are quick; `stand` by who asks.
    """

    def __init__(
        self,
        points: Collection[str],
        look: Look,
        now: Callable[[], float],
        *,
        shown: Callable[[PointView], PointView] = lambda view: view,
    ) -> None:
        self._points = points
        self._look = look
        self._now = now
        self._shown = shown
        self._making = threading.Lock()
        self._changing = threading.Lock()  # around the two below
        self._views: dict[str, PointView] = {}
        self._said: dict[str, None] = {}
        self._changed = True
        self._made_s = self._due_s = float("-inf")
        self._taken_s = time.monotonic()
        self._stand: Stand | None = None

    def take(self, views: Iterable[PointView]) -> None:
        """These were made just now, by who judges the points; none: there was nothing new to judge."""
        made = {view.point: view for view in views}
        with self._changing:
            self._views.update(made)
        self._taken_s = time.monotonic()
        self._changed = self._changed or bool(made)

    def said(self, point: str) -> None:
        """Somebody said something of a point: the next stand has it."""
        with self._changing:
            self._said[point] = None
        self.mark()

    def mark(self) -> None:
        """The next who asks gets a new stand: what stands beside the views, such as the alerts, has changed."""
        self._due_s = float("-inf")
        self._changed = True

    def stand(self) -> Stand:
        """How the points stand. The same object until something of it has changed. Raises NotJudgedError."""
        now_s, last = time.monotonic(), self._stand
        is_many = len(self._points) > AT_ONCE
        if is_many and now_s - self._taken_s > _HUNG_S:
            raise NotJudgedError(f"the points were not judged for {now_s - self._taken_s:.0f} s")
        is_fit = last is not None and (is_many or now_s - self._made_s < _OLD_S)
        if not self._making.acquire(timeout=_PATIENCE_S if is_fit else -1):
            assert last is not None
            return last
        try:
            if self._stand is None or self._is_due():
                self._stand = self._make()
            return self._stand
        except Exception:
            self._changed = True
            raise
        finally:
            self._making.release()

    def _is_due(self) -> bool:
        if len(self._points) <= AT_ONCE:
            return True
        return self._changed and time.monotonic() >= self._due_s

    def _make(self) -> Stand:
        self._changed = False
        self._made_s = time.monotonic()
        self._due_s = self._made_s + _REMADE_S
        now = self._now()
        with self._changing:
            said = list(self._said)
        looked = self._look(self._points if len(self._points) <= AT_ONCE else said)
        with self._changing:
            for point in said:
                self._said.pop(point, None)
            self._views.update((view.point, view) for view in looked)
            views = {point: self._shown(view) for point, view in self._views.items()}
        return Stand(now=now, views=views, waiting=len(self._points) - len(views))
