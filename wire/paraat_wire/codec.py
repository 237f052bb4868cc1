"""Payload bytes to values and back, wire version 1: SenML JSON packs (RFC 8428) and the small JSON messages.

A sample set, or an event, is what was read at one moment. In a pack it starts with its seq record:
    [{"bn":"nsp-0123/","bt":1764000000,"n":"seq","v":812},{"n":"fuel/level","u":"%","v":61.2},...]
A pack holds one or more of them, in any order of seq (after an outage the newest goes first).
`bt` below 2**28 is relative to the moment of sending (RFC 8428 section 4.5.3); the reader dates such a set.

What makes a pack unreadable refuses it whole (WireError). One bad record does not: it is left out and named in
`refused`, so that a single wrong value can neither block a board's journal nor take its neighbours along.
"""

import json
from collections import namedtuple

from . import metrics, topics

MAX_PAYLOAD_BYTES = 65536
MAX_SEQ = 9007199254740991  # 2**53 - 1: exact in every JSON reader
RELATIVE_BELOW = 268435456  # 2**28, RFC 8428 section 4.5.3
MAX_FAULT_LENGTH = 20
MAX_VERSION = 1000000000  # of a configuration
MAX_BOARD_BYTES = 4096  # of a payload for a board: it has one buffer of this size

# Why a payload (WireError.reason) or a record (refused) was not taken. Counted under these words; never renamed.
TOO_LARGE = "too-large"
NOT_UTF8 = "not-utf8"
NOT_JSON = "not-json"
NESTED = "nested"
NOT_A_PACK = "not-a-pack"
NO_SEQ = "no-seq"
BAD_SEQ = "bad-seq"
BAD_TIME = "bad-time"
FOREIGN_POINT = "foreign-point"
BAD_MESSAGE = "bad-message"
UNKNOWN_NAME = "unknown-name"
WRONG_TOPIC = "wrong-topic"
WRONG_UNIT = "wrong-unit"
WRONG_TYPE = "wrong-type"
NOT_FINITE = "not-finite"
OUT_OF_RANGE = "out-of-range"
BAD_FAULT = "bad-fault"
TWICE = "twice"

REASONS = (
    TOO_LARGE, NOT_UTF8, NOT_JSON, NESTED, NOT_A_PACK, NO_SEQ, BAD_SEQ, BAD_TIME, FOREIGN_POINT, BAD_MESSAGE,
    UNKNOWN_NAME, WRONG_TOPIC, WRONG_UNIT, WRONG_TYPE, NOT_FINITE, OUT_OF_RANGE, BAD_FAULT, TWICE,
)  # fmt: skip


class WireError(ValueError):
    """Raised when a payload cannot be taken at all. `reason` is one of REASONS, `detail` says what was found."""

    def __init__(self, reason, detail):
        super().__init__(reason + ": " + detail)
        self.reason = reason
        self.detail = detail


# seq: int. t: unix seconds. aged: t was dated by the reader from a relative time.
# values: [(name, number or bool)]. faults: [(name without /fault, code)]. refused: [(name, reason)].
SampleSet = namedtuple("SampleSet", ("seq", "t", "aged", "values", "faults", "refused"))

# id: made by the host, never used twice. do: what to do. expires: unix seconds, after which it must not be done any
# more. args: a dict.
Command = namedtuple("Command", ("id", "do", "expires", "args"))

# error: why it was not done, "" when it was. result: a dict, empty when it was not done.
Reply = namedtuple("Reply", ("id", "error", "result"))


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


def encode_pack(sets):
    """A payload from the texts of encode_set."""
    return ("[" + ",".join(sets) + "]").encode()


# --- what the host reads ---------------------------------------------------------------------------------------


def read_pack(point, leaf, payload, now, loads=json.loads):
    """Read a payload of the topic paraat/v1/<point>/<leaf>; leaf is "telemetry" or "event".

    now: unix seconds, dates sets that carry only their age. loads: a JSON reader that raises ValueError.
    Returns a list of SampleSet. Raises WireError when the payload as a whole cannot be taken.
    """
    records = _parse(payload, loads)
    if not isinstance(records, list) or not records:
        raise WireError(NOT_A_PACK, "expected a JSON array of SenML records")
    source = metrics.EVENT if leaf == topics.EVENT else metrics.TELEMETRY
    own = point + "/"
    base_name = None
    sets = []
    current = None
    seen = None
    for record in records:
        if not isinstance(record, dict):
            if isinstance(record, list):
                raise WireError(NESTED, "an array inside the pack")
            raise WireError(NOT_A_PACK, "a record is no object")
        for value in record.values():
            if isinstance(value, (list, dict)):
                raise WireError(NESTED, "an array or object inside a record")
            if isinstance(value, float) and not _is_finite(value):
                raise WireError(NOT_FINITE, "a number that is not finite")
        if "bn" in record:
            base_name = record["bn"]
        if base_name != own:
            raise WireError(FOREIGN_POINT, "base name " + _short(base_name) + " on a topic of " + point)
        name = record.get("n")
        if name == metrics.SEQ:
            t, aged = _time(record.get("bt"), now)
            current = SampleSet(_seq(record.get("v")), t, aged, [], [], [])
            sets.append(current)
            seen = set()
            continue
        if current is None:
            raise WireError(NO_SEQ, "the pack does not start with a seq record")
        _take(record, name, source, current, seen)
    return sets


