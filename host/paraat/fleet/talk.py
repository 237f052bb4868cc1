"""What an update and a renewal have in common: one command at a time to one board, until it is answered.

It knows neither a socket nor a clock: `now` is passed in, in unix seconds.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from paraat.texts import Phrase
from paraat.texts.printable import printable
from paraat_wire import orders
from paraat_wire.orders import Command

ANSWER_S = 30.0  # for one command, before it is said again
_EXPIRES_S = 120  # a command that the broker kept for longer is not carried out
_NOT_NOW = ("the board does not know the time yet", "busy:")
# How a board says that it has no key to check us by (firmware/node/signature.py, update.py).
_NO_KEY = ("update.pub:", "the signature is not that of this site's key")


@dataclass
class Talk:
    """The conversation with one board. phase: how far it is; why: of failed, and of waiting where the board gave a reason."""

    point: str
    phase: str
    why: str = ""
    heard_at: float | None = None  # when it last said something of this
    command: Command | None = None  # what it is asked
    _asked_at: float | None = None
    _not_before: float = 0.0
    _token: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.phase in ("done", "failed")

    def say(self, do: str, args: dict[str, Any], *, not_before: float = 0.0) -> None:
        """Ask it this, from a moment on."""
        self._number += 1
        self.command = Command(f"{self._token}-{self._number}", do, 0, args)
        self._asked_at, self._not_before = None, not_before

    def unanswered(self, now: float) -> bool:
        """Whether it was asked and had its time to answer."""
        return self._asked_at is not None and now - self._asked_at >= ANSWER_S

    def due(self, now: float) -> Command | None:
        """What is to be published now."""
        if self.command is None or now < self._not_before or (self._asked_at is not None and not self.unanswered(now)):
            return None
        self._asked_at = now
        return self.command._replace(expires=int(now) + _EXPIRES_S)

    def answers(self, reply: orders.Reply, now: float) -> bool:
        """Whether this is the answer to what it was asked."""
        if self.command is None or reply.id != self.command.id:
            return False
        self.heard_at = now
        return True

    def is_silent(self, now: float, limit_s: float) -> bool:
        """Whether it has said nothing for longer than that."""
        return self.heard_at is not None and now - self.heard_at > limit_s

    def fail(self, why: str) -> None:
        """Give it up."""
        self.phase, self.why, self.command = "failed", why, None

    def refused(self, error: str, now: float, *, not_now: tuple[str, ...], retry_s: float) -> float | None:
        """What its refusal means: the moment from which on it may be asked again, or that it failed (None)."""
        if error.startswith(_NOT_NOW + not_now):
            self.why = printable(error)
            return now + retry_s
        if error.startswith(_NO_KEY):
            self.fail(
                Phrase(
                    "this region's key for updates is not on it, so over the broker it takes neither firmware nor a"
                    " certificate: make flash POINT={point}",
                    point=self.point,
                )
            )
        else:
            self.fail(Phrase("it refuses: {why}", why=printable(error)))
        return None
