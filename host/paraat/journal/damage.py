"""A journal that is damaged: found, set aside whole, and brought back as far as it can be read."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from paraat.domain.model import AlertState
from paraat.journal import schema
from paraat.journal.file import JournalError
from paraat.journal.journal import Journal
from paraat.journal.ranges import merge
from paraat.runtime.typed import decoder
from paraat.texts import Phrase, reason

ASIDE, BROUGHT_BACK = ".damaged-", ".restored-"
_WAL = ("", "-wal", "-shm")
# Where not even the last ids of a damaged journal can be read: far beyond what any journal has given.
_BEYOND = {"entry": 2**40, "fact": 2**40, "judged": 2**40, "alert": 100_000, "delivery": 2**30, "attempt": 2**30}
_CHUNK = 1000
# Tables with ids of their own, in the order in which rows may be added, and the columns that are taken over.
_TABLES = {
    "entry": "id, point, kind, seq, t, received_at, dated_by_host, body",
    "fact": "id, kind, point, after, t, recorded_at, author, body",
    "alert": "id, state, body",
    "delivery": "id, alert_id, reason, rung, person, channel, address, created_at, due_at, first_due_at, attempts, state,"
    " message, answer, settled_at",
    "attempt": "id, delivery_id, at, ok, error",
    "judged": "id, at, entry, fact, own",
}
_decode_alert = decoder(AlertState)


class BroughtBack(NamedTuple):
    """What came of bringing a journal back: rows by table, and how many could not be read."""

    rows: dict[str, int]
    unreadable: int


def find_damage(path: Path) -> str:
    """What is wrong with a journal, also beside the service that writes it; "": nothing, or there is none. Reads all of it."""
    if not path.exists():
        return ""
    try:
        with closing(_open(path)) as db:
            found = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(line.replace("\n", " ") for line in found)


def set_aside(path: Path, now: float) -> Path:
    """Move a damaged journal out of the way, whole, with what lies beside it; returns where it is. Raises JournalError."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}{ASIDE}{stamp}")
    try:
        for end in reversed(_WAL):
            if (part := path.with_name(path.name + end)).exists():
                part.rename(aside.with_name(aside.name + end))
    except OSError as error:
        raise JournalError(
            Phrase("{path}: damaged, and cannot be set aside ({why})", path=path, why=reason(error))
        ) from error
    return aside


def set_aside_files(path: Path) -> list[Path]:
    """The damaged journals that lie beside this one and were not brought back yet, oldest first."""
    found = path.parent.glob(f"{path.name}{ASIDE}*")
    return sorted(one for one in found if not one.name.endswith(_WAL[1:]))


def last_ids(path: Path) -> dict[str, int]:
    """The last id that a journal gave in each table, or one that is surely beyond it."""
    try:
        with closing(_open(path)) as db:
            known = dict(db.execute("SELECT name, seq FROM sqlite_sequence"))
    except sqlite3.DatabaseError:
        return _BEYOND
    return {name: int(known.get(name, 0)) for name in _BEYOND}


