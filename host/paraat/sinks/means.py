"""Means of five minutes, kept for years where the rows themselves are kept for a month.

The host makes them from the journal, of every kind of InfluxDB alike (docs/adr/0023): what comes late, hours after a blackout, belongs
to windows that are long past, which no continuous query and no task looks at again. A window is made anew, whole, whenever
something of it came in.
"""

from collections.abc import Callable, Iterable

from paraat.journal import Journal
from paraat.journal.outbox import OutboxReads
from paraat.runtime.counters import Counters
from paraat.sinks import schema
from paraat.sinks.lines import Field, Line, Places, lines_of
from paraat.sinks.server import Target
from paraat.sinks.writer import Writer, oldest_mean
from paraat.site.influx import InfluxSettings

SINK = "influx/means"
WINDOW_S = 300
_READ_AT_ONCE = 50_000
_WINDOWS_AT_ONCE = 12
# Each of these is about a moment and stands for itself: all of them are kept.
_KEPT = frozenset((schema.ALERT, schema.DELIVERY, schema.EVENT, "board_event"))


def window_of(t: float) -> int:
    """When the window of a moment begins, unix seconds."""
    return int(t // WINDOW_S) * WINDOW_S


def means(lines: Iterable[Line], window: int) -> list[bytes]:
    """The lines of one window, one for each series: of a float the mean, of anything else the last; events as they are."""
    found: list[Line] = []
    series: dict[tuple[str, tuple[tuple[str, str], ...]], list[Line]] = {}
    for line in lines:
        if line.measurement in _KEPT:
            found.append(line)
        else:
            series.setdefault((line.measurement, line.tags), []).append(line)
    for (measurement, tags), parts in series.items():
        found.append(Line(measurement, tags, _mean(parts), window * 1_000_000_000))
    return [line.encoded() for line in found]


def _mean(lines: list[Line]) -> tuple[Field, ...]:
    numbers: dict[str, list[float]] = {}
    newest: dict[str, Field] = {}
    for line in sorted(lines, key=lambda one: one.stamp):
        for name, kind, value in line.fields:
            newest[name] = (name, kind, value)
            if kind == schema.FLOAT:
                numbers.setdefault(name, []).append(float(value))
    return tuple(
        (name, kind, sum(numbers[name]) / len(numbers[name])) if name in numbers else (name, kind, value)
        for name, kind, value in newest.values()
    )


def of_window(journal: OutboxReads, window: int, places: Places, language: str) -> list[bytes]:
    """The means of one window, by all that the journal has of it. What this release does not know is left out."""
    found: list[Line] = []
    for entry in journal.entries_between(window, window + WINDOW_S):
        try:
            found += lines_of(entry, places, language)
        except KeyError:  # the sink sets it aside, and says so
            continue
    return means(found, window)


class MeansSink:
    """Makes anew the windows of which something came in, behind a cursor of its own."""

    def __init__(
        self,
        settings: InfluxSettings,
        writer: Writer,
        journal: Journal,
        places: Places,
        counters: Counters,
        *,
        now: Callable[[], float],
        language: str,
    ) -> None:
        self._counters = counters
        self._settings = settings
        self._writer = writer
        self._journal = journal
        self._places = places
        self._now = now
        self._language = language
        self._target = Target.means(settings.bucket)
        self._looked_at: int | None = None  # the window up to which everything was looked at

    def step(self) -> bool:
        """Make the windows of what came in, up to the last window that is over. True when there is more to do at once.

        Raises InfluxError when InfluxDB takes nothing now, JournalError.
        """
        now = self._now()
        current = window_of(now)
        if self._looked_at == current:
            return False
        cursor = self._journal.cursor(SINK)
        rows = self._journal.received_after(cursor, current, _READ_AT_ONCE)
        if not rows:
            self._looked_at = current
            return False
        done, windows = _part(rows)
        oldest = oldest_mean(self._settings, now)
        for window in sorted(windows):
            if window >= oldest:
                made = of_window(self._journal, window, self._places, self._language)
                written = self._writer.write(self._target, made)
                self._counters.influx_means_lines.inc(written.taken)
                self._counters.influx_refused_lines.inc(len(written.refused))
        self._journal.advance(SINK, done)
        return True


def _part(rows: list[tuple[int, float]]) -> tuple[int, set[int]]:
    """Of entries, as (id, t): up to which id, and the windows that they are in, no more than a few at a time."""
    windows: set[int] = set()
    done = 0
    for entry_id, t in rows:
        window = window_of(t)
        if window not in windows and len(windows) == _WINDOWS_AT_ONCE:
            break
        windows.add(window)
        done = entry_id
    return done, windows