def _parse(payload, loads):
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
        raise WireError(NESTED, "nested too deep")
    except ValueError:
        raise WireError(NOT_JSON, "not JSON: " + text[:40])


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_finite(value):
    return value == value and value not in (float("inf"), float("-inf"))


def _seq(value):
    if not _is_number(value) or not 1 <= value <= MAX_SEQ or value != int(value):
        raise WireError(BAD_SEQ, "seq is " + _short(value) + ", expected 1 to 2**53 - 1")
    return int(value)


def _time(value, now):
    if not _is_number(value) or not -1e11 < value < 1e11:
        raise WireError(BAD_TIME, "bt is " + _short(value) + ", expected unix seconds or a negative age")
    if value >= RELATIVE_BELOW:
        return value, False
    if value > 0:
        raise WireError(BAD_TIME, "bt is " + _short(value) + ", in the future of the sender")
    return now + value, True


def _take(record, name, source, current, seen):
    """Put one record into the current set, or into its refused list with the reason."""
    found = metrics.lookup(name) if isinstance(name, str) else None
    if found is None:
        current.refused.append((_short(name), UNKNOWN_NAME))
        return
    row, _, is_fault = found
    if name in seen:
        current.refused.append((name, TWICE))
        return
    seen.add(name)
    if row[metrics.SOURCE] != source:
        current.refused.append((name, WRONG_TOPIC))
        return
    if is_fault:
        code = record.get("vs")
        if isinstance(code, str) and 0 < len(code) <= MAX_FAULT_LENGTH and code.replace("-", "").isalpha():
            current.faults.append((name[: -len(metrics.FAULT) - 1], code))
        else:
            current.refused.append((name, BAD_FAULT))
        return
    reason, value = _value(row, record)
    if reason:
        current.refused.append((name, reason))
    else:
        current.values.append((name, value))


def _value(row, record):
    """(None, value) or (reason, None)."""
    kind = row[metrics.TYPE]
    if kind == metrics.BOOL:
        value = record.get("vb")
        return (None, value) if isinstance(value, bool) else (WRONG_TYPE, None)
    value = record.get("v")
    if not _is_number(value):
        return WRONG_TYPE, None
    if "u" in record and record["u"] != row[metrics.UNIT]:
        return WRONG_UNIT, None
    if not row[metrics.LOW] <= value <= row[metrics.HIGH]:
        return OUT_OF_RANGE, None
    if kind == metrics.INT and value != int(value):
        return WRONG_TYPE, None
    return None, int(value) if kind == metrics.INT else float(value)


def _short(value):
    return repr(value)[:40] if not isinstance(value, str) else value[:40]


# --- the small messages ----------------------------------------------------------------------------------------

# Keys of `state`, with the type each must have when present. Others are left alone: fields are only added.
STATE_KEYS = (
    ("online", bool),
    ("boot", int),  # how often the board has started
    ("reset", str),  # why it started: pwron, hard, wdt, deepsleep, soft
    ("error", str),  # the last mistake it survived, or why it started itself anew
    ("fw", str),  # firmware version
    ("build", int),  # which build of it; 0 where the firmware lies in no slot
    ("update", str),  # the last update: "" after a good one, "trial" while it is tried, else why it was given up
    ("config", int),  # version of the configuration that runs
    ("board", str),
    ("config_trial", bool),  # it runs on trial: the host has not acknowledged anything sent with it yet
    ("config_refused", int),  # the last version that was not taken, or failed
    ("config_error", str),  # why
    ("clock", str),  # source of the time: none, stored, rtc, ntp, host
    ("next", int),  # the next seq the board will give out
)


def encode_state(state):
    """The payload of `state` from a dict with keys of STATE_KEYS; "online" is required."""
    return json.dumps(state).encode()


