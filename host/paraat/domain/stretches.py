"""When something was so, from the moments at which it was seen to be so: stretches of time, in little memory.

Two moments at most a gap apart belong to one stretch. So what comes out depends on the moments alone: not on their order, not
on how often each is told, and not on whether some were told as stretches that were found before.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

Stretch = tuple[float, float]  # its first and its last moment, unix seconds

KEPT = 24  # stretches, the newest; older ones are let go


class Stretches:
    """gap_s: what lies farther apart is not one stretch."""

    __slots__ = ("_found", "gap_s")

    def __init__(self, gap_s: float) -> None:
        self.gap_s = gap_s
        self._found: list[Stretch] = []

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def newest(self) -> Stretch | None:
        """The last one; None where there is none."""
        return self._found[-1] if self._found else None

    def add(self, first: float, last: float | None = None) -> None:
        """It was so from `first` to `last`, unix seconds; without `last` at that moment."""
        last = first if last is None else last
        found = self._found
        if found and found[-1][0] <= first and last <= found[-1][1]:
            return
        at = bisect_left(found, first - self.gap_s, key=lambda one: one[1])
        end = at
        while end < len(found) and found[end][0] <= last + self.gap_s:
            first, last = min(first, found[end][0]), max(last, found[end][1])
            end += 1
        found[at:end] = [(first, last)]
        del found[:-KEPT]

    def add_all(self, stretches: Iterable[Stretch]) -> None:
        """Take in what was found before."""
        for first, last in stretches:
            self.add(first, last)

    def forget_after(self, t: float) -> None:
        """Let go of what was after t, unix seconds."""
        self._found = [(first, min(last, t)) for first, last in self._found if first <= t]
