"""The vectors of the contract, under both interpreters. See wire/paraat_wire/vectors.jsonl: one case a line.

POINT and NOW hold for all of them. A case has "payload" (text), "payload_hex", or "repeat" [open, times, close]; and
what comes out: "sets", "value" or "error" (a word of host_codec.REASONS). "encode" goes the other way.
"""

import json
import sys

from paraat_wire import codec, host_codec, orders

POINT = "nsp-0123"
NOW = 1764000100
MICROPYTHON = sys.implementation.name == "micropython"

READERS = {
    "state": host_codec.read_state,
    "ack": codec.read_ack,
    "time": codec.read_time,
    "config": orders.read_config,
    "command": orders.read_command,
    "reply": host_codec.read_reply,
}


def cases():
    """Yield the cases one by one: the board's heap does not hold them all."""
    path = codec.__file__.rsplit("/", 1)[0] + "/vectors.jsonl"
    with open(path) as f:
        for line in f:
            yield json.loads(line)


def payload_of(case):
    if "payload_hex" in case:
        return bytes.fromhex(case["payload_hex"])
    if "repeat" in case:
        before, times, after = case["repeat"]
        return (before * times + after * times).encode()
    return case["payload"].encode()


def as_json(sets):
    return [
        {
            "seq": s.seq,
            "t": s.t,
            "aged": s.aged,
            "values": [list(v) for v in s.values],
            "faults": [list(v) for v in s.faults],
            "refused": [list(v) for v in s.refused],
        }
        for s in sets
    ]


def no_constant(name):
    raise ValueError(name)


def strict_loads(text):
    """CPython's json takes NaN; JSON, and MicroPython, have none."""
    if MICROPYTHON:
        return json.loads(text)
    return json.loads(text, parse_constant=no_constant)


def same(found, expected):
    """Equal, and of the same types: 1 is not True, and 2 is not 2.0."""
    return found == expected and repr(found) == repr(expected)


def check(loads):
    """Run every case that reads, with this JSON reader. Returns how many there were."""
    count = 0
    for case in cases():
        if "encode" in case:
            continue
        count += 1
        name = case["case"]
        payload = payload_of(case)
        try:
            if "message" in case:
                found = READERS[case["message"]](payload, loads)
                if case["message"] == "ack":
                    found = [list(pair) for pair in found]
                elif isinstance(found, tuple):
                    found = list(found)
            else:
                found = as_json(host_codec.read_pack(POINT, case["leaf"], payload, NOW, loads))
        except codec.WireError as error:
            assert error.reason == case.get("error"), (name, error.reason, error.detail)
            assert error.reason in host_codec.REASONS
            continue
        assert "error" not in case, (name, "was taken")
        expected = case["value"] if "message" in case else case["sets"]
        if isinstance(expected, dict):
            assert found == expected, (name, found)
        elif "message" in case:
            assert same(found, expected), (name, found)
        else:
            assert len(found) == len(expected), (name, found)
            for one, other in zip(found, expected):
                for key in other:
                    assert same(one[key], other[key]), (name, key, one[key])
    return count


def test_every_case_reads_as_it_says():
    assert check(strict_loads) >= 60


def test_every_case_encodes_as_it_says():
    count = 0
    for case in cases():
        if "encode" not in case:
            continue
        count += 1
        sets = [
            codec.encode_set(POINT, s["seq"], s["bt"], codec.encode_records(s["values"], s["faults"]))
            for s in case["encode"]
        ]
        assert host_codec.encode_pack(sets) == case["payload"].encode(), (case["case"], host_codec.encode_pack(sets))
    assert count >= 3


def test_messages_survive_the_way_there_and_back():
    assert codec.read_ack(host_codec.encode_ack([(1, 811), (813, 900)])) == [(1, 811), (813, 900)]
    assert codec.read_time(host_codec.encode_time(1764000000)) == 1764000000
    config = {"version": 4, "broker": {"host": "10.0.0.2"}, "sensors": []}
    assert orders.read_config(host_codec.encode_config(config)) == config
    command = orders.Command("7f3a", "calibrate", 1764000060, {"sensor": "a02yyuw", "at": "full"})
    assert orders.read_command(host_codec.encode_command(command)) == command
    for reply in (orders.Reply("7f3a", "", {"reading": 120}), orders.Reply("7f3a", "no such sensor", {})):
        assert host_codec.read_reply(orders.encode_reply(reply)) == reply
    state = {"online": True, "boot": 3, "clock": "rtc", "next": 77}
    assert host_codec.read_state(codec.encode_state(state)) == state


def test_a_configuration_that_no_board_could_take_is_not_sent():
    try:
        host_codec.encode_config({"version": 1, "sensors": ["x" * codec.MAX_BOARD_BYTES]})
    except codec.WireError as error:
        assert error.reason == codec.TOO_LARGE
        return
    raise AssertionError("was encoded")


def test_a_name_that_is_not_in_the_table_is_the_callers_mistake():
    for values, faults in (
        ((("fuel/colour", 1),), ()),
        ((), (("fuel/colour", "crc"),)),
        ((("fuel/level/fault", 1),), ()),
    ):
        try:
            codec.encode_records(values, faults)
        except KeyError:
            continue
        raise AssertionError((values, faults))
