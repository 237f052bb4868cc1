"""New certificates by the running host, before the old ones end. It needs the authority's key here, and its passphrase from
systemd's credential (docs/pki.md); without them a person does it with `make renew`.

fleet.hosted.Work. The key is in memory only while a board is in hand.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from paraat.fleet.renewing import Renewals
from paraat.provision.pki import passphrase, revoked, succession
from paraat.provision.pki.authority import CA_KEY, Authority
from paraat.site import inventory
from paraat.site.errors import SettingsError
from paraat.site.inventory import PkiError
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)

LOOK_S = 600.0
_MOST = 32  # boards at a time: those that end first
_PAUSE_S = 86_400.0  # after one that failed


class Steward:
    """broker: the folder of this machine's broker, which is given the list of what is revoked."""

    name = "renewal"

    def __init__(self, site: Site, broker: Path, *, read: Callable[[], str] = lambda: passphrase.read(None)) -> None:
        self._site = site
        self._broker = broker
        self._read = read
        self._next_at = 0.0
        self._said: set[str] = set()
        self.problem = ""

    def begin(self, now: float) -> Renewals | None:
        """The boards that are due, if any."""
        if now < self._next_at:
            return None
        self._next_at = now + LOOK_S
        try:
            return self._renewals(now)
        except (PkiError, SettingsError) as error:
            self._cannot(str(error))
            return None

    def _renewals(self, now: float) -> Renewals | None:
        directory, at = self._site.directory, datetime.fromtimestamp(now, UTC)
        if not inventory.path_of(directory).exists():
            return None
        due = succession.due(inventory.load(directory), revoked.authorities_of(directory), at)
        if not due:
            self.problem = ""
            return None
        names = succession.names([each.record for each in due])
        if not (directory / inventory.FOLDER / CA_KEY).exists() or not passphrase.is_given():
            self._cannot(
                Phrase(
                    "this host may not give boards their new certificate: where the key is, make renew. Due: {points}",
                    points=names,
                )
            )
            return None
        succession.shown_by_broker(self._site)
        authority = Authority.open(directory, self._read(), at)
        issuer = succession.BoardIssuer(authority, lambda: datetime.now(UTC))
        return Renewals([each.record.cn for each in due][:_MOST], issuer, now=now)

    def step(self, talk: Renewals, now: float) -> bool:
        """Whether all that are on the network have theirs, or one failed."""
        for row in talk.rows():
            if (
                row.stands in ("done", "failed")
                and (line := f"{row.point}: {row.stands} {row.why}".strip()) not in self._said
            ):
                self._said.add(line)
                _log.info("new certificate: %s", line)
        if not talk.idle:
            return False
        if talk.changed:
            self._tell_broker()
        self.problem = ""
        if talk.stopped_by is not None:
            (failed,) = (row for row in talk.rows() if row.point == talk.stopped_by)
            self._cannot(Phrase("{point} got no new certificate: {why}", point=failed.point, why=failed.why))
            self._next_at = now + _PAUSE_S
        self._said.clear()
        return True

    def _tell_broker(self) -> None:
        try:
            revoked.give_to_broker(self._site.directory, self._broker)
        except PkiError as error:  # the old certificates work a while longer, on nobody's board
            _log.warning("%s", error)

    def _cannot(self, why: str) -> None:
        if why != self.problem:
            _log.warning("%s", why)
        self.problem = why
