"""Messages to readings: hostile input is counted and never raises, dates are checked."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.model import NodeState
from paraat.intake.decode import MAX_AHEAD_S, NOT_BEFORE, Decoded, decode, loads
from paraat.journal import Journal
from paraat_wire import codec, host_codec, metrics, topics

NOW = 1764000100.0
POINTS = {"nsp-0101", "nsp-0102"}
TELEMETRY = "paraat/v1/nsp-0101/telemetry"
STATE = "paraat/v1/nsp-0101/state"
WORDS = {*host_codec.REASONS, "unknown-point", "unknown-topic", "retained"}


def take(topic: str, payload: bytes, *, retained: bool = False) -> Decoded:
    return decode(topic, payload, received_at=NOW, retained=retained, points=POINTS)


def a_pack(bt: object = 1764000000, seq: object = 7, *records: dict[str, object]) -> bytes:
    head = {"bn": "nsp-0101/", "bt": bt, "n": "seq", "v": seq}
    return json.dumps([head, *records]).encode()


LEVEL: dict[str, object] = {"n": "fuel/level", "u": "%", "v": 61.2}


def reasons(decoded: Decoded) -> list[str]:
    return [refusal.reason for refusal in decoded.refusals]


def case_name(case: dict[str, Any]) -> str:
    return str(case["case"])


def test_a_good_pack() -> None:
    decoded = take(TELEMETRY, a_pack(1764000000, 7, LEVEL, {"n": "power/mains", "vb": False}))
    (a_set,) = decoded.sets
    assert (a_set.point, a_set.kind, a_set.seq, a_set.t) == ("nsp-0101", "telemetry", 7, 1764000000)
    assert a_set.values == {"fuel/level": 61.2, "power/mains": False}
    assert (a_set.received_at, a_set.dated_by_host) == (NOW, False)
    assert (decoded.refusals, decoded.state) == ([], None)


def test_an_event_is_an_event() -> None:
    payload = a_pack(1764000000, 8, {"n": "button/help", "vb": True})
    assert take("paraat/v1/nsp-0101/event", payload).sets[0].kind == "event"


def test_zero_is_a_reading_and_missing_is_absent() -> None:
    zero = take(TELEMETRY, a_pack(1764000000, 7, {"n": "fuel/level", "v": 0})).sets[0]
    nothing = take(TELEMETRY, a_pack()).sets[0]
    assert zero.values == {"fuel/level": 0.0}
    assert isinstance(zero.values["fuel/level"], float)
    assert nothing.values == {}


def test_a_set_without_a_clock_is_dated_by_its_age() -> None:
    (a_set,) = take(TELEMETRY, a_pack(-30, 7, LEVEL)).sets
    assert (a_set.t, a_set.dated_by_host) == (NOW - 30, True)


@pytest.mark.parametrize(
    ("bt", "kept"),
    [
        (NOW + MAX_AHEAD_S, True),
        (NOW + MAX_AHEAD_S + 1, False),
        (NOT_BEFORE, True),
        (NOT_BEFORE - 1, False),
        (946684800 + 3600, False),  # a clock that was never set
        (-1e10, False),  # an age of 300 years
    ],
)
def test_a_date_that_cannot_be_is_replaced_and_counted(bt: float, kept: bool) -> None:
    decoded = take(TELEMETRY, a_pack(bt, 7, LEVEL))
    (a_set,) = decoded.sets
    assert a_set.values == {"fuel/level": 61.2}, "the readings stay"
    if kept:
        assert (a_set.t, a_set.dated_by_host, decoded.refusals) == (bt, False, [])
        return
    assert (a_set.t, a_set.dated_by_host) == (NOW, True)
    assert [(r.reason, r.record) for r in decoded.refusals] == [("bad-time", "bt")]


def test_a_bad_record_leaves_its_neighbours_in_peace() -> None:
    payload = a_pack(1764000000, 7, LEVEL, {"n": "battery/voltage", "v": "12"}, {"n": "what/ever", "v": 1})
    decoded = take(TELEMETRY, payload)
    assert decoded.sets[0].values == {"fuel/level": 61.2}
    assert [(r.reason, r.record, r.count) for r in decoded.refusals] == [
        ("wrong-type", "battery/voltage", 1),
        ("unknown-name", "what/ever", 1),
    ]
    for refusal in decoded.refusals:
        assert (refusal.topic, refusal.received_at, refusal.payload) == (TELEMETRY, NOW, payload), (
            "whole, to be looked at"
        )


def test_many_bad_records_of_one_payload_are_one_dead_letter_with_their_number() -> None:
    bad = [{"n": f"made/up-{n}", "v": 1} for n in range(1000)]
    (refusal,) = take(TELEMETRY, a_pack(1764000000, 7, *bad)).refusals
    assert (refusal.reason, refusal.record, refusal.count) == ("unknown-name", "made/up-0", 1000)
    assert len(refusal.detail) <= 200
    assert refusal.detail.startswith("made/up-0 made/up-1 made/up-2 ")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("paraat/v1/nsp-9999/telemetry", a_pack(), "unknown-point"),
        ("paraat/v1/nsp-9999/state", b'{"online":true}', "unknown-point"),
        ("paraat/v1/NSP/telemetry", a_pack(), "unknown-topic"),
        ("paraat/v1/nsp-0101/reply", b"{}", "unknown-topic"),
        ("paraat/v1/nsp-0101/ack", b"{}", "unknown-topic"),
        ("something/else", b"", "unknown-topic"),
        ("paraat/v1/nsp-0102/telemetry", a_pack(), "foreign-point"),
        (TELEMETRY, b"", "not-json"),
        (TELEMETRY, b"[", "not-json"),
        (TELEMETRY, b"{}", "not-a-pack"),
        (TELEMETRY, b"\xff\xfe", "not-utf8"),
        (TELEMETRY, b"x" * 1_000_000, "too-large"),
        (TELEMETRY, b"[" * 60_000, "nested"),
        (TELEMETRY, b'[{"bn":"nsp-0101/","n":"seq","v":1e999}]', "not-finite"),
        (TELEMETRY, b'[{"bn":"nsp-0101/","bt":NaN,"n":"seq","v":1}]', "not-json"),
        (TELEMETRY, b'[{"bn":"nsp-0101/","bt":-Infinity,"n":"seq","v":1}]', "not-json"),
        (TELEMETRY, b'[{"bn":"\\ud800"}]', "not-json"),
        (TELEMETRY, a_pack(seq=0), "bad-seq"),
        (TELEMETRY, a_pack(seq=10**40), "bad-seq"),
        (TELEMETRY, a_pack(bt=10**40), "bad-time"),
        (STATE, b"[]", "bad-message"),
        (STATE, b'{"online":1}', "bad-message"),
        (STATE, b"", "not-json"),
        (STATE, b'{"online":true,"boot":%d}' % 10**40, "bad-message"),
        (STATE, b'{"online":true,"boot":-1}', "bad-message"),
    ],
)
def test_what_cannot_be_taken_is_named(topic: str, payload: bytes, reason: str) -> None:
    decoded = take(topic, payload)
    assert reasons(decoded) == [reason]
    assert (decoded.sets, decoded.state) == ([], None)
    assert decoded.refusals[0].payload == payload


def test_a_retained_reading_is_refused_and_a_retained_state_is_not() -> None:
    assert reasons(take(TELEMETRY, a_pack(), retained=True)) == ["retained"]
    state = take(STATE, b'{"online":true}', retained=True).state
    assert state is not None
    assert state.retained


def test_every_key_of_a_state_has_its_place() -> None:
    keys = {key: kind() for key, kind in host_codec.STATE_KEYS} | {"online": True}
    decoded = take(STATE, codec.encode_state(keys))
    assert decoded.refusals == []
    assert decoded.state is not None


def test_a_state() -> None:
    payload = codec.encode_state(
        {"online": True, "boot": 3, "reset": "power-on", "fw": "0.1.0", "config": 1, "next": 813}
    )
    assert take(STATE, payload).state == NodeState(
        point="nsp-0101",
        received_at=NOW,
        retained=False,
        online=True,
        boot=3,
        reset="power-on",
        fw="0.1.0",
        config=1,
        next=813,
    )


# --- the vectors of the wire, through this reader and this decoder ----------------------------

VECTORS = [json.loads(line) for line in Path(codec.__file__).with_name("vectors.jsonl").read_text("utf-8").splitlines()]
VECTOR_NOW = 1764000100.0


def payload_of(case: dict[str, Any]) -> bytes:
    if "payload_hex" in case:
        return bytes.fromhex(case["payload_hex"])
    if "repeat" in case:
        before, times, after = case["repeat"]
        return (before * times + after * times).encode()
    return str(case["payload"]).encode()


def vector(case: dict[str, Any]) -> Decoded:
    leaf = case.get("leaf", case.get("message"))
    topic = topics.topic("nsp-0123", leaf)
    return decode(topic, payload_of(case), received_at=VECTOR_NOW, retained=False, points={"nsp-0123"})


@pytest.mark.parametrize("case", [case for case in VECTORS if "leaf" in case and "encode" not in case], ids=case_name)
def test_a_vector_gives_what_it_says(case: dict[str, Any]) -> None:
    decoded = vector(case)
    if "error" in case:
        assert reasons(decoded) == [case["error"]]
        assert decoded.sets == []
        return
    refused = [tuple(pair) for one in case["sets"] for pair in one.get("refused", ())]
    counted = Counter({r.reason: r.count for r in decoded.refusals if r.record != "bt"})
    assert counted == Counter(reason for _, reason in refused)
    assert len(decoded.sets) == len(case["sets"])
    for found, expected in zip(decoded.sets, case["sets"], strict=True):
        assert (found.seq, found.kind) == (expected["seq"], case["leaf"])
        if "values" in expected:
            pairs = [list(pair) for pair in found.values.items()]
            assert repr(pairs) == repr(expected["values"]), "types count: 1, 1.0 and true differ"
        if "faults" in expected:
            assert [list(pair) for pair in found.faults.items()] == expected["faults"]
        if "t" in expected and NOT_BEFORE <= expected["t"] <= VECTOR_NOW + MAX_AHEAD_S:
            assert found.t == expected["t"]
            assert found.dated_by_host == expected["aged"]


@pytest.mark.parametrize("case", [case for case in VECTORS if case.get("message") == "state"], ids=case_name)
def test_a_state_vector_gives_what_it_says(case: dict[str, Any]) -> None:
    decoded = vector(case)
    if "error" in case:
        assert reasons(decoded) == [case["error"]]
        return
    assert decoded.state is not None
    found = msgspec.structs.asdict(decoded.state)
    assert {key: found[key] for key in case["value"]} == case["value"]


# --- hostile input ---------------------------------------------------------------------------

names = st.sampled_from([row[metrics.NAME] for row in metrics.ROWS]) | st.text(max_size=30)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.text(max_size=20)
)
record = st.dictionaries(
    st.sampled_from(["bn", "bt", "n", "u", "v", "vb", "vs", "t", "s", "vd"]),
    scalars | names | st.just("nsp-0101/") | st.just("seq") | st.lists(scalars, max_size=2),
)
heads = st.fixed_dictionaries(
    {
        "bn": st.just("nsp-0101/"),
        "bt": scalars | st.just(1764000000),
        "n": st.just("seq"),
        "v": scalars | st.integers(1, 100),
    }
)
packs = st.lists(heads | record, max_size=6).map(lambda pack: json.dumps(pack).encode())
states = st.dictionaries(st.sampled_from([key for key, _ in host_codec.STATE_KEYS]) | st.text(max_size=5), scalars).map(
    lambda state: json.dumps(state).encode()
)
any_topic = st.builds(topics.topic, st.sampled_from(sorted(POINTS)), st.sampled_from(topics.FROM_BOARD)) | st.text()


@given(any_topic, st.binary(max_size=200) | packs | states, st.booleans())
def test_nothing_that_arrives_raises_and_all_of_it_is_accounted_for(topic: str, payload: bytes, retained: bool) -> None:
    decoded = take(topic, payload, retained=retained)
    assert decoded.sets or decoded.state or decoded.refusals, "it left no trace"
    for refusal in decoded.refusals:
        assert refusal.reason in WORDS
        assert refusal.count >= 1
    for a_set in decoded.sets:
        assert 1 <= a_set.seq <= codec.MAX_SEQ
        assert NOT_BEFORE <= a_set.t <= NOW + MAX_AHEAD_S
        for name, value in a_set.values.items():
            found = metrics.lookup(name)
            assert found is not None
            assert math.isfinite(value)
            expected = {metrics.FLOAT: float, metrics.INT: int, metrics.BOOL: bool}
            assert type(value) is expected[found[0][metrics.TYPE]]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    """One for all that is drawn: to make one takes longer than to store."""
    journal = Journal(tmp_path_factory.mktemp("hostile") / "journal.sqlite")
    yield journal
    journal.close()


@given(payloads=st.lists(st.tuples(any_topic, packs | states | st.binary(max_size=99)), max_size=5))
def test_whatever_was_decoded_can_be_stored(journal: Journal, payloads: list[tuple[str, bytes]]) -> None:
    for topic, payload in payloads:
        found = take(topic, payload)
        stored = journal.store(found.sets, [found.state] if found.state else [], found.refusals)
        reasons = [refusal.reason for refusal in (*found.refusals, *stored.conflicts)]
        kept = journal.dead_letters(len(reasons)) if reasons else []
        assert sorted(letter.reason for letter in kept) == sorted(reasons)


def no_constant(word: str) -> None:
    raise ValueError(word)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_fast_reader_agrees_with_the_one_of_python(value: object) -> None:
    text = json.dumps(value)
    try:
        expected = json.loads(text, parse_constant=no_constant)
    except ValueError:
        with pytest.raises(ValueError, match="malformed"):
            loads(text)
        return
    try:
        found = loads(text)
    except msgspec.DecodeError:
        assert "\\ud" in text, "only a lone surrogate is refused"
        return
    assert found == expected
