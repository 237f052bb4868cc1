"""E-mail through apprise."""

import logging
import re
from typing import Self
from urllib.parse import quote

import apprise

from paraat.alerts.channels.base import ChannelError, Message
from paraat.domain.roster import Person
from paraat.site.errors import SettingsError
from paraat.site.private import read_secret
from paraat.site.site import Site
from paraat.texts import Phrase

_KEY = "channels.email.url_file"


class EmailChannel:
    """url: an apprise URL, mailto:// or mailtos://, without a recipient. It may hold a password and is never shown."""

    name = "email"

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def from_site(cls, site: Site) -> Self | None:
        settings = site.channels.email
        if settings is None:
            return None
        path = site.path(settings.url_file)
        url = read_secret(path, _KEY)
        if not re.match(r"mailtos?://[^/\s]", url) or apprise.Apprise.instantiate(url) is None:
            raise SettingsError(
                path,
                _KEY,
                Phrase("a line that is no mail URL"),
                Phrase("such as mailtos://user:password@smtp.example.nl"),
            )
        return cls(url)

    def addresses(self, person: Person) -> tuple[str, ...]:
        return person.addresses(self.name)

    def send(self, message: Message) -> str:
        url = f"{self._url}{'&' if '?' in self._url else '?'}to={quote(message.to)}"
        mail = apprise.Apprise()
        if not mail.add(url):
            raise ChannelError(Phrase("apprise does not take the URL in the file of {key}", key=_KEY))
        # apprise tells why something failed only in its log.
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
            done = mail.notify(title=message.subject, body=message.body, body_format=apprise.NotifyFormat.TEXT)
            why = said.getvalue().strip().replace("\n", "; ")
        if not done:
            raise ChannelError(
                Phrase(
                    "mail to {recipient} was not taken: {why}",
                    recipient=message.to,
                    why=self._without_secrets(why)[:300],
                )
            )
        return "taken by the mail server"

    def _without_secrets(self, text: str) -> str:
        """Without what stands before the @ of the URL, should a library ever print it."""
        account = self._url.split("://", 1)[1].rpartition("@")[0]
        for secret in filter(None, (account, *account.split(":")[1:])):
            text = text.replace(secret, "***")
        return text
