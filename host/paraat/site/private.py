"""Files that only their owner may read."""

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from paraat.site.errors import SettingsError
from paraat.texts import Phrase, reason

OWN_KEY = "acknowledge.key"  # in the site's folder
_KEY_BYTES = 32


def own_key(directory: Path) -> bytes:
    """The site's own key: it signs links and codes. Made at its first use; who deletes the file makes all of them void.

    Raises SettingsError when it can neither be read nor made.
    """
    path = directory / OWN_KEY
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise SettingsError(
            path,
            "",
            Phrase("no file, and it cannot be made ({why})", why=reason(error)),
            Phrase("a folder to write to"),
        ) from error
    secret = read_secret(path, "")
    try:
        key = bytes.fromhex(secret)
    except ValueError:
        key = b""
    if len(key) < _KEY_BYTES:
        raise SettingsError(
            path,
            "",
            Phrase("something else than a key"),
            Phrase("the key that Paraat made; delete the file, and links and codes that are under way no longer count"),
        )
    return key


def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose: what is signed for one says nothing for another."""
    return hmac.digest(key, purpose.encode(), hashlib.sha256)


def _make(path: Path) -> None:
    """Whole or not there, and never over one that another process has just made. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(handle)
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_secret(path: Path, key: str) -> str:
    """The one line of a secret file that `key` of site.toml names. Raises SettingsError; never shows the content."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            path,
            key,
            Phrase("no readable file ({why})", why=unread(error)),
            Phrase("a file with one line"),
        ) from error
    check_private(path, key)
    if not secret:
        raise SettingsError(path, key, Phrase("an empty file"), Phrase("one line"))
    if not secret.isprintable():  # in a header of HTTP it would be an error whose words show it
        raise SettingsError(
            path, key, Phrase("more than one line, or a character that cannot be printed"), Phrase("one line")
        )
    return secret


def unread(error: OSError | UnicodeError) -> Phrase:
    """Why a file that may hold a secret could not be read; never a piece of it."""
    return reason(error) if isinstance(error, OSError) else Phrase("it is no UTF-8")


def check_private(path: Path, key: str = "") -> None:
    """Raise SettingsError when others than its owner may read a file that is there."""
    mode = path.stat().st_mode
    if mode & 0o077:
        raise SettingsError(
            path,
            key,
            Phrase("mode {mode}", mode=f"{mode & 0o777:04o}"),
            Phrase("mode 0600: run `chmod 600 {path}`", path=path),
        )
