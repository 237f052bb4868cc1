"""The words of the status page: the context "web" of the catalogues."""

from paraat import texts


class Words(texts.Words):
    """One language's words for the page. Raises KeyError for a language without a catalogue."""

    def __init__(self, language: str) -> None:
        super().__init__(language, "web")

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
