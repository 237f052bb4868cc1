"""A look into a journal beside the service that writes it: no lock is taken and nothing is changed."""

import os
import sqlite3
from pathlib import Path

import msgspec

from paraat.journal import schema
from paraat.runtime.typed import decode
from paraat.texts import Phrase, reason

_HEADER_BYTES = 100
_MAGIC = b"SQLite format 3\0"


def obstacle(path: Path) -> str:
    """Why this user could not keep a journal at `path`; empty when nothing is in the way."""
    if not path.parent.is_dir():
        return Phrase("no folder {path}", path=path.parent)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return Phrase("a folder that this user may not write to, {path}", path=path.parent)
    if not path.exists():
        return ""
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        return Phrase("no file that this user may write to, {path}", path=path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except OSError as error:
        return Phrase("a file that cannot be read, {path} ({why})", path=path, why=reason(error))
    # The file's own header: SQLite would lay two files beside it just to look. https://sqlite.org/fileformat2.html, 1.3
    version, application = (int.from_bytes(head[at : at + 4], "big") for at in (60, 68))
    if head and not head.startswith(_MAGIC):
        return Phrase("a file that is no journal, {path}", path=path)
    if application not in (0, schema.APPLICATION_ID):  # 0: of a new one that is all in its WAL still
        return Phrase("a database of another program, {path}", path=path)
    newer = Phrase("a journal of a newer release of Paraat, {path}", path=path)
    return newer if version > schema.VERSION else ""


class _State(msgspec.Struct):
    next: int | None = None


def first_free_seq(path: Path, point: str) -> int | None:
    """The lowest seq that a new board of a point may use: above what is stored, and above what the old one told.

    None when the journal is not on this machine or cannot be read.
    """
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return None
    try:
        (highest,) = db.execute("SELECT max(last) FROM stored WHERE point = ?", (point,)).fetchone()
        row = db.execute("SELECT body FROM state WHERE point = ?", (point,)).fetchone()
    except sqlite3.Error:
        return None
    finally:
        db.close()
    told = decode(row[0], _State).next if row else None
    return max((highest or 0) + 1, told or 1)
