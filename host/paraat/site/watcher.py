"""[watcher] of site.toml: who notices that this host is gone, and whose host we watch ourselves."""

import re
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from paraat.domain.fields import HostName, HttpUrl, Part, Port, Text
from paraat.site.errors import SettingsError
from paraat.texts import Phrase


class WatcherBroker(Part, frozen=True):
    """[watcher.broker]: the broker of another host of Paraat, which watches us.

    name: what it calls us: our user name there, and in its `neighbours`. Files as in [broker].
    """

    name: HostName
    host: Text
    port: Port = 1883
    password_file: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class Watcher(Part, frozen=True):
    """[watcher]: it hears from us each every_s, and raises an alarm when it no longer does.

    url_file: a file of mode 0600 with one URL, as healthchecks gives it; url: one that is no secret. neighbours: the hosts
    that send us such signs of life over our broker; limit_s: how long one sign may take.
    """

    url_file: Text | None = None
    url: HttpUrl | None = None
    every_s: Annotated[float, Meta(ge=10, le=3600)] = 60.0
    limit_s: Annotated[float, Meta(ge=1, le=60)] = 20.0
    broker: WatcherBroker | None = None
    neighbours: tuple[HostName, ...] = ()


def check_watcher(path: Path, watcher: Watcher) -> None:
    """Refuse what cannot be meant. Raises SettingsError."""
    if watcher.url is not None and watcher.url_file is not None:
        raise SettingsError(path, "watcher.url_file", Phrase("both url and url_file"), Phrase("one of them"))
    if watcher.url is not None and re.match(r"[^/]*//[^/]*@", watcher.url):
        raise SettingsError(
            path,
            "watcher.url",
            Phrase("a URL with a user or password"),
            Phrase("that line in a file of mode 0600, named by url_file"),
        )
    broker = watcher.broker
    if broker is not None:
        for key, other in (("cert_file", "ca_file"), ("key_file", "cert_file")):
            if getattr(broker, key) is not None and getattr(broker, other) is None:
                raise SettingsError(
                    path,
                    f"watcher.broker.{other}",
                    Phrase("nothing"),
                    Phrase("a value, because watcher.broker.{key} has one", key=key),
                )
