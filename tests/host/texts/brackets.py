"""A language of brackets: every piece of every catalogue's text stands in ⟦ ⟧, and what is filled in stands outside.

So a word that is shown outside the brackets comes from the code without being marked, and no translator would ever see it.
Names, figures, and what is typed (commands, keys, files) are the exception.
"""

import re
import string
from collections.abc import Iterable

from babel import Locale

LANGUAGE = "en_GB"  # a locale that Babel knows, and no language of ours
NEVER_WORDS = ("date",)  # contexts that hold patterns
_HOLE = re.compile(r"%(?:\(\w+\))?[srd]")
_SEPARATED = {"columns", "levels", "status"}  # texts with | between them


def in_brackets(text: str) -> str:
    """⟦found ⟧{found}⟦; expected ⟧{expected}"""
    if "%" in text and _HOLE.search(text):
        pieces = re.split(f"({_HOLE.pattern})", text)
        return "".join(piece if _HOLE.fullmatch(piece) else _wrapped(piece) for piece in pieces)
    made = []
    for literal, name, form, _ in string.Formatter().parse(text):
        made.append(_wrapped(literal.replace("{", "{{").replace("}", "}}")))
        if name is not None:
            made.append("{" + name + (f":{form}" if form else "") + "}")
    return "".join(made)


def _wrapped(piece: str) -> str:
    return "|".join(f"⟦{part}⟧" if re.search(r"\w", part) else part for part in piece.split("|"))


# Babel has the names of days and months of every locale: no translator of ours is asked for them.
_OF_LOCALE = frozenset(
    name.lower()
    for names in (Locale.parse(LANGUAGE).days["format"], Locale.parse(LANGUAGE).months["format"])
    for width in ("abbreviated", "wide")
    for name in names[width].values()
)
# Typed as they are, or names that no language changes.
_NAMES = frozenset((
    "paraat", "python", "micropython", "broker", "host", "desk", "authority", "valid", "make",
    "sudo", "bundle", "toml", "usb", "console", "identify", "update", "flash", "replace",
    "image", "erase", "pki", "init", "issue", "renew", "revoke", "crl", "list", "rules",
    "serve", "status", "attest", "point", "refuel", "delivered", "plan", "building", "standby", "alerted", "opening", "operational", "closing", "out-of-use", "check", "simulate", "demo", "command", "configure", "doctor", "verify", "logs",
    "build", "stolen", "alerts", "acknowledge", "silence", "site", "true", "false", "uart", "onewire", "broker-config", "bring-back", "replace-authority", "renewal-drill", "services", "clock", "gaps", "accept", "journal", "restore", "backup", "labels", "boards", "commission", "day-bundle",
    "certificate", "sheet", "code", "enter", "count", "litres", "help", "upkeep", "test",
))  # fmt: skip


def unmarked(shown: str, names: Iterable[str] = ()) -> list[str]:
    """The words outside the brackets."""
    outside = re.sub(r"⟦[^⟦⟧]*⟧", " ", shown)
    outside = re.sub(r"(?<!\w)--?[a-z][\w-]*", " ", outside)  # options
    for name in sorted(names, key=len, reverse=True):
        outside = outside.replace(name, " ")
    return [word for word in outside.split() if _is_word(word)]


def _is_word(text: str) -> bool:
    text = text.strip("()[]{}<>.,:;!?'\"`|…·–-*│┃━─┏┓┡┩└┘┴┬┳╇")
    if (
        not re.search(r"[^\W\d_]{2,}", text)
        or text.lower() in _NAMES | _OF_LOCALE
        or re.fullmatch(r"([a-z]+-){3}[a-z]+", text)
    ):
        return False
    plain = re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text)
    return plain is not None and not text.isupper()
