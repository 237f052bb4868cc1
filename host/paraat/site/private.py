"""Files that only their owner may read."""

from pathlib import Path

from paraat.site.errors import SettingsError
from paraat.texts import Phrase, reason


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
