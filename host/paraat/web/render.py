"""From what the source says to HTML: the whole page, and the pieces of it that the live stream
sends.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from paraat.domain.facts import Fact
from paraat.domain.model import AlertState, PointView
from paraat.domain.radio import Entered, RadioError
from paraat.web.cards import Card, Item, Writer, moment, rfc3339, waits
from paraat.web.roll import Counts, Roll, firing_by_point, in_order
from paraat.web.shelf import Shelf
from paraat.web.source import Stand, WebSource
from paraat.web.texts import Words

_HERE = Path(__file__).parent
STATIC = _HERE / "static"

_AGES = ("age", "age.bare", "age.old", "heard", "ago.s", "ago.min", "ago.h", "ago.d")
_SCRIPT_TEXTS = (
    *_AGES, "dead", "dead.since", "broken", "sound.on", "sound.off", "who.failed", "code.answer", "code.again",
)  # fmt: skip
_BANNER_LINES = 3
# On one page, so that a whole country does not choke a phone.
CARDS_MAX = 200
ALERTS_MAX = 100

T = TypeVar("T")


class Place(NamedTuple):
    """Which part of its long lists a page shows; the first, 1, has the worst."""

    points: int = 1
    alerts: int = 1


FIRST = Place()


class Piece(msgspec.Struct, Generic[T], frozen=True):
    """A part of the page with its key: what it says, and the HTML that says it."""

    key: str
    says: T
    html: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The changing parts of the page as they were at `now` (unix seconds), of the points as they stood in `stand`.

    Equal parts keep their identity. more, more_alerts: what the lists go on with, and the way there.
    """

    now: float
    stand: Stand
    title: str
    head: str
    host: str
    more: str
    more_alerts: str
    banner: str
    alerts: dict[str, Piece[Item]]
    cards: dict[str, Piece[Card]]


class Renderer:
    """Renders one source's pages. Raises KeyError, at once, for a language that has no texts."""

    def __init__(self, source: WebSource) -> None:
        self.source = source
        self.shelf = Shelf(source)
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
        self._roll, self._calling = Roll(), threading.Lock()

    def fill(self, template: str, **values: object) -> str:
        """A page of templates/, with the words, the region and what else every page needs."""
        return self._templates.get_template(template).render(values)

    def clock(self, now: float) -> str:
        """What a clock in the region shows at a moment."""
        return self._writer.time(now, now)

    def snapshot(self, before: Snapshot | None, place: Place = FIRST) -> Snapshot:
        """The page's changing parts now. What says the same as in `before`, of that place, is taken from there."""
        now, stand = self.source.clock.now(), self.source.stand()
        host = str(self._macro("host", self._writer.troubles(self.source.health()), stand.waiting))
        if before is not None and before.stand is stand:
            return msgspec.structs.replace(before, now=now, host=host)
        found, silences = self.source.alerts(), self.source.silences()
        seen = self.source.seen([one.id for one in found if one.state == "firing"])
        alerts, firing = in_order(found, seen), firing_by_point(found)
        with self._calling:
            self._roll.call(stand.views, firing)
            points, counts = self._roll.points, self._roll.counts()
        cards, more = _part(points, place.points, CARDS_MAX)
        items, more_alerts = _part(alerts, place.alerts, ALERTS_MAX)
        told = self.source.tellings([one.id for one in items if one.id])
        places = {one.point for one in alerts if one.point is not None}
        names = {point: stand.views[point].name for point in places if point in stand.views}
        written = self._writer.items(items, names, now, seen, told, silences)
        shown = self._writer.cards([msgspec.structs.replace(view, now=now) for view in cards], firing, silences)
        waiting = [one for one in alerts if one.severity == "critical" and waits(one, seen.get(one.id))]
        return Snapshot(
            now=now,
            stand=stand,
            title=self._title(counts),
            head=str(self._macro("counts", counts)),
            host=host,
            more=self._more("points.more", more, place, place._replace(points=place.points + 1), place.points),
            more_alerts=self._more(
                "alerts.more", more_alerts, place, place._replace(alerts=place.alerts + 1), place.alerts
            ),
            banner=self._banner(waiting, names, now, seen),
            alerts=self._pieces("alert", {i.key: i for i in written}, before.alerts if before else {}, now),
            cards=self._pieces("card", {c.point: c for c in shown}, before.cards if before else {}, now),
        )

    def _script_texts(self) -> str:
        """The words that the script in the page needs, as JSON."""
        return msgspec.json.encode({key: self.words.raw(key) for key in _SCRIPT_TEXTS}).decode()

    def _title(self, counts: Counts) -> str:
        title = self.words("title", region=self.source.region)
        return f"({counts.not_ready}) {title}" if counts.not_ready else title

    def _more(self, key: str, others: int, place: Place, following: Place, at: int) -> str:
        """How many are left out below, and the ways to the other parts of the list; empty where it is whole."""
        if not others and at == 1:
            return ""
        first = place._replace(points=1) if following.points != place.points else place._replace(alerts=1)
        return str(self._macro("more", key, others, _path(first) if at > 1 else "", _path(following)))

    def _banner(self, waiting: list[AlertState], names: Mapping[str, str], now: float, seen: Mapping[int, Fact]) -> str:
        """What nobody has acknowledged yet, the oldest first: whoever waits longest. Empty when nothing is."""
        oldest = sorted(waiting, key=moment)
        items = self._writer.items(oldest[:_BANNER_LINES], names, now, seen)
        return str(self._macro("banner", items, len(oldest) - _BANNER_LINES)) if oldest else ""

    def entered(self, found: Entered) -> str:
        """What a code over the radio said, in words."""
        return self._writer.entered(found, self._names(), self.source.alerts())

    def radio_error(self, error: RadioError) -> str:
        """Why such a code does not count, in words."""
        return self._writer.radio_error(error, self.source.clock.now())

    def item(self, alert: AlertState) -> Item:
        """An alert in words, as the list of alerts has it."""
        now = self.source.clock.now()
        (item,) = self._writer.items([alert], self._names(), now, self.source.seen([alert.id]))
        return item

    def card(self, view: PointView) -> str:
        """The card of a point, as the status page has it."""
        (card,) = self._writer.cards([view], firing_by_point(self.source.alerts()), self.source.silences())
        return str(self._macro("card", card, view.now))

    def _names(self) -> dict[str, str]:
        return {point: view.name for point, view in self.source.stand().views.items()}

    def _pieces(self, macro: str, wanted: dict[str, T], before: dict[str, Piece[T]], now: float) -> dict[str, Piece[T]]:
        pieces: dict[str, Piece[T]] = {}
        for key, says in wanted.items():
            old = before.get(key)
            same = old is not None and old.says == says
            pieces[key] = old if same and old else Piece(key, says, str(self._macro(macro, says, now)))
        return pieces

    def _macro(self, name: str, *values: object) -> object:
        return getattr(self._parts, name)(*values)


def _part(rows: Sequence[T], number: int, size: int) -> tuple[Sequence[T], int]:
    """The part of a list with that number, and how many rows come after it."""
    end = number * size
    return rows[end - size : end], max(0, len(rows) - end)


def _path(place: Place) -> str:
    """Where the page with that part of the lists is."""
    asked = {"page": place.points, "alerts": place.alerts}
    given = urlencode({name: number for name, number in asked.items() if number > 1})
    return f"/?{given}" if given else "/"


def _iso(t: float) -> str:
    moment: datetime = rfc3339(t)
    return moment.isoformat().replace("+00:00", "Z")


def _digest(paths: Iterable[Path]) -> str:
    """Changes when the page's own files do: so an old page in a browser knows that it is old."""
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
