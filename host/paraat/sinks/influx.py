"""From the journal to InfluxDB, behind a cursor, until InfluxDB has it.

A line that InfluxDB would not have is set aside in the journal with the error, counted and shown, and tried again from time to
time. Everything else waits: wrong credentials, a missing bucket, a proxy, no answer. Writing a line twice changes nothing,
because series and timestamp are the same.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paraat.domain.facts import Named
from paraat.journal import Journal, JournalError
from paraat.runtime.counters import Counters
from paraat.runtime.progress import Progress
from paraat.sinks.lines import Places, lines
from paraat.sinks.means import MeansSink
from paraat.sinks.server import Http, InfluxError, Target
from paraat.sinks.writer import Writer, oldest_kept
from paraat.site.influx import InfluxSettings
from paraat.texts import Count
from paraat.texts.catalogue import DEFAULT

_log = logging.getLogger(__name__)

SINK = "influx"
_LINGER_S = 1.0  # at a low rate, one request a second
_RETRY_MIN_S = 1.0
_RETRY_MAX_S = 60.0
_LINES_PER_ENTRY = 5  # roughly; only sizes the batches
POISON_EVERY_S = 900.0
_POISON_AT_ONCE = 100
_ENTRY = re.compile(rb"entry (\d+) of ")  # that a release did not know all names of


class InfluxSink:
    """Brings the journal's entries to InfluxDB. `run` is its thread; it ends when `stop` is set."""

    def __init__(
        self,
        settings: InfluxSettings,
        token: str,
        journal: Journal,
        counters: Counters,
        stop: threading.Event,
        *,
        now: Callable[[], float] = time.time,
        ca_file: Path | None = None,
        progress: Progress | None = None,
        language: str = DEFAULT,
        linger_s: float = _LINGER_S,
        retry_min_s: float = _RETRY_MIN_S,
    ) -> None:
        """token: of InfluxDB 1 "<name>:<password>"; "": for a server that asks for none. language: of the texts in it.
        linger_s: how long a batch that is not full may grow. Raises InfluxError for a CA that cannot be used.
        """
        self._settings = settings
        self._writer = Writer(settings, Http(settings.url, settings.timeout_s, ca_file), token, stop)
        self._journal = journal
        self._counters = counters
        self._stop = stop
        self._now = now
        self._language = language
        self._places = Places(journal.facts(Named))
        self._linger_s = linger_s
        self._retry_min_s = retry_min_s
        self._work = threading.Event()
        self._progress = progress or Progress()
        self._trouble: InfluxError | None = None
        self._target = Target.raw(settings.bucket)
        self._means = MeansSink(settings, self._writer, journal, self._places, counters, now=now, language=language)
        self._means_trouble: InfluxError | None = None
        self._poison_tried_at: float | None = None
        self._poison_tried = 0
        self._count_poison()

    @property
    def problem(self) -> str:
        """What keeps InfluxDB from taking our lines, or which it would not have; empty when nothing does."""
        if self._trouble is not None:
            return self._trouble.said
        if self._means_trouble is not None:
            return self._means_trouble.said
        if not self._poison:
            return ""
        return Count(
            self._poison,
            "InfluxDB would not have one line, which is kept aside; `paraat influx check` says why",
            "InfluxDB would not have {n} lines, which are kept aside; `paraat influx check` says why",
        )

    def notify(self) -> None:
        """There is something new in the journal, or the sink shall look whether it has to end."""
        self._work.set()

    def hurry(self, within_s: float) -> None:
        """The service stops: what is written now has only so long yet. It comes again after the next start."""
        self._writer.hurry(within_s)
        self._work.set()

    def run(self) -> None:
        """Write until `stop` is set; then return, at the latest after one request."""
        delay_s = self._retry_min_s
        while True:
            # In this order: what is stored after it is seen below, or wakes us.
            self._work.clear()
            self._progress.works(SINK, self._limit_s)
            if self._stop.is_set():
                return
            try:
                full = self.step()
                if not full:
                    self.retry_poison()
                    full = self._make_means()
            except InfluxError as trouble:
                wait_s = max(delay_s, min(trouble.retry_after_s, _RETRY_MAX_S))
            except JournalError:  # the ingest and the tick, which meet it too, say so
                self._counters.journal_errors.inc()
                wait_s = delay_s
            else:
                delay_s = self._retry_min_s
                if not full:
                    self._progress.waits(SINK)
                    self._work.wait()
                    self._stop.wait(self._linger_s)
                continue
            self._stop.wait(wait_s)
            delay_s = min(delay_s * 2, _RETRY_MAX_S)

    @property
    def _limit_s(self) -> float:
        """Longer than this no step takes, the pause after a failure too: a batch that is refused is halved some times."""
        return _RETRY_MAX_S + 20 * self._settings.timeout_s

    def close(self) -> None:
        """Let go of the connection, once `run` has returned."""
        self._writer.close()

    def step(self) -> bool:
        """Write one batch and move the cursor. True when there is more to write at once.

        Raises InfluxError when InfluxDB takes nothing now, JournalError.
        """
        limit = max(1, self._settings.batch_points // _LINES_PER_ENTRY)
        entries = self._journal.entries_after(self._journal.cursor(SINK), limit)
        if not entries:
            self._counters.influx_backlog.set(0)
            return False
        batch: list[bytes] = []
        refused: list[tuple[bytes, str]] = []
        oldest = oldest_kept(self._settings, self._now())
        for entry in entries:
            try:
                made = lines(entry, self._places, self._language)
            except KeyError as error:
                text = f"entry {entry.id} of {entry.point}: {entry.values} {entry.faults}"
                refused.append((text.encode(), f"{error} is not in the tables of this release"))
            else:
                if (entry.row.t if entry.row else entry.t) >= oldest:
                    batch += made
                else:
                    self._counters.influx_old_lines.inc(len(made))
        try:
            written = self._writer.write(self._target, batch)
        except InfluxError as trouble:
            self._say(trouble)
            raise
        refused += written.refused
        self._journal.advance(SINK, entries[-1].id, refused)
        self._counters.influx_lines.inc(written.taken)
        if refused:
            self._set_aside(refused)
        self._say(None)
        return len(entries) == limit

    def _make_means(self) -> bool:
        """As MeansSink.step; a place for means that is missing keeps no row back."""
        try:
            more = self._means.step()
        except InfluxError as trouble:
            if self._stop.is_set():  # what was cut short says nothing about InfluxDB
                return False
            if self._means_trouble is None:
                _log.warning("%s", trouble.said)
            self._means_trouble = trouble
            return False
        self._means_trouble = None
        return more

    def retry_poison(self) -> None:
        """Try what was set aside once more, when it is time: somebody may have mended the cause. Raises InfluxError, JournalError."""
        now = self._now()
        tried_at = self._poison_tried_at
        if not self._poison or (tried_at is not None and 0 <= now - tried_at < POISON_EVERY_S):
            return
        self._poison_tried_at = now
        kept = self._journal.refused_rows(SINK, _POISON_AT_ONCE, self._poison_tried)
        self._poison_tried = (
            kept[-1][0] if len(kept) == _POISON_AT_ONCE else 0
        )  # the next ones; then from the first again
        again = {row_id: self._again(line, now) for row_id, line, _ in kept}
        written = self._writer.write(self._target, [line for made in again.values() for line in made or ()])
        still = {line for line, _ in written.refused}
        self._journal.drop_refused(
            row_id for row_id, made in again.items() if made is not None and not still.intersection(made)
        )
        self._count_poison()
        self._counters.influx_lines.inc(written.taken)

    def _again(self, line: bytes, now: float) -> list[bytes] | None:
        """What is to be written of something that was set aside; nothing of what is too old; None: it cannot be written yet."""
        if (entry := _ENTRY.match(line)) is None:
            return [line] if _stamp_s(line) >= oldest_kept(self._settings, now) else []
        try:
            (kept,) = self._journal.entries_after(int(entry[1]) - 1, 1)
            return lines(kept, self._places, self._language)
        except KeyError:
            return None

    def _count_poison(self) -> None:
        self._poison = self._journal.refused_count(SINK)
        self._counters.influx_poison.set(self._poison)

    def _set_aside(self, refused: list[tuple[bytes, str]]) -> None:
        self._count_poison()
        self._poison_tried_at = self._now()
        self._counters.influx_refused_lines.inc(len(refused))
        line, why = refused[0]
        _log.warning(
            "InfluxDB %s would not have %d lines, kept aside in the journal; the first: %.200r: %s",
            self._settings.url,
            len(refused),
            line,
            why,
        )

    def _say(self, trouble: InfluxError | None) -> None:
        """Remember how it goes and how much waits, and log a change of it once."""
        backlog = self._journal.backlog(SINK)
        self._counters.influx_backlog.set(backlog)
        if trouble and self._stop.is_set():  # what was cut short says nothing about InfluxDB
            return
        before, self._trouble = self._trouble, trouble
        if (before and before.key) == (trouble and trouble.key):
            return
        if trouble is None:
            _log.info("InfluxDB %s takes our lines again; %d entries to go", self._settings.url, backlog)
        else:
            _log.warning("%s (%d entries wait in the journal)", trouble.said, backlog)


def _stamp_s(line: bytes) -> float:
    """The moment of a line; of what is none, the end of time: it is tried."""
    try:
        return int(line.rpartition(b" ")[2]) / 1e9
    except ValueError:
        return float("inf")
