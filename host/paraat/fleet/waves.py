"""In which order boards are begun: one first, then waves that grow, and none any more after the first that fails. Pure."""

from collections.abc import Sequence

GROWTH = 4  # of the waves: 1, 4, 16
MOST = 32  # boards in a wave: as many as one desk sends to beside each other


class Waves:
    """canary: who is first; without it the first that is there."""

    def __init__(self, canary: str | None = None) -> None:
        self._canary = canary
        self._size = 1
        self._begun = False
        self.now: list[str] = []  # the boards that were begun last
        self.stopped_by: str | None = None  # the board at which it stopped

    def stop(self, point: str) -> None:
        """This one failed: no other is begun after it."""
        self.stopped_by = self.stopped_by or point

    def next(self, waiting: Sequence[str], *, canary_wanted: bool = True) -> list[str]:
        """Begin those that come next, of all that could; empty when none may.

        canary_wanted: whether the canary, which may not be there yet, is to be waited for.
        """
        chosen = list(waiting)
        if not chosen or self.stopped_by is not None:
            return []
        if not self._begun and self._canary is not None and canary_wanted:
            if self._canary not in chosen:
                return []
            chosen.insert(0, chosen.pop(chosen.index(self._canary)))
        self._begun = True
        self.now = chosen[: self._size]
        self._size = min(self._size * GROWTH, MOST)
        return self.now
