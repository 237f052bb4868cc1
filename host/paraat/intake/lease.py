"""Which of several hosts serves the boards of a broker: one, and the others know it. Pure; at_s is of a clock that only goes on.

The lease is a retained message of the host that serves, said again every BEAT_S; the broker itself takes it back (as that
connection's will) when it loses that host. Whoever hears another's lease does not serve.
"""

from typing import NamedTuple

BEAT_S = 5.0
EXPIRES_S = 3 * BEAT_S  # a lease that was not said again for so long is that of a host that is gone, broker and all
SETTLES_S = 2 * BEAT_S  # so long a lease is left to a host that lost it for a moment
# Somebody else connects with our client id and knows no lease: the broker throws off the one for the other, again and again.
TAKEOVERS, WITHIN_S = 2, 60.0
ALONE_AFTER_S = 300.0


class Holder(NamedTuple):
    """Another host that serves, by its name, and when it was heard last."""

    name: str
    heard_s: float


class Lease:
    """me: who we are, anew at each start. spare: we serve only when nobody else does, and leave them the time to say so."""

    def __init__(self, me: str, *, spare: bool = False) -> None:
        self.me = me
        self._spare = spare
        self._other: Holder | None = None
        self._looked = False
        self._serving = False
        self._free_s = float("-inf")
        self._broker_gone_s = float("-inf")
        self._taken_s: list[float] = []

    def look(self) -> None:
        """We lost the broker: what we knew of the others may be old."""
        self._looked = False

    def looked(self, at_s: float) -> None:
        """The broker has told us everything that it keeps."""
        if not self._looked and not self._serving and (self._spare or self._other is not None):
            self._free_s = at_s + EXPIRES_S
        self._looked = True

    def kept(self, holder: str, name: str, at_s: float) -> None:
        """A lease that the broker kept. One that was killed may have kept that of somebody who is long gone: who serves goes on."""
        if not self._serving:
            self.heard(holder, name, at_s)

    def heard(self, holder: str, name: str, at_s: float) -> bool:
        """A lease, or ("" as holder) that there is none. Returns whether we must say ours again."""
        if holder and holder != self.me:
            self._other = Holder(name, at_s)
            self._serving = False
            return False
        if not holder and self._other is not None:
            self._free_s = at_s + SETTLES_S
        self._other = None
        return not holder and self._serving

    def other(self, at_s: float) -> str | None:
        """The name of the host that serves in our place; None: nobody that we know of."""
        other = self._other
        return other.name if other is not None and at_s - other.heard_s <= EXPIRES_S else None

    def serves(self, at_s: float) -> bool:
        """Whether we serve. Once we do, only another's lease ends it."""
        if self.other(at_s) is not None or (not self._serving and (not self._looked or at_s < self._free_s)):
            return False
        self._serving = True
        return True

    def thrown_off(self, at_s: float) -> None:
        """The broker ended our connection, and not the one beside it, or a moment ago: then it was gone itself."""
        if at_s - self._broker_gone_s <= BEAT_S:
            return
        self._taken_s = [t for t in self._taken_s if at_s - t <= ALONE_AFTER_S] + [at_s]

    def broker_gone(self, at_s: float) -> None:
        """It ended the one beside it as well: nobody took our place."""
        self._broker_gone_s = at_s
        self._taken_s = [t for t in self._taken_s if at_s - t > BEAT_S]

    def takeovers(self, at_s: float) -> int:
        """How often of late somebody who knows no lease took our place; 0: we are alone."""
        recent = [t for t in self._taken_s if at_s - t <= ALONE_AFTER_S]
        close = any(b - a <= WITHIN_S for a, b in zip(recent, recent[TAKEOVERS - 1 :], strict=False))
        return len(recent) if close else 0
