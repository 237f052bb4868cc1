"""The board's journal: every sample set and event until the host has said that it is stored.

A ring of segment files in one directory of littlefs. A segment is named after its first seq (hexadecimal) and holds
records: length, flags, time, body, CRC-32 over all of it. Sets have consecutive seqs and lie packed (node/packing.py);
in front of them, where they change, lie the segment's head, the number of the boot and the layout of the sets. Records
are only appended, a set with what it needs in one write. A segment goes when the host has acknowledged all of it, or,
the oldest first, when the ring is full (`dropped` counts what that cost).

A power cut: littlefs shows a file as it was at its last sync, so a set that append() has returned stands, and the one
that was being written is there whole or not at all. Should the flash break that promise, or the file system be another
one, the torn bytes are found at the next start (`torn` counts) and nothing is appended behind them.

seq: the newest segment always stays, so the last seq is in flash; it goes on over restarts and is never used again.

RAM holds a line per segment and an index of two of them, whatever the backlog. A start reads each segment's head and
all of the newest one only. Which sets were acknowledged is not in flash: after a restart a partly acknowledged segment
is sent again, and the host knows that it has them.
"""

import binascii
import os
import struct
import time
from array import array
from collections import namedtuple

from micropython import const

from node import packing
from node.ranges import Ranges

TELEMETRY = const(0)
EVENT = const(1)

_HEADER = "<HBI"  # length of the body, flags, time
_HEADER_BYTES = const(7)
_CRC_BYTES = const(4)
_SMALLEST_BYTES = const(12)  # of a set

_FLAG_EVENT = const(1)
_FLAG_DATED = const(2)  # time is unix seconds; without it, seconds since the start of that boot
_FLAG_OWN_LAYOUT = const(4)  # the body begins with its layout: length in two bytes, text
# Records about those that follow; they have no seq.
_HEAD = const(0x80)  # body: first seq of this segment, first and last seq of the one before
_HEAD_BODY = "<QQQ"
_BOOT = const(0x81)  # time: number of the boot
_LAYOUT = const(0x82)  # body: text

_FILE = const(0x8000)  # of os.ilistdir
_SEGMENTS = const(32)  # of the ring; the oldest of them goes when it is full
_MAX_SEQ = const(1073741823)  # a set a second for 34 years; a board's range() ends at 2**31
_MAX_BODY = const(2000)
_BLOCK_BYTES = const(4096)
_SPARE_BLOCKS = const(3)  # littlefs copies a block to append to it; else each append to a full flash fails
_POINTER_BYTES = const(64)  # littlefs keeps its own pointers in a file's blocks

# A segment is a list [first seq, last seq, bytes]; last is first - 1 while it is empty. Not an object: each of those has
# a dict of its own, four times as large.
_FIRST = const(0)
_LAST = const(1)
_SIZE = const(2)

# dated: t is unix seconds, else seconds since the start of boot number `boot`. values, faults: lists of pairs.
Entry = namedtuple("Entry", ("seq", "kind", "t", "dated", "boot", "values", "faults"))


class _Index:
    """Where the sets of a segment lie, and what holds from which of them on."""

    def __init__(self):
        self.offsets = array("H")
        self.boots = []  # (number of the first set it holds for, boot)
        self.layouts = []  # (number of the first set it holds for, slots)


