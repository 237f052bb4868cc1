"""New certificates for boards, over the broker: how the conversation goes, board by board and in waves.

It knows neither a socket nor a clock nor a key: who has the authority issues (Issuer). A board is done when its `state` names
the new certificate: it is connected with it then, and has given up the old one. wire/paraat_wire/renewal.py says what is said.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from paraat.fleet.talk import Talk
from paraat.fleet.waves import Waves
from paraat.texts import Phrase, SpokenError
from paraat.texts.printable import printable
from paraat_wire import orders
from paraat_wire.orders import Command

SETTLE_S = 5.0  # in which the broker tells the states that it keeps
SILENCE_S = 300.0  # without any answer, before we give up
TRIAL_S = 900.0  # from the restart on: three tries, each with the link's and the broker's waits
RETRY_S = 10.0  # after an answer that says: not now
_NOT_NOW = ("a new certificate is on trial already",)

# How far a board is, and how a screen says it.
PHASES = {
    "away": Phrase("off the network; its turn comes when it returns"),
    "queued": Phrase("its turn comes"),
    "asking": Phrase("makes a key"),
    "sending": Phrase("gets its certificate"),
    "trial": Phrase("trial"),
    "done": Phrase("done"),
    "failed": Phrase("failed"),
    "stopped": Phrase("not begun: stopped"),
}


class Issued(NamedTuple):
    """What is sent to a board. serial: of the new certificate."""

    serial: str
    certificate: bytes
    authorities: bytes
    signature: bytes


class Issuer(Protocol):
    """Who has the authority."""

    def issue(self, point: str, asked: Mapping[str, object]) -> Issued:
        """The answer to what a board has asked for, recorded as pending. Raises SpokenError."""
        ...

    def seen(self, point: str, serial: str) -> bool:
        """The board of a point is connected with this certificate. Whether one that was pending counts from now on."""
        ...


class Row(NamedTuple):
    """How one board stands. stands: a key of PHASES."""

    point: str
    stands: str
    why: str


@dataclass
class _One(Talk):
    """The renewal of one board. phase: of PHASES."""

    phase: str = "queued"
    serial: str = ""  # of what it was sent

    @property
    def begun(self) -> bool:
        return self.phase in ("asking", "sending", "trial")


class Renewals:
    """The renewal of the certificates of several boards. points: in their order."""

    def __init__(self, points: Iterable[str], issuer: Issuer, *, now: float) -> None:
        self._boards = {point: _One(point) for point in points}
        self._issuer = issuer
        self._states: dict[str, dict[str, Any]] = {}
        self._waves = Waves()
        self._began_at = now
        self._has_settled = False
        self.changed = 0  # how many certificates have come to count

    @property
    def points(self) -> list[str]:
        """All of them."""
        return list(self._boards)

    @property
    def stopped_by(self) -> str | None:
        """The board at which it stopped."""
        return self._waves.stopped_by

    @property
    def idle(self) -> bool:
        """Nothing runs, and nobody who is here waits for his turn."""
        runs = any(one.begun for one in self._boards.values())
        return self._has_settled and not runs and (self.stopped_by is not None or not self._waiting())

    def on_state(self, point: str, state: dict[str, Any], now: float) -> None:
        """A `state` of a board, the retained one first."""
        self._states[point] = state
        one, serial = self._boards[point], str(state.get("certificate", ""))
        if not state.get("online") or not serial:
            return
        if one.phase in ("asking", "sending"):
            one.heard_at = now  # it may have started anew meanwhile
        counts = self._issuer.seen(point, serial)  # also of a renewal that was broken off on our side
        self.changed += counts
        if counts or serial == one.serial:
            one.phase, one.why, one.command = "done", "", None
        elif one.phase == "trial" and state.get("renewal"):
            one.fail(Phrase("it went back to its old certificate: {why}", why=printable(str(state["renewal"]))))

    def on_reply(self, point: str, reply: orders.Reply, now: float) -> None:
        """An answer of a board, to us or to somebody else."""
        one = self._boards[point]
        if not one.answers(reply, now):
            return
        if reply.error:
            self._refused(one, reply.error, now)
        elif one.phase == "asking":
            try:
                issued = self._issuer.issue(point, reply.result)
            except SpokenError as error:
                one.fail(str(error))
                return
            one.serial, one.phase = issued.serial, "sending"
            args = {key: getattr(issued, key) for key in ("certificate", "authorities", "signature")}
            one.say("certificate", {key: base64.b64encode(value).decode() for key, value in args.items()})
        else:
            one.phase, one.command = "trial", None

    def commands(self, now: float) -> Iterator[tuple[str, Command]]:
        """What to say now, and to whom."""
        self._has_settled = self._has_settled or now - self._began_at >= SETTLE_S
        for point in self._waves.now:
            one = self._boards[point]
            if (command := self._command(one, now)) is not None:
                yield point, command
            if one.phase == "failed":
                self._waves.stop(point)
        if self._has_settled and all(self._boards[point].ended for point in self._waves.now):
            for point in self._waves.next(self._waiting()):
                one = self._boards[point]
                one.phase, one.heard_at = "asking", now
                one.say("renew", {})

    def rows(self) -> list[Row]:
        """How each stands."""
        return [self._row(point, one) for point, one in self._boards.items()]

    def _row(self, point: str, one: _One) -> Row:
        stands = one.phase
        if stands == "queued":
            away = self._has_settled and not self._is_here(
                point
            )  # before that the broker is still telling who is there
            stands = "away" if away else "stopped" if self.stopped_by is not None else "queued"
        return Row(point, stands, one.why)

    def _command(self, one: _One, now: float) -> Command | None:
        if one.phase == "trial" and one.is_silent(now, TRIAL_S):
            one.fail(
                Phrase(
                    "it has its new certificate and has not come back; it goes on by itself once it has power and network"
                )
            )
        elif one.phase in ("asking", "sending") and one.is_silent(now, SILENCE_S):
            one.fail(Phrase("no answer for {minutes} minutes; is the board online?", minutes=f"{SILENCE_S / 60:.0f}"))
        return one.due(now)

    def _refused(self, one: _One, error: str, now: float) -> None:
        asked = one.command
        if error.startswith("unknown command"):
            one.fail(Phrase("its firmware cannot do that yet: first `make update POINTS=...`"))
        elif (again_at := one.refused(error, now, not_now=_NOT_NOW, retry_s=RETRY_S)) is not None:
            assert asked is not None
            one.say(asked.do, asked.args, not_before=again_at)

    def _waiting(self) -> list[str]:
        return [point for point, one in self._boards.items() if one.phase == "queued" and self._is_here(point)]

    def _is_here(self, point: str) -> bool:
        return bool(self._states.get(point, {}).get("online"))
