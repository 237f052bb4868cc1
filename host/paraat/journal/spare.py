"""A journal in memory, for the alerts alone, while the disk takes nothing."""

import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from paraat.journal.file import JournalError
from paraat.journal.journal import Journal
from paraat.texts import Phrase, reason

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the kernel's in memory; ours in it is for us alone
_NAME = "alerts.sqlite"
_HOUR_S = 3600.0  # so far back a channel looks at what it sent


class Spare:
    """What the alerts are kept in meanwhile.

    It is where a host that comes after us finds it, should we be killed or stopped before the disk works again. Only with
    the machine itself it is gone: then people have been told what no journal knows.
    """

    def __init__(self, folder: Path) -> None:
        """Open what lies in a folder, or make it. Raises JournalError."""
        self._folder = folder
        self.journal = Journal(folder / _NAME)

    @classmethod
    def begin(cls, of: Journal, now: float, *, memory: Path = _MEMORY) -> Self:
        """Take over what `of` has of alerts that go on. Raises JournalError when not even memory takes it."""
        folder = _folder(of, memory)
        try:
            shutil.rmtree(folder, ignore_errors=True)
            if os.access(memory, os.W_OK):
                folder.mkdir(mode=0o700)
            else:
                folder = Path(tempfile.mkdtemp(prefix="paraat-"))
        except OSError as error:
            raise JournalError(Phrase("alerts cannot be kept in memory either: {why}", why=reason(error))) from error
        spare = None
        try:
            spare = cls(folder)
            spare.journal.take_alert_rows(of.alert_rows(now - _HOUR_S))
        except JournalError:
            if spare is not None:
                spare.journal.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return spare

    @classmethod
    def left_by_another(cls, of: Journal, *, memory: Path = _MEMORY) -> Self | None:
        """What a host before us, which had the same journal, has left: it ended while the disk took nothing. None: nothing."""
        folder = _folder(of, memory)
        with suppress(
            OSError, JournalError
        ):  # where memory is a folder of all, another may have made it: that is not ours
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
            if ours and (folder / _NAME).exists():
                return cls(folder)
        return None

    def bring_back(self, to: Journal) -> None:
        """Let the journal have everything that happened meanwhile. Raises JournalError: then it stays here."""
        to.take_alert_rows(self.journal.alert_rows())

    def close(self) -> None:
        """It is not needed any more. Safe to call twice."""
        self.leave()
        shutil.rmtree(self._folder, ignore_errors=True)

    def leave(self) -> None:
        """Let whoever comes after us find it."""
        self.journal.close()


def _folder(of: Journal, memory: Path) -> Path:
    """Where the alerts of a journal are kept in memory: by its place, so that another start of its host knows it."""
    return memory / f"paraat-{hashlib.sha256(os.fsencode(of.path.resolve())).hexdigest()[:24]}"
