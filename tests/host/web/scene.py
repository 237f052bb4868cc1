"""A source that stands still, built from the host's own structs, and a region in which everything
is the matter.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from paraat.alerts.answers import Asked
from paraat.domain.facts import Acknowledged, Author, ClockConfirmed, Counted, Fact, SaidOfPoint, Standing
from paraat.domain.model import AlertState, Autonomy, Latest, NodeState, PointView, Value
from paraat.domain.passages import PRESENT, present
from paraat.domain.points import Point, PointBoard, Tank
from paraat.domain.profiles import Profile, Resource
from paraat.domain.radio import COUNT, Book, Entered, read
from paraat.domain.readiness import ResourceState, State, Verdict
from paraat.domain.refuel import Stop
from paraat.domain.roster import Person
from paraat.domain.subjects import Subject
from paraat.domain.told import Told
from paraat.journal import Past
from paraat.texts import Phrase
from paraat.web.source import Check, Stand

NOW = 1_764_000_000.0  # 2025-11-24 16:00:00 UTC, 17:00 in Amsterdam
PROFILE = Profile(
    target_h=72.0,
    resources={
        "power": Resource(critical=True, by="hours"),
        "water": Resource(critical=True, roles=("lead",)),
        "food": Resource(need="not-required"),
    },
)
FILE = Point(
    id="nsp-0101",
    name="Buurthuis De Linde",
    municipality="Voorbeeldstad",
    capacity=150,
    tank=Tank(capacity_l=400, burn_l_per_h=10),
    board=PointBoard(type="esp32_devkitc_ve"),
    access="achterom",
)
FINE_CHECKS = (
    Check(name="broker", ok=True, required=True),
    Check(name="journal", ok=True, required=True),
    Check(name="ingest", ok=True, required=True),
    Check(name="alerts", ok=True, required=True),
    Check(name="influx", ok=True, required=False),
)


class StillClock:
    """A clock that a test turns."""

    def __init__(self, now: float = NOW) -> None:
        self.t = now

    def now(self) -> float:
        return self.t

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(0)


class FakeAnswers:
    """A link is the id of an alert; a code is looked at by the real reader, and is of NSP-0102."""

    def __init__(self, source: "FakeSource") -> None:
        self._source = source
        self.book = Book(bytes(range(32)))
        self.person = Person(id="jan", name="Jan de Vries", reach={"email": ("jan@example.org",)}, role="lead")
        self.used: dict[str, Fact] = {}
        self.declined = False
        self.error: Exception | None = None

    def asked(self, token: str) -> Asked:
        if self.error is not None:
            raise self.error
        if token in self.used:
            raise ValueError(Phrase("This alert is over. You need not do anything."))
        return Asked(tuple(alert for alert in self._source.firing if str(alert.id) in token.split("-")), self.person)

    def by_link(self, token: str, *, sees_to_it: bool = True) -> Fact:
        asked = self.asked(token)
        author = Author(name=self.person.name, role=self.person.role, way="link")
        self.declined = not sees_to_it
        kept = [self._source.acknowledge(alert.id, author) for alert in asked.alerts]
        assert kept[0] is not None
        self.used[token] = kept[0]
        return kept[0]

    def by_code(self, text: str, author: Author) -> Entered:
        if self.error is not None:
            raise self.error
        code = read(text)
        assert code.kind == COUNT
        said = Counted(point="nsp-0102", people=code.number or 0)
        return Entered(said, self.book.answer(code), self._source.keep(said, author), again=False)


class FakeSource:
    """A WebSource whose answers are attributes. change() does what the service does when
    something arrived.
    """

    def __init__(
        self,
        points: Sequence[PointView] = (),
        alerts: Sequence[AlertState] = (),
        language: str = "nl",
    ) -> None:
        self.region = "Veiligheidsregio Voorbeeld"
        self.language = language
        self.timezone = "Europe/Amsterdam"
        self.clock = StillClock()
        self.stale_after_s = 300.0
        self.points = list(points)
        self.firing = list(alerts)
        self.checks: Sequence[Check] = FINE_CHECKS
        self.error: Exception | None = None
        self.facts: list[Fact] = []
        self.silenced: list[Fact] = []
        self.missing: dict[str, list[tuple[int, int]]] = {"nsp-0101": [(3, 4)]}
        self.refuses: Exception | None = None  # to keep anything
        self.told: dict[int, Sequence[Told]] = {}
        self.asked_tellings: Sequence[int] = ()
        self.still: Stand | None = None  # while nothing changes
        self.waiting = 0
        self.stops: Sequence[Stop] = ()
        self.answers = FakeAnswers(self)
        self.places = {view.point: msgspec.structs.replace(FILE, id=view.point) for view in points}
        self.profiles = dict.fromkeys((view.point for view in points), PROFILE)
        self.was: dict[float, Sequence[PointView]] = {}
        self.listeners: list[Callable[[], None]] = []

    def stand(self) -> Stand:
        if self.error is not None:
            raise self.error
        if self.still is None:
            return Stand(now=self.clock.now(), views={view.point: view for view in self.points}, waiting=self.waiting)
        return self.still

    def view(self, point: str, now: float) -> PointView:
        return self.stand().views[point]

    def past(self, t: float, point: str | None = None) -> Past:
        views = [view for view in self.was[t] if point in (None, view.point)]
        if not views:
            raise KeyError(point)
        return Past(now=t, views=views, standing=Standing())

    def seen(self, alert_ids: Collection[int]) -> Mapping[int, Fact]:
        found = {fact.told.alert: fact for fact in reversed(self.facts) if isinstance(fact.told, Acknowledged)}
        return {alert_id: found[alert_id] for alert_id in alert_ids if alert_id in found}

    def tellings(self, alert_ids: Collection[int]) -> Mapping[int, Sequence[Told]]:
        self.asked_tellings = list(alert_ids)
        return {alert_id: self.told.get(alert_id, ()) for alert_id in alert_ids}

    def gaps(self) -> dict[str, list[tuple[int, int]]]:
        return self.missing

    def gaps_of(self, point: str) -> list[tuple[int, int]]:
        return self.missing.get(point, [])

    def confirm_clock(self, author: Author) -> Fact:
        return Fact(
            id=1, after=0, t=self.clock.now(), recorded_at=self.clock.now(), author=author, told=ClockConfirmed()
        )

    def silences(self) -> Sequence[Fact]:
        return self.silenced

    @property
    def silence_most_s(self) -> float:
        return 168 * 3600.0

    def acknowledge(self, alert_id: int, author: Author) -> Fact | None:
        if self.error is not None:
            raise self.error
        if not any(alert.id == alert_id and alert.state == "firing" for alert in self.firing):
            return None
        told = Acknowledged(alert=alert_id)
        self.facts = [Fact(id=1, after=0, t=NOW, recorded_at=NOW, author=author, told=told)]
        self.change()
        return self.facts[0]

    def keep(self, told: SaidOfPoint, author: Author) -> Fact:
        if self.error is not None or self.refuses is not None:
            raise self.error or self.refuses or RuntimeError
        self.facts = [Fact(id=1, after=0, t=NOW, recorded_at=NOW, author=author, told=told)]
        return self.facts[0]

    def refuel(self, stand: Stand) -> Sequence[Stop]:
        return self.stops

    def refuel_of(self, view: PointView) -> Stop | None:
        return next((stop for stop in self.stops if stop.point == view.point), None)

    def alerts(self) -> Sequence[AlertState]:
        return self.firing

    def health(self) -> Sequence[Check]:
        return self.checks

    def metrics(self) -> bytes:
        return b"# TYPE paraat_sets_stored_total counter\nparaat_sets_stored_total 12\n"

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(on_change)
        return lambda: self.listeners.remove(on_change) if on_change in self.listeners else None

    def change(self) -> None:
        for listener in list(self.listeners):
            listener()


def point(
    point_id: str = "nsp-0101",
    *,
    values: dict[str, Value] | None = None,
    faults: dict[str, str] | None = None,
    read_at: float = NOW - 20,
    old: dict[str, float] | None = None,
    **fields: Any,
) -> PointView:
    """A point that is fine, but for what the test says. `old`: metrics read at another moment than
    the rest.
    """
    if values is None:
        values = {
            "fuel/level": 61.2,
            "battery/voltage": 12.64,
            "climate/temperature": 19.25,
            "people/present": 84,
            "power/mains": True,
            "power/generator": False,
        }
    latest = {name: Latest(value, None, (old or {}).get(name, read_at)) for name, value in values.items()}
    latest |= {name: Latest(None, code, read_at) for name, code in (faults or {}).items()}
    shown = latest.get(PRESENT)
    people = None if shown is None or shown.value is None else present([], None, 5.0, (shown.t, int(shown.value)))
    plain: dict[str, Any] = {
        "people": people,
        "point": point_id,
        "name": "Buurthuis De Linde",
        "municipality": "Voorbeeldstad",
        "capacity": 150,
        "now": NOW,
        "verdict": Verdict.READY,
        "last_verdict": fields.get("verdict", Verdict.READY),
        "resources": (),
        "reasons": (),
        "online": True,
        "watched_since": NOW - 86400,
        "heard_at": read_at,
        "data_t": read_at,
        "latest": latest,
        "litres": 244.8,
        "fuel_t": latest["fuel/level"].t if "fuel/level" in latest else None,
        "fuel_percent": values.get("fuel/level"),
        "autonomy": left(26.3, source="record"),
        "stored": 812,
        "missing": 0,
        "node": NodeState(
            point=point_id,
            received_at=read_at,
            retained=False,
            online=True,
            boot=3,
            fw="0.1.0",
            config=1,
        ),
    }
    return PointView(**(plain | fields))


def never_heard(point_id: str, **fields: Any) -> PointView:
    """A point that exists in the files only."""
    return point(
        point_id,
        values={},
        **(
            {
                "verdict": Verdict.UNKNOWN,
                "reasons": ("never-heard",),
                "online": None,
                "heard_at": None,
                "data_t": None,
                "litres": None,
                "autonomy": None,
                "stored": 0,
                "node": None,
            }
            | fields
        ),
    )


def short_of_power(hours: float, **fields: Any) -> ResourceState:
    """Fewer hours than half of what is asked."""
    detail: dict[str, float | str] = {"hours": hours, "target": 72.0} | fields
    return ResourceState(
        resource="power", state=State.NOT_READY, need="required", critical=True, code="hours", detail=detail
    )


def cool(celsius: float) -> ResourceState:
    """A hall that is not warm enough."""
    detail: dict[str, float | str] = {"metric": "climate/temperature", "value": celsius, "limit": 18.0}
    return ResourceState(
        resource="heat", state=State.LIMITED, need="required", critical=True, code="low", detail=detail
    )


def unknown(resource: str, *, critical: bool = True) -> ResourceState:
    """A resource that nobody ever attested."""
    return ResourceState(
        resource=resource, state=State.UNKNOWN, need="required", critical=critical, code="never-attested"
    )


def left(hours: float, *, source: str = "slope", spread: float = 0.15, rate: float = 9.3) -> Autonomy:
    """An autonomy of so many hours from NOW."""
    return Autonomy(
        hours_low=hours * (1 - spread),
        hours=hours,
        hours_high=hours * (1 + spread),
        burn_l_per_h=rate,
        source=source,
        empty_at=NOW + hours * 3600,
        refuel_before=NOW + hours * 0.8 * 3600,
    )


def alert(rule: str = "low_fuel", point_id: str = "nsp-0102", **fields: Any) -> AlertState:
    """An alert that fires, but for what the test says."""
    plain: dict[str, Any] = {
        "rule": rule,
        "subject": Subject("point", point_id),
        "state": "firing",
        "since": NOW - 900,
        "severity": "critical",
        "detail": {"hours": 2.4, "percent": 14.0},
        "id": 7,
        "fired_at": NOW - 780,
    }
    return AlertState(**(plain | fields))


def rich(language: str = "nl") -> FakeSource:
    """A region in which each status, a fault, an old value, a gap, long names and four kinds of
    alert occur.
    """
    outage: dict[str, Value] = {"power/mains": False, "power/generator": True}
    points = [
        point("nsp-0101"),
        point(
            "nsp-0102",
            name="Sporthal De Zuiderpoort",
            verdict=Verdict.NOT_READY,
            resources=(short_of_power(2.06), unknown("water"), unknown("light", critical=False)),
            values={
                "fuel/level": 14.0,
                "battery/voltage": 12.1,
                "climate/temperature": 17.8,
                "people/present": 212,
            }
            | outage,
            litres=42.0,
            autonomy=left(2.42),
            capacity=250,
        ),
        point(
            "nsp-0103",
            name="Multifunctioneel centrum en dorpshuis Ons Genoegen-Westerkwartier",
            municipality="Nieuwerkerk-Capelsewaarden aan den IJssel",
            verdict=Verdict.LIMITED,
            resources=(cool(16.4),),
            values={
                "fuel/level": 48.0,
                "people/present": 0,
                "climate/temperature": 18.4,
                "climate/temperature/opslag": 4.5,
                "power/mains": False,
                "power/generator": True,
            },
            faults={"battery/voltage": "silent", "battery/current": "silent"},
            old={"people/present": NOW - 2400},
            autonomy=left(11.9),
            litres=192.0,
            missing=3,
        ),
        point(
            "nsp-0201",
            name="Kulturhus Het Baken",
            municipality="Dijkerwaard",
            verdict=Verdict.SILENT,
            last_verdict=Verdict.LIMITED,
            resources=(cool(15.1),),
            reasons=("silent",),
            online=False,
            read_at=NOW - 4980,
            values={
                "fuel/level": 37.0,
                "battery/voltage": 11.9,
                "climate/temperature": 15.1,
                "people/present": 61,
            }
            | outage,
            autonomy=left(8.2),
            litres=130.0,
        ),
        never_heard("nsp-0202", name="Basisschool De Regenboog", municipality="Dijkerwaard", capacity=80),
        point(
            "nsp-0203",
            name="Dorpskerk",
            municipality="Dijkerwaard",
            verdict=Verdict.UNKNOWN,
            reasons=("fuel-unknown",),
            values={
                "battery/voltage": 12.6,
                "climate/temperature": 18.0,
                "people/present": 12,
                "power/mains": True,
            },
            faults={"fuel/level": "range"},
            litres=None,
            autonomy=None,
            capacity=60,
        ),
    ]
    alerts = [
        alert(),
        alert(
            "point_silent",
            "nsp-0201",
            severity="warning",
            since=NOW - 4680,
            id=6,
            fired_at=NOW - 4620,
        ),
        alert(
            "low_fuel",
            "nsp-0103",
            state="pending",
            severity="warning",
            since=NOW - 60,
            id=0,
            fired_at=None,
        ),
        alert(
            "point_silent",
            "nsp-0101",
            state="resolved",
            resolved_at=NOW - 2400,
            severity="warning",
            id=5,
        ),
    ]
    return FakeSource(points, alerts, language)
