"""One file per channel: a class as base.py says, under the name that the site's [channels] and the journal have for it."""

from paraat.alerts.channels.base import Channel, ChannelError, Message
from paraat.runtime.discovery import classes_in, modules_in
from paraat.site.site import Site

__all__ = ["CHANNELS", "Channel", "ChannelError", "Message", "make_channels"]

# The log first: it takes no time, and what was tried stands there whatever becomes of the others.
CHANNELS: tuple[type[Channel], ...] = tuple(
    sorted(
        (channel for module in modules_in(__name__, __path__) for channel in classes_in(module, "from_site")),
        key=lambda channel: channel.name != "log",
    )
)


def make_channels(site: Site) -> dict[str, Channel]:
    """The channels that the site has, by name. Raises SettingsError when a secret of one cannot be read."""
    made = (channel.from_site(site) for channel in CHANNELS)
    return {channel.name: channel for channel in made if channel is not None}
