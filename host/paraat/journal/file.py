"""The file of the journal: SQLite in WAL mode with synchronous=FULL, held by one process, written in transactions."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from paraat.journal import schema
from paraat.texts import Phrase, reason


class JournalError(Exception):
    """Raised when the journal cannot be opened, read or written. str() names the file and what to
    do.
    """


class JournalDamagedError(JournalError):
    """Raised when what stands in the file cannot be a journal's any more: a page was torn, or written by something else."""


_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalFile:
    """What all parts of the journal share: one connection that writes and one that reads.

    Every method of theirs that writes is one transaction, unless it runs inside `atomic`.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the journal. Raises JournalError when another process has it or it is no
        journal of ours.
        """
        self.path = path
        self.damage = ""  # what was found wrong with the file; "": nothing
        self._lived = self._lock_path.exists()  # a journal was here before
        self._write_lock = threading.RLock()
        self._read_lock = threading.Lock()
        self._depth = 0
        with ExitStack() as stack, self._explain():
            lock_file = self._take_lock()
            stack.callback(os.close, lock_file)
            self._only_ours()
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

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Make one transaction of all that this thread writes inside: an alert that fires and its
        deliveries, say.
        """
        with self._transaction():
            yield

    def begin_after(self, last_ids: Iterable[tuple[str, int]]) -> None:
        """Give no id again that the journal before this one gave. Raises JournalError."""
        with self._transaction() as db:
            begin_after(db, last_ids)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, in a transaction: for what mends the tables themselves. What is kept in memory of them
        is not what they say afterwards.
        """
        with self._transaction() as db:
            yield db

    def _load(self) -> None:
        """What a part keeps in memory, read while the file is opened."""

    def _only_ours(self) -> None:
        """Names of people stand in it: no other user reads it. SQLite gives the files beside it the same mode."""
        os.close(self._open_for_us(self.path))
        for path in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))):
            if path.exists() and path.stat().st_uid == os.geteuid():
                path.chmod(0o600)

    def _open_for_us(self, path: Path) -> int:
        """Open the journal or a file beside it, made where it is not there, that no other user reads. Raises JournalError."""
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(
                Phrase(
                    "{path}: cannot be made or opened ({why}); give the service a folder it may write to",
                    path=self.path,
                    why=reason(error),
                )
            ) from error

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _take_lock(self) -> int:
        """Hold <journal>.lock as long as this process lives; the kernel lets go of it, also after
        kill -9.
        """
        lock_file = self._open_for_us(self._lock_path)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock_file)
            raise JournalError(
                Phrase(
                    "{path}: in use by another process; stop the other `paraat serve` of this site first",
                    path=self.path,
                )
            ) from error
        except OSError as error:
            os.close(lock_file)
            raise JournalError(
                Phrase(
                    "{path}: this disk locks no files ({why}); name one of this machine as site.journal",
                    path=self.path,
                    why=reason(error),
                )
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
                Phrase(
                    "{path}: found a database of version {version}, expected a journal of version {expected}; "
                    "name another file as site.journal, or run the release of Paraat that made it",
                    path=self.path,
                    version=version,
                    expected=schema.VERSION,
                )
            )
        self._writer.executescript(
            f"BEGIN; {schema.TABLES} PRAGMA application_id = {schema.APPLICATION_ID};"
            f" PRAGMA user_version = {schema.VERSION}; COMMIT;"
        )

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
            if self._lived and error.sqlite_errorcode & 0xFF in _DAMAGED:
                self.damage = str(error)
                raise JournalDamagedError(
                    Phrase(
                        "{path}: damaged ({error}); `paraat serve` sets it aside and begins a new one, and `paraat journal"
                        " restore` brings back what can be read. Look at the health of the disk",
                        path=self.path,
                        error=error,
                    )
                ) from error
            raise JournalError(
                Phrase(
                    "{path}: {error}; look at the disk (free space, its health) and at who may write to the file",
                    path=self.path,
                    error=error,
                )
            ) from error


def begin_after(db: sqlite3.Connection, last_ids: Iterable[tuple[str, int]]) -> None:
    """Give no id of these tables again that is not above its last one: an id stands for one row for ever."""
    for name, last in last_ids:
        known = db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name))
        if not known.rowcount:
            db.execute("INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)", (last, name))
