"""From what the source says to HTML: the whole page, and the pieces of it that the live stream
sends.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from paraat.domain.model import AlertState, PointView
from paraat.domain.radio import Entered, RadioError
from paraat.web.cards import Card, Counts, Item, Writer, count, rfc3339
from paraat.web.source import WebSource
from paraat.web.texts import Words

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_AGES = ("age", "age.bare", "age.old", "heard", "ago.s", "ago.min", "ago.h", "ago.d")
_SCRIPT_TEXTS = (
    *_AGES, "dead", "dead.since", "broken", "sound.on", "sound.off", "who.failed", "code.answer", "code.again",
)  # fmt: skip
_BANNER_LINES = 3

T = TypeVar("T")


class Piece(msgspec.Struct, Generic[T], frozen=True):
    """A part of the page with its key: what it says, and the HTML that says it."""

    key: str
    says: T
    html: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The changing parts of the page as they were at `now` (unix seconds).

    Equal parts keep their identity.
    """

    now: float
    title: str
    head: str
    host: str
    more: str
    banner: str
    alerts: dict[str, Piece[Item]]
    cards: dict[str, Piece[Card]]


class Renderer:
    """Renders one source's pages. Raises KeyError, at once, for a language that has no texts."""

    def __init__(self, source: WebSource) -> None:
        self.source = source
        self.words = Words(source.language)
        self._writer = Writer(self.words, ZoneInfo(source.timezone), source.stale_after_s)
        self.build = _digest(path for folder in ("static", "templates") for path in (_HERE / folder).iterdir())
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            t=self.words,
            region=source.region,
            zone=source.timezone,
            build=self.build,
            texts=self._script_texts(),
            iso=_iso,
            full_time=self._writer.full_time,
        )
        self._parts = self._templates.get_template("parts.html").module

    def fill(self, template: str, **values: object) -> str:
        """A page of templates/, with the words, the region and what else every page needs."""
        return self._templates.get_template(template).render(values)

    def clock(self, now: float) -> str:
        """What a clock in the region shows at a moment."""
        return self._writer.time(now, now)

    def snapshot(self, before: Snapshot | None) -> Snapshot:
        """The page's changing parts now. What says the same as in `before` is taken from there."""
        now = self.source.clock.now()
        views = self.source.views(now)
        alerts = self.source.alerts()
        names = {view.point: view.name for view in views}
        silences = self.source.silences()
        cards = self._writer.cards(views, alerts, silences)
        items = self._writer.items(alerts, names, now, self.source.acknowledged, self.source.told, silences)
        counts = count(views)
        return Snapshot(
            now=now,
            title=self._title(counts),
            head=str(self._macro("counts", counts)),
            host=str(self._macro("host", self._writer.troubles(self.source.health()))),
            more=self._more(counts.points - len(cards)),
            banner=self._banner([item for item in items if item.asks is not None and item.look == "critical"]),
            alerts=self._pieces("alert", {i.key: i for i in items}, before.alerts if before else {}, now),
            cards=self._pieces("card", {c.point: c for c in cards}, before.cards if before else {}, now),
        )

    def _script_texts(self) -> str:
        """The words that the script in the page needs, as JSON."""
        return msgspec.json.encode({key: self.words.raw(key) for key in _SCRIPT_TEXTS}).decode()

    def _title(self, counts: Counts) -> str:
        title = self.words("title", region=self.source.region)
        return f"({counts.not_ready}) {title}" if counts.not_ready else title

    def _more(self, others: int) -> str:
        return str(self._macro("more", others)) if others else ""

    def _banner(self, waiting: list[Item]) -> str:
        """What nobody has acknowledged yet, the oldest first: whoever waits longest. Empty when nothing is."""
        oldest = sorted(waiting, key=lambda item: item.t)
        return str(self._macro("banner", oldest[:_BANNER_LINES], len(oldest) - _BANNER_LINES)) if oldest else ""

    def entered(self, found: Entered) -> str:
        """What a code over the radio said, in words."""
        names = self._names(self.source.clock.now())
        return self._writer.entered(found, names, self.source.alerts())

    def radio_error(self, error: RadioError) -> str:
        """Why such a code does not count, in words."""
        return self._writer.radio_error(error, self.source.clock.now())

    def item(self, alert: AlertState) -> Item:
        """An alert in words, as the list of alerts has it."""
        now = self.source.clock.now()
        (item,) = self._writer.items([alert], self._names(now), now, self.source.acknowledged)
        return item

    def card(self, view: PointView) -> str:
        """The card of a point, as the status page has it."""
        (card,) = self._writer.cards([view], self.source.alerts(), self.source.silences())
        return str(self._macro("card", card, view.now))

    def _names(self, now: float) -> dict[str, str]:
        return {view.point: view.name for view in self.source.views(now)}

    def _pieces(self, macro: str, wanted: dict[str, T], before: dict[str, Piece[T]], now: float) -> dict[str, Piece[T]]:
        pieces: dict[str, Piece[T]] = {}
        for key, says in wanted.items():
            old = before.get(key)
            same = old is not None and old.says == says
            pieces[key] = old if same and old else Piece(key, says, str(self._macro(macro, says, now)))
        return pieces

    def _macro(self, name: str, *values: object) -> object:
        return getattr(self._parts, name)(*values)


def _iso(t: float) -> str:
    moment: datetime = rfc3339(t)
    return moment.isoformat().replace("+00:00", "Z")


def _digest(paths: Iterable[Path]) -> str:
    """Changes when the page's own files do: so an old page in a browser knows that it is old."""
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
