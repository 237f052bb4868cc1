"""What the journal does seldom with its files: open the ring, begin a segment, drop one, look into an older one.

Lent by node.journal, which says what lies in them.
"""

import os
import struct
from array import array

from micropython import const

from node import layouts, packing
from node.journal import (
    BLOCK_BYTES,
    BOOT,
    CRC_BYTES,
    FIRST,
    HEAD,
    HEADER,
    HEADER_BYTES,
    LAST,
    LAYOUT,
    MAX_BODY,
    POINTER_BYTES,
    SIZE,
    read_record,
)

_FILE = const(0x8000)  # of os.ilistdir
_SMALLEST_BYTES = const(12)  # of a set
_SPARE_BLOCKS = const(3)  # littlefs copies a block to append to it; else each append to a full flash fails


# --- opening ---


def open_ring(journal):
    """Find the segments that are there, and go on with the newest. Raises OSError."""
    try:
        os.mkdir(journal.directory)
    except OSError:
        pass  # it is there; if it is not, the next line says so
    newer = None  # the head of the next newer segment
    for first in reversed(_firsts(journal)):
        path = journal.path(first)
        size = os.stat(path)[6]
        if newer is not None and newer[1] == first:
            last = newer[2]
        else:
            # The newest, or one whose neighbour is gone or damaged: count.
            index, end, torn = scan(path, check=True)
            last = first + len(index[0]) - 1
            if end < size:
                journal.torn += 1
                if not torn:
                    # Sets that were sent may lie in what rotted: their seqs must not come again.
                    last += (size - end) // _SMALLEST_BYTES
            elif not journal.segments and last >= first:
                _go_on_with(journal, first, index)
        newer = _read_head(path, first)
        journal.segments.insert(0, [first, last, size])
        journal.next = max(journal.next, last + 1)
    journal.dropped, counted = _read_dropped(journal)
    # Nothing whole in it: its seqs were never sent and may be given again. Or it was on its way out.
    for segment in [s for s in journal.segments if s[LAST] < s[FIRST] or s[FIRST] == counted]:
        journal.remove(segment)


def _firsts(journal):
    """The first seqs of the segments, sorted. What else somebody has put there is left alone."""
    found = []
    for name, kind, *_ in os.ilistdir(journal.directory):
        try:
            first = int(name[:-4], 16)
        except ValueError:
            continue
        if kind == _FILE and first > 0 and journal.path(first) == journal.directory + "/" + name:
            found.append(first)
    return sorted(found)


def _go_on_with(journal, first, index):
    """Append to the segment that is there: a board that starts over and over must not fill the ring with starts."""
    _, boots, slots = index
    journal.index[first] = index
    try:
        journal.file = open(journal.path(first), "ab")
    except OSError:
        return  # a new segment, then
    if slots and layouts.is_known(slots[-1][1]):
        journal.slots = slots[-1][1]
        journal.layout = journal.layout_written = layouts.text(journal.slots)
    if boots:
        journal.boot_written = boots[-1][1]


def _read_head(path, first):
    """(first seq, first and last seq of the segment before) of a segment; None when it cannot be read."""
    try:
        with open(path, "rb") as f:
            found = read_record(f)
    except OSError:
        return None
    if found is None or found[0] != HEAD:
        return None
    head = struct.unpack("<QQQ", found[2])
    return head if head[0] == first else None


def _read_dropped(journal):
    """(how many, first seq of the segment that was counted last)."""
    try:
        with open(journal.directory + "/dropped") as f:
            dropped, counted = f.read().split()
            return int(dropped), int(counted)
    except (OSError, ValueError):
        return 0, 0


# --- looking into a segment ---


def scan(path, check=False):
    """(index, where it ends, whether the rest is a write that was cut off). The index is as node.journal says.

    check: read and check the sets too, not only their heads.
    """
    index = (array("H"), [], [])
    try:
        with open(path, "rb") as f:
            return _scan_file(f, index, check)
    except OSError:  # the flash does not give it: as if it had rotted
        return index, 0, False


def _scan_file(f, index, check):
    offsets, boots, slots = index
    position = 0
    size = f.seek(0, 2)
    f.seek(0)
    while position < size:
        head = f.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES:
            return index, position, True
        length, flags, t = struct.unpack(HEADER, head)
        if length > MAX_BODY:
            break
        end = position + HEADER_BYTES + length + CRC_BYTES
        if end > size:
            return index, position, True
        number = len(offsets)
        if check or flags >= HEAD:
            f.seek(position)
            found = read_record(f)
            if found is None:
                break
            if flags == BOOT:
                boots.append((number, t))
            elif flags == LAYOUT:
                slots.append((number, packing.parse(str(found[2], "utf-8"))))
        else:
            f.seek(end)
        if flags < HEAD:
            offsets.append(position)
        position = end
    return index, position, False


def keep_index(journal, first, index):
    """Keep the index of the segment that begins with this seq. Two at most: that of the newest, and this one."""
    journal.index[first] = index
    newest = journal.segments[-1][FIRST]
    for other in [f for f in journal.index if f not in (newest, first)]:
        del journal.index[other]


# --- beginning and dropping ---


def begin_segment(journal, seq):
    """A new segment that begins with this seq, its file open. Raises OSError."""
    journal.close()
    while journal.segments and _bytes(journal) + _blocks(journal.segment_bytes) > journal.max_bytes:
        _drop_oldest(journal)
    if len(journal.segments) > 1 and _is_full(journal):
        _drop_oldest(journal)
    journal.file = open(journal.path(seq), "wb")
    segment = [seq, seq - 1, 0]
    journal.segments.append(segment)
    journal.layout_written = journal.boot_written = None
    keep_index(journal, seq, (array("H"), [], []))
    return segment


def make_room(journal):
    """The file system refused. What it took of the record is a torn tail, so nothing more goes into that segment."""
    try:
        journal.close()
    except OSError:
        pass  # as the write was refused
    if journal.segments and journal.segments[-1][LAST] < journal.segments[-1][FIRST]:
        journal.remove(journal.segments[-1])
    if len(journal.segments) > 1:
        _drop_oldest(journal)


def _is_full(journal):
    """Whether other files have taken the room that the ring counts on."""
    total, free = os.statvfs(journal.directory)[2:4]
    return not _SPARE_BLOCKS <= free <= total  # MicroPython's difference of the two goes below zero here and there


def _bytes(journal):
    return sum([_blocks(s[SIZE]) for s in journal.segments])


def _blocks(size):
    """The bytes that a file of this size takes: whole blocks of the flash."""
    return (size + POINTER_BYTES + BLOCK_BYTES - 1) // BLOCK_BYTES * BLOCK_BYTES


def _drop_oldest(journal):
    oldest = journal.segments[0]
    lost = oldest[LAST] - oldest[FIRST] + 1 - journal.acked.count(oldest[FIRST], oldest[LAST])
    if lost > 0:
        journal.dropped += lost
        try:
            with open(journal.directory + "/dropped", "w") as f:
                # Counted before it goes, and by name: a start after a power cut between the two lets it go, uncounted.
                f.write("%d %d" % (journal.dropped, oldest[FIRST]))
        except OSError:
            pass  # a full flash: room comes first, and the next one that goes writes the count
    journal.remove(oldest)
