"""One file per channel, all of them listed here."""

from paraat.alerts.channels.base import Channel, ChannelError, Message
from paraat.alerts.channels.email import EmailChannel
from paraat.alerts.channels.log import LogChannel
from paraat.site.site import Site

__all__ = ["CHANNELS", "Channel", "ChannelError", "Message", "make_channels"]

CHANNELS = (LogChannel, EmailChannel)


def make_channels(site: Site) -> dict[str, Channel]:
    """The channels that the site has, by name. Raises SettingsError when a secret of one cannot be read."""
    made = (channel.from_site(site) for channel in CHANNELS)
    return {channel.name: channel for channel in made if channel is not None}
