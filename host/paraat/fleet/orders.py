"""A rollout of firmware that the running host holds: `paraat update` orders it, and follows.

    <journal's folder>/rollout/order.json    what was ordered last; without it nothing is begun any more
                               bundle        the firmware, signed
                               progress.json how it stands
                               host.lock     held by the host while it runs
                               bundle.here   of a rollout that a command did itself, until all boards have it

The host goes on by itself over weeks, and over its own restarts: what a board has it keeps, and a rollout that has
stopped at a board stays so until it is ordered again.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from paraat.fleet.rollout import Rollout, Row
from paraat.runtime.typed import decode
from paraat.site.files import write_atomic
from paraat.site.site import Site
from paraat.texts import Phrase, SpokenError, reason

T = TypeVar("T")
FOLDER = "rollout"
_ORDER, _BUNDLE, _PROGRESS, _LOCK = "order.json", "bundle", "progress.json", "host.lock"
_HERE = "bundle.here"


class OrderError(SpokenError):
    """Raised when a rollout cannot be ordered or followed. str() says why."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done. ordered_at: unix seconds."""

    id: str
    points: tuple[str, ...]
    build: int
    version: str
    canary: str | None = None
    downgrade: bool = False
    ordered_at: float = 0.0


class Why(msgspec.Struct, frozen=True):
    """A Phrase that can be kept."""

    msgid: str = ""
    values: dict[str, str] = {}

    def phrase(self) -> str:
        """As it was said."""
        return Phrase.of(self.msgid, dict(self.values)) if self.msgid else ""


class Line(msgspec.Struct, frozen=True):
    """How one board stands: fleet.rollout.Row."""

    point: str
    stands: str
    runs: str
    build: int | None
    why: Why

    def row(self) -> Row:
        """As the rollout gives it."""
        return Row(self.point, self.stands, self.runs, self.build, self.why.phrase())


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands. over: nothing more comes of it; halted: somebody has stopped it. at: unix seconds."""

    id: str
    lines: tuple[Line, ...]
    at: float
    stopped_by: str | None = None
    idle: bool = False
    over: bool = False
    halted: bool = False


def folder_of(site: Site) -> Path:
    """Where the host and its commands meet."""
    return site.path(site.region.journal).parent / FOLDER


def is_held(folder: Path) -> bool:
    """Whether a host runs that holds what is ordered here."""
    try:
        with (folder / _LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def place(
    folder: Path,
    points: Sequence[str],
    data: bytes,
    build: int,
    version: str,
    *,
    canary: str | None,
    downgrade: bool,
    now: float,
) -> Order:
    """Order it. Raises OrderError while another one runs."""
    running = progress(folder)
    if ordered(folder) is not None and (running is None or not running.over):
        raise OrderError("rollout.runs")
    order = Order(
        id=secrets.token_hex(8),
        points=tuple(points),
        build=build,
        version=version,
        canary=canary,
        downgrade=downgrade,
        ordered_at=now,
    )
    try:
        folder.mkdir(exist_ok=True)
        (folder / _ORDER).unlink(missing_ok=True)  # that no host begins an old order with a new bundle
        write_atomic(folder / _BUNDLE, data, mode=0o644)
        write_atomic(folder / _ORDER, msgspec.json.encode(order), mode=0o644)
    except OSError as error:
        raise OrderError("rollout.not-written", folder=folder, why=reason(error)) from error
    return order


def halt(folder: Path) -> bool:
    """No board is begun any more. Whether there was something to stop. Raises OrderError."""
    found = progress(folder)
    running = ordered(folder) is not None and (found is None or not found.over)
    try:
        (folder / _ORDER).unlink(missing_ok=True)
    except OSError as error:
        raise OrderError("rollout.not-written", folder=folder, why=reason(error)) from error
    return running


def ordered(folder: Path) -> Order | None:
    """What was ordered last, unless somebody has stopped it."""
    return _read(folder / _ORDER, Order)


def progress(folder: Path) -> Progress | None:
    """How what was ordered last stands; None before the host has taken it up."""
    found = _read(folder / _PROGRESS, Progress)
    order = ordered(folder)
    return None if found is None or (order is not None and found.id != order.id) else found


def left(folder: Path) -> bytes | None:
    """The bundle of a rollout that not all of its boards have, whether the host or a command did it: the same goes on with it."""
    found = progress(folder)
    done = found is not None and all(line.stands in ("done", "newer") for line in found.lines)
    for name in [_HERE] if done else [_HERE, _BUNDLE]:
        with contextlib.suppress(OSError):
            return (folder / name).read_bytes()
    return None


def keep(folder: Path, data: bytes) -> None:
    """Remember the bundle of a rollout that a command does itself, for `left`, as far as this user may."""
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        write_atomic(folder / _HERE, data, mode=0o644)


def drop(folder: Path) -> None:
    """All boards have it."""
    with contextlib.suppress(OSError):
        (folder / _HERE).unlink(missing_ok=True)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return decode(path.read_bytes(), kind)
    except (OSError, msgspec.DecodeError):
        return None


class Rollouts:
    """fleet.hosted.Work: what is ordered, held by the host."""

    name = "rollout"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._order: Order | None = None
        self._written: Progress | None = None
        self.problem = ""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts, commands see that the host is here."""
        try:
            self._folder.mkdir(exist_ok=True)
            file = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:  # a folder that cannot be written: commands do it themselves then
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX)  # a command that looks has it for a moment
            yield
        finally:
            os.close(file)

    def begin(self, now: float) -> Rollout | None:
        """What is ordered, if it is not over."""
        order = ordered(self._folder)
        found = progress(self._folder)
        self.problem = _problem(found)
        if order is None or (found is not None and found.over):
            return None
        try:
            data = (self._folder / _BUNDLE).read_bytes()
        except OSError:
            return None  # another one is being ordered
        self._order, self._written = order, None
        return Rollout(
            order.points,
            data,
            order.build,
            order.version,
            now=now,
            canary=order.canary,
            downgrade=order.downgrade,
        )

    def step(self, talk: Rollout, now: float) -> bool:
        """Keep how it stands. Whether it is over."""
        assert self._order is not None
        order = ordered(self._folder)
        halted = order is None or order.id != self._order.id
        over = halted or talk.ended
        lines = tuple(_line(row) for row in talk.rows())
        found = Progress(
            id=self._order.id, lines=lines, at=now, stopped_by=talk.stopped_by, idle=talk.idle, over=over, halted=halted
        )
        before = self._written
        if before is None or msgspec.structs.replace(found, at=before.at) != before:
            with contextlib.suppress(OSError):  # a full disk ends no rollout
                write_atomic(self._folder / _PROGRESS, msgspec.json.encode(found), mode=0o644)
                self._written = found
        self.problem = _problem(found)
        return over


def _problem(found: Progress | None) -> str:
    if found is None or found.stopped_by is None:
        return ""
    return Phrase("the rollout has stopped at {point}: make update STATUS=1 says why", point=found.stopped_by)


def _line(row: Row) -> Line:
    why = row.why if isinstance(row.why, Phrase) else Phrase.of(row.why)
    kept = Why(why.msgid, {key: str(value) for key, value in why.values.items()}) if row.why else Why()
    return Line(row.point, row.stands, row.runs, row.build, kept)
