"""Which sets of a point were taken in, in little memory: a set that comes again must not count twice."""

from bisect import bisect_right

RANGES_MAX = 64  # a backlog that comes newest first leaves two; each set that was lost on the way one more


class Seen:
    """Sequence numbers as sorted ranges. Beyond RANGES_MAX of them the lowest gap counts as seen."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    @property
    def firsts(self) -> list[int]:
        """The first number of each range, lowest first: behind a gap, but for the lowest."""
        return self._firsts

    def add(self, seq: int) -> bool:
        """Take one in; False when it was there already."""
        firsts, lasts = self._firsts, self._lasts
        at = bisect_right(firsts, seq)
        if at and seq <= lasts[at - 1]:
            return False
        if at and lasts[at - 1] == seq - 1:
            lasts[at - 1] = seq
        else:
            firsts.insert(at, seq)
            lasts.insert(at, seq)
            at += 1
        if at < len(firsts) and firsts[at] == seq + 1:
            lasts[at - 1] = lasts.pop(at)
            del firsts[at]
        if len(firsts) > RANGES_MAX:
            del firsts[1], lasts[0]
        return True
