"""What the host observes of itself (its broker, disk, channels ...), as it stands in the journal beside each moment of judging.

Kept is what changed since the moment before, so that a host that stands still writes nothing. A replay builds the very views
from it that were judged. Pure.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from paraat.domain.subjects import View
from paraat.runtime.typed import convert, decode

_Key = tuple[str, str]  # the name of the view's type, and which one


class _Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is otherwise than at the moment before. begins: nothing was known before, the host had just started.

    views: by the name of its type and which one, its fields but `now`; null: there is none any more.
    """

    begins: bool = False
    views: dict[str, dict[str, dict[str, Any] | None]] = {}


class Observer:
    """Says what is to be kept of each moment, from the start of a host on."""

    def __init__(self) -> None:
        self._known: dict[_Key, dict[str, Any]] | None = None

    def note(self, views: Iterable[View]) -> str:
        """What changed, as JSON; "" when nothing did."""
        found = {_key(view): _fields(view) for view in views}
        known = {} if self._known is None else self._known
        changed: dict[str, dict[str, dict[str, Any] | None]] = {}
        for key in sorted({*found, *known}):
            if found.get(key) != known.get(key):
                changed.setdefault(key[0], {})[key[1]] = found.get(key)
        change = _Change(begins=self._known is None, views=changed)
        self._known = found
        return msgspec.json.encode(change).decode() if change.begins or changed else ""


class Observed:
    """Gives the views back, moment after moment. kinds: all types of views that rules judge."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._known: dict[_Key, dict[str, Any]] = {}

    def take(self, told: str, now: float) -> tuple[bool, list[View]]:
        """(whether a host began here, the views at `now`). What a release judged that this one does not know is left out."""
        change = decode(told, _Change) if told else _Change()
        if change.begins:
            self._known = {}
        for kind, of_kind in change.views.items():
            for which, fields in of_kind.items():
                self._known.pop((kind, which), None)
                if fields is not None:
                    self._known[kind, which] = fields
        return change.begins, [
            convert(fields | {"now": now}, self._kinds[kind])
            for (kind, _), fields in self._known.items()
            if kind in self._kinds
        ]


def _key(view: View) -> _Key:
    return type(view).__name__, f"{view.subject.kind}/{view.subject.id}"


def _fields(view: View) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(view, enc_hook=str)  # a Phrase is kept as the English that it is
    fields.pop("now", None)
    return fields
