"""The small messages against whatever may come: a value or a WireError with a known reason, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat_wire import codec, host_codec, orders

READERS: dict[str, Callable[[bytes], Any]] = {
    "state": host_codec.read_state,
    "ack": codec.read_ack,
    "time": codec.read_time,
    "config": orders.read_config,
    "command": orders.read_command,
    "reply": host_codec.read_reply,
}
KEYS = ["id", "do", "expires", "args", "ok", "error", "result", "version", "stored", "t", "online", "config_error"]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
MESSAGES = st.dictionaries(st.sampled_from(KEYS), ANY, max_size=8)
WORDS = st.text("abcXYZ019-", min_size=1, max_size=40)
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
TABLES = st.dictionaries(st.text(max_size=10), PLAIN, max_size=5)


@pytest.mark.parametrize("name", READERS)
@given(payload=st.binary(max_size=200) | MESSAGES.map(lambda m: json.dumps(m).encode()))
def test_whatever_comes_is_taken_or_refused_with_a_reason(name: str, payload: bytes) -> None:
    reason = host_codec.REASONS[0]
    try:
        READERS[name](payload)
    except codec.WireError as error:
        reason = error.reason
    assert reason in host_codec.REASONS


@given(WORDS, WORDS, st.integers(codec.RELATIVE_BELOW, 10**11 - 1), TABLES)
def test_a_command_arrives_as_it_was_sent(command_id: str, do: str, expires: int, args: dict[str, Any]) -> None:
    command = orders.Command(command_id, do, expires, args)
    assert orders.read_command(host_codec.encode_command(command)) == command


@given(WORDS, st.text(max_size=100), TABLES)
def test_a_reply_arrives_as_it_was_sent(reply_id: str, error: str, result: dict[str, Any]) -> None:
    reply = orders.Reply(reply_id, error, {} if error else result)
    assert host_codec.read_reply(orders.encode_reply(reply)) == reply
