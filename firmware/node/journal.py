"""The board's journal: every sample set and event until the host has said that it is stored.

A ring of segment files in one directory. A segment is named after its first seq (hexadecimal) and holds records with
consecutive seqs: header, body, CRC-32 over both. Records are only appended; a segment goes when the host has
acknowledged all of it, or, the oldest first, when the ring is full (`dropped` counts what that cost). RAM holds a line
per segment and an index of two of them, whatever the backlog.

seq: the newest segment always stays, so the last seq is on disk; it goes on over restarts and is never used again.

What a power cut may cost now: the record that is being written. Its torn bytes are found at the next start (`torn`
counts), nothing is appended behind them, and what was written before stands. Which records were acknowledged is not
kept on disk: after a restart a partly acknowledged segment is sent again, and the host knows it has them.
"""

import binascii
import os
import struct
import time
from collections import namedtuple

from micropython import const

from node.ranges import Ranges

TELEMETRY = const(0)
EVENT = const(1)

_HEADER = "<HQIHB"  # length of the body, seq, time, boot, flags
_HEADER_BYTES = const(17)
_CRC_BYTES = const(4)
_FLAG_EVENT = const(1)
_FLAG_DATED = const(2)  # time is unix seconds; without it, seconds since the start of that boot
_SEGMENTS = const(16)  # of the ring; the oldest of them goes when it is full
_MAX_BODY = const(4000)
_BLOCK_BYTES = const(4096)

# dated: t is unix seconds, else seconds since the start of boot number `boot`. body: the records as text.
Entry = namedtuple("Entry", ("seq", "kind", "t", "dated", "boot", "body"))


class _Segment:
    def __init__(self, first, last, size):
        self.first = first
        self.last = last  # first - 1 while it is empty
        self.size = size


