"""From the journal to InfluxDB, behind a cursor, until InfluxDB has it.

A line is skipped only when the answer is InfluxDB's own and another line was taken: it is set aside in the journal with the
error, counted and shown, and tried again from time to time. Everything else waits: wrong credentials, a missing bucket, a
proxy, no answer. Writing a line twice changes nothing, because series and timestamp are the same.
"""

import http
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from paraat.domain.facts import Named
from paraat.journal import Journal, JournalError
from paraat.runtime.counters import Counters
from paraat.sinks import schema
from paraat.sinks.lines import Places, lines
from paraat.sinks.server import Http, InfluxError, RefusedError, Server, Target, identify
from paraat.site.site import InfluxSettings
from paraat.texts import Count, Phrase
from paraat.texts.catalogue import DEFAULT

_log = logging.getLogger(__name__)

SINK = "influx"
_LINGER_S = 1.0  # at a low rate, one request a second
_RETRY_MIN_S = 1.0
_RETRY_MAX_S = 60.0
_LINES_PER_ENTRY = 5  # roughly; only sizes the batches
_DAY_S = 86400.0
_EDGE_S = 3600.0  # what InfluxDB will drop so soon is not written any more
POISON_EVERY_S = 900.0
_POISON_AT_ONCE = 100
_ENTRY = re.compile(rb"entry (\d+) of ")  # that a release did not know all names of


class Written(NamedTuple):
    """What became of lines. refused: with why."""

    taken: int
    refused: list[tuple[bytes, str]]


class Writer:
    """Writes lines to one InfluxDB, which is asked first what it is, and finds the lines that it would not have."""

    def __init__(self, settings: InfluxSettings, link: Http, token: str, stop: threading.Event) -> None:
        self._settings = settings
        self._link = link
        self._token = token
        self._stop = stop
        self._server: Server | None = None

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    @property
    def server(self) -> Server:
        """The server, once it said what it is. Raises InfluxError."""
        if self._server is None:
            settings = self._settings
            self._server = Server(
                self._link,
                identify(self._link, self._token),
                token=self._token,
                org=settings.org,
                token_file=settings.token_file,
            )
        return self._server

    def write(self, target: Target, batch: Sequence[bytes]) -> Written:
        """Write lines. Raises InfluxError when InfluxDB takes nothing now."""
        try:
            refused = self._write(target, batch, probed=False)
        except InfluxError:
            self._server = None  # it may be another one when it is back
            raise
        return Written(len(batch) - len(refused), refused)

    def _write(self, target: Target, batch: Sequence[bytes], *, probed: bool) -> list[tuple[bytes, str]]:
        """Those that InfluxDB would not have, found by halving."""
        if not batch:
            return []
        if self._stop.is_set():
            raise InfluxError("stop", Phrase("the service stops"))
        try:
            self.server.write(target, batch)
        except RefusedError as error:
            if not probed:
                self._probe(target)
            if len(batch) > 1:
                half = len(batch) // 2
                return [
                    part for some in (batch[:half], batch[half:]) for part in self._write(target, some, probed=True)
                ]
            if error.status != http.HTTPStatus.INTERNAL_SERVER_ERROR:
                return [(batch[0], str(error))]
            return self._once_more(target, batch[0])
        return []

    def _once_more(self, target: Target, line: bytes) -> list[tuple[bytes, str]]:
        """A 500 may be a trouble of that moment: only a line that fails twice, with another one taken in between, is to blame."""
        self._probe(target)
        try:
            self.server.write(target, [line])
        except RefusedError as error:
            return [(line, str(error))]
        return []

    def _probe(self, target: Target) -> None:
        """Write a line that nothing can be wrong with. Raises InfluxError when InfluxDB does not take that either."""
        try:
            self.server.write(target, [PROBE_LINE])
        except RefusedError as error:
            said = Phrase(
                "InfluxDB {version} at {url} takes no line at all: {message}; look at its log and its disk",
                version=self.server.version,
                url=self._link.url,
                message=str(error),
            )
            raise InfluxError(f"all-{error.status}", said) from error


# A line that every InfluxDB takes: without a time, which is then its own.
PROBE_LINE = f"{schema.PROBE} n=1i".encode()


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
        self._trouble: InfluxError | None = None
        self._target = Target.raw(settings.bucket)
        self._poison_tried_at: float | None = None
        self._poison_tried = 0
        self._count_poison()

    @property
    def problem(self) -> str:
        """What keeps InfluxDB from taking our lines, or which it would not have; empty when nothing does."""
        if self._trouble is not None:
            return self._trouble.said
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

    def run(self) -> None:
        """Write until `stop` is set; then return, at the latest after one request."""
        delay_s = self._retry_min_s
        while True:
            # In this order: what is stored after it is seen below, or wakes us.
            self._work.clear()
            if self._stop.is_set():
                return
            try:
                full = self.step()
                if not full:
                    self.retry_poison()
            except InfluxError as trouble:
                wait_s = max(delay_s, min(trouble.retry_after_s, _RETRY_MAX_S))
            except JournalError:  # the ingest and the tick, which meet it too, say so
                self._counters.journal_errors.inc()
                wait_s = delay_s
            else:
                delay_s = self._retry_min_s
                if not full:
                    self._work.wait()
                    self._stop.wait(self._linger_s)
                continue
            self._stop.wait(wait_s)
            delay_s = min(delay_s * 2, _RETRY_MAX_S)

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
        before, self._trouble = self._trouble, trouble
        backlog = self._journal.backlog(SINK)
        self._counters.influx_backlog.set(backlog)
        if (before and before.key) == (trouble and trouble.key) or self._stop.is_set():
            return
        if trouble is None:
            _log.info("InfluxDB %s takes our lines again; %d entries to go", self._settings.url, backlog)
        else:
            _log.warning("%s (%d entries wait in the journal)", trouble.said, backlog)


def oldest_kept(settings: InfluxSettings, now: float) -> float:
    """What was before, InfluxDB does not keep: it would refuse it or drop it. Unix seconds."""
    return now - settings.raw_days * _DAY_S + _EDGE_S if settings.raw_days else float("-inf")


def _stamp_s(line: bytes) -> float:
    """The moment of a line; of what is none, the end of time: it is tried."""
    try:
        return int(line.rpartition(b" ")[2]) / 1e9
    except ValueError:
        return float("inf")
