"""What sinks read: every entry behind a cursor of their own, and the lines that they would not have."""

from collections.abc import Iterable, Sequence

import msgspec

from paraat.domain.model import Derived, Entry, Row
from paraat.journal.file import JournalFile

MAX_REFUSED_LINES = 10_000

_COLUMNS = "id, point, kind, coalesce(seq, 0), t, received_at, body"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Outbox(JournalFile):
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

    def refused_lines(self, sink: str, limit: int) -> list[tuple[bytes, str]]:
        """The newest lines that the sink would not have, as (line, error)."""
        return self._read(
            "SELECT line, error FROM refused_line WHERE sink = ? ORDER BY id DESC LIMIT ?",
            (sink, limit),
        )


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
