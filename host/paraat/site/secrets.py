"""SITE/secrets.toml: the Wi-Fi that the boards join. Mode 0600, never in git, never shown.

[wifi]                        # of all points
ssid = "paraat"
password = "..."

[points.nsp-0101.wifi]        # of one point, where it differs
password = "..."
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from paraat.domain.fields import Part
from paraat.site.errors import SettingsError
from paraat.site.private import check_private, unread
from paraat.site.tables import convert_table
from paraat.texts import Phrase

NAME = "secrets.toml"
_HARMLESS = ("nothing", "an unknown key")

# IEEE 802.11: an SSID has 1 to 32 bytes; a WPA passphrase 8 to 63 characters.
Ssid = Annotated[str, Meta(min_length=1, max_length=32)]
Password = Annotated[str, Meta(min_length=8, max_length=63)]


class Wifi(Part, frozen=True):
    """[wifi], and [points.<id>.wifi]. Without a password the network is open."""

    ssid: Ssid | None = None
    password: Password | None = None

    def __repr__(self) -> str:
        return f"Wifi({self.ssid!r})"


class PointSecrets(Part, frozen=True):
    """[points.<id>]"""

    wifi: Wifi = Wifi()


class Secrets(Part, frozen=True):
    """secrets.toml"""

    wifi: Wifi = Wifi()
    points: dict[str, PointSecrets] = msgspec.field(default_factory=dict)


def load(site_dir: Path) -> Secrets:
    """Read and check a site's secrets. Raises SettingsError, which shows no value."""
    path = site_dir / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            path, "", Phrase("no such file"), Phrase("[wifi] with ssid and password, mode 0600")
        ) from error
    except (OSError, UnicodeError) as error:
        raise SettingsError(path, "", unread(error), Phrase("a readable TOML file in UTF-8")) from error
    check_private(path)
    # An error's own words may quote the file, and a chained one would be logged with it: hence `from None`.
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = str(error).rpartition("(")[2].rstrip(")")  # "at line 3, column 12"
        raise SettingsError(
            path, "", Phrase("no TOML {where}", where=where), Phrase('lines such as ssid = "paraat"')
        ) from None
    try:
        return convert_table(path, data, Secrets)
    except SettingsError as error:
        found = error.found if error.found in _HARMLESS else Phrase("a value that is not shown")
        raise SettingsError(path, error.key, found, error.expected) from None


def board_secrets(site_dir: Path, point: str) -> dict[str, Any]:
    """What lies in secrets.json on a point's board that uses Wi-Fi: the point's own Wi-Fi over the site's.

    Raises SettingsError.
    """
    found = load(site_dir)
    own = found.points.get(point, PointSecrets()).wifi
    ssid = own.ssid or found.wifi.ssid
    if ssid is None:
        raise SettingsError(
            site_dir / NAME, "wifi.ssid", Phrase("nothing"), Phrase("the name of the boards' Wi-Fi network")
        )
    # A network of its own does not get the password of another.
    password = own.password or (found.wifi.password if own.ssid is None else None)
    return {"wifi": {"ssid": ssid} | ({} if password is None else {"password": password})}
