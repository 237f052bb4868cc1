"""Which times of what comes in can be believed: the boards', or ours."""

import threading
from collections.abc import Callable, Sequence

import msgspec

from paraat.domain.model import AGE_UNSURE, Refusal, SampleSet
from paraat.domain.witnesses import AHEAD_S, Doubt, Witnesses
from paraat.intake.decode import Decoded
from paraat.runtime.clock import uptime_s
from paraat_wire import codec, topics


class Dating:
    """Threads share it. synchronised: whether something keeps our clock right; None: not known. uptime_s: a clock that only
    goes on. steady: our clock goes as fast as that one, so that a leap of it is seen.
    """

    def __init__(
        self,
        synchronised: Callable[[], bool | None] = lambda: None,
        uptime_s: Callable[[], float] = uptime_s,
        *,
        steady: bool = False,
    ) -> None:
        self._synchronised = synchronised
        self._uptime_s = uptime_s
        self._lock = threading.Lock()
        self._witnesses = Witnesses()
        self._since_s = uptime_s()
        self._steady = steady
        self._seen: tuple[float, float] | None = None  # what our clock and the other one said, the last time

    @property
    def synchronised(self) -> bool | None:
        """Whether something keeps our clock right; None: not known."""
        return self._synchronised()

    def began(self) -> None:
        """We began to hear boards."""
        with self._lock:
            self._since_s = self._uptime_s()

    def set_back(self, by_s: float) -> None:
        """Our clock was set back."""
        with self._lock:
            self._witnesses.turned(by_s, self._uptime_s())
            self._seen = None

    def ran_later(self, by_s: float) -> None:
        """Our clock says so much less than it did at the last run. Negative: more, by as long as we were away, say."""
        with self._lock:
            self._witnesses.leapt(max(0.0, by_s))

    def look(self, now: float) -> None:
        """See whether our clock, which says `now`, was set forward. Now and then."""
        with self._lock:
            at_s = self._uptime_s()
            self._leaps(now, at_s)
            self._seen = (now, at_s)

    def _leaps(self, now: float, at_s: float) -> None:
        if not self._steady or self._seen is None:
            return
        before, before_s = self._seen
        if (by_s := now - before - (at_s - before_s)) > AHEAD_S:
            self._witnesses.turned(-by_s, at_s)
            self._seen = (now, at_s)

    def confirm(self) -> None:
        """Somebody says that our clock is right."""
        with self._lock:
            self._witnesses.confirm(self._uptime_s())

    def doubt(self) -> Doubt | None:
        """Why our clock is not believed; None: it is."""
        with self._lock:
            return self._witnesses.doubt(self._uptime_s(), self._synchronised())

    def tells_time(self) -> bool:
        """Whether boards may be told our time."""
        with self._lock:
            return self._witnesses.tells_time(self._uptime_s(), self._synchronised(), since_s=self._since_s)

    def dated(self, decoded: Sequence[Decoded], payloads: Sequence[bytes]) -> tuple[list[Decoded], list[SampleSet]]:
        """A batch with the times that can be believed, and the sets that nobody can date now: they are left out of it.

        While our clock is believed, a set that is dated ahead of it gets the time of its arrival, and is named in a refusal.
        While it is not, what boards dated stays as it was sent, and what they left to us to date stays with them.
        """
        with self._lock:
            at_s = self._uptime_s()
            for one in decoded:
                if one.sets:
                    self._leaps(one.sets[0].received_at, at_s)
                for a_set in one.sets:
                    if not a_set.dated_by_host and AGE_UNSURE not in a_set.faults:
                        self._witnesses.note(a_set.point, a_set.seq, a_set.t - a_set.received_at, at_s)
            doubted = self._witnesses.doubt(at_s, self._synchronised()) is not None
        undated = [a_set for one in decoded for a_set in one.sets if doubted and a_set.dated_by_host]
        dated = [
            _without_undated(one) if doubted else _within(one, payload)
            for one, payload in zip(decoded, payloads, strict=True)
        ]
        return dated, undated


def _without_undated(decoded: Decoded) -> Decoded:
    if not any(a_set.dated_by_host for a_set in decoded.sets):
        return decoded
    return msgspec.structs.replace(decoded, sets=[one for one in decoded.sets if not one.dated_by_host])


def _within(decoded: Decoded, payload: bytes) -> Decoded:
    """What is dated ahead of our clock gets the time of its arrival."""
    ahead = [a_set for a_set in decoded.sets if a_set.t > a_set.received_at + AHEAD_S]
    if not ahead:
        return decoded
    sets = [
        msgspec.structs.replace(a_set, t=a_set.received_at, dated_by_host=True) if a_set in ahead else a_set
        for a_set in decoded.sets
    ]
    first = ahead[0]
    refusal = Refusal(
        topic=topics.topic(first.point, first.kind),
        received_at=first.received_at,
        reason=codec.BAD_TIME,
        detail="bt",
        record="bt",
        payload=payload,
        count=len(ahead),
    )
    return msgspec.structs.replace(decoded, sets=sets, refusals=[*decoded.refusals, refusal])
