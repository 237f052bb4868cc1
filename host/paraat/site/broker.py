"""[broker] of site.toml: the MQTT broker of the coordination point, and who we are to it."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from paraat.domain.fields import Part, Port, Text
from paraat.site.errors import SettingsError
from paraat.site.inventory import FOLDER
from paraat.texts import Phrase

# What the broker calls the host service, its connection that watches who serves, that of a spare host, and who commands
# boards (deploy/mosquitto/acl), by the kind of their certificates: no point may have these names.
HOST_NAME = "paraat-host"
WATCH_NAME = "paraat-watch"
SPARE_NAME = "paraat-spare"
DESK_NAME = "paraat-desk"
CLIENTS = {"host": HOST_NAME, "watch": WATCH_NAME, "spare": SPARE_NAME, "desk": DESK_NAME}


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


def watching(broker: BrokerSettings, directory: Path, *, spare: bool) -> BrokerSettings | None:
    """As what a host's second connection is known, which watches who serves; None: as nothing.

    A broker that knows us by a certificate has one name for all that we connect with it, and keeps the last. So the second
    connection has one of its own, which `paraat pki` has made.
    """
    if broker.cert_file is None:
        return broker
    certificate, key = (Path(FOLDER) / f"{'spare' if spare else 'watch'}.{end}" for end in ("crt", "key"))
    if not (directory / certificate).exists():
        return None
    return msgspec.structs.replace(broker, cert_file=str(certificate), key_file=str(key))


def check_broker(path: Path, broker: BrokerSettings) -> None:
    """Refuse what is of no use without another key: left out silently, the host would speak in clear, or without a name."""
    for key, other in (("cert_file", "ca_file"), ("key_file", "cert_file"), ("password_file", "username")):
        if getattr(broker, key) is not None and getattr(broker, other) is None:
            raise SettingsError(
                path, f"broker.{other}", Phrase("nothing"), Phrase("a value, because broker.{key} has one", key=key)
            )
