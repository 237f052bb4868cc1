"""The words on the technician's screen: plain Dutch first, English by --language.

TABLE holds, by code, what was found and what to do next ("" for nothing). SAY holds everything else.
"""

from collections.abc import Mapping
from types import ModuleType

from paraat.provision.texts import en, nl

LANGUAGES: Mapping[str, ModuleType] = {"nl": nl, "en": en}


class SpokenError(Exception):
    """A failure that has words in TABLE. code: its key there, with its values; str() is English."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values: Mapping[str, object] = values
        super().__init__(". ".join(filter(None, row(code, values, "en"))))


def row(code: str, values: Mapping[str, object], language: str) -> tuple[str, str]:
    """(what was found, what to do next). Raises KeyError for a code without words."""
    found, step = LANGUAGES[language].TABLE[code]
    return found.format_map(values), step.format_map(values)


def say(key: str, language: str, **values: object) -> str:
    """One line for the screen. Raises KeyError for a key without words."""
    words: str = LANGUAGES[language].SAY[key]
    return words.format_map(values)
