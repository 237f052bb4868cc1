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

What happens seldom is in node.journal_files: opening the ring, beginning a segment and dropping one. It is loaded for that and
given back.

RAM holds a line per segment and an index of two of them, whatever the backlog. A start reads each segment's head and
all of the newest one only. Which sets were acknowledged is not in flash: after a restart a partly acknowledged segment
is sent again, and the host knows that it has them.
"""

import binascii
import os
import struct
import time
from collections import namedtuple

from micropython import const

from node import packing
from node.lent import lent
from node.log import complain
from node.ranges import Ranges

TELEMETRY = const(0)
EVENT = const(1)

HEADER = "<HBI"  # length of the body, flags, time
HEADER_BYTES = const(7)
CRC_BYTES = const(4)

_FLAG_EVENT = const(1)
_FLAG_DATED = const(2)  # time is unix seconds; without it, seconds since the start of that boot
_FLAG_OWN_LAYOUT = const(4)  # the body begins with its layout: length in two bytes, text
# Records about those that follow; they have no seq.
HEAD = const(0x80)  # body: first seq of this segment, first and last seq of the one before
BOOT = const(0x81)  # time: number of the boot
LAYOUT = const(0x82)  # body: text

_SEGMENTS = const(32)  # of the ring; the oldest of them goes when it is full
_MAX_SEQ = const(1073741823)  # a set a second for 34 years; a board's range() ends at 2**31
MAX_BODY = const(2000)
BLOCK_BYTES = const(4096)
POINTER_BYTES = const(64)  # littlefs keeps its own pointers in a file's blocks

# A segment is a list [first seq, last seq, bytes]; last is first - 1 while it is empty. Not an object: each of those has
# a dict of its own, four times as large.
FIRST = const(0)
LAST = const(1)
SIZE = const(2)

# dated: t is unix seconds, else seconds since the start of boot number `boot`. values, faults: lists of pairs.
Entry = namedtuple("Entry", ("seq", "kind", "t", "dated", "boot", "values", "faults"))


class Journal:
    """directory: made when missing. max_bytes: what all segments together may take. boot: number of this start.

    first_seq: where an empty journal begins, above what an earlier board of this point has used.
    """

    def __init__(self, directory, max_bytes, boot=0, first_seq=1):
        self.directory = directory
        self.segment_bytes = max(BLOCK_BYTES, max_bytes // _SEGMENTS) - POINTER_BYTES
        self.max_bytes = max_bytes
        self._boot = boot
        self.segments = []  # oldest first
        self.file = None  # of the newest segment
        self.layout = ""  # of the sets that come now
        self.slots = []
        self.layout_written = None  # what of it the newest segment knows
        self.boot_written = None
        # First seq of a segment -> (offsets of its sets, boots, layouts), of at most two segments. Boots and layouts are
        # lists of (number of the first set it holds for, boot or slots).
        self.index = {}
        self._sent = Ranges()  # since this start
        self.acked = Ranges()
        self._in_flight = {}  # seq -> ticks when it was sent
        self.torn = 0
        self.dropped = 0
        self.next = first_seq
        self.problem = "not opened yet"  # why nothing can be kept; "" when the ring is open
        try:
            self._open()
        except OSError as error:  # the board samples and alarms without it; each entry tries again
            complain("journal", error)

    def _open(self):
        try:
            with lent("node.journal_files", "node.layouts") as files:
                files.open_ring(self)
            self.problem = ""
        except Exception as error:  # whatever the flash has made of it
            self.close()
            self.segments = []
            self.index = {}
            self.problem = "the journal cannot be opened: %s %s" % (type(error).__name__, error)
            raise OSError(self.problem)

    def path(self, first):
        """The file of the segment that begins with this seq."""
        return "%s/%012x.seg" % (self.directory, first)

    # --- writing ---

    def append(self, kind, t, dated, values, faults):
        """Keep one entry; when this returns it is in flash. Returns its seq.

        Raises OSError when the file system does not take it, KeyError for an unknown metric, ValueError when it is
        too long, MemoryError where the heap has no room to begin a segment; nothing is kept then.
        """
        if self.problem:
            self._open()
        seq = self.next
        flags = (_FLAG_EVENT if kind == EVENT else 0) | (_FLAG_DATED if dated else 0)
        if kind == EVENT:
            flags |= _FLAG_OWN_LAYOUT
            with lent("node.layouts") as layouts:
                body = layouts.pack_with_layout(values, faults)
        else:
            body = self._packed(values, faults)
        if len(body) > MAX_BODY:
            raise ValueError("a set of %d bytes, at most %d" % (len(body), MAX_BODY))
        data = record(flags, t, body)
        try:
            segment = self._segment_for(seq, len(data))
            new_boot = self.boot_written != self._boot
            new_layout = kind != EVENT and self.layout_written != self.layout
            marks = b"" if segment[SIZE] else self._head_of(segment)
            if new_boot:
                marks += record(BOOT, self._boot, b"")
            if new_layout:
                marks += record(LAYOUT, 0, self.layout.encode())
            self.file.write(marks + data)  # pyright: ignore[reportAttributeAccessIssue]
            self.file.flush()  # pyright: ignore[reportAttributeAccessIssue]
        except OSError:
            with lent("node.journal_files", "node.layouts") as files:
                files.make_room(self)
            raise
        index = self.index.get(segment[FIRST])
        if index is not None:
            number = seq - segment[FIRST]
            if new_boot:
                index[1].append((number, self._boot))
            if new_layout:
                index[2].append((number, self.slots))
            index[0].append(segment[SIZE] + len(marks))
        if new_boot:
            self.boot_written = self._boot
        if new_layout:
            self.layout_written = self.layout
        begun = not segment[SIZE]
        segment[SIZE] += len(marks) + len(data)
        segment[LAST] = seq
        self.next = seq + 1
        if begun:  # only now: while this one was empty, the one before it alone knew the last seq
            self._remove_acked()
        return seq

    def _packed(self, values, faults):
        try:
            return packing.pack(self.slots, values, faults)
        except KeyError:  # a name that the layout lacks
            with lent("node.layouts") as layouts:
                self.layout, self.slots = layouts.widened(self.slots, values, faults, MAX_BODY)
            return packing.pack(self.slots, values, faults)

    def _segment_for(self, seq, record_bytes):
        """The segment that takes this record, a new one when needed; its file is open."""
        if self.file is not None:
            newest = self.segments[-1]
            if newest[LAST] + 1 == seq and newest[SIZE] + record_bytes + len(self.layout) <= self.segment_bytes:
                return newest
        with lent("node.journal_files", "node.layouts") as files:
            return files.begin_segment(self, seq)

    def _head_of(self, segment):
        before = self.segments[self.segments.index(segment) - 1]
        first, last = (0, 0) if before is segment else before[:SIZE]
        return record(HEAD, 0, struct.pack("<QQQ", segment[FIRST], first, last))

    def close(self):
        """Close the newest segment's file; the next entry opens another."""
        file, self.file = self.file, None
        if file is not None:
            file.close()

    def remove(self, segment):
        """Let go of a segment and its file. Raises OSError."""
        if self.segments[-1] is segment:
            self.close()
        self.segments.remove(segment)
        self.index.pop(segment[FIRST], None)
        os.remove(self.path(segment[FIRST]))

    # --- sending ---

    @property
    def backlog(self):
        """How many entries the host has not acknowledged."""
        total = 0
        for s in self.segments:
            total += s[LAST] - s[FIRST] + 1 - self.acked.count(s[FIRST], s[LAST])
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
                    file = _open_or_none(self.path(segment[FIRST]))
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
        for segment in reversed(self.segments):
            if self.acked.has_all(segment[FIRST], segment[LAST]):
                continue
            for seq in range(segment[LAST], segment[FIRST] - 1, -1):
                if seq not in self._in_flight and not self.acked.has(seq):
                    yield segment, seq

    def _read(self, segment, seq, file):
        """(entry, bytes) of a seq, or (None, 0) when the flash has lost it."""
        offsets, boots, layouts = self._index_of(segment)
        number = seq - segment[FIRST]
        found = None
        if file is not None and number < len(offsets):
            try:
                file.seek(offsets[number])
                found = read_record(file)
            except OSError:
                pass  # the flash does not give it: as damaged as what has a wrong CRC
        if found is not None and found[0] < HEAD:
            flags, t, body = found
            try:
                if flags & _FLAG_OWN_LAYOUT:
                    with lent("node.layouts") as own:
                        values, faults = own.unpack_with_layout(body)
                else:
                    values, faults = packing.unpack(_in_force(layouts, number), body)
                kind = EVENT if flags & _FLAG_EVENT else TELEMETRY
                boot = _in_force(boots, number)
                return Entry(seq, kind, t, bool(flags & _FLAG_DATED), boot, values, faults), len(body)
            except (ValueError, IndexError, TypeError):
                pass  # its layout is lost, or it is not what the layout says
        # Damaged after it was written. It can never be sent: say so once, and do not offer it again.
        self.torn += 1
        self.acked.add(seq, seq)
        return None, 0

    def _index_of(self, segment):
        first = segment[FIRST]
        index = self.index.get(first)
        if index is None:
            with lent("node.journal_files", "node.layouts") as files:
                index = files.scan(self.path(first))[0]
                files.keep_index(self, first, index)
        return index

    def ack(self, ranges):
        """The host has stored these seqs: ranges of (first, last). Only what was sent since this start counts.

        Returns whether something of that was among them: at a birth the host also tells what it has of an earlier board.
        A seq that was never given out shows that an earlier board of this point used it: the next one goes beyond, but
        not for one that no board can have used.
        """
        ours = False
        for first, last in ranges:
            for a, b in self._sent.overlaps(first, last):
                self.acked.add(a, b)
                ours = True
            if self.next <= last <= _MAX_SEQ:
                self.next = last + 1
        for seq in [s for s in self._in_flight if self.acked.has(s)]:
            del self._in_flight[seq]
        self._remove_acked()
        return ours

    @property
    def oldest(self):
        """The lowest seq that is still here; the next one when there is none."""
        return self.segments[0][FIRST] if self.segments else self.next

    def offer_again(self, first, last):
        """Send what is still here of first to last once more, acknowledged or not. Returns how many those are."""
        self.acked.remove(first, last)
        for seq in [s for s in self._in_flight if first <= s <= last]:
            del self._in_flight[seq]
        return sum([max(0, min(s[LAST], last) - max(s[FIRST], first) + 1) for s in self.segments])

    def _remove_acked(self):
        for segment in self.segments[:-1]:  # the newest stays: it knows the last seq
            if self.acked.has_all(segment[FIRST], segment[LAST]):
                self.remove(segment)
        if self.segments:
            self.acked.forget_below(self.segments[0][FIRST])
            self._sent.forget_below(self.segments[0][FIRST])

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


def read_record(f):
    """(flags, time, body) at the file's position, or None when there is no whole record."""
    head = f.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES:
        return None
    length, flags, t = struct.unpack(HEADER, head)
    if length > MAX_BODY:
        return None
    body = f.read(length + CRC_BYTES)
    if len(body) < length + CRC_BYTES:
        return None
    check = struct.unpack("<I", body[length:])[0]
    body = body[:length]
    if binascii.crc32(body, binascii.crc32(head)) != check:
        return None
    return flags, t, body


def record(flags, t, body):
    head = struct.pack(HEADER, len(body), flags, t)
    return head + body + struct.pack("<I", binascii.crc32(body, binascii.crc32(head)))
