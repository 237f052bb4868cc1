"""Whether the host's clock can be believed: the boards are its witnesses. Pure; moments are of a clock that nobody sets.

A host without a battery clock may start hours behind. Its boards know better: they kept their own time, or have it from elsewhere.
"""

from typing import NamedTuple

AHEAD_S = 120.0  # a board's clock may be this far ahead of ours
HEARD_S = 900.0  # what a board told longer ago says nothing of now
SEVERAL = 2  # boards that are ahead at once, and more than agree: then it is our clock that is wrong
# Where nothing keeps our clock right, boards get so long to speak up before they are told a time.
LISTEN_S = 20.0


class Doubt(NamedTuple):
    """Why our clock is not believed: so many boards of those that were heard are ahead of it, in the middle by so much."""

    ahead: int
    heard: int
    behind_s: float


class _Word(NamedTuple):
    ahead_s: float
    seq: int
    at_s: float


class Witnesses:
    """What each board's newest set says of our clock. at_s: seconds of a clock that only goes on."""

    def __init__(self) -> None:
        self._words: dict[str, _Word] = {}
        self._was_ahead: tuple[float, float] | None = None  # by how much our own clock was set back, and when
        self._confirmed_at_s: float | None = None
        self._ran_later_s = 0.0

    def ran_later(self, by_s: float) -> None:
        """Our clock says so much less than it did before: at the last run, or a moment ago."""
        self._ran_later_s = by_s

    def note(self, point: str, seq: int, ahead_s: float, at_s: float) -> None:
        """A board that trusts its clock dated a set so much later than we received it. Only its newest one counts.

        What is older than the way takes may be from a backlog: it says nothing.
        """
        before = self._words.get(point)
        if ahead_s >= -AHEAD_S and (before is None or seq > before.seq or at_s - before.at_s > HEARD_S):
            self._words[point] = _Word(ahead_s, seq, at_s)

    def set_back(self, by_s: float, at_s: float) -> None:
        """Our clock was set back: boards that had their time from us are ahead by as much."""
        self._words.clear()
        self._was_ahead = (by_s, at_s)

    def confirm(self, at_s: float) -> None:
        """Somebody says that our clock is right. Boards that are ahead are told the time from now on."""
        self._words.clear()
        self._ran_later_s = 0.0
        self._confirmed_at_s = at_s

    def doubt(self, at_s: float, synchronised: bool | None) -> Doubt | None:
        """Why our clock is not believed; None: it is. synchronised: whether something keeps it right, as far as is known.

        One board alone is believed only where nothing keeps our clock right.
        """
        if self._confirmed_at_s is not None and at_s - self._confirmed_at_s <= HEARD_S:
            return None
        words = self._recent(at_s)
        ahead = sorted(word for word in words if word > AHEAD_S and not self._explained(word, at_s, synchronised))
        agree = sum(word <= AHEAD_S for word in words)
        if len(words) > 2 * len(ahead) or synchronised:
            self._ran_later_s = 0.0  # now we know better
        if not ahead and self._ran_later_s > AHEAD_S:
            return Doubt(0, len(words), self._ran_later_s)
        if not ahead or len(ahead) <= agree or (len(ahead) < SEVERAL and synchronised):
            return None
        return Doubt(len(ahead), len(words), ahead[len(ahead) // 2])

    def tells_time(self, at_s: float, synchronised: bool | None, *, since_s: float) -> bool:
        """Whether boards may be told our time. since_s: when we began to hear them.

        A wrong one is taken over by every board, and then none is left that knows better.
        """
        if self.doubt(at_s, synchronised) is not None:
            return False
        return synchronised is not False or at_s - since_s >= LISTEN_S or bool(self._recent(at_s))

    def _recent(self, at_s: float) -> list[float]:
        return [word.ahead_s for word in self._words.values() if at_s - word.at_s <= HEARD_S]

    def _explained(self, ahead_s: float, at_s: float, synchronised: bool | None) -> bool:
        """Whether a board is ahead because it had its time from us, before our clock was set right."""
        if self._was_ahead is None or not synchronised:
            return False
        by_s, since_s = self._was_ahead
        return at_s - since_s <= HEARD_S and ahead_s <= by_s + AHEAD_S
