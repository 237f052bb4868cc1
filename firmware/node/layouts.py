"""Layouts of packed sets (node/packing.py) as they are made and as events carry them. Lent by the journal."""

import struct

from node import packing
from paraat_wire import metrics


def layout_of(names):
    """The layout of these metrics as text. Raises KeyError for a name that is not in the table."""
    slots = []
    for name in names:
        found = metrics.lookup(name)
        if found is None:
            raise KeyError(name)
        slots.append("%s:%s%d" % (name, found[0][metrics.TYPE], found[0][metrics.DIGITS]))
    return " ".join(slots)


def widened(slots, values, faults, limit):
    """(layout as text, slots) with the names of a set that these slots lack.

    Raises KeyError for one that is not in the table, ValueError for more than `limit` bytes of them.
    """
    names = [slot[0] for slot in slots]
    for name, _ in values + faults:
        if name not in names:
            names.append(name)
    layout = layout_of(names)
    if len(layout) > limit:
        raise ValueError("a set of %d readings, and their names do not fit" % len(names))
    return layout, packing.parse(layout)


def pack_with_layout(values, faults):
    """The bytes of a set that carries its own layout: its length in two bytes, the text, the packed set."""
    layout = layout_of([name for name, _ in values + faults])
    return struct.pack("<H", len(layout)) + layout.encode() + packing.pack(packing.parse(layout), values, faults)


def unpack_with_layout(body):
    """As packing.unpack, of what pack_with_layout has made."""
    length = struct.unpack("<H", body[:2])[0] + 2
    return packing.unpack(packing.parse(str(body[2:length], "utf-8")), body[length:])


def text(slots):
    """The text of slots, as parse() reads it."""
    return " ".join(["%s:%s%d" % slot for slot in slots])


def is_known(slots):
    """Whether the table has all these metrics: a layout of a newer firmware that was given up cannot be added to."""
    return all([metrics.lookup(slot[0]) is not None for slot in slots])
