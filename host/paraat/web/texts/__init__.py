"""The words of the status page, a table a language.

Every table has the same keys and the same {placeholders}.
"""

from collections.abc import Mapping

from paraat.web.texts import en, nl

LANGUAGES: Mapping[str, Mapping[str, str]] = {"nl": nl.TEXTS, "en": en.TEXTS}
DECIMAL: Mapping[str, str] = {"nl": ",", "en": "."}


class Words:
    """One language's words.

    Raises KeyError when the language or a fixed word is not in the table.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = LANGUAGES[language]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its placeholders filled in."""
        return self._texts[key].format(**values)

    def raw(self, key: str) -> str:
        """The text of `key` with its placeholders left in."""
        return self._texts[key]

    def code(self, kind: str, code: str) -> str:
        """The words for a code that another part made up, such as a fault; the code itself when it
        is new to us.
        """
        return self._texts.get(f"{kind}.{code}", code)

    def number(self, value: float, digits: int) -> str:
        """A number as people of this language write it; a rounded zero has no minus sign."""
        return f"{round(value, digits) + 0.0:.{digits}f}".replace(".", DECIMAL[self.language])

    def ago(self, seconds: float) -> str:
        """An age in words: seconds below a minute, minutes below 100, hours below 48, then days.

        static/page.js says the same of the same numbers, so that an age ticks without the server.
        """
        for key, unit_s, below in (
            ("ago.s", 1, 60),
            ("ago.min", 60, 6000),
            ("ago.h", 3600, 172800),
        ):
            if seconds < below:
                return self(key, n=max(0, int(seconds // unit_s)))
        return self("ago.d", n=int(seconds // 86400))