def back_up(path: Path, to: Path) -> None:
    """Copy a journal, also while the service writes it, into one file that nobody else may read. Raises JournalError."""
    part = to.with_name(to.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with closing(_open(path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        part.replace(to)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        why = reason(error) if isinstance(error, OSError) else error
        raise JournalError(Phrase("{path}: no backup to {to}: {why}", path=path, to=to, why=why)) from error


def bring_back(journal: Journal, *sources: Path) -> list[BroughtBack]:
    """Take over what can be read of other journals, damaged ones and backups, in this order. Raises JournalError: then nothing
    of it is. Close `journal` then.

    What is there already stays as it is, so the newest comes first: a backup of before may say that a message has yet to leave.
    Alerts that fired then are over: what is still so fires anew. What only the way to InfluxDB needs goes that way once more,
    which changes nothing there.
    """
    with tempfile.TemporaryDirectory(prefix="paraat-") as folder, journal.writing() as db:
        found = []
        for number, source in enumerate(sources):
            try:
                (room := Path(folder) / str(number)).mkdir()
                with closing(_open(_of_this_version(source, room))) as other:
                    found.append(_take(db, other))
            except (sqlite3.Error, OSError) as error:
                raise JournalError(
                    Phrase("{source}: cannot be read at all: {error}", source=source, error=error)
                ) from error
        _make_whole(db)
    return found


def _of_this_version(source: Path, folder: Path) -> Path:
    """The journal itself, or a copy that was brought forward."""
    with closing(_open(source)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == schema.VERSION:
        return source
    for end in _WAL:
        if (part := source.with_name(source.name + end)).exists():
            shutil.copyfile(part, folder / f"journal{end}")
    Journal(folder / "journal").close()
    return folder / "journal"


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _take(db: sqlite3.Connection, source: sqlite3.Connection) -> BroughtBack:
    counts: dict[str, int] = {}
    unreadable = 0
    db.execute("PRAGMA defer_foreign_keys = ON")  # the alert of a delivery may be what cannot be read
    for table, columns in _TABLES.items():
        marks = ", ".join("?" * len(columns.split(",")))
        insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        before = db.total_changes
        for rows in _readable(source, f"SELECT {columns} FROM {table}", _last(source, table)):  # noqa: S608
            if rows is None:
                unreadable += 1
            else:
                db.executemany(insert, rows)
        counts[table] = db.total_changes - before
    db.executemany("UPDATE cursor SET entry_id = min(entry_id, ?) WHERE sink = ?", _cursors(source, db))
    return BroughtBack(counts, unreadable)


def _cursors(source: sqlite3.Connection, db: sqlite3.Connection) -> list[tuple[int, str]]:
    """How far each sink was by the other journal; where that cannot be read, nowhere."""
    try:
        known = dict(source.execute("SELECT sink, entry_id FROM cursor"))
    except sqlite3.DatabaseError:
        known = {}
    return [(int(known.get(sink, 0)), sink) for (sink,) in db.execute("SELECT sink FROM cursor").fetchall()]


def _last(source: sqlite3.Connection, table: str) -> int:
    """An id that no row of the table is above."""
    with contextlib.suppress(sqlite3.DatabaseError):
        for (last,) in source.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)):
            return int(last)
    return _BEYOND[table]


def _readable(source: sqlite3.Connection, select: str, last: int) -> Iterator[list[tuple[Any, ...]] | None]:
    """The rows in the order of their ids, part by part; None for each that cannot be read. A bad page costs what lies in it."""
    stack = [(1, last)]
    while stack:
        low, high = stack.pop()
        try:
            rows = source.execute(
                f"{select} WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?", (low, high, _CHUNK)
            ).fetchall()
        except sqlite3.DatabaseError:
            if low == high:
                yield None
            else:
                middle = (low + high) // 2
                stack += [(middle + 1, high), (low, middle)]
            continue
        if rows:
            yield rows
        if len(rows) == _CHUNK and rows[-1][0] < high:
            stack.append((rows[-1][0] + 1, high))


def _make_whole(db: sqlite3.Connection) -> None:
    """What follows from the rows, after other rows came in."""
    now = db.execute("SELECT coalesce(max(at), 0) FROM judged").fetchone()[0]
    db.execute("DELETE FROM delivery WHERE alert_id NOT IN (SELECT id FROM alert)")
    db.execute("DELETE FROM attempt WHERE delivery_id NOT IN (SELECT id FROM delivery)")
    _end_older_alerts(db, now)
    seqs: dict[str, list[int]] = {}
    for point, seq in db.execute("SELECT point, seq FROM entry WHERE seq IS NOT NULL"):
        seqs.setdefault(point, []).append(seq)
    db.execute("DELETE FROM stored")
    db.executemany(
        "INSERT INTO stored (point, first, last) VALUES (?, ?, ?)",
        [(point, first, last) for point, found in seqs.items() for first, last in merge(found)],
    )


def _end_older_alerts(db: sqlite3.Connection, now: float) -> None:
    """Of one rule and subject only the newest alert fires: what fired before the damage was told anew since."""
    newest: dict[tuple[str, str, str], int] = {}
    for alert_id, body in db.execute(
        "SELECT id, body FROM alert WHERE state <> 'resolved' ORDER BY id DESC"
    ).fetchall():
        alert = _decode_alert(body)
        if newest.setdefault((alert.rule, alert.subject.kind, alert.subject.id), alert_id) == alert_id:
            continue
        ended = msgspec.structs.replace(alert, state="resolved", resolved_at=now)
        db.execute("UPDATE alert SET state = 'resolved', body = ? WHERE id = ?", (msgspec.json.encode(ended), alert_id))
        db.execute(
            "UPDATE delivery SET state = 'dropped', answer = ?, settled_at = ? WHERE alert_id = ? AND state = 'due'",
            ("the journal was damaged", now, alert_id),
        )
