"""What the host is told beside the boards' sets, each with its author (domain/facts.py)."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from paraat.domain.facts import Author, Fact, Told, place
from paraat.journal.file import JournalFile
from paraat.runtime.typed import decoder

_encode = msgspec.json.Encoder().encode
_decode: Callable[[bytes | str], Told] = decoder(Told)  # type: ignore[arg-type]  # a union has no type of types
_decode_author = decoder(Author)
COLUMNS = "id, after, t, recorded_at, author, body"
_LAST = 2**63 - 1  # of all ids
_NEWEST = (
    f"SELECT * FROM (SELECT {COLUMNS} FROM fact WHERE kind = ? AND point = ? AND id <= ? ORDER BY id DESC LIMIT ?)"  # noqa: S608
)


class FactRecords(JournalFile):
    """The part of the journal that keeps facts."""

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        """Store a fact that was so at t and that the host learns now; returns it with its id."""
        with self._transaction() as db:
            return write_fact(db, told, author, t, now)

    def facts(
        self,
        *kinds: type[Told],
        point: str | None = None,
        limit: int | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[Fact]:
        """The facts of these kinds, in the order of the journal. Kinds that this release does not know are left out.

        point: only those about it. limit: only so many, the newest. since: only above this id. until: only up to this id.
        """
        tags = [kind.__struct_config__.tag for kind in kinds]
        where = [f"kind IN ({', '.join('?' * len(tags))})"]
        arguments: list[object] = [*tags]
        if point is not None:
            where.append("point = ?")
            arguments.append(point)
        if since is not None:
            where.append("id > ?")
            arguments.append(since)
        if until is not None:
            where.append("id <= ?")
            arguments.append(until)
        rows = self._read(
            f"SELECT {COLUMNS} FROM fact WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",  # noqa: S608
            (*arguments, -1 if limit is None else limit),
        )
        return [fact_of(row) for row in reversed(rows)]

    def newest_facts(self, most: Mapping[type[Told], int], *, point: str, until: int | None) -> list[Fact]:
        """Of one point the newest facts of each kind, no more than so many of it. until: only up to this id; None: all.

        One question, where `facts` would take one a kind: at its start a host asks it of each point.
        """
        last = _LAST if until is None else until
        asked = [(kind.__struct_config__.tag, point, last, limit) for kind, limit in most.items()]
        rows = self._read(" UNION ALL ".join([_NEWEST] * len(asked)), tuple(chain.from_iterable(asked)))
        return [fact_of(row) for row in rows]


def write_fact(db: sqlite3.Connection, told: Told, author: Author, t: float, now: float) -> Fact:
    """Store a fact as part of the transaction of `db`."""
    (after,) = db.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
    kind = told.__struct_config__.tag
    cursor = db.execute(
        "INSERT INTO fact (kind, point, after, t, recorded_at, author, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, place(told), after, t, now, _encode(author), _encode(told)),
    )
    assert cursor.lastrowid is not None
    return Fact(id=cursor.lastrowid, after=after, t=t, recorded_at=now, author=author, told=told)


def fact_of(row: Sequence[Any]) -> Fact:
    """A fact from its COLUMNS."""
    fact_id, after, t, recorded_at, author, body = row
    return Fact(
        id=fact_id, after=after, t=t, recorded_at=recorded_at, author=_decode_author(author), told=_decode(body)
    )
