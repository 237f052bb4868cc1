"""One file per kind of channel: a class as base.py says, which makes the channels of its kind that the site configures."""

from paraat.alerts.channels.base import Channel, ChannelError, Message, RefusedError
from paraat.runtime.discovery import classes_in, modules_in
from paraat.site.site import Site

__all__ = ["KINDS", "Channel", "ChannelError", "Message", "RefusedError", "make_channels"]

KINDS: tuple[type[Channel], ...] = tuple(
    kind for module in modules_in(__name__, __path__) for kind in classes_in(module, "from_site")
)


def make_channels(site: Site) -> dict[str, Channel]:
    """The channels that the site has, by name. Raises SettingsError when a secret of one cannot be read.

    The log first: it takes no time, and what was tried stands there whatever becomes of the others.
    """
    made = [channel for kind in KINDS for channel in kind.from_site(site)]
    return {channel.name: channel for channel in sorted(made, key=lambda channel: channel.name != "log")}
