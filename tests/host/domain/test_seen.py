"""Sequence numbers that were taken in, beside a plain set of them."""

import random

import pytest

from paraat.domain.seen import RANGES_MAX, Seen


@pytest.mark.parametrize("seed", range(20))
def test_it_knows_each_number_that_a_set_would_know(seed: int) -> None:
    chance, seen, known = random.Random(seed), Seen(), set[int]()
    for _ in range(400):
        seq = chance.randrange(60)
        assert seen.add(seq) is (seq not in known)
        known.add(seq)
        assert seen.firsts == sorted(n for n in known if n - 1 not in known)


def test_beyond_its_ranges_the_lowest_gap_is_taken_for_seen() -> None:
    seen = Seen()
    for n in range(RANGES_MAX):
        assert seen.add(10 * n)
    assert len(seen.firsts) == RANGES_MAX
    assert seen.add(10_000)
    assert seen.firsts == [0, *(10 * n for n in range(2, RANGES_MAX)), 10_000]
    assert [seen.add(n) for n in (5, 10, 11, 20)] == [False, False, True, False]
