"""[channels.<name>] of site.toml: one table a way to tell people. A name that is none of ours is handed over by apprise."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from paraat.domain.fields import Part, PhoneNumber, Positive, Text
from paraat.site.errors import SettingsError
from paraat.site.private import read_secret
from paraat.site.tables import convert_table
from paraat.texts import Phrase

SMS, SIREN, LOG = "sms", "siren", "log"

_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Mailbox(Part, frozen=True):
    """[channels.<name>.mailbox]: where mails that could not be delivered come back to, of a channel that mails.

    url_file: a file of mode 0600 with one line, imaps://user:password@server/folder (INBOX where there is none). ca_file: whose
    certificates are believed; without it those that the system believes. limit_s: how long one look may take.
    """

    url_file: Text
    ca_file: Text | None = None
    look_every_s: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    limit_s: Annotated[float, Meta(ge=1, le=60)] = 45.0


class Outside(Part, frozen=True):
    """[channels.<name>]: handed over by apprise to the URL, in which {to} is a person's address in roster.toml.

    url_file: a file of mode 0600 with one line, for a URL with a password or a token in it; url: one without. Relative to the
    site's folder. limit_s: how long one message may take.
    """

    url_file: Text | None = None
    url: Text | None = None
    limit_s: Annotated[float, Meta(ge=1, le=60)] = 30.0
    mailbox: Mailbox | None = None


class Modem(Part, frozen=True):
    """[channels.sms]: a GSM modem at the coordination point, by gammu.

    device, connection, model: as gammu's own configuration has them. own_number: of its SIM card, to which it sends a test
    each test_every_h. limit_s: how long it may take over one message before it is said to hang.
    """

    device: Text
    connection: Text = "at115200"
    model: str = ""
    own_number: PhoneNumber | None = None
    test_every_h: Positive = 168.0
    test_within_s: Positive = 600.0
    look_every_s: Annotated[float, Meta(ge=1, le=600)] = 10.0
    limit_s: Annotated[float, Meta(ge=1, le=60)] = 45.0


class Siren(Part, frozen=True):
    """[channels.siren]: the lamp and the buzzer of a point's own board. on: whether the host sounds them for its alerts."""

    on: bool = True
    seconds: Annotated[int, Meta(ge=1, le=600)] = 120
    answer_within_s: Annotated[float, Meta(ge=1, le=60)] = 15.0


class AlertTest(Part, frozen=True):
    """[alert_test]: a test of every way to tell people, by itself. weekly: a day and a local time; "": never."""

    weekly: Annotated[str, Meta(pattern=r"^((mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9])?\Z")] = (
        "mon 12:00"
    )


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """Every [channels.<name>] by its kind; the log and the sirens of the boards need no table."""

    outside: Mapping[str, Outside] = {}
    sms: Modem | None = None
    siren: Siren = Siren()


def read_channels(path: Path, tables: Mapping[str, Any]) -> Channels:
    """[channels] of a file, table by table. Raises SettingsError."""
    outside: dict[str, Outside] = {}
    sms: Modem | None = None
    siren = Siren()
    for name, table in tables.items():
        key = f"channels.{name}"
        if not isinstance(table, dict):
            raise SettingsError(path, key, repr(table)[:80], Phrase("a table: [channels.{name}]", name=name))
        if name == SMS:
            sms = convert_table(path, table, Modem, key)
        elif name == SIREN:
            siren = convert_table(path, table, Siren, key)
        elif name == LOG or not _NAME.fullmatch(name):
            raise SettingsError(
                path, key, repr(name), Phrase("a name of a-z, 0-9 and - such as email; the log is always there")
            )
        else:
            outside[name] = _outside(path, key, table)
    return Channels(outside=outside, sms=sms, siren=siren)


def _outside(path: Path, key: str, table: dict[str, Any]) -> Outside:
    found = convert_table(path, table, Outside, key)
    if (found.url is None) == (found.url_file is None):
        raise SettingsError(
            path,
            f"{key}.url_file",
            Phrase("nothing") if found.url is None else Phrase("both url and url_file"),
            Phrase("one of them: url_file for a URL with a password or token, url for one without"),
        )
    if found.mailbox is not None and found.url is not None and not re.match(r"mailtos?://", found.url):
        raise SettingsError(
            path,
            f"{key}.mailbox",
            Phrase("a mailbox"),
            Phrase("one only where url_file or url is a mail server's, mailtos://"),
        )
    if found.url is not None and re.match(r"[^/]*//[^/?]*@", found.url):
        raise SettingsError(
            path,
            f"{key}.url",
            Phrase("a URL with a user or password"),
            Phrase("that line in a file of mode 0600, named by url_file"),
        )
    return found


def mailbox_url(directory: Path, channel: str, mailbox: Mailbox) -> str:
    """The line of a mailbox's file. Raises SettingsError for one that is none; never shows it."""
    path, key = directory / mailbox.url_file, f"channels.{channel}.mailbox.url_file"
    url = read_secret(path, key)
    expected = Phrase(
        "imaps://user:password@server/folder, each in %-escapes where it has signs of its own; imap:// at 127.0.0.1 alone"
    )
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname and parts.username and parts.password) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.scheme not in ("imaps", "imap"):
        raise SettingsError(path, key, Phrase("a line that is no mailbox"), expected)
    if parts.scheme == "imap" and not _is_loopback(str(parts.hostname)):
        raise SettingsError(path, key, Phrase("a password that would be sent for all to read"), expected)
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
