"""Whether the host's clock can be believed: the boards are its witnesses. Pure; moments are of a clock that nobody sets.

A host without a battery clock may start hours behind, one whose battery is bad or whose time somebody typed hours ahead. Its boards know
better: they kept their own time, or have it from elsewhere. A set that is dated ahead of our clock says at once that ours is behind. One
that is dated long before may as well have waited somewhere, so it says that ours is ahead only when more of that board come as they
were read: as many seconds behind each other as they are dated apart. What had waited comes in a heap.
"""

from typing import NamedTuple

AHEAD_S = 120.0  # a board's clock may be this far ahead of ours, and what it sends so long on its way
HEARD_S = 900.0  # what a board told longer ago says nothing of now
SEVERAL = 2  # boards that say so at once, and more than agree: then it is our clock that is wrong
# Where nothing keeps our clock right, boards get so long to speak up before they are told a time,
LISTEN_S = 20.0
# and so long when what they say may be old.
LISTEN_LATE_S = 300.0
_PACE_S, _PACE_SLACK_S, _PACE_SLACK = (
    10.0,
    3.0,
    0.1,
)  # over so long sets come as they were read, to so many seconds and such a part


class Doubt(NamedTuple):
    """Why our clock is not believed: so many boards of those that were heard say, in the middle, that it is off by so much.

    behind_s: negative where it is ahead. boards: 0 where none says so, and it made a leap itself.
    """

    boards: int
    heard: int
    behind_s: float


class _Word(NamedTuple):
    ahead_s: float
    seq: int
    at_s: float


class _Late(NamedTuple):
    """A set that is dated long before it came."""

    seq: int
    ahead_s: float
    at_s: float


class Witnesses:
    """What each board's newest set says of our clock. at_s: seconds of a clock that only goes on."""

    def __init__(self) -> None:
        self._words: dict[str, _Word] = {}
        self._late: dict[str, _Late] = {}
        self._turned: tuple[float, float] | None = None  # by how much our own clock was set back, and when
        self._confirmed_at_s: float | None = None
        self._leap_s = 0.0

    def leapt(self, back_s: float) -> None:
        """Our clock says so much less than it must: than at the last run, or a moment ago. Negative: so much more."""
        self._leap_s = back_s

    def note(self, point: str, seq: int, ahead_s: float, at_s: float) -> None:
        """A board that trusts its clock dated a set so much later than we received it. Only its newest one counts."""
        before = self._words.get(point)
        if before is not None and seq <= before.seq and at_s - before.at_s <= HEARD_S:
            return
        if ahead_s >= -AHEAD_S:
            self._words[point] = _Word(ahead_s, seq, at_s)
            self._late.pop(point, None)
            return
        late = self._late.get(point)
        if late is not None and (seq <= late.seq or at_s - late.at_s < _PACE_S) and at_s - late.at_s <= HEARD_S:
            return
        if late is not None and abs(ahead_s - late.ahead_s) <= _PACE_SLACK_S + _PACE_SLACK * (at_s - late.at_s):
            self._words[point] = _Word(ahead_s, seq, at_s)
        self._late[point] = _Late(seq, ahead_s, at_s)

    def turned(self, back_s: float, at_s: float) -> None:
        """Our clock was set back by so much, or forward: boards that had their time from us are off by as much."""
        self._words.clear()
        self._late.clear()
        self._turned = (back_s, at_s)
        self._leap_s = back_s

    def confirm(self, at_s: float) -> None:
        """Somebody says that our clock is right. Boards that are off are told the time from now on."""
        self._words.clear()
        self._late.clear()
        self._leap_s = 0.0
        self._confirmed_at_s = at_s

    def doubt(self, at_s: float, synchronised: bool | None) -> Doubt | None:
        """Why our clock is not believed; None: it is. synchronised: whether something keeps it right, as far as is known.

        One board alone is believed only where nothing keeps our clock right.
        """
        if self._confirmed_at_s is not None and at_s - self._confirmed_at_s <= HEARD_S:
            return None
        words = self._recent(at_s)
        wrong = [word for word in words if abs(word) > AHEAD_S and not self._explained(word, at_s, synchronised)]
        ahead, behind = sorted(one for one in wrong if one > 0), sorted(one for one in wrong if one < 0)
        most = max(ahead, behind, key=len)
        agree = sum(abs(word) <= AHEAD_S for word in words)
        if 2 * agree > len(words) or synchronised:
            self._leap_s = 0.0  # now we know better
        if not wrong and abs(self._leap_s) > AHEAD_S:
            return Doubt(0, len(words), self._leap_s)
        others = agree + len(wrong) - len(most)
        if not most or len(most) <= others or (len(most) < SEVERAL and synchronised):
            return None
        return Doubt(len(most), len(words), most[len(most) // 2])

    def tells_time(self, at_s: float, synchronised: bool | None, *, since_s: float) -> bool:
        """Whether boards may be told our time. since_s: when we began to hear them.

        A wrong one is taken over by every board, and then none is left that knows better.
        """
        if self.doubt(at_s, synchronised) is not None:
            return False
        if synchronised is not False or self._recent(at_s):
            return True
        late = any(at_s - one.at_s <= HEARD_S for one in self._late.values())
        return at_s - since_s >= (LISTEN_LATE_S if late else LISTEN_S)

    def _recent(self, at_s: float) -> list[float]:
        return [word.ahead_s for word in self._words.values() if at_s - word.at_s <= HEARD_S]

    def _explained(self, ahead_s: float, at_s: float, synchronised: bool | None) -> bool:
        """Whether a board is off because it had its time from us, before our clock was set right."""
        if self._turned is None or not synchronised:
            return False
        back_s, since_s = self._turned
        return at_s - since_s <= HEARD_S and ahead_s * back_s > 0 and abs(ahead_s) <= abs(back_s) + AHEAD_S
