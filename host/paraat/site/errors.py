"""What is wrong with a site's files: which file, which key, what was found and what is expected."""

from pathlib import Path

from paraat.texts import ExplainedError, Phrase, Words


class SettingsError(ExplainedError):
    """Raised when a site file is missing or wrong. str() names file, key, what was found, what is expected, in English.

    found and expected are Phrases, or what stands in a file and is no language.
    """

    def __init__(self, path: Path, key: str, found: str, expected: str) -> None:
        at = f"{path}: {key}" if key else str(path)
        self._phrase = Phrase("{at}: found {found}; expected {expected}", at=at, found=found, expected=expected)
        super().__init__(self._phrase)
        self.path = path
        self.key = key
        self.found = found
        self.expected = expected

    def explain(self, language: str) -> tuple[str, str]:
        return Words(language).say(self._phrase), ""
