"""A look into a journal beside the service that writes it: no lock is taken and nothing is changed."""

import sqlite3
from pathlib import Path

import msgspec


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
    told = msgspec.json.decode(row[0], type=_State).next if row else None
    return max((highest or 0) + 1, told or 1)
