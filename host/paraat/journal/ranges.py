"""Which sequence numbers of a point are stored, as merged ranges. Pure."""

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]  # first and last, both inclusive


class Ranges:
    """Sorted ranges that neither touch nor overlap, and what changed in them since they were
    forked.

    `changed` holds the first numbers of ranges that are new or longer, `gone` those that are no
    range's first any more.
    """

    __slots__ = ("_firsts", "_lasts", "changed", "count", "gone")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        """ranges: sorted and merged already."""
        pairs = list(ranges)
        self._firsts = [first for first, _ in pairs]
        self._lasts = [last for _, last in pairs]
        self.count = sum(last - first + 1 for first, last in pairs)
        self.changed: set[int] = set()
        self.gone: set[int] = set()

    def fork(self) -> "Ranges":
        """A copy to work on, with nothing changed yet: it takes the original's place once the disk
        has it.
        """
        copy = Ranges.__new__(Ranges)
        copy._firsts = self._firsts.copy()
        copy._lasts = self._lasts.copy()
        copy.count = self.count
        copy.changed = set()
        copy.gone = set()
        return copy

    def __contains__(self, seq: int) -> bool:
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]

    def add(self, seq: int) -> bool:
        """Take one number in; False when it was there already."""
        firsts, lasts = self._firsts, self._lasts
        at = bisect_right(firsts, seq)  # the range that could follow
        if at and seq <= lasts[at - 1]:
            return False
        self.count += 1
        joins_before = at > 0 and lasts[at - 1] == seq - 1
        joins_after = at < len(firsts) and firsts[at] == seq + 1
        if joins_after:
            self._drop(firsts[at])
        if joins_before:
            lasts[at - 1] = lasts[at] if joins_after else seq
            if joins_after:
                del firsts[at], lasts[at]
            self.changed.add(firsts[at - 1])
            return True
        if joins_after:
            firsts[at] = seq
        else:
            firsts.insert(at, seq)
            lasts.insert(at, seq)
        self.changed.add(seq)
        return True

    def _drop(self, first: int) -> None:
        self.changed.discard(first)
        self.gone.add(first)

    def last_of(self, first: int) -> int:
        """The end of the range that starts at `first`."""
        return self._lasts[bisect_right(self._firsts, first) - 1]

    @property
    def highest(self) -> int:
        """The highest number, 0 when there is none."""
        return self._lasts[-1] if self._lasts else 0

    @property
    def missing(self) -> int:
        """How many numbers from 1 to the highest are not there."""
        return self.highest - self.count

    def gaps(self) -> list[Range]:
        """What is not there from 1 to the highest, lowest first."""
        ends = [0, *self._lasts[:-1]]
        return [(end + 1, first - 1) for end, first in zip(ends, self._firsts, strict=False) if end + 1 < first]

    def pairs(self) -> list[Range]:
        """The ranges, lowest first."""
        return list(zip(self._firsts, self._lasts, strict=True))


def merge(seqs: Iterable[int]) -> list[Range]:
    """Numbers in any order, with repeats, as merged ranges."""
    merged: list[Range] = []
    for seq in sorted(seqs):
        if merged and seq <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], seq)
        else:
            merged.append((seq, seq))
    return merged


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> list[Range]:
    """What of sorted ranges is in none of `taken`, which come in any order and may overlap."""
    left = list(ranges)
    for low, high in taken:
        parts = ([(first, min(last, low - 1)), (max(first, high + 1), last)] for first, last in left)
        left = [(first, last) for pair in parts for first, last in dict.fromkeys(pair) if first <= last]
    return left


def count(ranges: Iterable[Range]) -> int:
    """How many numbers are in ranges that do not overlap."""
    return sum(last - first + 1 for first, last in ranges)