class Journal:
    """directory: made when missing. max_bytes: what all segments together may take. boot: number of this start.

    first_seq: where an empty journal begins, above what an earlier board of this point has used.
    """

    def __init__(self, directory, max_bytes, boot=0, first_seq=1):
        self._directory = directory
        self._segment_bytes = max(_BLOCK_BYTES, max_bytes // _SEGMENTS) - _POINTER_BYTES
        self._max_bytes = max_bytes
        self._boot = boot
        self._segments = []  # oldest first
        self._file = None  # of the newest segment
        self._layout = ""  # of the sets that come now
        self._slots = []
        self._layout_written = None  # what of it the newest segment knows
        self._boot_written = None
        self._index = {}  # first seq of a segment -> _Index, of at most two segments
        self._sent = Ranges()  # since this start
        self._acked = Ranges()
        self._in_flight = {}  # seq -> ticks when it was sent
        self.torn = 0
        self.dropped = 0
        self.next = first_seq
        self._open()

    # --- opening ---

    def _path(self, first):
        return "%s/%012x.seg" % (self._directory, first)

    def _open(self):
        try:
            os.mkdir(self._directory)
        except OSError:
            pass  # it is there; if it is not, the next line says so
        newer = None  # the head of the next newer segment
        for first in reversed(self._firsts()):
            size = os.stat(self._path(first))[6]
            if newer is not None and newer[1] == first:
                last = newer[2]
            else:
                # The newest, or one whose neighbour is gone or damaged: count.
                index, end, torn = self._scan(first, check=True)
                last = first + len(index.offsets) - 1
                if end < size:
                    self.torn += 1
                    if not torn:
                        # Sets that were sent may lie in what rotted: their seqs must not come again.
                        last += (size - end) // _SMALLEST_BYTES
                elif not self._segments and last >= first:
                    self._go_on_with(first, index)
            newer = self._read_head(first)
            self._segments.insert(0, [first, last, size])
            self.next = max(self.next, last + 1)
        self.dropped, counted = self._read_dropped()
        # Nothing whole in it: its seqs were never sent and may be given again. Or it was on its way out.
        for segment in [s for s in self._segments if s[_LAST] < s[_FIRST] or s[_FIRST] == counted]:
            self._remove(segment)

    def _firsts(self):
        """The first seqs of the segments, sorted. What else somebody has put there is left alone."""
        found = []
        for name, kind, *_ in os.ilistdir(self._directory):
            try:
                first = int(name[:-4], 16)
            except ValueError:
                continue
            if kind == _FILE and first > 0 and self._path(first) == self._directory + "/" + name:
                found.append(first)
        return sorted(found)

    def _go_on_with(self, first, index):
        """Append to the segment that is there: a board that starts over and over must not fill the ring with starts."""
        self._index[first] = index
        try:
            self._file = open(self._path(first), "ab")
        except OSError:
            return  # a new segment, then
        if index.layouts and packing.is_known(index.layouts[-1][1]):
            self._slots = index.layouts[-1][1]
            self._layout = self._layout_written = packing.text(self._slots)
        if index.boots:
            self._boot_written = index.boots[-1][1]

    def _read_head(self, first):
        """(first seq, first and last seq of the segment before) of a segment; None when it cannot be read."""
        try:
            with open(self._path(first), "rb") as f:
                record = _read_record(f)
        except OSError:
            return None
        if record is None or record[0] != _HEAD:
            return None
        head = struct.unpack(_HEAD_BODY, record[2])
        return head if head[0] == first else None

    def _scan(self, first, check=False):
        """(_Index, where it ends, whether the rest is a write that was cut off).

        check: read and check the sets too, not only their heads.
        """
        index = _Index()
        try:
            with open(self._path(first), "rb") as f:
                return self._scan_file(f, index, check)
        except OSError:  # the flash does not give it: as if it had rotted
            return index, 0, False

    def _scan_file(self, f, index, check):
        position = 0
        size = f.seek(0, 2)
        f.seek(0)
        while position < size:
            head = f.read(_HEADER_BYTES)
            if len(head) < _HEADER_BYTES:
                return index, position, True
            length, flags, t = struct.unpack(_HEADER, head)
            if length > _MAX_BODY:
                break
            end = position + _HEADER_BYTES + length + _CRC_BYTES
            if end > size:
                return index, position, True
            number = len(index.offsets)
            if check or flags >= _HEAD:
                f.seek(position)
                record = _read_record(f)
                if record is None:
                    break
                if flags == _BOOT:
                    index.boots.append((number, t))
                elif flags == _LAYOUT:
                    index.layouts.append((number, packing.parse(str(record[2], "utf-8"))))
            else:
                f.seek(end)
            if flags < _HEAD:
                index.offsets.append(position)
            position = end
        return index, position, False

    # --- writing ---

    def append(self, kind, t, dated, values, faults):
        """Keep one entry; when this returns it is in flash. Returns its seq.

        Raises OSError when the file system does not take it, KeyError for an unknown metric, ValueError when it is
        too long; nothing is kept then.
        """
        seq = self.next
        flags = (_FLAG_EVENT if kind == EVENT else 0) | (_FLAG_DATED if dated else 0)
        if kind == EVENT:
            flags |= _FLAG_OWN_LAYOUT
            layout = packing.layout_of([name for name, _ in values] + [name for name, _ in faults])
            body = (
                struct.pack("<H", len(layout)) + layout.encode() + packing.pack(packing.parse(layout), values, faults)
            )
        else:
            try:
                body = packing.pack(self._slots, values, faults)
            except KeyError:
                self._widen(values, faults)
                body = packing.pack(self._slots, values, faults)
        if len(body) > _MAX_BODY:
            raise ValueError("a set of %d bytes, at most %d" % (len(body), _MAX_BODY))
        data = _record(flags, t, body)
        try:
            segment, file = self._segment_for(seq, len(data))
            new_boot = self._boot_written != self._boot
            new_layout = kind != EVENT and self._layout_written != self._layout
            marks = b"" if segment[_SIZE] else self._head_of(segment)
            if new_boot:
                marks += _record(_BOOT, self._boot, b"")
            if new_layout:
                marks += _record(_LAYOUT, 0, self._layout.encode())
            file.write(marks + data)
            file.flush()
        except OSError:
            self._make_room()
            raise
        index = self._index.get(segment[_FIRST])
        if index is not None:
            number = seq - segment[_FIRST]
            if new_boot:
                index.boots.append((number, self._boot))
            if new_layout:
                index.layouts.append((number, self._slots))
            index.offsets.append(segment[_SIZE] + len(marks))
        if new_boot:
            self._boot_written = self._boot
        if new_layout:
            self._layout_written = self._layout
        begun = not segment[_SIZE]
        segment[_SIZE] += len(marks) + len(data)
        segment[_LAST] = seq
        self.next = seq + 1
        if begun:  # only now: while this one was empty, the one before it alone knew the last seq
            self._remove_acked()
        return seq

    def _widen(self, values, faults):
        """Give the layout the names that it lacks.

        Raises KeyError for one that is not in the table, ValueError for too many.
        """
        names = [slot[0] for slot in self._slots]
        for name, _ in values + faults:
            if name not in names:
                names.append(name)
        layout = packing.layout_of(names)
        if len(layout) > _MAX_BODY:
            raise ValueError("a set of %d readings, and their names do not fit" % len(names))
        self._layout = layout
        self._slots = packing.parse(layout)

    def _segment_for(self, seq, record_bytes):
        """The segment that takes this record, a new one when needed, and its open file."""
        if self._file is not None:
            newest = self._segments[-1]
            if newest[_LAST] + 1 == seq and newest[_SIZE] + record_bytes + len(self._layout) <= self._segment_bytes:
                return newest, self._file
            self._close()
        while self._segments and self._bytes() + _blocks(self._segment_bytes) > self._max_bytes:
            self._drop_oldest()
        if len(self._segments) > 1 and self._is_full():
            self._drop_oldest()
        file = self._file = open(self._path(seq), "wb")
        segment = [seq, seq - 1, 0]
        self._segments.append(segment)
        self._layout_written = self._boot_written = None
        self._index[seq] = _Index()
        self._forget_indexes(seq)
        return segment, file

    def _is_full(self):
        """Whether other files have taken the room that the ring counts on."""
        total, free = os.statvfs(self._directory)[2:4]
        return not _SPARE_BLOCKS <= free <= total  # MicroPython's difference of the two goes below zero here and there

    def _head_of(self, segment):
        before = self._segments[self._segments.index(segment) - 1]
        if before is segment:
            return _record(_HEAD, 0, struct.pack(_HEAD_BODY, segment[_FIRST], 0, 0))
        return _record(_HEAD, 0, struct.pack(_HEAD_BODY, segment[_FIRST], before[_FIRST], before[_LAST]))

    def _make_room(self):
        """The file system refused. What it took of the record is a torn tail, so nothing more goes into that segment."""
        try:
            self._close()
        except OSError:
            pass  # as the write was refused
        if self._segments and self._segments[-1][_LAST] < self._segments[-1][_FIRST]:
            self._remove(self._segments[-1])
        if len(self._segments) > 1:
            self._drop_oldest()

    def _close(self):
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _bytes(self):
        return sum(_blocks(s[_SIZE]) for s in self._segments)

    def _drop_oldest(self):
        oldest = self._segments[0]
        lost = oldest[_LAST] - oldest[_FIRST] + 1 - self._acked.count(oldest[_FIRST], oldest[_LAST])
        if lost > 0:
            self.dropped += lost
            try:
                with open(self._directory + "/dropped", "w") as f:
                    # Counted before it goes, and by name: a start after a power cut between the two lets it go, uncounted.
                    f.write("%d %d" % (self.dropped, oldest[_FIRST]))
            except OSError:
                pass  # a full flash: room comes first, and the next one that goes writes the count
        self._remove(oldest)

    def _read_dropped(self):
        """(how many, first seq of the segment that was counted last)."""
        try:
            with open(self._directory + "/dropped") as f:
                dropped, counted = f.read().split()
                return int(dropped), int(counted)
        except (OSError, ValueError):
            return 0, 0

    def _remove(self, segment):
        if self._segments[-1] is segment:
            self._close()
        self._segments.remove(segment)
        self._index.pop(segment[_FIRST], None)
        os.remove(self._path(segment[_FIRST]))

    # --- sending ---

    @property
    def backlog(self):
        """How many entries the host has not acknowledged."""
        total = 0
        for s in self._segments:
            total += s[_LAST] - s[_FIRST] + 1 - self._acked.count(s[_FIRST], s[_LAST])
        return total

    @property
    def in_flight(self):
        """How many entries were sent and wait for the host."""
        return len(self._in_flight)

    def take(self, max_bytes, max_entries):
        """The newest entries that are neither acknowledged nor under way, of one kind, and mark them as under way.

        Newest first. At least one when there is one; together not more than max_bytes of packed body.
        """
        taken = []
        total = 0
        file = None
        opened = None
        try:
            for segment, seq in self._waiting():
                if segment is not opened:
                    if file is not None:
                        file.close()
                    file = _open_or_none(self._path(segment[_FIRST]))
                    opened = segment
                entry, size = self._read(segment, seq, file)
                if entry is None:
                    continue
                total += size
                if taken and (total > max_bytes or entry.kind != taken[0].kind):
                    break
                taken.append(entry)
                if len(taken) >= max_entries:
                    break
        finally:
            if file is not None:
                file.close()
        now = time.ticks_ms()
        for entry in taken:
            self._in_flight[entry.seq] = now
            self._sent.add(entry.seq, entry.seq)
        return taken

    def _waiting(self):
        """(segment, seq) of what waits to be sent, newest first."""
        for segment in reversed(self._segments):
            if self._acked.has_all(segment[_FIRST], segment[_LAST]):
                continue
            for seq in range(segment[_LAST], segment[_FIRST] - 1, -1):
                if seq not in self._in_flight and not self._acked.has(seq):
                    yield segment, seq

    def _read(self, segment, seq, file):
        """(entry, bytes) of a seq, or (None, 0) when the flash has lost it."""
        index = self._index_of(segment)
        number = seq - segment[_FIRST]
        record = None
        if file is not None and number < len(index.offsets):
            try:
                file.seek(index.offsets[number])
                record = _read_record(file)
            except OSError:
                pass  # the flash does not give it: as damaged as what has a wrong CRC
        if record is not None and record[0] < _HEAD:
            flags, t, body = record
            try:
                if flags & _FLAG_OWN_LAYOUT:
                    length = struct.unpack("<H", body[:2])[0] + 2
                    slots = packing.parse(str(body[2:length], "utf-8"))
                    values, faults = packing.unpack(slots, body[length:])
                else:
                    values, faults = packing.unpack(_in_force(index.layouts, number), body)
                kind = EVENT if flags & _FLAG_EVENT else TELEMETRY
                boot = _in_force(index.boots, number)
                return Entry(seq, kind, t, bool(flags & _FLAG_DATED), boot, values, faults), len(body)
            except (ValueError, IndexError, TypeError):
                pass  # its layout is lost, or it is not what the layout says
        # Damaged after it was written. It can never be sent: say so once, and do not offer it again.
        self.torn += 1
        self._acked.add(seq, seq)
        return None, 0

    def _index_of(self, segment):
        index = self._index.get(segment[_FIRST])
        if index is None:
            index = self._index[segment[_FIRST]] = self._scan(segment[_FIRST])[0]
            self._forget_indexes(segment[_FIRST])
        return index

    def _forget_indexes(self, but):
        """Two indexes at most: that of the newest segment, and this one."""
        newest = self._segments[-1][_FIRST]
        for first in [f for f in self._index if f not in (newest, but)]:
            del self._index[first]

    def ack(self, ranges):
        """The host has stored these seqs: ranges of (first, last). Only what was sent since this start counts.

        Returns whether something of that was among them: at a birth the host also tells what it has of an earlier board.
        A seq that was never given out shows that an earlier board of this point used it: the next one goes beyond, but
        not for one that no board can have used.
        """
        ours = False
        for first, last in ranges:
            for a, b in self._sent.overlaps(first, last):
                self._acked.add(a, b)
                ours = True
            if self.next <= last <= _MAX_SEQ:
                self.next = last + 1
        for seq in [s for s in self._in_flight if self._acked.has(s)]:
            del self._in_flight[seq]
        self._remove_acked()
        return ours

    @property
    def oldest(self):
        """The lowest seq that is still here; the next one when there is none."""
        return self._segments[0][_FIRST] if self._segments else self.next

    def offer_again(self, first, last):
        """Send what is still here of first to last once more, acknowledged or not. Returns how many those are."""
        self._acked.remove(first, last)
        for seq in [s for s in self._in_flight if first <= s <= last]:
            del self._in_flight[seq]
        return sum([max(0, min(s[_LAST], last) - max(s[_FIRST], first) + 1) for s in self._segments])

    def _remove_acked(self):
        for segment in self._segments[:-1]:  # the newest stays: it knows the last seq
            if self._acked.has_all(segment[_FIRST], segment[_LAST]):
                self._remove(segment)
        if self._segments:
            self._acked.forget_below(self._segments[0][_FIRST])
            self._sent.forget_below(self._segments[0][_FIRST])

    def send_again(self, older_than_ms=0):
        """Offer again what was sent so long ago and not acknowledged. Returns how many."""
        now = time.ticks_ms()
        # Below zero: after an outage of six days the ticks' difference has wrapped.
        late = [s for s, t in self._in_flight.items() if not 0 <= time.ticks_diff(now, t) < older_than_ms]
        for seq in late:
            del self._in_flight[seq]
        return len(late)


def _open_or_none(path):
    try:
        return open(path, "rb")
    except OSError:
        return None


def _in_force(marks, number):
    """The newest mark at or before a set."""
    for first, what in reversed(marks):
        if first <= number:
            return what
    return None


def _read_record(f):
    """(flags, time, body) at the file's position, or None when there is no whole record."""
    head = f.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES:
        return None
    length, flags, t = struct.unpack(_HEADER, head)
    if length > _MAX_BODY:
        return None
    body = f.read(length + _CRC_BYTES)
    if len(body) < length + _CRC_BYTES:
        return None
    check = struct.unpack("<I", body[length:])[0]
    body = body[:length]
    if binascii.crc32(body, binascii.crc32(head)) != check:
        return None
    return flags, t, body


def _record(flags, t, body):
    head = struct.pack(_HEADER, len(body), flags, t)
    return head + body + struct.pack("<I", binascii.crc32(body, binascii.crc32(head)))


def _blocks(size):
    """The bytes that a file of this size takes: whole blocks of the flash."""
    return (size + _POINTER_BYTES + _BLOCK_BYTES - 1) // _BLOCK_BYTES * _BLOCK_BYTES
