"""New firmware for many boards: one first, then waves that grow, and a stop by itself at the first that does not come back.

It knows neither a socket nor a clock. A board that is off the network holds nobody up: its turn comes when it returns. What a
board has it keeps, so a rollout that was ended is begun again with the same bundle, and goes on where it was.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from paraat.fleet.updater import Transfer
from paraat.fleet.waves import Waves
from paraat.texts import Phrase
from paraat_wire import orders
from paraat_wire.orders import Command

SETTLE_S = 5.0  # in which the broker tells the states that it keeps

# How a board stands, beside the phases of its transfer.
STANDS = {
    "away": Phrase("off the network; its turn comes when it returns"),
    "queued": Phrase("its turn comes"),
    "newer": Phrase("runs something newer; not without DOWNGRADE=1"),
    "stopped": Phrase("not begun: the rollout has stopped"),
}


class Row(NamedTuple):
    """How one board stands. runs, build: what it told last; stands: a key of STANDS or of updater.PHASES."""

    point: str
    stands: str
    runs: str
    build: int | None
    why: str


class Rollout:
    """The update of many points. data: a bundle of build number `build` and version `version`.

    canary: who is first; without it the first of the points that is on the network. downgrade: an older version is meant.
    """

    def __init__(
        self,
        points: Sequence[str],
        data: bytes,
        build: int,
        version: str,
        *,
        now: float,
        canary: str | None = None,
        downgrade: bool = False,
    ) -> None:
        self._transfers = {point: Transfer(point, data=data, build=build) for point in dict.fromkeys(points)}
        self._states: dict[str, dict[str, Any]] = {}
        self._version = version
        self._build = build
        self._canary = canary
        self._waves = Waves(canary)
        self._downgrade = downgrade
        self._began_at = now
        self._newer: set[str] = set()

    @property
    def stopped_by(self) -> str | None:
        """The point at which it stopped."""
        return self._waves.stopped_by

    @property
    def _wave(self) -> list[str]:
        return self._waves.now

    @property
    def points(self) -> list[str]:
        """All of them, in their order."""
        return list(self._transfers)

    @property
    def transfers(self) -> list[Transfer]:
        """Of all points."""
        return list(self._transfers.values())

    @property
    def ended(self) -> bool:
        """Nothing runs, and nothing more comes unless a board returns."""
        return self.idle and (self.stopped_by is not None or not self._away())

    @property
    def idle(self) -> bool:
        """Nothing runs, and nobody who is here waits for his turn."""
        begun = all(self._transfers[point].ended for point in self._wave)
        return begun and (self.stopped_by is not None or not self._waiting()) and self._has_settled

    _has_settled = False

    def on_state(self, point: str, state: dict[str, Any], now: float) -> None:
        """A `state` of a board, the retained one first."""
        self._states[point] = state
        transfer = self._transfers[point]
        if state.get("online") and not transfer.ended and self._is_newer(state):
            self._newer.add(point)
        elif point in self._wave or state.get("build") == self._build:
            transfer.on_state(state, now)

    def on_reply(self, point: str, reply: orders.Reply, now: float) -> None:
        """An answer of a board."""
        self._transfers[point].on_reply(reply, now)

    def commands(self, now: float) -> Iterator[tuple[str, Command]]:
        """What to say now, and to whom."""
        self._has_settled = self._has_settled or now - self._began_at >= SETTLE_S
        for point in self._wave:
            command = self._transfers[point].next_command(now)
            if command is not None:
                yield point, command
            if self._transfers[point].phase == "failed":
                self._waves.stop(point)
        if self._has_settled and self.stopped_by is None and all(self._transfers[p].ended for p in self._wave):
            self._next_wave()

    def rows(self) -> list[Row]:
        """Who runs what, and how each stands."""
        return [self._row(point) for point in self._transfers]

    def _row(self, point: str) -> Row:
        transfer, state = self._transfers[point], self._states.get(point, {})
        stands, why = transfer.phase, transfer.why
        if stands == "waiting" and point not in self._wave:
            stands = "newer" if point in self._newer else "away" if self._is_away(point) else "queued"
            stands = "stopped" if stands == "queued" and self.stopped_by is not None else stands
        return Row(point, stands, str(state.get("fw", "")), state.get("build"), why)

    def _next_wave(self) -> None:
        first = self._canary
        wanted = first is not None and not self._transfers[first].ended and first not in self._newer
        for point in self._waves.next(self._waiting(), canary_wanted=wanted):
            # From here on it is heard: what it told before it was its turn counts from now.
            self._transfers[point].on_state(self._states[point], self._began_at)

    def _waiting(self) -> list[str]:
        """Who is here, and was not begun yet."""
        left = [point for point, t in self._transfers.items() if not t.ended and point not in self._wave]
        return [point for point in left if self._is_here(point) and point not in self._newer]

    def _away(self) -> list[str]:
        return [p for p, t in self._transfers.items() if not t.ended and p not in self._newer and not self._is_here(p)]

    def _is_here(self, point: str) -> bool:
        return bool(self._states.get(point, {}).get("online"))

    def _is_away(self, point: str) -> bool:
        """The broker has told who is there, and it was not among them."""
        return self._has_settled and not self._is_here(point)

    def _is_newer(self, state: dict[str, Any]) -> bool:
        """It runs a newer version, or a build that it would not go back behind itself. A version that says nothing is not newer."""
        if self._downgrade:
            return False
        theirs, ours = _numbers(state.get("fw")), _numbers(self._version)
        return bool(theirs and ours and theirs > ours) or int(state.get("build") or 0) > self._build


def _numbers(version: object) -> tuple[int, ...]:
    """(0, 1, 0) of "0.1.0"; empty for what is no such number."""
    try:
        return tuple(int(part) for part in str(version).lstrip("v").split("-")[0].split("."))
    except ValueError:
        return ()
