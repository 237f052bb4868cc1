"""Readings as few bytes for the flash, and back: a third of a hundred bytes a set, where JSON takes six hundred.

A layout lists the metrics of a set, as text ("fuel/level:f1 power/mains:b0": name, type, decimals). It lies in the
flash beside the sets, so that a set reads back the same under the metrics table of a later firmware.
Packed set: two bits a slot (absent, value or false, true, fault), then for each number the value times 10**decimals
as a zigzag varint, and for each fault its code.
"""

from micropython import const

from node.filters import plausible
from paraat_wire import metrics

_ABSENT = const(0)
_VALUE = const(1)  # of a bool: false
_TRUE = const(2)
_FAULT = const(3)

# A fault's code is one byte: its place here. Others are 0, a length and the text. Only added to: the flash holds them.
_CODES = ("", "range", "silent", "bus", "crc", "blocked", "config", "error", "unsure", "wire-break", "short", "stopped")


def parse(text):
    """The slots of a layout: a list of (name, type, decimals). Raises ValueError."""
    slots = []
    for word in text.split():
        name, _, kind = word.rpartition(":")
        slots.append(_slot(name, kind[:1], int(kind[1:])))
    return slots


def _slot(name, kind, decimals):
    """A slot in the words of the metrics table, where it has them: several layouts are in RAM, and share them so."""
    found = metrics.lookup(name)
    if found is None or found[0][metrics.TYPE] != kind:  # of another table than this firmware's
        return name, kind, decimals
    row = found[0]
    return row[metrics.NAME] if row[metrics.NAME] == name else name, row[metrics.TYPE], decimals


def pack(slots, values, faults):
    """The bytes of a set. Raises KeyError when it has a name that the slots lack.

    values: list of (name, number or bool); faults: list of (name, code). A number that is not plausible, or none at
    all, becomes the fault "range": what a board does not believe it does not keep.
    """
    values = dict(values)
    faults = dict(faults)
    kinds = bytearray((len(slots) + 3) // 4)
    out = bytearray()
    known = 0
    for i, (name, kind, digits) in enumerate(slots):
        if name in faults:
            known += 1
            slot = _FAULT
            _put_code(out, faults[name])
        elif name in values:
            known += 1
            value = values[name]
            if kind == metrics.BOOL:
                slot = _TRUE if value else _VALUE
            elif plausible(name, value):
                slot = _VALUE
                _put_number(out, int(value) if kind == metrics.INT else round(value * 10**digits))
            else:
                slot = _FAULT
                _put_code(out, "range")
        else:
            continue
        kinds[i >> 2] |= slot << (i & 3) * 2
    both = sum(1 for name in values if name in faults)  # a fault says more than a value
    if known != len(values) + len(faults) - both:
        raise KeyError("a name that the layout lacks")
    return bytes(kinds) + bytes(out)


def unpack(slots, data):
    """([(name, value)], [(name, code)]) of packed bytes. Raises ValueError or IndexError when they do not fit the slots."""
    values = []
    faults = []
    at = (len(slots) + 3) // 4
    for i, (name, kind, digits) in enumerate(slots):
        slot = data[i >> 2] >> (i & 3) * 2 & 3
        if slot == _ABSENT:
            continue
        if slot == _FAULT:
            code, at = _get_code(data, at)
            faults.append((name, code))
        elif kind == metrics.BOOL:
            values.append((name, slot == _TRUE))
        else:
            number, at = _get_number(data, at)
            values.append((name, number if kind == metrics.INT else number / 10**digits))
    if at != len(data):
        raise ValueError("%d bytes left over" % (len(data) - at))
    return values, faults


def _put_number(out, n):
    n = n << 1 if n >= 0 else (-n << 1) - 1
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def _get_number(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        at += 1
        n |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
        shift += 7
    return (-((n + 1) >> 1) if n & 1 else n >> 1), at


def _put_code(out, code):
    if code in _CODES[1:]:
        out.append(_CODES.index(code))
    else:
        text = code.encode()[:255]
        out.append(0)
        out.append(len(text))
        out.extend(text)


def _get_code(data, at):
    if data[at]:
        return _CODES[data[at]], at + 1
    end = at + 2 + data[at + 1]
    if end > len(data):
        raise ValueError("a code that ends beyond the set")
    return str(data[at + 2 : end], "utf-8"), end
