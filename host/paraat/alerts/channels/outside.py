"""E-mail, ntfy, webhooks, Matrix, MQTT and what else apprise knows: one channel a table of site.toml.

Each message is handed over by a helper process with a limit, so that a server that answers nothing, or drips, holds nothing
up and leaves no thread behind.
"""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

import apprise

from paraat.alerts.channels.base import ChannelError, Message, RefusedError
from paraat.alerts.helpers.aside import Aside, AsideError
from paraat.alerts.marks import HEADER, Marks
from paraat.domain.roster import Person
from paraat.site.channels import Outside
from paraat.site.errors import SettingsError
from paraat.site.private import read_secret
from paraat.site.site import Site
from paraat.texts import Phrase

_HELPER = "paraat.alerts.helpers.outside"
_IDLE_S = 60.0  # a helper takes some 30 MB
_TO = "{to}"
# Of these the URL's host is a server; of others it may be a token, which nobody may look up by name.
_WITH_SERVER = frozenset(
    f"{scheme}{tls}" for scheme in ("mailto", "ntfy", "json", "xml", "form", "mqtt", "gotify") for tls in ("", "s")
)


class OutsideChannel:
    """url: an apprise URL, which may hold a password and is never shown; {to} in it is where an address goes.

    Without {to} it is one place, such as a webhook or a room: an address in the roster then only says who belongs there.
    mark: of a message, by its key, for a header of a mail; None: nobody looks for mails that come back.
    """

    def __init__(self, name: str, url: str, limit_s: float, mark: Callable[[str], str] | None = None) -> None:
        self.name = name
        self._url = url
        self._limit_s = limit_s
        self._mark = mark
        self._helper = Aside(_HELPER, idle_s=_IDLE_S)

    @classmethod
    def from_site(cls, site: Site) -> list[Self]:
        """One channel a table that is none of ours. Raises SettingsError."""
        return [cls._of(site, name, settings) for name, settings in site.channels.outside.items()]

    @classmethod
    def _of(cls, site: Site, name: str, settings: Outside) -> Self:
        """The channel of a table. Raises SettingsError for a file that cannot be read, and for what is no URL of apprise."""
        key = f"channels.{name}.url_file" if settings.url_file else f"channels.{name}.url"
        path = site.path(settings.url_file) if settings.url_file else site.path("site.toml")
        url = read_secret(path, key) if settings.url_file else str(settings.url)
        if re.match(r"mailtos?://", url) and _TO not in url:
            url += f"{'&' if '?' in url else '?'}to={_TO}"
        channel = cls(name, url, settings.limit_s, _mark_of(site, url, settings, path, key))
        if not channel._makes_sense(_sample(site, name)):
            example = "mailtos://user:password@smtp.example.nl" if name == "email" else "ntfy://ntfy.example.nl/{to}"
            raise SettingsError(
                path,
                key,
                Phrase("a line that is no URL of apprise"),
                Phrase("such as {example}", example=example),
            )
        return channel

    def addresses(self, person: Person) -> tuple[str, ...]:
        """Where this person is told; empty when not by this."""
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        """Hand it over within the limit. Raises ChannelError."""
        url = self._for(message.to)
        if self._mark is not None:
            url += f"{'&' if '?' in url else '?'}+{HEADER}={quote(self._mark(message.key))}"  # so apprise takes headers
        order = {"url": url, "title": message.subject, "body": message.body}
        try:
            answer = self._helper.ask(order, limit_s=self._limit_s)
        except AsideError as error:
            raise ChannelError(Phrase("{to}: {why}", to=message.to, why=error.args[0])) from error
        if not answer["done"]:
            why = self._without_secrets(str(answer["why"]))[:300]
            said = Phrase("{to} was not taken: {why}", to=message.to, why=why or "?")
            if answer["refused"]:
                raise RefusedError(said, self._without_secrets(str(answer["refused"])))
            raise ChannelError(said)
        return Phrase("taken by {server}", server=self.server or self.name)

    @property
    def server(self) -> str | None:
        """The host that takes the messages; None where the URL names none."""
        found = self._instance("x")
        if found is None or self._scheme not in _WITH_SERVER:
            return None
        return getattr(found, "smtp_host", None) or getattr(found, "host", None)

    def unknown_server(self) -> str | None:
        """The server's name when the network says that there is none of that name; None: it may well be there."""
        server = self.server
        if server is None:
            return None
        try:
            socket.getaddrinfo(server, None)
        except socket.gaierror as error:
            return server if error.errno == socket.EAI_NONAME else None
        except OSError:
            return None
        return None

    def unreachable(self, limit_s: float) -> str | None:
        """The server and port that take no connection within limit_s, or that refuse one; None: they do, or it is not known."""
        found, server = self._instance("x"), self.server
        if found is None or server is None:
            return None
        port = getattr(found, "port", None) or (443 if getattr(found, "secure", False) else 80)
        try:
            socket.create_connection((server, port), limit_s).close()
        except socket.gaierror:
            return None  # unknown_server says whether there is none of that name
        except OSError:
            return f"{server}:{port}"
        return None

    def rest(self) -> None:
        """Let go of what waits for nothing."""
        self._helper.rest()

    def close(self) -> None:
        """End a message under way."""
        self._helper.close()

    @property
    def _scheme(self) -> str:
        return self._url.partition(":")[0].lower()

    def _for(self, address: str) -> str:
        return self._url.replace(_TO, quote(address, safe=""))

    def _instance(self, address: str) -> Any:
        return apprise.Apprise.instantiate(self._for(address), suppress_exceptions=True)

    def _makes_sense(self, address: str) -> bool:
        scheme, _, host = self._url.partition("://")
        mail = scheme in ("mailto", "mailtos") or self.name != "email"
        return mail and bool(host) and host[0] not in "/?" and self._instance(address) is not None

    def _without_secrets(self, text: str) -> str:
        """Without what stands before the @ of the URL, its path and its query, should a library ever print them."""
        _, _, rest = self._url.partition("://")
        account, _, place = rest.rpartition("@")
        secrets = {account, *account.split(":")[1:]}
        secrets |= {part for part in re.split(r"[/?&]", place)[1:] if _TO not in part}
        secrets |= {part.partition("=")[2] for part in secrets}
        for secret in sorted({*secrets, *map(unquote, secrets)}, key=len, reverse=True):
            if len(secret) > 2:  # else every word would have stars in it
                text = text.replace(secret, "***")
        return text


def _mark_of(site: Site, url: str, settings: Outside, path: Path, key: str) -> Callable[[str], str] | None:
    """How mails are marked, of a channel with a mailbox. Raises SettingsError where it sends no mails."""
    if settings.mailbox is None:
        return None
    if not re.match(r"mailtos?://", url):
        raise SettingsError(path, key, Phrase("no mail server"), Phrase("mailtos://, for only mails have a mailbox"))
    return lambda message: Marks(site.own_key()).mark(message)


def _sample(site: Site, name: str) -> str:
    """An address of the roster, to try a URL with; numbers and names are told apart by some of apprise's URLs."""
    found = (address for person in site.roster.people.values() for address in person.addresses(name))
    return next(found, "paraat@example.org")
