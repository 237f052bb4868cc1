"""The words for people: plain Dutch first, English by one setting, another language by one .po file (catalogue.py).

An error on the technician's screen has two texts by its code: in the context "found" what was found, and in "do" what to do
next, where there is something. "screen" has everything else that stands there by key.
"""

import re
from collections.abc import Mapping

from paraat.domain.said import Said
from paraat.texts.catalogue import Amount, Count, Phrase, Words, languages

__all__ = [
    "Amount",
    "Count",
    "ExplainedError",
    "Phrase",
    "SpokenError",
    "Words",
    "explain",
    "languages",
    "phrase_of",
    "row",
    "say",
    "sentence",
]

_CODE = re.compile(r"[a-z]+\.[a-z0-9-]+")


class ExplainedError(Exception):
    """An error that is said in the reader's language; str() is English."""

    def explain(self, language: str) -> tuple[str, str]:
        """(what was found, what to do next)."""
        raise NotImplementedError


class SpokenError(ExplainedError):
    """A failure that has words in the catalogue. code: its key there, with its values; str() is English.

    A Phrase is a failure without a code, in one sentence.
    """

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values: Mapping[str, object] = values
        super().__init__(sentence(*row(code, values, "en")))

    def explain(self, language: str) -> tuple[str, str]:
        return row(self.code, self.values, language)


def row(code: str, values: Mapping[str, object], language: str) -> tuple[str, str]:
    """(what was found, what to do next). A value that is an error is said in this language too.

    Raises KeyError for a code without words.
    """
    if not _CODE.fullmatch(code):
        return Words(language).say(code), ""
    found, do = Words(language, "found"), Words(language, "do")
    return found(code, **values), do(code, **values) if do.known(code) else ""


def explain(error: Exception, language: str) -> tuple[str, str]:
    """(what was found, what to do next) of an error, in this language where we have words for it."""
    if isinstance(error, ExplainedError):
        return error.explain(language)
    if error.args and isinstance(error.args[0], Phrase):
        return Words(language).say(error.args[0]), ""
    if isinstance(error, OSError) and error.filename is None:
        return Words(language).say(reason(error)), ""
    return str(error) or type(error).__name__, ""


# What the system says of a file or a connection, as it says it in English (errno).
_SYSTEM = (
    Phrase("Permission denied"),
    Phrase("Operation not permitted"),
    Phrase("No such file or directory"),
    Phrase("File exists"),
    Phrase("Not a directory"),
    Phrase("Is a directory"),
    Phrase("No space left on device"),
    Phrase("Read-only file system"),
    Phrase("Input/output error"),
    Phrase("Device or resource busy"),
    Phrase("No locks available"),
    Phrase("Connection refused"),
    Phrase("Connection reset by peer"),
    Phrase("No route to host"),
    Phrase("Network is unreachable"),
    Phrase("Name or service not known"),
    Phrase("Temporary failure in name resolution"),
    Phrase("Address already in use"),
    Phrase("timed out"),
)


def reason(error: OSError) -> Phrase:
    """Why the system refused, without the file: that stands beside it in our own words."""
    return Phrase.of(error.strerror or str(error) or type(error).__name__)


def phrase_of(said: str) -> Phrase:
    """What the domain said, to be said in any language. Who asks for it has its Phrases, for the catalogues."""
    return Phrase.of(said.template, said.values) if isinstance(said, Said) else Phrase.of(said)


def whom_to_call(said: str, phone: str | None, language: str) -> str:
    """The line with the coordination point's number, where what was said tells to call or ask it; else empty."""
    marks = say("call.marks", language).split("|")
    if phone is None or not any(mark in said for mark in marks):
        return ""
    return say("call.phone", language, phone=phone)


def sentence(found: str, step: str) -> str:
    """Both in one line."""
    return ". ".join(filter(None, (found, step)))


def say(key: str, language: str, **values: object) -> str:
    """One line for the screen. Raises KeyError for a key without words."""
    return Words(language, "screen")(key, **values)
