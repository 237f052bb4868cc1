"""A journal in memory, for the alerts alone, while the disk takes nothing."""

import os
import shutil
import tempfile
from pathlib import Path

from paraat.journal.file import JournalError
from paraat.journal.journal import Journal
from paraat.texts import Phrase, reason

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the kernel's in memory; ours in it is for us alone
_HOUR_S = 3600.0  # so far back a channel looks at what it sent


class Spare:
    """What the alerts are kept in meanwhile. A host that is killed now has told people what its journal does not know."""

    def __init__(self, of: Journal, now: float, *, memory: Path = _MEMORY) -> None:
        """Take over what `of` has of alerts that go on. Raises JournalError when not even memory takes it."""
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="paraat-", dir=memory if os.access(memory, os.W_OK) else None))
        except OSError as error:
            raise JournalError(Phrase("alerts cannot be kept in memory either: {why}", why=reason(error))) from error
        try:
            self.journal = Journal(self._folder / "alerts.sqlite")
            self.journal.take_alert_rows(of.alert_rows(now - _HOUR_S))
        except JournalError:
            self._remove()
            raise

    def bring_back(self, to: Journal) -> None:
        """Let the journal have everything that happened meanwhile. Raises JournalError: then it stays here."""
        to.take_alert_rows(self.journal.alert_rows())

    def close(self) -> None:
        """It is not needed any more. Safe to call twice."""
        self.journal.close()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
