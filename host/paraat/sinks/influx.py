"""InfluxDB: line protocol from the journal, behind a cursor, until InfluxDB has it.

influxdb-client writes synchronously: its batching mode loses points silently
(influxdb-client-python#144, #198). A line that InfluxDB will not have is kept with the error and
counted, and the cursor goes on. Everything else waits: wrong credentials, a missing bucket, no
answer. Writing a line twice changes nothing, because series and timestamp are the same.
"""

import logging
import threading
from collections.abc import Sequence

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from paraat.domain.facts import Named
from paraat.journal import Journal, JournalError
from paraat.runtime.counters import Counters
from paraat.runtime.progress import Progress
from paraat.sinks.lines import Places, lines
from paraat.site.site import InfluxSettings
from paraat.texts.catalogue import DEFAULT

_log = logging.getLogger(__name__)

SINK = "influx"
_LINGER_S = 1.0  # at a low rate, one request a second
_RETRY_MIN_S = 1.0
_RETRY_MAX_S = 60.0
_LINES_PER_ENTRY = 5  # roughly; only sizes the batches
# 400 and 422: some lines may be stored, some are not. 413: too much at once.
_REFUSALS = (400, 413, 422)
_MAX_ERROR = 500


class _AwayError(Exception):
    """Raised when InfluxDB cannot take anything now; the batch has to wait. key tells one trouble
    from another.
    """

    def __init__(self, key: str, detail: str, retry_after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.key = key
        self.detail = detail
        self.retry_after_s = retry_after_s


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
        progress: Progress | None = None,
        language: str = DEFAULT,
        linger_s: float = _LINGER_S,
        retry_min_s: float = _RETRY_MIN_S,
    ) -> None:
        """token: "" for a server without authentication. language: of the texts in it. linger_s: how long a batch that is not
        full may grow.
        """
        self._settings = settings
        self._journal = journal
        self._counters = counters
        self._stop = stop
        self._language = language
        self._places = Places(journal.facts(Named))
        self._linger_s = linger_s
        self._retry_min_s = retry_min_s
        self._work = threading.Event()
        self._progress = progress or Progress()
        self._trouble: _AwayError | None = None
        self._client = InfluxDBClient(
            url=settings.url,
            token=token,
            org=settings.org,
            timeout=round(settings.timeout_s * 1000),
        )
        self._write_api = self._client.write_api(write_options=SYNCHRONOUS)

    @property
    def problem(self) -> str:
        """What keeps InfluxDB from taking our lines; empty when nothing does."""
        return "" if self._trouble is None else self._trouble.detail

    def notify(self) -> None:
        """There is something new in the journal, or the sink shall look whether it has to end."""
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
            except _AwayError as trouble:
                wait_s = max(delay_s, trouble.retry_after_s)
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
        """Let go of the connections, once `run` has returned."""
        self._client.close()  # type: ignore[no-untyped-call]

    def step(self) -> bool:
        """Write one batch and move the cursor. True when there is more to write at once.

        Raises _AwayError when InfluxDB takes nothing now, JournalError.
        """
        limit = max(1, self._settings.batch_points // _LINES_PER_ENTRY)
        entries = self._journal.entries_after(self._journal.cursor(SINK), limit)
        if not entries:
            self._counters.influx_backlog.set(0)
            return False
        batch: list[bytes] = []
        refused: list[tuple[bytes, str]] = []
        for entry in entries:
            try:
                batch += lines(entry, self._places, self._language)
            except KeyError as error:
                text = f"entry {entry.id} of {entry.point}: {entry.values} {entry.faults}"
                refused.append((text.encode(), f"{error} is not in the metrics table"))
        try:
            not_taken = self._write(batch)
        except _AwayError as trouble:
            self._say(trouble)
            raise
        refused += not_taken
        self._journal.advance(SINK, entries[-1].id, refused)
        self._counters.influx_lines.inc(len(batch) - len(not_taken))
        if refused:
            self._counters.influx_refused_lines.inc(len(refused))
            line, reason = refused[0]
            _log.warning(
                "InfluxDB %s refused %d lines, kept in the journal; the first: %.200r: %s",
                self._settings.url,
                len(refused),
                line,
                reason,
            )
        self._say(None)
        return len(entries) == limit

    def _write(self, batch: Sequence[bytes]) -> list[tuple[bytes, str]]:
        """Write lines; returns those that InfluxDB would not have, found by halving.

        Raises _AwayError.
        """
        if not batch:
            return []
        if self._stop.is_set():
            raise _AwayError("stop", "the service stops")
        try:
            body = b"\n".join(batch)
            self._write_api.write(self._settings.bucket, self._settings.org, body)
        except ApiException as error:
            if error.status not in _REFUSALS:
                raise self._away(error) from error
            if len(batch) == 1:
                return [(batch[0], f"{error.status}: {_message(error)}")]
            half = len(batch) // 2
            return self._write(batch[:half]) + self._write(batch[half:])
        except (HTTPError, OSError, ValueError) as error:  # ValueError: an answer that is no text
            raise _AwayError(
                type(error).__name__,
                f"InfluxDB {self._settings.url} does not answer ({_short(error)}); waiting for it",
            ) from error
        return []

    def _away(self, error: ApiException) -> _AwayError:
        settings = self._settings
        advice = {
            401: f"check the token in {settings.token_file or 'influx.token_file (none is set)'}",
            403: f"give the token the right to write the bucket {settings.bucket}",
            404: f"make the bucket {settings.bucket}, or correct influx.bucket and influx.org",
        }.get(error.status, "waiting for it")
        try:
            retry_after_s = min(float(error.retry_after or 0), _RETRY_MAX_S)
        except ValueError:  # a date
            retry_after_s = 0.0
        return _AwayError(
            str(error.status),
            f"InfluxDB {settings.url} answers {error.status}: {_message(error)}; {advice}",
            retry_after_s,
        )

    def _say(self, trouble: _AwayError | None) -> None:
        """Remember how it goes and how much waits, and log a change of it once."""
        before, self._trouble = self._trouble, trouble
        backlog = self._journal.backlog(SINK)
        self._counters.influx_backlog.set(backlog)
        if (before and before.key) == (trouble and trouble.key) or self._stop.is_set():
            return
        if trouble is None:
            _log.info("InfluxDB %s takes our lines again; %d entries to go", self._settings.url, backlog)
        else:
            _log.warning("%s (%d entries wait in the journal)", trouble.detail, backlog)


def _message(error: InfluxDBError) -> str:
    return _short(error.message)


def _short(what: object) -> str:
    return " ".join(str(what).split())[:_MAX_ERROR]
