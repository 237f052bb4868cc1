"""The host's side of the wire, version 1: it reads what boards write, and writes what they read. No board loads this.

What makes a pack unreadable refuses it whole (codec.WireError). One bad record does not: it is left out and named in
`refused`, so that a single wrong value can neither block a board's journal nor take its neighbours along. A set whose
`bt` is relative is dated here.
"""

import json
from collections import namedtuple

from . import codec, metrics, orders, topics

MAX_FAULT_LENGTH = 20

# Why a record (refused), or a pack, was not taken, beside the reasons of codec. Counted under these words; never renamed.
NOT_A_PACK = "not-a-pack"
NO_SEQ = "no-seq"
FOREIGN_POINT = "foreign-point"
UNKNOWN_NAME = "unknown-name"
WRONG_TOPIC = "wrong-topic"
WRONG_UNIT = "wrong-unit"
WRONG_TYPE = "wrong-type"
NOT_FINITE = "not-finite"
OUT_OF_RANGE = "out-of-range"
BAD_FAULT = "bad-fault"
TWICE = "twice"

REASONS = (
    codec.TOO_LARGE, codec.NOT_UTF8, codec.NOT_JSON, codec.NESTED, NOT_A_PACK, NO_SEQ, codec.BAD_SEQ, codec.BAD_TIME,
    FOREIGN_POINT, codec.BAD_MESSAGE, UNKNOWN_NAME, WRONG_TOPIC, WRONG_UNIT, WRONG_TYPE, NOT_FINITE, OUT_OF_RANGE, BAD_FAULT, TWICE,
)  # fmt: skip

# seq: int. t: unix seconds. aged: t was dated by the reader from a relative time.
# values: [(name, number or bool)]. faults: [(name without /fault, code)]. refused: [(name, reason)].
SampleSet = namedtuple("SampleSet", ("seq", "t", "aged", "values", "faults", "refused"))

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
    ("idf_free", int),  # bytes of the chip's own heap, on which network and TLS live
    ("idf_largest", int),  # the largest free block of it
    ("certificate", str),  # serial number of the certificate with which the board is connected
    ("renewal", str),  # why it went back to it from a newer one
    ("clock", str),  # source of the time: none, stored, rtc, ntp, host
    ("next", int),  # the next seq the board will give out
)


def encode_pack(sets):
    """A payload from the texts of encode_set."""
    return ("[" + ",".join(sets) + "]").encode()


def read_pack(point, leaf, payload, now, loads=json.loads):
    """Read a payload of the topic paraat/v1/<point>/<leaf>; leaf is "telemetry" or "event".

    now: unix seconds, dates sets that carry only their age. loads: a JSON reader that raises ValueError.
    Returns a list of SampleSet. Raises codec.WireError when the payload as a whole cannot be taken.
    """
    records = codec.parse(payload, loads)
    if not isinstance(records, list) or not records:
        raise codec.WireError(NOT_A_PACK, "expected a JSON array of SenML records")
    source = metrics.EVENT if leaf == topics.EVENT else metrics.TELEMETRY
    own = point + "/"
    base_name = None
    sets = []
    current = None
    seen = None
    for record in records:
        if not isinstance(record, dict):
            if isinstance(record, list):
                raise codec.WireError(codec.NESTED, "an array inside the pack")
            raise codec.WireError(NOT_A_PACK, "a record is no object")
        for value in record.values():
            if isinstance(value, (list, dict)):
                raise codec.WireError(codec.NESTED, "an array or object inside a record")
            if isinstance(value, float) and not _is_finite(value):
                raise codec.WireError(NOT_FINITE, "a number that is not finite")
        if "bn" in record:
            base_name = record["bn"]
        if base_name != own:
            raise codec.WireError(FOREIGN_POINT, "base name " + codec.short(base_name) + " on a topic of " + point)
        name = record.get("n")
        if name == metrics.SEQ:
            t, aged = _time(record.get("bt"), now)
            current = SampleSet(codec.read_seq(record.get("v")), t, aged, [], [], [])
            sets.append(current)
            seen = set()
            continue
        if current is None:
            raise codec.WireError(NO_SEQ, "the pack does not start with a seq record")
        _take(record, name, source, current, seen)
    return sets


def _is_finite(value):
    return value == value and value not in (float("inf"), float("-inf"))


def _time(value, now):
    if not codec.is_number(value) or not -1e11 < value < 1e11:
        raise codec.WireError(
            codec.BAD_TIME, "bt is " + codec.short(value) + ", expected unix seconds or a negative age"
        )
    if value >= codec.RELATIVE_BELOW:
        return value, False
    if value > 0:
        raise codec.WireError(codec.BAD_TIME, "bt is " + codec.short(value) + ", in the future of the sender")
    return now + value, True


