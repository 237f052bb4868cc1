"""The live stream: one producer renders a place of the lists, every page open there gets what changed since it was last told.

While nobody looks, nothing runs. The stream is heard each HEARTBEAT_S of real time, whatever the
points do; the page counts on it. Should the source hang, the stream falls silent, and the page says
that it is no longer live.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool

from paraat.web.render import FIRST, Piece, Place, Renderer, Snapshot
from paraat.web.source import WebSource

HEARTBEAT_S = 2.0
MIN_INTERVAL_S = 0.25  # between two renderings, however much changes
_RETRY_MS = 2000

_log = logging.getLogger(__name__)
T = TypeVar("T")


class _Run:
    """One stretch in which pages are open at a place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.task: asyncio.Task[None] | None = None
        self.turn = asyncio.Condition()
        self.number = 0
        self.latest: Snapshot | None = None  # None after a failure
        self.pages = 0
        self.closed = False

    async def tell(self, snapshot: Snapshot | None) -> None:
        async with self.turn:
            self.number += 1
            self.latest = snapshot
            self.turn.notify_all()

    async def after(self, number: int) -> int:
        """Wait for something newer than `number`, or for the end."""
        async with self.turn:
            await self.turn.wait_for(lambda: self.closed or self.number > number)
            return self.number

    async def close(self) -> None:
        async with self.turn:
            self.closed = True
            self.turn.notify_all()


class Feed:
    """Renders while somebody looks. Belongs to the event loop that serves the pages."""

    def __init__(self, source: WebSource, renderer: Renderer) -> None:
        self._source = source
        self._renderer = renderer
        self._runs: dict[Place, _Run] = {}
        self._closed = False

    @property
    def pages(self) -> int:
        """How many pages are open, as far as is known: one that went away without a word counts until it is written to."""
        return sum(run.pages for run in self._runs.values())

    async def stream(self, place: Place = FIRST) -> AsyncIterator[bytes]:
        """Server-sent events for one page: first everything, then what changed. Ends when the feed
        is closed.

        "stand" carries `now` and the parts that changed, "broken" only `now`: the source raised an
        error.
        """
        if self._closed:
            return
        yield b"retry: %d\n\n" % _RETRY_MS
        run = self._join(place)
        number, seen = 0, None
        try:
            while True:
                number = await run.after(number)
                if run.closed:
                    return
                snapshot = run.latest
                if snapshot is None:
                    yield _event("broken", {"now": self._source.clock.now()})
                else:
                    yield _event("stand", _news(snapshot, seen, self._renderer.build))
                seen = snapshot
        finally:
            self._leave(run)

    async def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for run in list(self._runs.values()):
            await run.close()

    def _join(self, place: Place) -> _Run:
        run = self._runs.get(place)
        if run is None:
            run = self._runs[place] = _Run(place)
            run.task = asyncio.create_task(self._produce(run), name="web-feed")
        run.pages += 1
        return run

    def _leave(self, run: _Run) -> None:
        run.pages -= 1
        if run.pages == 0 and self._runs.get(run.place) is run and run.task is not None:
            run.task.cancel()
            del self._runs[run.place]

    async def _produce(self, run: _Run) -> None:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def on_change() -> None:
            with suppress(RuntimeError):  # the loop is gone: nobody looks any more
                loop.call_soon_threadsafe(changed.set)

        unsubscribe = self._source.subscribe(on_change)
        before: Snapshot | None = None
        failing = False
        try:
            while True:
                changed.clear()
                try:
                    before = await run_in_threadpool(self._renderer.snapshot, before, run.place)
                    await run.tell(before)
                    failing = False
                except Exception:  # noqa: BLE001 - whatever the source raises, the pages must hear of it
                    if not failing:
                        _log.exception("status page: cannot render the points; open pages say so")
                    failing = True
                    await run.tell(None)
                await asyncio.sleep(MIN_INTERVAL_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_S - MIN_INTERVAL_S)
        finally:
            unsubscribe()


def _news(new: Snapshot, old: Snapshot | None, build: str) -> dict[str, object]:
    """What a page that shows `old` must be told to show `new`."""
    news: dict[str, object] = {"now": new.now}
    if old is None:
        news["build"] = build
    for part in ("title", "head", "host", "more", "more_alerts", "banner"):
        if old is None or getattr(old, part) != getattr(new, part):
            news[part] = getattr(new, part)
    if alerts := _changes(new.alerts, old.alerts if old else None):
        news["alerts"] = alerts
    if cards := _changes(new.cards, old.cards if old else None):
        news["cards"] = cards
    return news


def _changes(new: dict[str, Piece[T]], old: dict[str, Piece[T]] | None) -> dict[str, object]:
    html = {key: piece.html for key, piece in new.items() if old is None or old.get(key) is not piece}
    order = list(new)
    if old is not None and not html and order == list(old):
        return {}
    return {"order": order, "html": html}


def _event(name: str, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