class Journal:
    """directory: made when missing. max_bytes: what all segments together may take."""

    def __init__(self, directory, max_bytes):
        self._directory = directory
        self._segment_bytes = max_bytes // _SEGMENTS
        self._max_bytes = max_bytes
        self._segments = []  # oldest first
        self._file = None  # of the newest segment
        self._index = {}  # first seq of a segment -> [offset of each record], of at most two segments
        self._sent = Ranges()  # since this start
        self._acked = Ranges()
        self._in_flight = {}  # seq -> ticks when it was sent
        self.torn = 0
        self.dropped = 0
        self.next = 1
        self._open()

    # --- opening ---

    def _path(self, first):
        return "%s/%012x.seg" % (self._directory, first)

    def _open(self):
        try:
            os.mkdir(self._directory)
        except OSError:
            pass
        for name in sorted(os.listdir(self._directory)):
            if not name.endswith(".seg"):
                continue
            first = int(name[:-4], 16)
            offsets, size, torn = self._scan(first)
            if torn:
                self.torn += 1
            self._segments.append(_Segment(first, first + len(offsets) - 1, size))
            self.next = max(self.next, first + len(offsets))
        self.dropped = self._read_dropped()
        # A first record that is torn leaves a segment without one: its seq was never sent and may be given again.
        for segment in [s for s in self._segments if s.last < s.first]:
            self._remove(segment)

    def _scan(self, first):
        """([offset of each good record], bytes of the file, whether something behind them is damaged)."""
        offsets = []
        position = 0
        with open(self._path(first), "rb") as f:
            while True:
                record = self._read_record(f, first + len(offsets))
                if record is None:
                    rest = f.read(1)
                    size = os.stat(self._path(first))[6]
                    return offsets, size, bool(rest) or size != position
                offsets.append(position)
                position += _HEADER_BYTES + len(record[1]) + _CRC_BYTES

    def _read_record(self, f, seq):
        """(header, body) of the record at the file's position, or None when it is not whole or not this seq's."""
        head = f.read(_HEADER_BYTES)
        if len(head) < _HEADER_BYTES:
            return None
        header = struct.unpack(_HEADER, head)
        if header[0] > _MAX_BODY or header[1] != seq:
            return None
        body = f.read(header[0])
        check = f.read(_CRC_BYTES)
        if len(body) < header[0] or len(check) < _CRC_BYTES:
            return None
        if binascii.crc32(body, binascii.crc32(head)) != struct.unpack("<I", check)[0]:
            return None
        return header, body

    # --- writing ---

    def append(self, kind, t, dated, boot, body):
        """Keep one entry. Returns its seq. Raises OSError when the file system does not take it, ValueError too long."""
        body = body.encode()
        if len(body) > _MAX_BODY:
            raise ValueError("a set of %d bytes, at most %d" % (len(body), _MAX_BODY))
        seq = self.next
        flags = (_FLAG_EVENT if kind == EVENT else 0) | (_FLAG_DATED if dated else 0)
        head = struct.pack(_HEADER, len(body), seq, t, boot & 0xFFFF, flags)
        record = head + body + struct.pack("<I", binascii.crc32(body, binascii.crc32(head)))
        try:
            segment, file = self._segment_for(seq, len(record))
            file.write(record)
            file.flush()
        except OSError:
            self._make_room()
            raise
        offsets = self._index.get(segment.first)
        if offsets is not None:
            offsets.append(segment.size)
        segment.size += len(record)
        segment.last = seq
        self.next = seq + 1
        return seq

    def _segment_for(self, seq, record_bytes):
        """The segment that takes this record, a new one when needed, and its open file."""
        if self._file is not None:
            newest = self._segments[-1]
            if newest.last + 1 == seq and newest.size + record_bytes <= self._segment_bytes:
                return newest, self._file
            self._close()
        while self._segments and self._bytes() + self._segment_bytes > self._max_bytes:
            self._drop_oldest()
        file = self._file = open(self._path(seq), "wb")
        segment = _Segment(seq, seq - 1, 0)
        self._segments.append(segment)
        self._remove_acked()
        return segment, file

    def _make_room(self):
        """The file system refused. What it took of the record is a torn tail, so nothing more goes into that segment."""
        self._close()
        if self._segments and self._segments[-1].last < self._segments[-1].first:
            self._remove(self._segments[-1])
        if len(self._segments) > 1:
            self._drop_oldest()

    def _close(self):
        if self._file is not None:
            self._file.close()
            self._file = None

    def _bytes(self):
        # A file takes whole blocks of the flash.
        return sum((s.size + _BLOCK_BYTES - 1) // _BLOCK_BYTES * _BLOCK_BYTES for s in self._segments)

    def _drop_oldest(self):
        if not self._segments:
            return
        oldest = self._segments[0]
        lost = oldest.last - oldest.first + 1 - self._acked.count(oldest.first, oldest.last)
        self._remove(oldest)
        if lost > 0:
            self.dropped += lost
            with open(self._directory + "/dropped", "w") as f:
                f.write(str(self.dropped))

    def _read_dropped(self):
        try:
            with open(self._directory + "/dropped") as f:
                return int(f.read())
        except (OSError, ValueError):
            return 0

    def _remove(self, segment):
        if self._segments[-1] is segment:
            self._close()
        self._segments.remove(segment)
        self._index.pop(segment.first, None)
        os.remove(self._path(segment.first))

    # --- sending ---

    @property
    def backlog(self):
        """How many entries the host has not acknowledged."""
        total = 0
        for s in self._segments:
            total += s.last - s.first + 1 - self._acked.count(s.first, s.last)
        return total

    @property
    def in_flight(self):
        """How many entries were sent and wait for the host."""
        return len(self._in_flight)

    def take(self, max_bytes, max_entries):
        """The newest entries that are neither acknowledged nor under way, of one kind, and mark them as under way.

        Newest first. At least one when there is one; together not more than max_bytes of body.
        """
        taken = []
        total = 0
        for seq in self._waiting():
            entry = self._read(seq)
            if entry is None:
                continue
            total += len(entry.body)
            if taken and (total > max_bytes or entry.kind != taken[0].kind):
                break
            taken.append(entry)
            if len(taken) >= max_entries:
                break
        now = time.ticks_ms()
        for entry in taken:
            self._in_flight[entry.seq] = now
            self._sent.add(entry.seq, entry.seq)
        return taken

    def _waiting(self):
        """The seqs that wait to be sent, newest first."""
        for segment in reversed(self._segments):
            if self._acked.has_all(segment.first, segment.last):
                continue
            for seq in range(segment.last, segment.first - 1, -1):
                if seq not in self._in_flight and not self._acked.has(seq):
                    yield seq

    def _read(self, seq):
        """The entry of a seq, or None when the flash has lost it."""
        for segment in self._segments:
            if segment.first <= seq <= segment.last:
                break
        else:
            return None
        offsets = self._offsets(segment)
        number = seq - segment.first
        if number < len(offsets):
            with open(self._path(segment.first), "rb") as f:
                f.seek(offsets[number])
                record = self._read_record(f, seq)
            if record is not None:
                (_, _, t, boot, flags), body = record
                kind = EVENT if flags & _FLAG_EVENT else TELEMETRY
                return Entry(seq, kind, t, bool(flags & _FLAG_DATED), boot, body.decode())
        # Damaged after it was written. It can never be sent: say so once, and do not offer it again.
        self.torn += 1
        self._acked.add(seq, seq)
        return None

    def _offsets(self, segment):
        offsets = self._index.get(segment.first)
        if offsets is None:
            newest = self._segments[-1].first
            for first in [f for f in self._index if f != newest]:
                del self._index[first]
            offsets = self._index[segment.first] = self._scan(segment.first)[0]
        return offsets

    def ack(self, ranges):
        """The host has stored these seqs: ranges of (first, last). Only what was sent since this start counts.

        A seq that was never given out shows that an earlier board of this point used it: the next one goes beyond.
        """
        for first, last in ranges:
            for a, b in self._sent.overlaps(first, last):
                self._acked.add(a, b)
            if last >= self.next:
                self.next = last + 1
        for seq in [s for s in self._in_flight if self._acked.has(s)]:
            del self._in_flight[seq]
        self._remove_acked()

    def _remove_acked(self):
        for segment in self._segments[:-1]:  # the newest stays: it knows the last seq
            if self._acked.has_all(segment.first, segment.last):
                self._remove(segment)
        if self._segments:
            self._acked.forget_below(self._segments[0].first)
            self._sent.forget_below(self._segments[0].first)

    def send_again(self, older_than_ms=0):
        """Offer again what was sent so long ago and not acknowledged. Returns how many."""
        now = time.ticks_ms()
        late = [s for s, t in self._in_flight.items() if time.ticks_diff(now, t) >= older_than_ms]
        for seq in late:
            del self._in_flight[seq]
        return len(late)
