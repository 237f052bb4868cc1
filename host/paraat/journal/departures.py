"""What left for people, written down beside the journal before it leaves, in a file that is as large on its first day as on its last.

The journal is the truth. This file is looked at only where the journal is behind it: a page was torn, a backup was brought back, or
alerts lay in memory, because the disk was full, when the machine went down. So nobody is told once more of what left already. All of
the file's bytes are there from the beginning and are written over in place, so a full disk takes them too.

Its two halves are filled in turn: at least half a file of the newest is known. What is taken over into the next half is what is said
of alerts that go on.
"""

import contextlib
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from paraat.domain.model import AlertState, Delivery
from paraat.runtime.typed import decoder
from paraat.texts import reason

_log = logging.getLogger(__name__)
_END = ".told"
_BYTES = 4 * 1024 * 1024  # some 5,000 messages
_encode = msgspec.json.Encoder(enc_hook=str).encode  # a Phrase is kept as the English that it is


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rows that leave in one message, with their alerts; or what came of rows that left; or which half begins here."""

    alerts: tuple[AlertState, ...] = ()
    rows: tuple[Delivery, ...] = ()
    settled: tuple[int, ...] = ()
    ok: bool = False
    answer: str = ""
    at: float = 0.0
    half: int = 0


_decode = decoder(_Line)


class _Half(NamedTuple):
    """One half of the file. number: of all halves ever begun; texts: its lines, as they stand there."""

    number: int
    place: int
    texts: list[bytes]

    @property
    def end(self) -> int:
        """Where the next line goes."""
        return sum(len(text) + 1 for text in self.texts)

    def lines(self) -> Iterator[_Line]:
        """Those that can be read: one may be torn, as a page of the journal may be."""
        for text in self.texts:
            with contextlib.suppress(msgspec.MsgspecError):
                yield _decode(text)


class Behind(Protocol):
    """What of the journal is needed here."""

    def learn_departed(self, alerts: Iterable[AlertState], rows: Sequence[Delivery]) -> int:
        """Take in what left and is not known; returns how many deliveries that were. Raises JournalError."""
        ...


class Departures:
    """Of one journal, for the process that holds it. Where the disk refuses it, nothing is written down and nobody waits."""

    def __init__(self, journal: Path, *, size: int = _BYTES) -> None:
        """Open the file beside a journal, or make it. size: of a new one, bytes."""
        self._path = journal.with_name(journal.name + _END)
        self._file: int | None = None
        try:
            if not self._path.exists():
                self._make(size)
            self._file = os.open(self._path, os.O_RDWR)
            self._room = os.fstat(self._file).st_size // 2
            newest = self._halves()[1]
            self._place, self._at = newest.place, newest.end
        except OSError as error:
            self._fails(error)

    def close(self) -> None:
        """Safe to call twice."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def leave(self, rows: Iterable[Delivery], alerts: Collection[AlertState]) -> None:
        """Write down, for good, that these leave now in one message."""
        self._write(_Line(alerts=tuple(alerts), rows=tuple(rows)), sync=True)

    def settle(self, ids: Iterable[int], ok: bool, answer: str, at: float) -> None:
        """Write down what came of rows that left: they arrived, or are to leave once more. at: unix seconds.

        Where that is lost with the power, they are said once more, in words that say so.
        """
        self._write(_Line(settled=tuple(ids), ok=ok, answer=answer, at=at), sync=False)

    def teach(self, journal: Behind) -> None:
        """Let the journal know what left while it knows nothing of it, or less. Raises JournalError."""
        if self._file is None:
            return
        alerts: dict[int, AlertState] = {}
        rows: dict[int, Delivery] = {}
        try:
            halves = self._halves()
        except OSError as error:
            self._fails(error)
            return
        for line in (line for half in halves for line in half.lines()):
            alerts |= {alert.id: alert for alert in line.alerts}
            rows |= {row.id: row for row in line.rows}
            rows |= {one: _settled(rows[one], line) for one in line.settled if one in rows}
        if learnt := journal.learn_departed(alerts.values(), list(rows.values())):
            _log.warning("%s: %d messages had left that the journal did not know of; now it does", self._path, learnt)

    def _make(self, size: int) -> None:
        part = self._path.with_name(self._path.name + ".part")
        try:
            file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write(file, bytes(size), 0)  # real bytes: room that is only promised is not there on a full disk
                os.fsync(file)
            finally:
                os.close(file)
            part.rename(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _halves(self) -> list[_Half]:
        """The older one first. Raises OSError."""
        assert self._file is not None
        halves = []
        for place in (0, self._room):
            *texts, _ = os.pread(self._file, self._room, place).split(b"\n")
            first = next(_Half(0, place, texts[:1]).lines(), _Line())  # which half it is stands in its first line
            halves.append(_Half(first.half, place, texts))
        return sorted(halves, key=lambda half: half.number)

    def _write(self, line: _Line, *, sync: bool) -> None:
        if self._file is None:
            return
        text = _text(line)
        try:
            if not self._at or self._at + len(text) > self._room:
                self._begin_half()
            _write(self._file, text[: self._room - self._at], self._place + self._at)
            if sync:
                os.fdatasync(self._file)
        except OSError as error:
            self._fails(error)
            return
        self._at = min(self._at + len(text), self._room)

    def _begin_half(self) -> None:
        """Go on in the older half, with what it said of alerts that go on. Raises OSError."""
        assert self._file is not None
        older, newer = self._halves()
        lines = list(older.lines())
        over = {alert.id for line in (*lines, *newer.lines()) for alert in line.alerts if alert.state == "resolved"}
        going_on: set[int] = set()
        kept = []
        for line in lines:
            if any(alert.id not in over for alert in line.alerts):
                going_on.update(row.id for row in line.rows)
                kept.append(line)
            elif going_on.intersection(line.settled):
                kept.append(line)
        texts = [_text(line) for line in kept]
        while 2 * sum(map(len, texts)) > self._room:  # the newest of them
            del texts[: 1 + len(texts) // 8]
        content = _text(_Line(half=newer.number + 1)) + b"".join(texts)
        _write(self._file, content.ljust(self._room, b"\0"), older.place)
        os.fdatasync(self._file)
        self._place, self._at = older.place, len(content)

    def _fails(self, error: OSError) -> None:
        why = reason(error)
        _log.warning("%s: %s; what leaves from now on stands in the journal alone", self._path, why)
        self.close()


def _settled(row: Delivery, line: _Line) -> Delivery:
    return msgspec.structs.replace(
        row,
        state="sent" if line.ok else "due",
        attempts=row.attempts + 1,
        answer=line.answer,
        due_at=line.at,
        settled_at=line.at if line.ok else None,
    )


def _text(line: _Line) -> bytes:
    return _encode(line) + b"\n"


def _write(file: int, content: bytes, at: int) -> None:
    """Raises OSError, also where the disk takes only a part."""
    while content:
        written = os.pwrite(file, content, at)
        content, at = content[written:], at + written
