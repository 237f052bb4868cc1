"""What one point may cost the host."""

import msgspec

from paraat.domain.model import NodeState, SampleSet
from paraat.intake.admission import MAX_SENSOR_NAMES, MAX_SEQ_JUMP, TOO_MANY_NAMES, Admission
from paraat.intake.decode import Decoded

T0 = 1764000000.0


def a_set(seq: int = 1, point: str = "nsp-0101", **values: float) -> SampleSet:
    named = {name.replace("__", "/"): value for name, value in values.items()}
    return SampleSet(
        point=point, kind="telemetry", seq=seq, t=T0, received_at=T0, values=named, faults={}, dated_by_host=False
    )


def with_names(first: int, last: int, seq: int = 1, point: str = "nsp-0101") -> SampleSet:
    return a_set(seq, point, **{f"climate__temperature__n{n}": 20.0 for n in range(first, last)})


def test_an_ordinary_set_passes_as_it_is() -> None:
    decoded = Decoded(sets=[a_set(fuel__level=50.0, climate__temperature__hall=20.0)])
    assert Admission(lambda point: 0).check(decoded, b"") is decoded


def test_sensor_names_are_bounded_for_each_point() -> None:
    admission = Admission(lambda point: 0)
    full = Decoded(sets=[with_names(0, MAX_SENSOR_NAMES)])
    assert admission.check(full, b"") is full
    over = admission.check(Decoded(sets=[with_names(MAX_SENSOR_NAMES - 1, MAX_SENSOR_NAMES + 3, 2)]), b"[...]")
    (kept,) = over.sets
    assert list(kept.values) == [f"climate/temperature/n{MAX_SENSOR_NAMES - 1}"], "known names go on"
    (refusal,) = over.refusals
    assert (refusal.reason, refusal.count, refusal.payload) == (TOO_MANY_NAMES, 3, b"[...]")
    assert (refusal.topic, refusal.received_at) == ("paraat/v1/nsp-0101/telemetry", T0)
    assert refusal.detail == f"nsp-0101 has {MAX_SENSOR_NAMES} sensor names already"
    other = Decoded(sets=[with_names(MAX_SENSOR_NAMES, MAX_SENSOR_NAMES + 5, point="nsp-0102")])
    assert admission.check(other, b"") is other, "each point has its own"


def test_a_fault_counts_as_a_name() -> None:
    admission = Admission(lambda point: 0)
    admission.check(Decoded(sets=[with_names(0, MAX_SENSOR_NAMES)]), b"")
    faulty = SampleSet(
        point="nsp-0101",
        kind="telemetry",
        seq=2,
        t=T0,
        received_at=T0,
        values={},
        faults={"climate/temperature/new": "no-answer"},
        dated_by_host=False,
    )
    checked = admission.check(Decoded(sets=[faulty]), b"")
    assert checked.sets[0].faults == {}
    assert checked.refusals[0].record == "climate/temperature/new"


HIGHEST = {"nsp-0101": 1000, "nsp-0102": 0}  # what is stored


def test_a_seq_far_above_what_is_stored_is_refused_and_its_neighbours_are_not() -> None:
    admission = Admission(HIGHEST.__getitem__)
    at_limit, beyond = a_set(1000 + MAX_SEQ_JUMP), a_set(1001 + MAX_SEQ_JUMP)
    checked = admission.check(Decoded(sets=[a_set(1001), beyond, at_limit]), b"[...]")
    assert [one.seq for one in checked.sets] == [1001, at_limit.seq]
    (refusal,) = checked.refusals
    assert (refusal.reason, refusal.record, refusal.count, refusal.payload) == ("bad-seq", "seq", 1, b"[...]")
    assert "expected at most" in refusal.detail
    other = admission.check(Decoded(sets=[a_set(1001 + MAX_SEQ_JUMP, "nsp-0102")]), b"")
    assert other.sets == [], "each point by what is stored of it"


def test_a_state_that_tells_of_a_seq_far_away_is_kept_without_it() -> None:
    """A stolen board could make every set of its successor impossible."""
    admission = Admission(HIGHEST.__getitem__)
    state = NodeState(point="nsp-0101", received_at=T0, retained=False, online=True, next=1000 + MAX_SEQ_JUMP)
    fine = Decoded(state=state)
    assert admission.check(fine, b"") is fine
    beyond = msgspec.structs.replace(state, next=1001 + MAX_SEQ_JUMP)
    checked = admission.check(Decoded(state=beyond), b"{}")
    assert checked.state == msgspec.structs.replace(state, next=None)
    (refusal,) = checked.refusals
    assert (refusal.topic, refusal.reason, refusal.record) == ("paraat/v1/nsp-0101/state", "bad-seq", "next")
    assert (refusal.payload, refusal.count, refusal.received_at) == (b"{}", 1, T0)
    other = msgspec.structs.replace(state, point="nsp-0102")
    assert admission.check(Decoded(state=other), b"").refusals, "each point by what is stored of it"
