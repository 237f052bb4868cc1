"""What is wrong with a site's files: which file, which key, what was found and what is expected."""

from collections.abc import Mapping
from pathlib import Path

from paraat.texts import LANGUAGES, ExplainedError


class SettingsError(ExplainedError):
    """Raised when a site file is missing or wrong. str() names file, key, what was found, what is expected."""

    def __init__(self, path: Path, key: str, found: str, expected: str) -> None:
        at = f"{path}: {key}: " if key else f"{path}: "
        super().__init__(f"{at}found {found}; expected {expected}")
        self.path = path
        self.key = key
        self.found = found
        self.expected = expected

    def explain(self, language: str) -> tuple[str, str]:
        words: Mapping[str, str] = LANGUAGES[language].SETTINGS
        at = f"{self.path}: {self.key}: " if self.key else f"{self.path}: "

        def said(text: str) -> str:
            # "mode 0644": the words are known, the number is not
            for known, ours in words.items():
                if text.startswith(known):
                    return ours + text[len(known) :]
            return text

        return f"{at}{words['found']} {said(self.found)}; {words['expected']} {said(self.expected)}", ""
