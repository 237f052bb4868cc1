"""What boards sent: sample sets and events by seq, the last state of each, and what was refused."""

import sqlite3
import sys
from collections.abc import Iterator, Sequence

import msgspec

from paraat.domain.facts import Author, BoardState, Fact, GapAccepted, Told
from paraat.domain.model import AGE_UNSURE, NodeState, Refusal, SampleSet
from paraat.journal.facts import FactRecords, write_fact
from paraat.journal.ranges import Range, Ranges, count, merge, without
from paraat.runtime.typed import decoder

SEQ_CONFLICT = "seq-conflict"

MAX_DEAD_LETTERS = 10_000
MAX_DEAD_PAYLOAD_BYTES = 2048
_REPLAY_CHUNK = 256
_REPLAY = (
    "SELECT id, seq, kind, t, received_at, dated_by_host, body FROM entry"
    " WHERE point = ? AND seq < ? AND id <= ? ORDER BY seq DESC LIMIT ?"
)
_REPLAY_EVENTS = _REPLAY.replace(" ORDER", " AND kind = 'event' ORDER")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_gap = decoder(GapAccepted)
_decode_state = decoder(NodeState)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call of `store`: now all of it is on the disk.

    acks: per point the merged ranges of all seqs of this call, also the duplicates and the
    conflicts, because the board may drop those too. states: those that say something new. last: the newest id in entry.
    """

    new: list[SampleSet]
    states: list[Fact]
    duplicates: int
    conflicts: list[Refusal]
    acks: dict[str, list[Range]]
    last: int = 0


class Entries(FactRecords):
    """The part of the journal that boards fill."""

    def store(self, sets: Sequence[SampleSet], states: Sequence[NodeState], refusals: Sequence[Refusal]) -> Stored:
        """Store a batch in one transaction.

        A seq that is there already with the same kind, values and faults is a duplicate, whatever its age; with
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
                said: dict[str, NodeState] = {}
                told = self._write_states(db, states, said)
                if refusals or conflicts:
                    self._write_dead_letters(db, [*refusals, *conflicts])
                (last,) = db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
            self._ranges.update(forks)
            self._last_states |= said
            return Stored(
                new=new,
                states=told,
                duplicates=len(again) - len(conflicts),
                conflicts=conflicts,
                acks={point: merge(numbers) for point, numbers in seqs.items()},
                last=last,
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
            if kind == a_set.kind and (stored_body == body or _readings(stored_body) == _readings(body)):
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

    def _write_states(
        self, db: sqlite3.Connection, states: Sequence[NodeState], said: dict[str, NodeState]
    ) -> list[Fact]:
        """Keep the states that say something new; said: gets the last of each point.

        A retained one that says what is known does not: the broker has them all ready, each time that we connect.
        """
        told = []
        for state in states:
            last = said.get(state.point) or self._last_states.get(state.point)
            if state.retained and last is not None and _says(state) == _says(last):
                continue
            said[state.point] = state
            author = Author(name=state.point, way="board")
            told.append(write_fact(db, BoardState(state=state), author, state.received_at, state.received_at))
            db.execute("INSERT OR REPLACE INTO state (point, body) VALUES (?, ?)", (state.point, _encode(state)))
        return told

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
        """How many seqs below the highest of a point are not stored, and still waited for."""
        ranges = self._ranges.get(point)
        if not ranges or not ranges.missing:
            return 0
        return count(self.gaps(point)) if point in self._accepted else ranges.missing

    def gaps(self, point: str) -> list[Range]:
        """The seqs below the highest of a point that are not stored, and still waited for, lowest first."""
        ranges = self._ranges.get(point)
        return without(ranges.gaps(), self._accepted.get(point, ())) if ranges else []

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        """As FactRecords.record; a gap that is accepted is waited for no longer."""
        if isinstance(told, GapAccepted) and told.last is None:
            told = msgspec.structs.replace(told, last=self.highest(told.point))
        fact = super().record(told, author, t=t, now=now)
        if isinstance(told, GapAccepted):
            self._accept(told)
        return fact

    def _accept(self, told: GapAccepted) -> None:
        self._accepted.setdefault(told.point, []).append((told.first, told.last or 0))

    def highest(self, point: str) -> int:
        """The highest stored seq of a point, 0 when there is none."""
        ranges = self._ranges.get(point)
        return ranges.highest if ranges else 0

    def newest_t(self) -> float | None:
        """When the newest entry came in, by the clock of then; None: there is none."""
        rows = self._read("SELECT received_at FROM entry ORDER BY id DESC LIMIT 1")
        return None if not rows else float(rows[0][0])

    def last_states(self) -> list[NodeState]:
        """The last state message of each point."""
        return [_decode_state(body) for (body,) in self._read("SELECT body FROM state")]

    def replay(self, point: str, *, only_events: bool = False) -> Iterator[SampleSet]:
        """The sets and events of a point, the highest seq first, read as they are asked for."""
        for _, a_set in self._replay(point, only_events=only_events):
            yield a_set

    def _sets_between(self, after: int, until: int) -> Iterator[tuple[int, SampleSet]]:
        """What boards sent, of all points, with ids above `after` and up to `until`, in their order."""
        rows = self._read(
            "SELECT id, point, seq, kind, t, received_at, dated_by_host, body FROM entry"
            " WHERE id > ? AND id <= ? AND seq IS NOT NULL ORDER BY id",
            (after, until),
        )
        for entry_id, point, *row in rows:
            yield entry_id, _set_of(point, *row)

    def _replay(
        self, point: str, *, only_events: bool = False, until: int | None = None
    ) -> Iterator[tuple[int, SampleSet]]:
        """As replay, with the id of each. until: only up to this id."""
        below = self.highest(point) + 1
        last = sys.maxsize if until is None else until
        query = _REPLAY_EVENTS if only_events else _REPLAY
        while rows := self._read(query, (point, below, last, _REPLAY_CHUNK)):
            for entry_id, *row in rows:
                yield entry_id, _set_of(point, *row)
                seq = row[0]
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

    def _load(self) -> None:
        rows = self._writer.execute("SELECT body FROM state")
        self._last_states = {state.point: state for state in (_decode_state(body) for (body,) in rows)}
        pairs: dict[str, list[Range]] = {}
        rows = self._writer.execute("SELECT point, first, last FROM stored ORDER BY point, first")
        for point, first, last in rows:
            pairs.setdefault(point, []).append((first, last))
        self._ranges = {point: Ranges(found) for point, found in pairs.items()}
        self._accepted: dict[str, list[Range]] = {}
        for (body,) in self._writer.execute("SELECT body FROM fact WHERE kind = 'gap-accepted/1'"):
            self._accept(_decode_gap(body))


def _says(state: NodeState) -> NodeState:
    """A state without when and how it came."""
    return msgspec.structs.replace(state, received_at=0.0, retained=False)


def _readings(body: bytes) -> tuple[object, object]:
    """What was read. A board that was restarted may know less of when that was, and says so with the set."""
    values, faults = _decode(body)
    return values, {name: code for name, code in faults.items() if name != AGE_UNSURE}


def _set_of(
    point: str, seq: int, kind: str, t: float, received_at: float, dated_by_host: int, body: bytes
) -> SampleSet:
    values, faults = _decode(body)
    return SampleSet(
        point=point,
        kind=kind,
        seq=seq,
        t=t,
        received_at=received_at,
        values=values,
        faults=faults,
        dated_by_host=bool(dated_by_host),
    )
