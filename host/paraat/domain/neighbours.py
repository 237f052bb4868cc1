"""Other hosts of Paraat that we watch: each gives us signs of life, and its silence is an alert here. Pure."""

from collections.abc import Iterable

import msgspec

from paraat.domain.subjects import NEIGHBOUR, Subject


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """A host that we watch, at `now`. heard_at: its last sign of life since watched_since; None: there was none."""

    name: str
    now: float
    watched_since: float
    heard_at: float | None = None

    @property
    def subject(self) -> Subject:
        """The host, for the rules."""
        return Subject(NEIGHBOUR, self.name)


class Neighbours:
    """names: of the hosts that we watch. since: when we began to listen, unix seconds."""

    def __init__(self, names: Iterable[str], since: float) -> None:
        self._heard: dict[str, float | None] = dict.fromkeys(names)
        self._since = since

    def heard(self, name: str | None, now: float) -> None:
        """A sign of life came in; of a host that we do not watch it is nothing."""
        if name in self._heard:
            self._heard[name] = now

    def began(self, now: float) -> None:
        """We listen anew: while our own broker was away nobody could be heard."""
        self._since = now

    def views(self, now: float) -> list[Neighbour]:
        """How each of them stands."""
        return [
            Neighbour(name=name, now=now, watched_since=self._since, heard_at=heard_at)
            for name, heard_at in self._heard.items()
        ]
