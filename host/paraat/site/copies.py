"""The files of a site that two machines may change, and how a copy that was away comes back.

A copy that was handed out by us has taken.json: what each file was then. So a file that changed on one side only is simply the
newer one; changed on both sides it is a conflict, with its name, and nobody's work is overwritten.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from paraat.runtime.typed import decode
from paraat.site import secrets, shortening
from paraat.site.files import write_atomic
from paraat.site.joining import Conflict, JoiningError
from paraat.texts import Phrase

TAKEN = "taken.json"
DECIDED = "brought-back.json"  # by name of a file, what was seen in copies and left there: nobody is asked twice
FRESH_DAYS = 7  # a copy of before that may lack boards and revocations of other days
_SHARED = ("site.toml", secrets.NAME, "points/*.toml", "profiles/*.toml")
_PRIVATE = frozenset((secrets.NAME, TAKEN, DECIDED))


class Handed(msgspec.Struct, frozen=True):
    """One file as it went out. kept: SHA-256 of what stayed at home; given: of what went along."""

    kept: str
    given: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """taken.json: when a copy of the site was made, by which software, and what it was made of."""

    made_at: datetime
    software: str = ""
    files: dict[str, Handed] = {}


class Coming(NamedTuple):
    """What a copy brings. files: new content by name; changes: what that is, for people."""

    files: dict[str, bytes]
    changes: list[Phrase]
    conflicts: list[Conflict]


def shared_files(site_dir: Path) -> list[str]:
    """The names of the files that are there and that people on two machines may change."""
    found = [path.relative_to(site_dir).as_posix() for pattern in _SHARED for path in sorted(site_dir.glob(pattern))]
    return [name for name in found if (site_dir / name).is_file()]


def taken(site_dir: Path) -> Taken | None:
    """What a copy was made of; None for a folder that we did not hand out. Raises JoiningError."""
    path = site_dir / TAKEN
    if not path.exists():
        return None
    try:
        return decode(path.read_bytes(), Taken)
    except (OSError, msgspec.DecodeError) as error:
        raise JoiningError("joining.taken", path=path, why=str(error)) from error


def hand_out(copy: Path, originals: Mapping[str, bytes], made_at: datetime, software: str) -> None:
    """Write taken.json into a new copy. originals: the content at home of each file that went along. Raises OSError."""
    files = {name: Handed(digest(data), digest((copy / name).read_bytes())) for name, data in originals.items()}
    content = msgspec.json.format(msgspec.json.encode(Taken(made_at=made_at, software=software, files=files)), indent=1)
    # Its digest of a short password would tell the password, to whoever may read this and not that file.
    write_atomic(copy / TAKEN, content + b"\n", mode=0o600)


def coming(site_dir: Path, other: Path, *, keep: Collection[str] = (), take: Collection[str] = ()) -> Coming:
    """What a copy brings that is newer than what is here. Raises JoiningError, OSError."""
    base, left = taken(other), _left(site_dir)
    brought = Coming({}, [], [])
    for name in dict.fromkeys((*shared_files(site_dir), *shared_files(other))):
        ours, theirs = _content(site_dir / name), _content(other / name)
        if theirs is None or ours == theirs:
            continue
        handed = base.files.get(name) if base is not None else None
        there_changed = handed is None or digest(theirs) != handed.given
        here_changed = digest(ours) != handed.kept if handed is not None and ours is not None else ours is not None
        if not there_changed or (digest(theirs) in left.get(name, ()) and name not in take):
            continue
        if name in keep:
            left.setdefault(name, []).append(digest(theirs))
            brought.files[DECIDED] = msgspec.json.encode(left)
            continue
        if ((handed is not None and ours is None) or here_changed) and name not in take:
            brought.conflicts.append(Conflict(name, _both_changed(name)))
            continue
        brought.files[name] = _whole(theirs, ours, handed)
        brought.changes.append(_changed(name) if ours is not None else Phrase("{file}: new", file=name))
    return brought


def _whole(theirs: bytes, ours: bytes | None, handed: Handed | None) -> bytes:
    """What comes, with what stayed at home when it went (shortening.py)."""
    if ours is None or handed is None or handed.kept == handed.given:
        return theirs
    return shortening.restore(theirs.decode(), shortening.shorten(ours.decode())).encode()


def _changed(name: str) -> Phrase:
    return Phrase("{file}: as it was changed there", file=name)


def _both_changed(name: str) -> Phrase:
    return Phrase("{file} differs, and nobody can tell which one is right: look at both", file=name)


def write(site_dir: Path, files: Mapping[str, bytes]) -> None:
    """Put what came in its place. Raises OSError."""
    for name, data in files.items():
        (site_dir / name).parent.mkdir(exist_ok=True)
        write_atomic(site_dir / name, data, mode=0o600 if name in _PRIVATE else 0o644)


def _left(site_dir: Path) -> dict[str, list[str]]:
    path = site_dir / DECIDED
    try:
        return decode(path.read_bytes(), dict[str, list[str]])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        raise JoiningError("joining.taken", path=path, why=str(error)) from error


def brought(site_dir: Path, other: Path, points: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of what is only ever added: the labels of boards that come from there, and checks on the spot."""
    for path in sorted((other / "commissioned").glob("*")):
        if not (site_dir / "commissioned" / path.name).exists():
            yield f"commissioned/{path.name}", path.read_bytes()
    for point in points:
        for path in sorted((other / "labels").glob(f"{point}.*")):
            yield f"labels/{path.name}", path.read_bytes()


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
