"""Values to payload bytes and back, wire version 1, as far as a board needs it: what it writes, and what it reads.

orders is what comes seldom, which a board loads only then: configuration and commands. host_codec is the other side,
which no board loads: the readers of what boards write, and the writers of what they read.

A sample set, or an event, is what was read at one moment. It is sent in a SenML JSON pack (RFC 8428), where it starts
with its seq record:
    [{"bn":"nsp-0123/","bt":1764000000,"n":"seq","v":812},{"n":"fuel/level","u":"%","v":61.2},...]
A pack holds one or more of them, in any order of seq (after an outage the newest goes first).
`bt` below 2**28 is relative to the moment of sending (RFC 8428 section 4.5.3).
"""

import json

from . import metrics

MAX_PAYLOAD_BYTES = 65536
MAX_SEQ = 9007199254740991  # 2**53 - 1: exact in every JSON reader
RELATIVE_BELOW = 268435456  # 2**28, RFC 8428 section 4.5.3
MAX_BOARD_BYTES = 4096  # of a payload for a board: a piece of this size its heap nearly always has

# Why a payload (WireError.reason) or a record (refused) was not taken. Counted under these words; never renamed.
TOO_LARGE = "too-large"
NOT_UTF8 = "not-utf8"
NOT_JSON = "not-json"
NESTED = "nested"
BAD_SEQ = "bad-seq"
BAD_TIME = "bad-time"
BAD_MESSAGE = "bad-message"


class WireError(ValueError):
    """Raised when a payload cannot be taken at all. `reason` is one of host_codec.REASONS, `detail` says what was found."""

    def __init__(self, reason, detail):
        super().__init__(reason + ": " + detail)
        self.reason = reason
        self.detail = detail


# --- what a board writes ---------------------------------------------------------------------------------------


def encode_records(values, faults):
    """The records of a set after its seq record, as text without brackets.

    values: iterable of (name, number or bool); faults: iterable of (name, code). A number that is not finite or not
    plausible becomes the fault "range": a board never sends a number it does not believe. Raises KeyError for a name
    that is not in the table, which is a mistake in the caller.
    """
    out = []
    for name, value in values:
        found = metrics.lookup(name)
        if found is None or found[2]:
            raise KeyError(name)
        row = found[0]
        kind = row[metrics.TYPE]
        if kind == metrics.BOOL:
            out.append('{"n":"%s","vb":%s}' % (name, "true" if value else "false"))
            continue
        # NaN fails both comparisons.
        if not row[metrics.LOW] <= value <= row[metrics.HIGH]:
            out.append(_fault_record(name, "range"))
            continue
        number = "%d" % value if kind == metrics.INT else "%.*f" % (row[metrics.DIGITS], value)
        unit = row[metrics.UNIT]
        out.append('{"n":"%s","u":"%s","v":%s}' % (name, unit, number))
    for name, code in faults:
        if metrics.lookup(name) is None:
            raise KeyError(name)
        out.append(_fault_record(name, code))
    return ",".join(out)


def _fault_record(name, code):
    return '{"n":"%s/fault","vs":"%s"}' % (name, code)


def encode_set(point, seq, bt, records):
    """One set as text without brackets. bt: unix seconds, or minus the age in seconds; records from encode_records."""
    head = '{"bn":"%s/","bt":%d,"n":"seq","v":%d}' % (point, bt, seq)
    return head + "," + records if records else head


def parse(payload, loads):
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise WireError(TOO_LARGE, "%d bytes, at most %d" % (len(payload), MAX_PAYLOAD_BYTES))
    try:
        text = str(payload, "utf-8")
    except UnicodeError:
        raise WireError(NOT_UTF8, "not UTF-8 text")
    try:
        return loads(text)
    except WireError:  # a reader that knows the reason better
        raise
    except (RuntimeError, MemoryError):  # CPython's recursion limit, or what nesting costs on a board's heap
        raise WireError(NESTED, "nested too deep, or deeper than the free memory goes")
    except ValueError:
        raise WireError(NOT_JSON, "not JSON: " + text[:40])


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_seq(value):
    if not is_number(value) or not 1 <= value <= MAX_SEQ or value != int(value):
        raise WireError(BAD_SEQ, "seq is " + short(value) + ", expected 1 to 2**53 - 1")
    return int(value)


def short(value):
    return repr(value)[:40] if not isinstance(value, str) else value[:40]


# --- the small messages ----------------------------------------------------------------------------------------


def encode_state(state):
    """The payload of `state` from a dict with keys of host_codec.STATE_KEYS; "online" is required."""
    return json.dumps(state).encode()


def read_ack(payload, loads=json.loads):
    """The list of (first, last) of an `ack` payload. Raises WireError."""
    stored = read_object(payload, loads).get("stored")
    if not isinstance(stored, list):
        raise WireError(BAD_MESSAGE, "stored is missing")
    ranges = []
    for pair in stored:
        if not isinstance(pair, list) or len(pair) != 2:
            raise WireError(BAD_MESSAGE, "a range is no pair")
        first, last = read_seq(pair[0]), read_seq(pair[1])
        if first > last:
            raise WireError(BAD_MESSAGE, "range %d to %d" % (first, last))
        ranges.append((first, last))
    return ranges


def read_time(payload, loads=json.loads):
    """Unix seconds, int, of a _all/time payload. Raises WireError."""
    t = read_object(payload, loads).get("t")
    if not isinstance(t, int) or isinstance(t, bool) or not RELATIVE_BELOW <= t < 100000000000:
        raise WireError(BAD_TIME, "t is " + short(t))
    return t


def read_object(payload, loads):
    message = parse(payload, loads)
    if not isinstance(message, dict):
        raise WireError(BAD_MESSAGE, "expected a JSON object")
    return message
