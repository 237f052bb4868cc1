"""The words on the technician's screen: plain Dutch first, English by --language.

TABLE holds, by code, what was found and what to do next ("" for nothing). SAY holds everything else, and SETTINGS what
stands in an error about a site's file.
"""

import re
from collections.abc import Mapping
from types import ModuleType

from paraat.provision.texts import en, nl
from paraat.settings import SettingsError

LANGUAGES: Mapping[str, ModuleType] = {"nl": nl, "en": en}


_CODE = re.compile(r"[a-z]+\.[a-z0-9-]+")


class SpokenError(Exception):
    """A failure that has words in TABLE. code: its key there, with its values; str() is English.

    Where no technician reads it, code is plain English itself.
    """

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values: Mapping[str, object] = values
        super().__init__(sentence(*row(code, values, "en")))


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
    if isinstance(error, SpokenError):
        return row(error.code, error.values, language)
    if isinstance(error, SettingsError):
        return _explain_settings(error, language), ""
    return str(error) or type(error).__name__, ""


def sentence(found: str, step: str) -> str:
    """Both in one line."""
    return ". ".join(filter(None, (found, step)))


def _explain_settings(error: SettingsError, language: str) -> str:
    words: Mapping[str, str] = LANGUAGES[language].SETTINGS
    at = f"{error.path}: {error.key}: " if error.key else f"{error.path}: "

    def said(text: str) -> str:
        # "mode 0644": the words are known, the number is not
        for known, ours in words.items():
            if text.startswith(known):
                return ours + text[len(known) :]
        return text

    return f"{at}{words['found']} {said(error.found)}; {words['expected']} {said(error.expected)}"


def say(key: str, language: str, **values: object) -> str:
    """One line for the screen. Raises KeyError for a key without words."""
    words: str = LANGUAGES[language].SAY[key]
    return words.format_map(values)
