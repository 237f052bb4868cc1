"""Payload bytes to readings: what arrives becomes sets, a state or refusals; nothing raises."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from paraat.domain.model import NodeState, Refusal, SampleSet
from paraat.domain.witnesses import AHEAD_S
from paraat_wire import codec, host_codec, topics

# Reasons of the host's own, beside those of paraat_wire.host_codec.REASONS.
UNKNOWN_POINT = "unknown-point"
UNKNOWN_TOPIC = "unknown-topic"
RETAINED = "retained"

MAX_AHEAD_S = AHEAD_S  # a board's clock may be this far ahead of ours
NOT_BEFORE = 1735689600.0  # 2025-01-01: no board existed, so its clock was never set
NOT_AFTER = 3092601600.0  # 2068: a board's own calendar ends there, and a clock that says more is broken
_MAX_DETAIL = 200

_decoder = msgspec.json.Decoder()


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """What one MQTT message held."""

    sets: list[SampleSet] = []
    state: NodeState | None = None
    refusals: list[Refusal] = []


def loads(text: str) -> Any:
    """A JSON reader for the codec. Raises ValueError; WireError "not-finite" for 1e999."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:  # of an untyped reader: "Number out of range"
        raise codec.WireError(host_codec.NOT_FINITE, "a number beyond the range of a double") from error


def decode(
    topic: str,
    payload: bytes,
    *,
    received_at: float,
    retained: bool,
    points: Collection[str],
    ahead_s: float = MAX_AHEAD_S,
) -> Decoded:
    """Read one message. Never raises on what it finds: what cannot be taken is in `refusals`, with
    the reason.

    received_at: unix seconds; it dates sets that carry only an age. retained: the broker replayed
    the message. points: the ids of the points of this site. ahead_s: how far a board's clock may be ahead of ours. A set that
    is dated later than that, or before 2025, is kept, dated at its arrival, and named in a refusal "bad-time" of "bt".
    """
    parsed = topics.parse(topic)
    if parsed is None:
        return _refused(topic, payload, received_at, UNKNOWN_TOPIC, "expected paraat/v1/<point>/<leaf>")
    point, leaf = parsed
    if leaf not in (topics.TELEMETRY, topics.EVENT, topics.STATE):
        return _refused(topic, payload, received_at, UNKNOWN_TOPIC, "not a topic the host reads")
    if point not in points:
        return _refused(topic, payload, received_at, UNKNOWN_POINT, f"no points/*.toml has the id {point}")
    try:
        if leaf == topics.STATE:
            return Decoded(state=_state(point, payload, received_at, retained))
        if retained:
            # A replayed reading would pass for a fresh one each time we subscribe.
            return _refused(
                topic,
                payload,
                received_at,
                RETAINED,
                f"{leaf} is never retained: clear it at the broker",
            )
        raw = host_codec.read_pack(point, leaf, payload, received_at, loads)
    except codec.WireError as error:
        return _refused(topic, payload, received_at, error.reason, error.detail)
    return _readings(point, leaf, payload, received_at, raw, min(received_at + ahead_s, NOT_AFTER))


def _readings(
    point: str, leaf: str, payload: bytes, received_at: float, raw: Iterable[host_codec.SampleSet], latest: float
) -> Decoded:
    """The sets of a pack that could be read, with what was refused in them."""
    sets: list[SampleSet] = []
    bad: dict[str, list[str]] = {}
    for seq, t, dated_by_host, values, faults, refused in raw:
        if not NOT_BEFORE <= t <= latest:
            bad.setdefault(codec.BAD_TIME, []).append("bt")
            t, dated_by_host = received_at, True
        for name, reason in refused:
            bad.setdefault(reason, []).append(name)
        sets.append(
            SampleSet(
                point=point,
                kind=leaf,
                seq=seq,
                t=float(t),
                received_at=received_at,
                values=dict(values),
                faults=dict(faults),
                dated_by_host=dated_by_host,
            )
        )
    return Decoded(sets=sets, refusals=_records(topics.topic(point, leaf), payload, received_at, bad) if bad else [])


def _state(point: str, payload: bytes, received_at: float, retained: bool) -> NodeState:
    fields = host_codec.read_state(payload, loads)
    for key, value in fields.items():
        if isinstance(value, int) and not 0 <= value <= codec.MAX_SEQ:
            raise codec.WireError(codec.BAD_MESSAGE, f"{key} is {str(value)[:40]}, expected 0 to 2**53 - 1")
    return NodeState(point=point, received_at=received_at, retained=retained, **fields)


def _refused(topic: str, payload: bytes, received_at: float, reason: str, detail: str) -> Decoded:
    refusal = Refusal(
        topic=topic,
        received_at=received_at,
        reason=reason,
        detail=detail[:_MAX_DETAIL],
        payload=payload,
    )
    return Decoded(refusals=[refusal])


def _records(topic: str, payload: bytes, received_at: float, bad: dict[str, list[str]]) -> list[Refusal]:
    """One refusal for each reason, so that one payload of bad records cannot flush the dead
    letters.
    """
    return [
        Refusal(
            topic=topic,
            received_at=received_at,
            reason=reason,
            detail=" ".join(dict.fromkeys(names))[:_MAX_DETAIL],
            record=names[0],
            payload=payload,
            count=len(names),
        )
        for reason, names in bad.items()
    ]
