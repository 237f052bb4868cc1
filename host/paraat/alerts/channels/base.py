"""What a channel is."""

from typing import Protocol, Self

from paraat.domain.model import Delivery
from paraat.domain.points import Lead
from paraat.site.site import Site


class ChannelError(Exception):
    """Raised when a message was not handed over; it will be tried again. str() says why, and holds no secret."""


class Channel(Protocol):
    """A way to tell people."""

    name: str

    @classmethod
    def from_site(cls, site: Site) -> Self | None:
        """The channel as the site configures it, None when it does not. Raises SettingsError."""
        ...

    def recipient(self, lead: Lead) -> str | None:
        """Where this channel reaches the lead of a point, or the coordination point; None when it cannot."""
        ...

    def send(self, delivery: Delivery) -> None:
        """Hand one message over. May block for seconds. Raises ChannelError."""
        ...
