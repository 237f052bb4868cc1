"""The merged ranges against a plain set of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from paraat.journal.ranges import Ranges, count, merge, without

numbers = st.lists(st.integers(1, 60))


def as_set(pairs: list[tuple[int, int]]) -> set[int]:
    return {n for first, last in pairs for n in range(first, last + 1)}


@given(numbers)
def test_ranges_hold_what_a_set_holds_in_any_order(seqs: list[int]) -> None:
    ranges = Ranges()
    model: set[int] = set()
    for seq in seqs:
        assert ranges.add(seq) == (seq not in model)
        model.add(seq)
    assert as_set(ranges.pairs()) == model
    assert ranges.pairs() == merge(seqs)
    assert ranges.count == len(model)
    assert ranges.highest == max(model, default=0)
    assert ranges.missing == ranges.highest - len(model)
    assert all(b[0] > a[1] + 1 for a, b in zip(ranges.pairs(), ranges.pairs()[1:], strict=False))
    assert {n for n in range(1, 61) if n in ranges} == model


@given(numbers, numbers)
def test_what_changed_since_the_fork_turns_the_old_rows_into_the_new(before: list[int], after: list[int]) -> None:
    old = Ranges()
    for seq in before:
        old.add(seq)
    rows = dict(old.pairs())
    fork = old.fork()
    for seq in after:
        fork.add(seq)
    for first in fork.gone:
        rows.pop(first, None)  # it may have come and gone in between
    for first in fork.changed:
        rows[first] = fork.last_of(first)
    assert sorted(rows.items()) == fork.pairs()
    assert as_set(old.pairs()) == set(before), "the original is untouched"


def test_large_numbers_cost_nothing() -> None:
    ranges = Ranges()
    ranges.add(2**53 - 1)
    ranges.add(1)
    assert ranges.pairs() == [(1, 1), (2**53 - 1, 2**53 - 1)]
    assert ranges.missing == 2**53 - 3


@given(st.sets(st.integers(1, 60)), st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), max_size=4))
def test_gaps_without_what_is_accepted(there: set[int], accepted: list[tuple[int, int]]) -> None:
    ranges = Ranges(merge(there))
    gone = [(first, first + more) for first, more in accepted]
    gaps = set(range(1, ranges.highest + 1)) - there
    assert as_set(ranges.gaps()) == gaps
    left = without(ranges.gaps(), gone)
    assert as_set(left) == gaps - as_set(gone)
    assert left == sorted(left)
    assert count(left) == len(gaps - as_set(gone))