def _take(record, name, source, current, seen):
    """Put one record into the current set, or into its refused list with the reason."""
    found = metrics.lookup(name) if isinstance(name, str) else None
    if found is None:
        current.refused.append((codec.short(name), UNKNOWN_NAME))
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
        if isinstance(code, str) and _is_code(code):
            current.faults.append((name[: -len(metrics.FAULT) - 1], code))
        else:
            current.refused.append((name, BAD_FAULT))
        return
    reason, value = _value(row, record)
    if reason:
        current.refused.append((name, reason))
    else:
        current.values.append((name, value))


def _is_code(text):
    """True for a fault code: at most MAX_FAULT_LENGTH ASCII letters and hyphens, not hyphens alone."""
    if len(text) > MAX_FAULT_LENGTH:
        return False
    for c in text:
        # Not isalpha: CPython takes letters of all scripts for such, MicroPython does not.
        if not ("a" <= c <= "z" or "A" <= c <= "Z" or c == "-"):
            return False
    return text.replace("-", "") != ""


def _value(row, record):
    """(None, value) or (reason, None)."""
    kind = row[metrics.TYPE]
    if kind == metrics.BOOL:
        value = record.get("vb")
        return (None, value) if isinstance(value, bool) else (WRONG_TYPE, None)
    value = record.get("v")
    if not codec.is_number(value):
        return WRONG_TYPE, None
    if "u" in record and record["u"] != row[metrics.UNIT]:
        return WRONG_UNIT, None
    if not row[metrics.LOW] <= value <= row[metrics.HIGH]:
        return OUT_OF_RANGE, None
    if kind == metrics.INT and value != int(value):
        return WRONG_TYPE, None
    return None, int(value) if kind == metrics.INT else float(value)


def read_state(payload, loads=json.loads):
    """The dict of a `state` payload, only the keys of STATE_KEYS. Raises codec.WireError."""
    message = codec.read_object(payload, loads)
    state = {}
    for key, kind in STATE_KEYS:
        if key not in message:
            continue
        value = message[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise codec.WireError(codec.BAD_MESSAGE, key + " is " + codec.short(value))
        state[key] = value[:120] if kind is str else value
    if "online" not in state:
        raise codec.WireError(codec.BAD_MESSAGE, "online is missing")
    return state


def read_reply(payload, loads=json.loads):
    """The orders.Reply of a `reply` payload. Raises codec.WireError."""
    message = codec.read_object(payload, loads)
    ok = message.get("ok")
    error = message.get("error", "" if ok else "no reason given")
    result = message.get("result", {})
    if not isinstance(ok, bool) or not isinstance(error, str) or ok == bool(error) or not isinstance(result, dict):
        raise codec.WireError(codec.BAD_MESSAGE, "ok is " + codec.short(ok) + ", error is " + codec.short(error))
    return orders.Reply(orders.read_word(message, "id"), error, result)


def encode_ack(ranges):
    """The payload of `ack`: ranges is an iterable of (first, last) seq, inclusive, that are stored durably."""
    return ('{"stored":[' + ",".join(["[%d,%d]" % (a, b) for a, b in ranges]) + "]}").encode()


def encode_time(t):
    """The payload of _all/time; t: unix seconds."""
    return ('{"t":%d}' % t).encode()


def alive_topic(host):
    """Where a host gives its signs of life, at the broker of a host that watches it. The payload is that of _all/time."""
    return topics.PREFIX + "_hosts/" + host + "/alive"


def alive_host(topic):
    """The name of the host that such a topic is of; None: it is another topic."""
    name = topic[len(topics.PREFIX + "_hosts/") : -len("/alive")]
    return name if topic == alive_topic(name) and "/" not in name else None


# Retained, of the host that serves the boards of a broker; empty when none does. Only hosts read it.
LEASE = topics.PREFIX + "_hosts/serving"


def encode_lease(holder, name):
    """The payload of LEASE. holder: which start of a host; name: of its machine, for people."""
    return json.dumps({"holder": holder, "name": name}).encode()


def read_lease(payload, loads=json.loads):
    """(holder, name) of a LEASE payload; ("", "") when no host serves, or when it cannot be read."""
    try:
        message = codec.read_object(payload, loads)
    except codec.WireError:
        return "", ""
    holder, name = message.get("holder"), message.get("name")
    return (holder, name[:60]) if isinstance(holder, str) and isinstance(name, str) else ("", "")


def encode_config(config):
    """The payload of `config`. Raises codec.WireError when it is too large for a board."""
    payload = json.dumps(config, separators=(",", ":")).encode()
    orders.check_board_size(payload)
    return payload


def encode_command(command):
    """The payload of `command` from a orders.Command."""
    message = {"id": command.id, "do": command.do, "expires": command.expires, "args": command.args}
    return json.dumps(message).encode()
