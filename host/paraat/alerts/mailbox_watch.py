"""The thread of a mailbox: it looks for mails of ours that came back, and keeps that they did.

Which mails it has read is in memory only: after a start the last days are read again, and what is known by then changes nothing.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from paraat.alerts import returned
from paraat.alerts.helpers.aside import Answer, Aside, AsideError
from paraat.alerts.marks import Marks
from paraat.site.channels import Mailbox, mailbox_url
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)

_HELPER = "paraat.alerts.helpers.mailbox"
_BACK_S = 4 * 86_400.0  # a mail server gives up within some days; as far a start looks back


class MailboxWatch:
    """The mailbox to which the mails of one channel come back.

    read_mark: the key of the message that has a mark, as Marks has it. came_back: (key of a message, why, now), as Returned has it.
    """

    def __init__(
        self,
        channel: str,
        url: str,
        ca_file: Path | None,
        settings: Mailbox,
        *,
        read_mark: Callable[[str], str | None],
        came_back: Callable[[str, str, float], str],
    ) -> None:
        self.channel = channel
        self.settings = settings
        self._order = {"url": url, "ca_file": None if ca_file is None else str(ca_file)}
        self._read_mark = read_mark
        self._came_back = came_back
        self._helper = Aside(_HELPER)
        self._read = {"folder": 0, "after": 0}
        self._waiting: list[tuple[str, str]] = []  # what is still being sent, and came back already
        self.why = ""
        self.failing_since: float | None = None  # unix seconds; None: the last look was in order

    @classmethod
    def from_site(cls, site: Site, came_back: Callable[[str, str, float], str]) -> list["MailboxWatch"]:
        """One a channel that has a mailbox. Raises SettingsError for a file that cannot be read, or that says no mailbox."""
        return [
            cls(
                name,
                mailbox_url(site.directory, name, settings.mailbox),
                None if settings.mailbox.ca_file is None else site.path(settings.mailbox.ca_file),
                settings.mailbox,
                read_mark=lambda mark: Marks(site.own_key()).read(mark),
                came_back=came_back,
            )
            for name, settings in site.channels.outside.items()
            if settings.mailbox is not None
        ]

    @property
    def problem(self) -> str:
        """What is wrong with it; "" when the last look was in order."""
        if not self.why:
            return ""
        return Phrase(
            "the mailbox of channel {channel} cannot be looked into: {why}", channel=self.channel, why=self.why
        )

    def look(self, now: float) -> bool:
        """Deal with what came in since the last look; whether more waits. Raises JournalError: it is all to be done again."""
        self._waiting = self._keep(self._waiting, now)
        try:
            found = self.ask(now)
        except AsideError as error:
            self._failed(error, now)
            return False
        failed = [(message, why) for mark, why in found["failed"] if (message := self._read_mark(mark))]
        self._waiting += self._keep(failed, now)
        self._read = {"folder": found["folder"], "after": found["after"]}
        self.why, self.failing_since = "", None
        return bool(found["more"])

    def ask(self, now: float) -> Answer:
        """What the helper finds, which changes nothing. Raises AsideError."""
        order = self._order | self._read | {"since_t": now - _BACK_S}
        return self._helper.ask(order, limit_s=self.settings.limit_s)

    def close(self) -> None:
        """End a look under way."""
        self._helper.close()

    def _keep(self, failed: list[tuple[str, str]], now: float) -> list[tuple[str, str]]:
        """Keep that these came back; returns those that are still being sent. Raises JournalError."""
        later = []
        for message, why in failed:
            outcome = self._came_back(message, why, now)
            if outcome == returned.LATER:
                later.append((message, why))
            elif outcome == returned.KEPT:
                _log.warning("message %s came back", message)
        return later

    def _failed(self, error: AsideError, now: float) -> None:
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.why = error.args[0]
        _log.debug("%s", self.problem)  # where people look it stands too
