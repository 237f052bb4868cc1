"""What the running host says to boards by itself and over weeks: a rollout of firmware, new certificates.

Work says what is to be said and when it is over; this hears the boards for it and speaks, over the host's own connection. Of
several works one begins only while no other has a board in hand: each ends in a restart of the board.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from paraat.domain.model import NodeState
from paraat.fleet.updater import Conversation
from paraat_wire import host_codec, orders, topics
from paraat_wire.codec import WireError

TURN_S = 0.5
LOOK_S = 5.0  # how often each work is asked whether there is something to begin


class Talk(Conversation, Protocol):
    """A conversation of which one can see whether a board is in hand."""

    @property
    def idle(self) -> bool:
        """Nothing runs, and nobody who is here waits for his turn."""
        ...


class Work(Protocol):
    """Something that takes its time. problem: what keeps it from going on, for /healthz; "" when nothing does."""

    @property
    def name(self) -> str:
        """As /healthz calls it."""
        ...

    @property
    def problem(self) -> str:
        """See above."""
        ...

    def begin(self, now: float) -> Talk | None:
        """What is to be said now, if anything."""
        ...

    def step(self, talk: Any, now: float) -> bool:
        """Take note of how it stands. Whether it is over."""
        ...


class Hosted:
    """publish: (topic, payload) -> whether there is a connection. state_of: what a board told last, None when nothing."""

    def __init__(
        self,
        works: Sequence[Work],
        publish: Callable[[str, bytes], bool],
        now: Callable[[], float],
        state_of: Callable[[str], NodeState | None],
    ) -> None:
        self._works = works
        self._publish = publish
        self._now = now
        self._state_of = state_of
        self._talks: dict[str, Talk] = {}  # by the name of the work
        self._looked_at: dict[str, float] = {}
        self._heard: queue.SimpleQueue[tuple[str, orders.Reply | Mapping[str, Any]]] = queue.SimpleQueue()

    def heard(self, topic: str, payload: bytes) -> None:
        """A message on `reply`, in the broker's thread."""
        found = topics.parse(topic)
        if self._talks and found is not None and found[1] == topics.REPLY:
            with contextlib.suppress(WireError):  # not of our making; what we wait for is asked again
                self._heard.put((found[0], host_codec.read_reply(payload)))

    def states(self, states: Iterable[NodeState]) -> None:
        """What boards told, once it is stored."""
        if self._talks:
            for state in states:
                self._heard.put((state.point, told(state)))

    @property
    def problems(self) -> dict[str, str]:
        """By the name of the work what keeps it from going on."""
        return {work.name: work.problem for work in self._works if work.problem}

    def run(self, stop: threading.Event) -> None:
        """Until the service stops."""
        while not stop.is_set():
            self.turn()
            with contextlib.suppress(queue.Empty):
                self._take(*self._heard.get(timeout=TURN_S))
                while True:
                    self._take(*self._heard.get_nowait())

    def turn(self) -> None:
        """Begin what is to be begun, and say what is to be said."""
        for work in self._works:
            now = self._now()
            talk = self._talks.get(work.name) or self._begin(work, now)
            if talk is None:
                continue
            for point, command in talk.commands(now):
                self._publish(topics.topic(point, topics.COMMAND), host_codec.encode_command(command))
            if work.step(talk, now):
                del self._talks[work.name]

    def _begin(self, work: Work, now: float) -> Talk | None:
        looked_at = self._looked_at.get(work.name)
        if looked_at is not None and 0 <= now - looked_at < LOOK_S:
            return None
        self._looked_at[work.name] = now
        if not all(talk.idle for talk in self._talks.values()):
            return None
        talk = work.begin(now)
        if talk is not None:
            self._talks[work.name] = talk  # from here on it is heard
            for point in talk.points:
                if (state := self._state_of(point)) is not None:
                    talk.on_state(point, told(state), now)
        return talk

    def _take(self, point: str, said: orders.Reply | Mapping[str, Any]) -> None:
        for talk in self._talks.values():
            if point not in talk.points:
                continue
            if isinstance(said, orders.Reply):
                talk.on_reply(point, said, self._now())
            else:
                talk.on_state(point, dict(said), self._now())


def told(state: NodeState) -> dict[str, Any]:
    """A board's `state` as it was on the wire."""
    return {key: value for key, value in msgspec.structs.asdict(state).items() if value is not None}
