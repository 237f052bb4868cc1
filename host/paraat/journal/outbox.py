"""What sinks read: every entry behind a cursor of their own, and the lines that they would not have."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from paraat.domain.facts import Fact, Named
from paraat.domain.model import Derived, Entry, Row
from paraat.journal.facts import COLUMNS as FACT_COLUMNS
from paraat.journal.facts import fact_of
from paraat.journal.file import JournalError, JournalFile
from paraat.texts import Phrase

MAX_REFUSED_LINES = 10_000

_COLUMNS = "id, point, kind, coalesce(seq, 0), t, received_at, body"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class OutboxReads:
    """What can be read beside the service that writes it, too."""

    def _read(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        raise NotImplementedError

    def entries_after(self, entry_id: int, limit: int) -> list[Entry]:
        """Up to `limit` entries with an id above entry_id, in the order of their ids."""
        rows = self._read(
            f"SELECT {_COLUMNS} FROM entry WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
            (entry_id, limit),
        )
        return [_entry(*row) for row in rows]

    def cursor(self, sink: str) -> int:
        """The id of the last entry the sink is done with, 0 when it never had one."""
        rows = self._read("SELECT entry_id FROM cursor WHERE sink = ?", (sink,))
        return int(rows[0][0]) if rows else 0

    def backlog(self, sink: str) -> int:
        """How many entries the sink has still to take."""
        # ids are dense: they only grow, and a transaction that fails gives its ids back.
        last = self._read("SELECT coalesce(max(id), 0) FROM entry")[0][0]
        return int(last) - self.cursor(sink)

    def waiting_since(self, sink: str) -> float | None:
        """When the oldest entry that the sink has still to take came in, unix seconds; None: it has them all."""
        rows = self._read("SELECT received_at FROM entry WHERE id > ? ORDER BY id LIMIT 1", (self.cursor(sink),))
        return float(rows[0][0]) if rows else None

    def refused_count(self, sink: str) -> int:
        """How many lines are kept that the sink would not have."""
        return int(self._read("SELECT count(*) FROM refused_line WHERE sink = ?", (sink,))[0][0])

    def refused_rows(self, sink: str, limit: int, after: int = 0) -> list[tuple[int, bytes, str]]:
        """The oldest lines with an id above `after` that the sink would not have, as (id, line, error)."""
        return self._read(
            "SELECT id, line, error FROM refused_line WHERE sink = ? AND id > ? ORDER BY id LIMIT ?",
            (sink, after, limit),
        )

    def refused_lines(self, sink: str, limit: int) -> list[tuple[bytes, str]]:
        """The newest lines that the sink would not have, as (line, error)."""
        return self._read(
            "SELECT line, error FROM refused_line WHERE sink = ? ORDER BY id DESC LIMIT ?",
            (sink, limit),
        )

    def received_after(self, entry_id: int, before: float, limit: int) -> list[tuple[int, float]]:
        """(id, t) of entries with an id above entry_id, in their order, up to the first that came in at `before` or later."""
        rows = self._read("SELECT id, t, received_at FROM entry WHERE id > ? ORDER BY id LIMIT ?", (entry_id, limit))
        late = next((n for n, row in enumerate(rows) if row[2] >= before), len(rows))
        return [(found, t) for found, t, _ in rows[:late]]

    def entries_between(self, since: float, until: float) -> list[Entry]:
        """The entries of t in since <= t < until, unix seconds, in the order of their ids."""
        rows = self._read(
            f"SELECT {_COLUMNS} FROM entry WHERE t >= ? AND t < ? ORDER BY id",  # noqa: S608
            (since, until),
        )
        return [_entry(*row) for row in rows]

    def times(self) -> tuple[float, float] | None:
        """The oldest and the newest t of all entries, unix seconds; None: there is none."""
        ((oldest, newest),) = self._read("SELECT (SELECT min(t) FROM entry), (SELECT max(t) FROM entry)")
        return None if oldest is None else (float(oldest), float(newest))

    def named(self) -> list[Fact]:
        """What the points were called, in the order of the journal."""
        rows = self._read(
            f"SELECT {FACT_COLUMNS} FROM fact WHERE kind = ? ORDER BY id",  # noqa: S608
            (Named.__struct_config__.tag,),
        )
        return [fact_of(row) for row in rows]


class OutboxReader(OutboxReads):
    """A journal that is only read, also while the service writes it."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    def _read(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._db.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise JournalError(
                Phrase(
                    "{path}: cannot be read ({error}); start the service once, so that it is up to date",
                    path=self._path,
                    error=error,
                )
            ) from error


@contextmanager
def reading(path: Path) -> Iterator[OutboxReader]:
    """A journal to read from. Raises JournalError."""
    if not path.exists():
        raise JournalError(Phrase("{path}: no journal; `paraat serve` makes it", path=path))
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        yield OutboxReader(path, db)


class Outbox(JournalFile, OutboxReads):
    """The part of the journal that sinks empty."""

    def store_derived(self, rows: Iterable[Derived | Row], now: float | None = None) -> None:
        """Store what the host worked out, for the sinks. now: when that is, unix seconds, where it is not the time of the row."""
        values = [
            (row.point, row.t, row.t if now is None else now, "derived", _encode((row.values, {})))
            if isinstance(row, Derived)
            else (
                row.point,
                row.t,
                row.t if now is None else now,
                "row",
                _encode((row.measurement, row.tags, row.fields)),
            )
            for row in rows
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO entry (point, seq, t, received_at, kind, dated_by_host, body)"
                " VALUES (?, NULL, ?, ?, ?, 0, ?)",
                values,
            )

    def advance(self, sink: str, entry_id: int, refused: Sequence[tuple[bytes, str]] = ()) -> None:
        """Move a sink's cursor and keep the lines it would not have, as (line, error), in one
        transaction.
        """
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO cursor (sink, entry_id) VALUES (?, ?)", (sink, entry_id))
            if refused:
                db.executemany(
                    "INSERT INTO refused_line (sink, line, error) VALUES (?, ?, ?)",
                    [(sink, line, error) for line, error in refused[-MAX_REFUSED_LINES:]],
                )
                db.execute(
                    "DELETE FROM refused_line WHERE id <= (SELECT max(id) FROM refused_line) - ?",
                    (MAX_REFUSED_LINES,),
                )

    def drop_refused(self, ids: Iterable[int]) -> None:
        """Forget lines that the sink took after all."""
        with self._transaction() as db:
            db.executemany("DELETE FROM refused_line WHERE id = ?", [(one,) for one in ids])


def _entry(found_id: int, point: str, kind: str, seq: int, t: float, received_at: float, body: bytes) -> Entry:
    values, faults, row = {}, {}, None
    if kind == "row":
        measurement, tags, fields = _decode(body)
        row = Row(point=point, t=t, measurement=measurement, tags=tags, fields=fields)
    else:
        values, faults = _decode(body)
    return Entry(
        id=found_id,
        point=point,
        kind=kind,
        seq=seq,
        t=t,
        values=values,
        faults=faults,
        received_at=received_at,
        row=row,
    )
