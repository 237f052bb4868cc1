"""What one point may cost the host: the names of its sensors, and how far its seq jumps.

A pack can be well-formed and still do lasting harm. Each new sensor name is a series in InfluxDB and a row in memory
for good; one seq near 2**53 would make every later one of that board impossible, because a board goes on beyond the
highest that the host acknowledges, and its successor beyond the one that its `state` tells (journal/peek.py).
"""

from collections.abc import Callable

import msgspec

from paraat.domain.model import NodeState, Refusal, SampleSet
from paraat.intake.decode import Decoded
from paraat_wire import codec, topics

# Reason of the host's own, beside those of decode.py.
TOO_MANY_NAMES = "too-many-names"

MAX_SENSOR_NAMES = 64  # of a point, such as climate/temperature/hall; a board has some ten pins
MAX_SEQ_JUMP = 2**28  # eight years at a set a second, for a host that begins with an empty journal


class Admission:
    """Remembers the sensor names of each point while the service runs. highest: gives the highest stored seq."""

    def __init__(self, highest: Callable[[str], int]) -> None:
        self._highest = highest
        self._names: dict[str, set[str]] = {}

    def check(self, decoded: Decoded, payload: bytes) -> Decoded:
        """`decoded` without what goes beyond a limit, and the refusals for that. payload: of the message."""
        sets: list[SampleSet] = []
        refusals: list[Refusal] = []
        for a_set in decoded.sets:
            if far := self._too_far(a_set.point, a_set.seq):
                refusals.append(_refusal(a_set, payload, codec.BAD_SEQ, "seq", far))
                continue
            surplus = self._surplus(a_set)
            if surplus:
                detail = f"{a_set.point} has {MAX_SENSOR_NAMES} sensor names already"
                refusals.append(_refusal(a_set, payload, TOO_MANY_NAMES, min(surplus), detail, len(surplus)))
                a_set = msgspec.structs.replace(
                    a_set,
                    values={name: value for name, value in a_set.values.items() if name not in surplus},
                    faults={name: code for name, code in a_set.faults.items() if name not in surplus},
                )
            sets.append(a_set)
        state = decoded.state
        if state is not None and (far := self._too_far(state.point, state.next or 0)):
            refusals.append(_refusal(state, payload, codec.BAD_SEQ, "next", far))
            state = msgspec.structs.replace(state, next=None)
        if not refusals:
            return decoded
        return Decoded(sets=sets, state=state, refusals=[*decoded.refusals, *refusals])

    def _too_far(self, point: str, seq: int) -> str:
        """What is wrong with a seq of the point; empty when nothing is."""
        limit = self._highest(point) + MAX_SEQ_JUMP
        return f"{seq} is more than 2**28 above what is stored, expected at most {limit}" if seq > limit else ""

    def _surplus(self, a_set: SampleSet) -> set[str]:
        known = self._names.setdefault(a_set.point, set())
        surplus = set()
        for name in (*a_set.values, *a_set.faults):
            # The plain names are those of the metrics table: they are few, whatever a board sends.
            if name.count("/") < 2 or name in known:
                continue
            if len(known) < MAX_SENSOR_NAMES:
                known.add(name)
            else:
                surplus.add(name)
        return surplus


def _refusal(
    of: SampleSet | NodeState, payload: bytes, reason: str, record: str, detail: str, count: int = 1
) -> Refusal:
    return Refusal(
        topic=topics.topic(of.point, topics.STATE if isinstance(of, NodeState) else of.kind),
        received_at=of.received_at,
        reason=reason,
        detail=detail,
        record=record,
        payload=payload,
        count=count,
    )
