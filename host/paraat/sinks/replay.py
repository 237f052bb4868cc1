"""Writes a period once more, from the journal: rows, and the means of its windows. Twice gives what once gives."""

from collections.abc import Iterator
from typing import NamedTuple

from paraat.journal.outbox import OutboxReader
from paraat.sinks.lines import Places, lines
from paraat.sinks.means import WINDOW_S, of_window, window_of
from paraat.sinks.server import Target
from paraat.sinks.writer import Writer, oldest_kept, oldest_mean
from paraat.site.influx import InfluxSettings


class Progress(NamedTuple):
    """How far it is. t: up to here, unix seconds; taken, means: lines that InfluxDB took; refused: with why."""

    t: float
    taken: int = 0
    means: int = 0
    refused: tuple[tuple[bytes, str], ...] = ()
    too_old: int = 0


def replay(
    journal: OutboxReader,
    writer: Writer,
    settings: InfluxSettings,
    language: str,
    *,
    since: float,
    until: float,
    now: float,
) -> Iterator[Progress]:
    """Write what was read from `since` until `until`, unix seconds; says how far it is after each window of means.

    Of what InfluxDB keeps no more only the means are written. Raises InfluxError, JournalError.
    """
    known = journal.times()
    if known is None:
        return
    raw, means = Target.raw(settings.bucket), Target.means(settings.bucket)
    places = Places(journal.named())
    kept, kept_means = oldest_kept(settings, now), oldest_mean(settings, now)
    taken = made = too_old = 0
    refused: tuple[tuple[bytes, str], ...] = ()
    for window in range(window_of(max(since, known[0])), window_of(min(until, known[1])) + 1, WINDOW_S):
        batch: list[bytes] = []
        for entry in journal.entries_between(max(since, window), min(until, window + WINDOW_S)):
            try:
                found = lines(entry, places, language)
            except KeyError as error:
                text = f"entry {entry.id} of {entry.point}: {entry.values} {entry.faults}"
                refused += ((text.encode(), f"{error} is not in the tables of this release"),)
                continue
            if entry.t < kept:
                too_old += len(found)
            else:
                batch += found
        for start in range(0, len(batch), settings.batch_points):
            written = writer.write(raw, batch[start : start + settings.batch_points])
            taken += written.taken
            refused += tuple(written.refused)
        if window >= kept_means:
            made += writer.write(means, of_window(journal, window, places, language)).taken
        yield Progress(window + WINDOW_S, taken, made, refused, too_old)


def replay_refused(journal: OutboxReader, writer: Writer, settings: InfluxSettings, sink: str) -> Progress:
    """Write the lines that were kept aside. The service, which looks again each quarter of an hour, then lets go of them."""
    kept = [line for _, line, _ in journal.refused_rows(sink, -1) if not line.startswith(b"entry ")]
    written = writer.write(Target.raw(settings.bucket), kept)
    return Progress(0.0, written.taken, refused=tuple(written.refused))
