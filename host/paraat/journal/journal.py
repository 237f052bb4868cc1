"""SQLite in WAL mode with synchronous=FULL: a commit that returned is on the disk."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from paraat.domain.model import AlertState, Delivery, Derived, Entry, NodeState, Refusal, SampleSet
from paraat.journal import schema
from paraat.journal.ranges import Range, Ranges, merge

SEQ_CONFLICT = "seq-conflict"

MAX_DEAD_LETTERS = 10_000
MAX_DEAD_PAYLOAD_BYTES = 2048
MAX_REFUSED_LINES = 10_000
_REPLAY_CHUNK = 256
_REPLAY = (
    "SELECT seq, kind, t, received_at, dated_by_host, body FROM entry"
    " WHERE point = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
)
_REPLAY_EVENTS = _REPLAY.replace(" ORDER", " AND kind = 'event' ORDER")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_state = msgspec.json.Decoder(NodeState).decode
_decode_alert = msgspec.json.Decoder(AlertState).decode


class JournalError(Exception):
    """Raised when the journal cannot be opened, read or written. str() names the file and what to
    do.
    """


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call of `store`: now all of it is on the disk.

    acks: per point the merged ranges of all seqs of this call, also the duplicates and the
    conflicts, because the board may drop those too.
    """

    new: list[SampleSet]
    duplicates: int
    conflicts: list[Refusal]
    acks: dict[str, list[Range]]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver; at: unix seconds."""

    at: float
    ok: bool
    error: str | None


class Journal:
    """The journal in one file. One process holds it at a time; its methods may be called from
    several threads.

    Every method that writes is one transaction, unless it runs inside `atomic`. All of them raise
    JournalError when the disk or the file fails them; nothing of that call is stored then, and it
    may be called again.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the journal. Raises JournalError when another process has it or it is no
        journal of ours.
        """
        self.path = path
        self._write_lock = threading.RLock()
        self._read_lock = threading.Lock()
        self._depth = 0
        with ExitStack() as stack, self._explain():
            lock_file = self._take_lock()
            stack.callback(os.close, lock_file)
            self._writer = stack.enter_context(closing(self._connect()))
            self._prepare()
            self._reader = stack.enter_context(closing(self._connect()))
            self._reader.execute("PRAGMA query_only = ON")
            self._load()
            self._opened = stack.pop_all()

    def close(self) -> None:
        """Close the file and let another process have it. Safe to call twice."""
        with self._write_lock, self._read_lock:
            self._opened.close()

    # --- sets, states, refusals --------------------------------------------------------------

    def store(self, sets: Sequence[SampleSet], states: Sequence[NodeState], refusals: Sequence[Refusal]) -> Stored:
        """Store a batch in one transaction.

        A seq that is there already with the same kind, values and faults is a duplicate; with
        others it is a conflict: the first one stays, the second becomes a dead letter
        "seq-conflict". Raises JournalError.
        """
        with self._write_lock:
            if self._depth:
                raise RuntimeError("store() is a transaction of its own and cannot be part of another")
            forks: dict[str, Ranges] = {}
            seqs: dict[str, list[int]] = {}
            new: list[SampleSet] = []
            rows: list[tuple[object, ...]] = []
            fresh: dict[tuple[str, int], tuple[str, bytes]] = {}
            again: list[tuple[SampleSet, bytes]] = []
            for a_set in sets:
                point, seq = a_set.point, a_set.seq
                ranges = forks.get(point)
                if ranges is None:
                    known = self._ranges.get(point)
                    ranges = forks[point] = known.fork() if known else Ranges()
                    seqs[point] = []
                seqs[point].append(seq)
                body = _encode((a_set.values, a_set.faults))
                if not ranges.add(seq):
                    again.append((a_set, body))
                    continue
                new.append(a_set)
                fresh[point, seq] = (a_set.kind, body)
                rows.append((point, a_set.kind, seq, a_set.t, a_set.received_at, a_set.dated_by_host, body))
            with self._transaction() as db:
                conflicts = self._conflicts(db, again, fresh)
                db.executemany(
                    "INSERT INTO entry (point, kind, seq, t, received_at, dated_by_host, body)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
                self._write_ranges(db, forks)
                self._write_states(db, states)
                if refusals or conflicts:
                    self._write_dead_letters(db, [*refusals, *conflicts])
            self._ranges.update(forks)
            return Stored(
                new=new,
                duplicates=len(again) - len(conflicts),
                conflicts=conflicts,
                acks={point: merge(numbers) for point, numbers in seqs.items()},
            )

    def _conflicts(
        self,
        db: sqlite3.Connection,
        again: list[tuple[SampleSet, bytes]],
        fresh: dict[tuple[str, int], tuple[str, bytes]],
    ) -> list[Refusal]:
        """Those of `again` that are not what is stored under their seq; `fresh` is what this batch
        stores.
        """
        conflicts = []
        for a_set, body in again:
            stored = fresh.get((a_set.point, a_set.seq))
            if stored is None:
                stored = db.execute(
                    "SELECT kind, body FROM entry WHERE point = ? AND seq = ?",
                    (a_set.point, a_set.seq),
                ).fetchone()
            assert stored is not None, f"{a_set.point} seq {a_set.seq} is in stored but not in entry"
            kind, stored_body = stored
            # The same readings may come in another order.
            if kind == a_set.kind and (stored_body == body or _decode(stored_body) == _decode(body)):
                continue
            conflicts.append(
                Refusal(
                    topic=f"paraat/v1/{a_set.point}/{a_set.kind}",
                    received_at=a_set.received_at,
                    reason=SEQ_CONFLICT,
                    detail=f"seq {a_set.seq} is stored with other content; two boards may run as {a_set.point}",
                    record="seq",
                    payload=body,
                )
            )
        return conflicts

    @staticmethod
    def _write_ranges(db: sqlite3.Connection, forks: dict[str, Ranges]) -> None:
        gone = []
        changed = []
        for point, ranges in forks.items():
            gone += [(point, first) for first in ranges.gone]
            changed += [(point, first, ranges.last_of(first)) for first in ranges.changed]
        db.executemany("DELETE FROM stored WHERE point = ? AND first = ?", gone)
        db.executemany("INSERT OR REPLACE INTO stored (point, first, last) VALUES (?, ?, ?)", changed)

    @staticmethod
    def _write_states(db: sqlite3.Connection, states: Sequence[NodeState]) -> None:
        db.executemany(
            "INSERT OR REPLACE INTO state (point, body) VALUES (?, ?)",
            [(state.point, _encode(state)) for state in states],
        )

    @staticmethod
    def _write_dead_letters(db: sqlite3.Connection, refusals: Sequence[Refusal]) -> None:
        db.executemany(
            "INSERT INTO dead_letter (received_at, topic, reason, record, detail, count, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    r.received_at,
                    r.topic,
                    r.reason,
                    r.record,
                    r.detail,
                    r.count,
                    r.payload[:MAX_DEAD_PAYLOAD_BYTES],
                )
                for r in refusals[-MAX_DEAD_LETTERS:]
            ],
        )
        db.execute(
            "DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?",
            (MAX_DEAD_LETTERS,),
        )

    def ranges(self, point: str) -> list[Range]:
        """The seqs of a point that are stored, merged, lowest first."""
        ranges = self._ranges.get(point)
        return ranges.pairs() if ranges else []

    def stored(self, point: str) -> int:
        """How many sets and events of a point are stored."""
        ranges = self._ranges.get(point)
        return ranges.count if ranges else 0

    def missing(self, point: str) -> int:
        """How many seqs below the highest of a point are not stored."""
        ranges = self._ranges.get(point)
        return ranges.missing if ranges else 0

    def highest(self, point: str) -> int:
        """The highest stored seq of a point, 0 when there is none."""
        ranges = self._ranges.get(point)
        return ranges.highest if ranges else 0

    def last_states(self) -> list[NodeState]:
        """The last state message of each point."""
        return [_decode_state(body) for (body,) in self._read("SELECT body FROM state")]

    def replay(self, point: str, *, only_events: bool = False) -> Iterator[SampleSet]:
        """The sets and events of a point, the highest seq first, read as they are asked for."""
        below = self.highest(point) + 1
        query = _REPLAY_EVENTS if only_events else _REPLAY
        while rows := self._read(query, (point, below, _REPLAY_CHUNK)):
            for seq, kind, t, received_at, dated_by_host, body in rows:
                values, faults = _decode(body)
                yield SampleSet(
                    point=point,
                    kind=kind,
                    seq=seq,
                    t=t,
                    received_at=received_at,
                    values=values,
                    faults=faults,
                    dated_by_host=bool(dated_by_host),
                )
                below = seq

    def dead_letters(self, limit: int) -> list[Refusal]:
        """The newest refusals first, each with the beginning of its payload."""
        rows = self._read(
            "SELECT received_at, topic, reason, record, detail, count, payload FROM dead_letter"
            " ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [
            Refusal(
                received_at=received_at,
                topic=topic,
                reason=reason,
                record=record,
                detail=detail,
                count=count,
                payload=payload,
            )
            for received_at, topic, reason, record, detail, count, payload in rows
        ]

    # --- what sinks read ---------------------------------------------------------------------

    def store_derived(self, rows: Iterable[Derived]) -> None:
        """Store what the host worked out, for the sinks."""
        values = [(row.point, row.t, row.t, _encode((row.values, {}))) for row in rows]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO entry (point, kind, seq, t, received_at, dated_by_host, body)"
                " VALUES (?, 'derived', NULL, ?, ?, 0, ?)",
                values,
            )

    def entries_after(self, entry_id: int, limit: int) -> list[Entry]:
        """Up to `limit` entries with an id above entry_id, in the order of their ids."""
        rows = self._read(
            "SELECT id, point, kind, coalesce(seq, 0), t, body FROM entry WHERE id > ? ORDER BY id LIMIT ?",
            (entry_id, limit),
        )
        entries = []
        for found_id, point, kind, seq, t, body in rows:
            values, faults = _decode(body)
            entries.append(Entry(id=found_id, point=point, kind=kind, seq=seq, t=t, values=values, faults=faults))
        return entries

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

    def refused_lines(self, sink: str, limit: int) -> list[tuple[bytes, str]]:
        """The newest lines that the sink would not have, as (line, error)."""
        return self._read(
            "SELECT line, error FROM refused_line WHERE sink = ? ORDER BY id DESC LIMIT ?",
            (sink, limit),
        )

    # --- alerts and their deliveries ---------------------------------------------------------

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Make one transaction of all that this thread writes inside: an alert that fires and its
        deliveries, say.
        """
        with self._transaction():
            yield

    def save_alert(self, alert: AlertState) -> AlertState:
        """Store an alert, a new one (id 0) under a new id; returns it with its id."""
        with self._transaction() as db:
            if not alert.id:
                cursor = db.execute("INSERT INTO alert (state, body) VALUES (?, x'')", (alert.state,))
                alert = msgspec.structs.replace(alert, id=cursor.lastrowid)
            db.execute(
                "UPDATE alert SET state = ?, body = ? WHERE id = ?",
                (alert.state, _encode(alert), alert.id),
            )
        return alert

    def open_alerts(self) -> list[AlertState]:
        """The alerts that are pending or firing, oldest first."""
        rows = self._read("SELECT body FROM alert WHERE state <> 'resolved' ORDER BY id")
        return [_decode_alert(body) for (body,) in rows]

    def alerts(self, limit: int) -> list[AlertState]:
        """Alerts in any state, newest first."""
        return [
            _decode_alert(body) for (body,) in self._read("SELECT body FROM alert ORDER BY id DESC LIMIT ?", (limit,))
        ]

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store deliveries that are due; their ids are given here."""
        rows = [
            (
                d.alert_id,
                d.transition,
                d.channel,
                d.recipient,
                d.subject,
                d.body,
                d.due_at,
                d.attempts,
                d.state,
                d.error,
            )
            for d in deliveries
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO delivery (alert_id, transition, channel, recipient, subject, body,"
                " due_at, attempts, state, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def due_deliveries(self, now: float, limit: int, *, ahead_s: float) -> list[Delivery]:
        """The deliveries that are due at `now`, the longest waiting first.

        ahead_s: none is ever put off for longer. What seems to wait beyond that is due now: the clock was set back.
        """
        rows = self._read(
            "SELECT * FROM delivery WHERE state = 'due' AND (due_at <= ? OR due_at > ?) ORDER BY due_at, id LIMIT ?",
            (now, now + ahead_s, limit),
        )
        return [_delivery(row) for row in rows]

    def settle_delivery(
        self, delivery_id: int, ok: bool, error: str | None, now: float, retry_at: float | None
    ) -> None:
        """Write down an attempt: sent, or due again at retry_at, or given up (retry_at None)."""
        state = "sent" if ok else "failed" if retry_at is None else "due"
        with self._transaction() as db:
            db.execute(
                "UPDATE delivery SET state = ?, error = ?, attempts = attempts + 1,"
                " due_at = coalesce(?, due_at) WHERE id = ?",
                (state, error, retry_at, delivery_id),
            )
            db.execute(
                "INSERT INTO attempt (delivery_id, at, ok, error) VALUES (?, ?, ?, ?)",
                (delivery_id, now, ok, error),
            )

    def deliveries(self, alert_id: int) -> list[Delivery]:
        """All deliveries of an alert, oldest first."""
        rows = self._read("SELECT * FROM delivery WHERE alert_id = ? ORDER BY id", (alert_id,))
        return [_delivery(row) for row in rows]

    def attempts(self, delivery_id: int) -> list[Attempt]:
        """Every attempt of a delivery, oldest first."""
        rows = self._read("SELECT at, ok, error FROM attempt WHERE delivery_id = ? ORDER BY id", (delivery_id,))
        return [Attempt(at=at, ok=bool(ok), error=error) for at, ok, error in rows]

    # --- the file ----------------------------------------------------------------------------

    def _take_lock(self) -> int:
        """Hold <journal>.lock as long as this process lives; the kernel lets go of it, also after
        kill -9.
        """
        lock_path = self.path.with_name(self.path.name + ".lock")
        try:
            lock_file = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(
                f"{self.path}: cannot be made or opened ({error.strerror}); give the service a folder it may write to"
            ) from error
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock_file)
            raise JournalError(
                f"{self.path}: in use by another process; stop the other `paraat serve` of this site first"
            ) from error
        except OSError as error:
            os.close(lock_file)
            raise JournalError(
                f"{self.path}: this disk locks no files ({error.strerror}); name one of this machine as site.journal"
            ) from error
        return lock_file

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _prepare(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version == schema.VERSION:
            return
        if version in schema.STEPS:
            steps = "".join(schema.STEPS[at] for at in range(version, schema.VERSION))
            self._writer.executescript(f"BEGIN; {steps} PRAGMA user_version = {schema.VERSION}; COMMIT;")
            return
        if version or self._writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise JournalError(
                f"{self.path}: found a database of version {version},"
                f" expected a journal of version {schema.VERSION};"
                " name another file as site.journal, or run the release of Paraat that made it"
            )
        self._writer.executescript(
            f"BEGIN; {schema.TABLES} PRAGMA application_id = {schema.APPLICATION_ID};"
            f" PRAGMA user_version = {schema.VERSION}; COMMIT;"
        )

    def _load(self) -> None:
        pairs: dict[str, list[Range]] = {}
        rows = self._writer.execute("SELECT point, first, last FROM stored ORDER BY point, first")
        for point, first, last in rows:
            pairs.setdefault(point, []).append((first, last))
        self._ranges = {point: Ranges(found) for point, found in pairs.items()}

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer inside a transaction; nested ones are part of the outermost."""
        with self._write_lock:
            if self._depth:
                yield self._writer
                return
            with self._explain():
                self._writer.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                finally:
                    self._depth -= 1
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")

    def _read(self, sql: str, arguments: tuple[object, ...] = ()) -> list[Any]:
        with self._read_lock, self._explain():
            return self._reader.execute(sql, arguments).fetchall()

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """Turn the errors that the disk or the file cause into JournalError; mistakes of ours stay
        what they are.
        """
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)):
                raise
            raise JournalError(
                f"{self.path}: {error}; look at the disk (free space, its health) and at who may write to the file"
            ) from error


def _delivery(row: Sequence[Any]) -> Delivery:
    names = ("id", "alert_id", "transition", "channel", "recipient", "subject", "body", "due_at")
    return Delivery(**dict(zip((*names, "attempts", "state", "error"), row, strict=True)))
