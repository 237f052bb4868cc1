"""What of site.toml and points/*.toml stays at home when a copy goes along: whom to tell, and how one gets in.

It is cut line by line, so that what goes along is a file of a person still, and what was cut can be put back.
"""

import re
import tomllib
from typing import NamedTuple

# Tables and keys of the first part of a file, that flashing does not need and others need not read.
_TABLES = frozenset(("lead", "deputy", "deputies", "coordination", "channels", "telling", "roster", "influx"))
_KEYS = frozenset(("access", "phone"))
_HEAD = re.compile(r'^\s*\[{1,2}\s*([A-Za-z_][\w-]*)(?:\.[\w."-]+)?\s*\]{1,2}\s*(?:#.*)?$')
_KEY = re.compile(r"^\s*([A-Za-z_][\w-]*)\s*=")


class Shortened(NamedTuple):
    """given: what goes along. keys, tables: what was cut, as it stood."""

    given: str
    keys: str
    tables: str


class NotShortenedError(ValueError):
    """Raised when a file is written so that it cannot be cut line by line."""


def shorten(text: str) -> Shortened:
    """Cut a file. Raises NotShortenedError rather than give along what should stay."""
    given, keys, tables = [], [], []
    table = ""
    for line in text.splitlines(keepends=True):
        head, key = _HEAD.match(line), _KEY.match(line)
        if head is not None:
            table = head[1]
        if table in _TABLES:
            tables.append(line)
        elif not table and key is not None and key[1] in _KEYS:
            keys.append(line)
        else:
            given.append(line)
    short = Shortened("".join(given), "".join(keys), "".join(tables))
    _check(text, short)
    return short


def restore(theirs: str, cut: Shortened) -> str:
    """A file that was changed after it was cut, with what was cut put back."""
    lines = theirs.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if _HEAD.match(line)), len(lines))
    whole = "".join(lines[:first]) + cut.keys + "".join(lines[first:])
    return whole if not cut.tables else f"{whole.rstrip()}\n\n{cut.tables.strip()}\n"


def _check(text: str, short: Shortened) -> None:
    try:
        expected = {k: v for k, v in tomllib.loads(text).items() if k not in _TABLES | _KEYS}
        if tomllib.loads(short.given) == expected:
            return
    except tomllib.TOMLDecodeError:
        pass
    raise NotShortenedError
