"""What a channel is, and what it carries."""

from collections.abc import Sequence
from typing import Protocol, Self

import msgspec

from paraat.domain.roster import Person
from paraat.site.site import Site


class ChannelError(Exception):
    """Raised when a message was not handed over; it will be tried again. str() says why, and holds no secret."""


class RefusedError(ChannelError):
    """Raised when whoever delivers says that there is no such address: to try it again is of no use."""

    def __init__(self, why: str, words: str) -> None:
        """words: what was said, without who and where."""
        super().__init__(why)
        self.words = words


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one address, written at the moment of sending.

    short: the same in at most 160 characters of GSM-7. code: what "OK 1234" acknowledges; "" where there is nothing to
    acknowledge. link: acknowledges without a login; None when there is none. key: names this message for ever: two with one
    key are the same one. firing: it says of something that stands.
    test: nothing stands behind it.
    """

    to: str
    subject: str
    body: str
    short: str
    severity: str  # "warning" or "critical"
    key: str
    code: str = ""
    link: str | None = None
    firing: bool = True
    test: bool = False


class Channel(Protocol):
    """A way to tell people."""

    name: str

    @classmethod
    def from_site(cls, site: Site) -> Sequence[Self]:
        """The channels of this kind that the site configures. Raises SettingsError."""
        ...

    def addresses(self, person: Person) -> tuple[str, ...]:
        """Where this channel reaches somebody, each to be told; empty when it does not."""
        ...

    def send(self, message: Message) -> str:
        """Hand one message over; returns what came back, in a few words. Blocks for a minute at most.

        Raises ChannelError, RefusedError where that is known.
        """
        ...

    def rest(self) -> None:
        """Let go of what is kept for the next message, when that was long ago. Called now and then."""
        ...

    def close(self) -> None:
        """End a message under way, which then raises ChannelError, and take no other."""
        ...
