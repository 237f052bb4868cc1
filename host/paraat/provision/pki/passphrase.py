"""Where the passphrase of the authority comes from: a file, systemd, or the keyboard.

Never an argument, which every user sees in the process list; never the environment, which every child inherits.
"""

import getpass
import os
import sys
from datetime import datetime
from pathlib import Path

from paraat.provision.pki.authority import Authority, AuthorityError, check_there
from paraat.site.inventory import PkiError
from paraat.site.private import read_secret
from paraat.texts import Phrase, Words
from paraat.texts.catalogue import DEFAULT

TRIES = 3  # of a person at the keyboard
CREDENTIAL = "paraat-ca-passphrase"  # of systemd, LoadCredential= or LoadCredentialEncrypted= (systemd.exec(5))


class PassphraseError(PkiError):
    """Raised when there is no passphrase. str() says how to give one."""


def read(path: Path | None, *, language: str = DEFAULT, new: bool = False, question: str | None = None) -> str:
    """The passphrase: from `path` (mode 0600), else systemd's credential, else asked for. new: ask twice.

    Raises SettingsError for a file that cannot be used, PassphraseError.
    """
    if path is not None:
        return read_secret(path, "--passphrase-file")
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (credential := Path(folder) / CREDENTIAL).is_file():
        return read_secret(credential, CREDENTIAL)
    if not sys.stdin.isatty():
        raise PassphraseError("pki.no-terminal")
    words = Words(language)
    try:
        passphrase = getpass.getpass(question or words.say(Phrase("Passphrase of the CA: ")))
        if new and getpass.getpass(words.say(Phrase("Once more: "))) != passphrase:
            raise PassphraseError(Phrase("the two passphrases differ; nothing was made, do it again"))
    except EOFError as error:
        raise PassphraseError("pki.no-passphrase") from error
    return passphrase


def opened(
    site_dir: Path, path: Path | None, now: datetime, *, language: str = DEFAULT, question: str = ""
) -> Authority:
    """The site's authority, by its passphrase; who types it has three tries. Raises SettingsError, PkiError."""
    check_there(site_dir)
    for left in range(TRIES - 1, -1, -1):
        given = read(path, language=language, question=question)
        try:
            return Authority.open(site_dir, given, now)
        except AuthorityError as error:
            if error.code != "pki.wrong-passphrase" or not left or not _is_typed(path):
                raise
            again = Phrase("That is not the passphrase; once more ({left} left).", left=left)
            sys.stderr.write(f"{Words(language).say(again)}\n")
    raise AssertionError("the last try returns or raises")


def is_given() -> bool:
    """Whether systemd gives this process the passphrase."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and (Path(str(folder)) / CREDENTIAL).is_file()


def _is_typed(path: Path | None) -> bool:
    return path is None and not is_given()
