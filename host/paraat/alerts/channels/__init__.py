"""One file per kind of channel, all of them made here."""

from paraat.alerts.channels.base import Channel, ChannelError, Message
from paraat.alerts.channels.log import LogChannel
from paraat.alerts.channels.outside import OutsideChannel
from paraat.site.site import Site

__all__ = ["Channel", "ChannelError", "Message", "make_channels"]


def make_channels(site: Site) -> dict[str, Channel]:
    """The channels that the site has, by name. Raises SettingsError when a secret of one cannot be read."""
    made: list[Channel] = [LogChannel()]
    made += [OutsideChannel.of(site, name, settings) for name, settings in site.channels.outside.items()]
    return {channel.name: channel for channel in made}
