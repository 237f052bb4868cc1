"""[broker] of site.toml: the MQTT broker of the coordination point, and who we are to it."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from paraat.domain.fields import Part, Port, Text
from paraat.site.errors import SettingsError
from paraat.texts import Phrase

# What the broker calls the host service and who commands boards (deploy/mosquitto/acl): no point may have these names.
HOST_NAME = "paraat-host"
DESK_NAME = "paraat-desk"


class BrokerSettings(Part, frozen=True):
    """[broker]: the MQTT broker of the coordination point."""

    host: Text = "127.0.0.1"
    boards_host: Text | None = None  # under which the boards reach it, where that is not `host`
    port: Port = 1883
    client_id: Text = HOST_NAME
    username: str | None = None
    password_file: str | None = None  # relative to the site's folder, mode 0600
    ca_file: str | None = None  # PEM; switches TLS on
    cert_file: str | None = None
    key_file: str | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30


def check_broker(path: Path, broker: BrokerSettings) -> None:
    """Refuse what is of no use without another key: left out silently, the host would speak in clear, or without a name."""
    for key, other in (("cert_file", "ca_file"), ("key_file", "cert_file"), ("password_file", "username")):
        if getattr(broker, key) is not None and getattr(broker, other) is None:
            raise SettingsError(
                path, f"broker.{other}", Phrase("nothing"), Phrase("a value, because broker.{key} has one", key=key)
            )
