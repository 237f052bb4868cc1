import pytest
from hypothesis import given
from hypothesis import strategies as st

from paraat.domain.stretches import KEPT, Stretches

moments = st.lists(st.integers(0, 2000).map(float), max_size=60)


def found(moments: list[float], gap_s: float = 10.0) -> list[tuple[float, float]]:
    stretches = Stretches(gap_s)
    for t in moments:
        stretches.add(t)
    return list(stretches)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([], []),
        ([5], [(5, 5)]),
        ([0, 10, 20], [(0, 20)]),
        ([0, 10.1], [(0, 0), (10.1, 10.1)]),
        ([0, 20, 10], [(0, 20)]),  # what came between them late joins two
        ([20, 0, 40, 10, 50], [(0, 20), (40, 50)]),
        ([0, 0, 0], [(0, 0)]),
    ],
)
def test_moments_at_most_a_gap_apart_are_one_stretch(seen: list[float], expected: list[tuple[float, float]]) -> None:
    assert found(seen) == expected


@given(moments.flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen + seen[::2]))))
def test_neither_order_nor_repetition_changes_them(both: tuple[list[float], list[float]]) -> None:
    assert found(both[1]) == found(both[0])


@given(moments, st.integers(0, 60), st.integers(0, 60))
def test_what_was_found_before_joins_with_what_is_read_again(seen: list[float], cut: int, back: int) -> None:
    """As at a start: the stretches were kept at some moment, and the last sets are read once more."""
    again = Stretches(10.0)
    again.add_all(found(seen[:cut]))
    for t in seen[max(0, cut - back) :]:
        again.add(t)
    assert list(again) == found(seen)


def test_only_the_newest_are_kept() -> None:
    assert found([100.0 * n for n in range(100)]) == [(100.0 * n, 100.0 * n) for n in range(100 - KEPT, 100)]


@given(moments, st.integers(0, 2000))
def test_what_is_dated_later_is_forgotten(seen: list[float], t: int) -> None:
    stretches = Stretches(10.0)
    for moment in seen:
        stretches.add(moment)
    stretches.forget_after(t)
    assert [first for first, _ in stretches] == [first for first, _ in found(seen) if first <= t]
    assert all(last <= t for _, last in stretches)
