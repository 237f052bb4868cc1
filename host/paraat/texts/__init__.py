"""The words on the technician's screen: plain Dutch first, English by --language.

TABLE holds, by code, what was found and what to do next ("" for nothing). SAY holds everything else, and SETTINGS what
stands in an error about a site's file.
"""

import re
from collections.abc import Mapping
from types import ModuleType

from paraat.texts import en, nl

LANGUAGES: Mapping[str, ModuleType] = {"nl": nl, "en": en}


_CODE = re.compile(r"[a-z]+\.[a-z0-9-]+")


class ExplainedError(Exception):
    """An error that is said in the reader's language; str() is English."""

    def explain(self, language: str) -> tuple[str, str]:
        """(what was found, what to do next)."""
        raise NotImplementedError


class SpokenError(ExplainedError):
    """A failure that has words in TABLE. code: its key there, with its values; str() is English.

    Where no technician reads it, code is plain English itself.
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
        return code, ""
    found, step = LANGUAGES[language].TABLE[code]
    said = {key: sentence(*explain(v, language)) if isinstance(v, Exception) else v for key, v in values.items()}
    return found.format_map(said), step.format_map(said)


def explain(error: Exception, language: str) -> tuple[str, str]:
    """(what was found, what to do next) of an error, in this language where we have words for it."""
    if isinstance(error, ExplainedError):
        return error.explain(language)
    return str(error) or type(error).__name__, ""


def sentence(found: str, step: str) -> str:
    """Both in one line."""
    return ". ".join(filter(None, (found, step)))


def say(key: str, language: str, **values: object) -> str:
    """One line for the screen. Raises KeyError for a key without words."""
    words: str = LANGUAGES[language].SAY[key]
    return words.format_map(values)
