"""One mechanism for all words that people meet: gettext catalogues, one .po file a language, in this folder.

English text that code says itself is a Phrase, and its own id (`msgid`); what is asked for by key has the key as its id and
the room as its context (`msgctxt`), because a key may be put together ("status.3") or name two texts. docs/adr/0015 says why.
"""

import contextlib
import gettext
import hashlib
import io
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from babel.core import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).parent
DEFAULT = "nl"
SOURCE = "en"  # what stands in the code; keys have their English in en.po
_DIGEST_BYTES = 32  # SHA-256


class Phrase(str):
    """An English sentence that can be said in every language: Phrase("{path}: no such file", path=path).

    To those who know no better it is the English text. Values that are Phrases or errors are said in the language too.
    Babel finds the literal by this name, so it must stand in the call itself.
    """

    msgid: str
    values: Mapping[str, object]

    def __new__(cls, msgid: str, **values: object) -> Self:
        made = super().__new__(cls, msgid.format_map(values))
        made.msgid, made.values = msgid, values
        return made

    @classmethod
    def of(cls, text: str, values: Mapping[str, object] | None = None) -> Self:
        """Somebody else's English, said in a language that happens to know it. values: where it has {placeholders}."""
        if values is not None:
            return cls(text, **values)
        return cls(text.replace("{", "{{").replace("}", "}}"))

    def found_in(self, translations: gettext.NullTranslations) -> str:
        """The sentence of a catalogue, with its {placeholders} left in."""
        return translations.gettext(self.msgid)


class Count(Phrase):
    """A sentence that depends on a number: Count(n, "one point", "{n} points"); n is one of its values."""

    many: str
    n: int

    def __new__(cls, n: int, one: str, many: str, **values: object) -> Self:
        made = super().__new__(cls, one if n == 1 else many, n=n, **values)
        made.msgid, made.many, made.n = one, many, n
        return made

    def found_in(self, translations: gettext.NullTranslations) -> str:
        return translations.ngettext(self.msgid, self.many, self.n)


class Amount(NamedTuple):
    """A number among a Phrase's values, which each language writes in its own way; str() is English."""

    value: float
    digits: int

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}f}"

    def __format__(self, form: str) -> str:
        return format(str(self), form)