def read_state(payload, loads=json.loads):
    """The dict of a `state` payload, only the keys of STATE_KEYS. Raises WireError."""
    message = _message(payload, loads)
    state = {}
    for key, kind in STATE_KEYS:
        if key not in message:
            continue
        value = message[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise WireError(BAD_MESSAGE, key + " is " + _short(value))
        state[key] = value[:120] if kind is str else value
    if "online" not in state:
        raise WireError(BAD_MESSAGE, "online is missing")
    return state


def encode_ack(ranges):
    """The payload of `ack`: ranges is an iterable of (first, last) seq, inclusive, that are stored durably."""
    return ('{"stored":[' + ",".join(["[%d,%d]" % (a, b) for a, b in ranges]) + "]}").encode()


def read_ack(payload, loads=json.loads):
    """The list of (first, last) of an `ack` payload. Raises WireError."""
    stored = _message(payload, loads).get("stored")
    if not isinstance(stored, list):
        raise WireError(BAD_MESSAGE, "stored is missing")
    ranges = []
    for pair in stored:
        if not isinstance(pair, list) or len(pair) != 2:
            raise WireError(BAD_MESSAGE, "a range is no pair")
        first, last = _seq(pair[0]), _seq(pair[1])
        if first > last:
            raise WireError(BAD_MESSAGE, "range %d to %d" % (first, last))
        ranges.append((first, last))
    return ranges


def encode_time(t):
    """The payload of _all/time; t: unix seconds."""
    return ('{"t":%d}' % t).encode()


def read_time(payload, loads=json.loads):
    """Unix seconds, int, of a _all/time payload. Raises WireError."""
    t = _message(payload, loads).get("t")
    if not isinstance(t, int) or isinstance(t, bool) or not RELATIVE_BELOW <= t < 100000000000:
        raise WireError(BAD_TIME, "t is " + _short(t))
    return t


def encode_config(config):
    """The payload of `config`. Raises WireError when it is too large for a board."""
    payload = json.dumps(config, separators=(",", ":")).encode()
    _check_board_size(payload)
    return payload


def read_config(payload, loads=json.loads):
    """The dict of a `config` payload; all that is checked here is its version. Raises WireError."""
    _check_board_size(payload)
    message = _message(payload, loads)
    version = message.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= MAX_VERSION:
        raise WireError(BAD_MESSAGE, "version is " + _short(version) + ", expected 1 to %d" % MAX_VERSION)
    return message


def _check_board_size(payload):
    if len(payload) > MAX_BOARD_BYTES:
        raise WireError(TOO_LARGE, "%d bytes, at most %d" % (len(payload), MAX_BOARD_BYTES))


def encode_command(command):
    """The payload of `command` from a Command."""
    message = {"id": command.id, "do": command.do, "expires": command.expires, "args": command.args}
    return json.dumps(message).encode()


def read_command(payload, loads=json.loads):
    """The Command of a `command` payload; "args" may be left out. Raises WireError."""
    _check_board_size(payload)
    message = _message(payload, loads)
    expires = message.get("expires")
    if not isinstance(expires, int) or isinstance(expires, bool) or not RELATIVE_BELOW <= expires < 100000000000:
        raise WireError(BAD_TIME, "expires is " + _short(expires) + ", expected unix seconds")
    args = message.get("args", {})
    if not isinstance(args, dict):
        raise WireError(BAD_MESSAGE, "args is " + _short(args) + ", expected an object")
    return Command(_word(message, "id"), _word(message, "do"), expires, args)


def encode_reply(reply):
    """The payload of `reply` from a Reply."""
    message = {"id": reply.id, "ok": not reply.error}
    if reply.error:
        message["error"] = reply.error
    else:
        message["result"] = reply.result
    return json.dumps(message).encode()


def read_reply(payload, loads=json.loads):
    """The Reply of a `reply` payload. Raises WireError."""
    message = _message(payload, loads)
    ok = message.get("ok")
    error = message.get("error", "" if ok else "no reason given")
    result = message.get("result", {})
    if not isinstance(ok, bool) or not isinstance(error, str) or ok == bool(error) or not isinstance(result, dict):
        raise WireError(BAD_MESSAGE, "ok is " + _short(ok) + ", error is " + _short(error))
    return Reply(_word(message, "id"), error, result)


def _word(message, key):
    """The 1 to 40 letters, digits and hyphens under a key."""
    value = message.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise WireError(BAD_MESSAGE, key + " is " + _short(value) + ", expected 1 to 40 characters")
    for c in value:
        if not ("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c == "-"):
            raise WireError(BAD_MESSAGE, key + " is " + _short(value) + ", expected letters, digits and -")
    return value


def _message(payload, loads):
    message = _parse(payload, loads)
    if not isinstance(message, dict):
        raise WireError(BAD_MESSAGE, "expected a JSON object")
    return message