class Words:
    """One language's words. context: where the keys that this asks for are used, such as "web".

    Raises KeyError for a language without a catalogue.
    """

    def __init__(self, language: str, context: str = "") -> None:
        self.language = language
        self.context = context
        self._translations, self.locale = _load(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its {placeholders} filled in. Raises KeyError when no catalogue has it."""
        return self.raw(key).format_map(self._said(values))

    def raw(self, key: str) -> str:
        """The text of a key with its {placeholders} left in. Raises KeyError."""
        return self._translations.pgettext(self.context, key)

    def known(self, key: str) -> str | None:
        """As raw; None for a key without words."""
        try:
            return self.raw(key)
        except KeyError:
            return None

    def all(self) -> dict[str, str]:
        """Every key of the context, with its text."""
        return {key: self.raw(key) for key in _keys(self.context)}

    def code(self, kind: str, code: str) -> str:
        """The words for a code that another part made up, such as a fault; the code itself when it is new to us."""
        return self.known(f"{kind}.{code}") or code

    def count(self, key: str, n: int, **values: object) -> str:
        """The text of a key that depends on a number, in the form that the language has for it."""
        return self._translations.npgettext(self.context, key, key, n).format_map(self._said({"n": n} | values))

    def say(self, phrase: object) -> str:
        """A Phrase, an Amount, or an error whose words are one, in this language; anything else as it is."""
        from paraat.texts import explain, sentence

        if isinstance(phrase, Phrase):
            return phrase.found_in(self._translations).format_map(self._said(phrase.values))
        if isinstance(phrase, Amount):
            return self.number(*phrase)
        if isinstance(phrase, Exception):
            return sentence(*explain(phrase, self.language))
        return str(phrase)

    def gettext(self, msgid: str) -> str:
        """A sentence of somebody else's code, such as argparse, by its English; it fills in the values itself."""
        return self._translations.gettext(msgid)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """As gettext, for a sentence that depends on a number."""
        return self._translations.ngettext(one, many, n)

    def number(self, value: float, digits: int) -> str:
        """A number as people of this language write it; a rounded zero has no minus sign."""
        return _number(round(value, digits) + 0.0, digits, self.locale)

    def hours(self, hours: float) -> str:
        """Hours that something lasts: a decimal below ten, and never one that rounds up to what is not there."""
        tenths = int(hours * 10 + 1e-6) / 10
        whole = tenths >= 10 or tenths == int(tenths)
        return self.number(int(hours + 1e-6) if whole else tenths, 0 if whole else 1)

    def moment(self, at: datetime, form: str) -> str:
        """An aware moment, in the zone that it has. form: a key of the context "date", whose text is a CLDR pattern."""
        return format_datetime(at, Words(self.language, "date").raw(form), locale=self.locale)

    def _said(self, values: Mapping[str, object]) -> dict[str, object]:
        return {
            key: self.say(value) if isinstance(value, Phrase | Amount | Exception) else value
            for key, value in values.items()
        }


@lru_cache(maxsize=8192)  # a page of 200 points has some 1,500, mostly those of the page before
def _number(value: float, digits: int, locale: Locale) -> str:
    return format_decimal(value, f"0.{'0' * digits}" if digits else "0", locale=locale)


class _NoKey(gettext.NullTranslations):
    """Behind the last catalogue: a Phrase is its own English, and a key that nobody has words for is a mistake."""

    def pgettext(self, context: str, message: str) -> str:
        raise KeyError(f"{context}: {message}")

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        raise KeyError(f"{context}: {msgid1}, {msgid2} ({n})")


class _English(gettext.NullTranslations):
    """Behind every other catalogue: read when that lacks something, which the Dutch one does not."""

    def gettext(self, message: str) -> str:
        return _load(SOURCE)[0].gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return _load(SOURCE)[0].ngettext(msgid1, msgid2, n)

    def pgettext(self, context: str, message: str) -> str:
        return _load(SOURCE)[0].pgettext(context, message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return _load(SOURCE)[0].npgettext(context, msgid1, msgid2, n)


def forget() -> None:
    """Read the catalogues anew: for who has changed one."""
    _load.cache_clear()
    _keys.cache_clear()


def languages() -> tuple[str, ...]:
    """Every language that has a catalogue; the default first."""
    return tuple(sorted((path.stem for path in FOLDER.glob("*.po")), key=lambda name: (name != DEFAULT, name)))


@cache
def _keys(context: str) -> tuple[str, ...]:
    """In the order of the English catalogue, which has every key."""
    return tuple(str(message.id) for message in _read(SOURCE) if message.id and message.context == context)


def _read(language: str) -> "Catalog":
    # Only for who reads a .po: to load this takes each command longer than all its words.
    from babel.messages.pofile import read_po

    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file)


def _compiled(language: str) -> bytes:
    """The catalogue as a .mo file, kept where Python keeps what it compiled.

    It is known by what its .po holds, so it is never old; and by its own digest, so that one that a power cut left torn is
    made anew. Where nothing can be written it is made each time, in a fifth of a second.
    """
    source = (FOLDER / f"{language}.po").read_bytes()
    place = FOLDER / "__pycache__" / f"{language}.{hashlib.sha256(source).hexdigest()[:16]}.mo"
    with contextlib.suppress(OSError):
        digest, compiled = (kept := place.read_bytes())[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        if hashlib.sha256(compiled).digest() == digest:
            return compiled
    from babel.messages.mofile import write_mo

    made = io.BytesIO()
    write_mo(made, _read(language))
    if not sys.dont_write_bytecode:
        with contextlib.suppress(OSError):
            _keep(place, made.getvalue())
    return made.getvalue()


def _keep(place: Path, compiled: bytes) -> None:
    place.parent.mkdir(exist_ok=True)
    unfinished = place.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(hashlib.sha256(compiled).digest() + compiled)
    unfinished.replace(place)
    for old in place.parent.glob(f"{place.name.partition('.')[0]}.*.mo"):
        if old != place:
            old.unlink()


@cache
def _load(language: str) -> tuple[gettext.GNUTranslations, Locale]:
    """Raises KeyError. What a language lacks is said in English."""
    if language not in languages():
        raise KeyError(language)
    translations = gettext.GNUTranslations(io.BytesIO(_compiled(language)))
    translations.add_fallback(_NoKey() if language == SOURCE else _English())
    return translations, Locale.parse(translations.info().get("language") or SOURCE)
