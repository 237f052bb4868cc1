"""What the page says of a point and of an alert, in words. Pure: no clock, no HTML.

A Card holds no age, only the moments that ages count from. So a card that says the same compares
equal, and is neither rendered nor sent again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from paraat.domain import battery, fuel_events, passages, tracker
from paraat.domain.facts import Acknowledged, Author, Counted, Delivered, Fact, HelpAsked, Silenced
from paraat.domain.model import ACKNOWLEDGED, AlertState, Autonomy, BatteryLeft, OffGrid, PointView
from paraat.domain.radio import Entered, RadioError
from paraat.domain.readiness import Verdict, told_metrics
from paraat.domain.subjects import POINT, Subject
from paraat.domain.told import Told
from paraat.texts import readiness, upkeep
from paraat.texts.localtime import local, marked
from paraat.web.source import Check
from paraat.web.texts import Words
from paraat_wire import metrics

# Colour, texture and shape of a verdict: classes of page.css and drawings of icons.html.
_LOOKS = {
    Verdict.NOT_READY: "alarm",
    Verdict.LIMITED: "attention",
    Verdict.READY: "fine",
    Verdict.SILENT: "stale",
    Verdict.UNKNOWN: "unknown",
}
_EMPTY_ROUND_S = 300
# Reasons that a card tells in places of their own: its alerts, its faults, its missing sets, its connection, its power.
_SHOWN_ELSEWHERE = frozenset(
    (
        tracker.LOW_FUEL,
        tracker.FUEL_FALLS,
        tracker.HELP_ASKED,
        tracker.FAULT,
        tracker.MISSING,
        tracker.OFFLINE,
        tracker.GENERATOR_DOWN,
        tracker.FUEL_UNKNOWN,
        tracker.FUEL_DOUBTFUL,
        tracker.MAINS_UNKNOWN,
        tracker.GENERATOR_UNKNOWN,
    )
)
_NOTHING_HEARD = frozenset((tracker.NEVER_HEARD, tracker.SILENT))
SILENCED = "silenced"  # as of AlertState.held_by
_SAID_WAYS = ("sms", "link", "radio")  # of an acknowledgement; at the screen or with a command needs no word
_SAME_SET_S = 60  # figures read so shortly before the newest share its age


class Figure(msgspec.Struct, frozen=True):
    """One figure in words. kind: "known", "old", "fault" or "unknown". label: which sensor, where
    there are several. mark: in a word why it is not fine; bad: it is dangerous, or too much.

    t: when it was read, where that is longer ago than the age of the point's figures tells.
    """

    text: str
    kind: str
    t: float | None = None
    label: str = ""
    mark: str = ""
    bad: bool = False


class Fuel(msgspec.Struct, frozen=True, kw_only=True):
    """The fuel part of a card, or of a point without a tank its battery. percent and hours are None while unknown, which is not 0.

    icon: "fuel" or "battery", the name of a drawing of the page; named: what it is of; none: that nothing is known of it.
    """

    icon: str = "fuel"
    named: str
    none: str
    level: Figure
    percent: float | None
    litres: str
    hours: str | None
    range: str
    until: str
    source: str
    off_grid: str  # with the battery, where one is recorded


class Cell(msgspec.Struct, frozen=True):
    """A labelled group of figures; icon is the name of a drawing of the page."""

    icon: str
    label: str
    figures: tuple[Figure, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page says of one point."""

    point: str
    name: str
    municipality: str
    phone: str | None
    look: str  # alarm, attention, fine, stale, unknown
    verdict: str
    was: str  # the last verdict of a point that is silent now
    lines: tuple[readiness.Line, ...]  # why the verdict is no better, the worst first
    renewals: tuple[str, ...]  # words that end soon
    life: str  # where in its life the point is, and since when; empty where nobody ever said
    clock: str  # how it keeps to its clock; empty while none runs
    late: bool
    reasons: tuple[str, ...]
    config: str  # that the board has refused its configuration; empty when not
    fuel: Fuel
    cells: tuple[Cell, ...]
    remarks: tuple[tuple[bool, str, str], ...]  # (bad, what is not fine, what to do)
    counted: str  # how the people are known
    alerts: tuple[tuple[str, str], ...]  # (severity, title) of those that fire
    silenced: str  # that nobody is told, by whom, until when and why; empty when people are
    faults: tuple[str, ...]
    missing: str
    offline: bool
    data_t: float | None
    heard_at: float | None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of alerts."""

    key: str
    look: str  # critical, warning, pending, resolved
    state: str  # of AlertState.stage
    word: str
    title: str
    name: str
    when: str
    t: float
    seen: str  # who has acknowledged it, and when; empty when nobody has
    held: str  # why nobody is told; empty when people are
    say: str  # what a screen reader says when it appears
    asks: int | None  # its id, while somebody is to acknowledge it
    told: tuple[str, ...]  # who was told of it, when, and what came back


class Writer:
    """Puts points and alerts in the words and the time zone of a site."""

    def __init__(self, words: Words, zone: ZoneInfo, stale_after_s: float) -> None:
        self.words = words
        self.zone = zone
        self.stale_after_s = stale_after_s
        self._judged = readiness.Words(words.language, zone)
        self._upkept = upkeep.Words(words.language, zone)

    def silenced(self, name: str, until: float, reason: str, now: float) -> str:
        """That nobody is told, who said so, until when, and why."""
        return self.words("held.silenced", name=name, until=self.time(until, now), reason=reason)

    def _silenced(self, silence: Fact | None, now: float) -> str:
        if silence is None or not isinstance(silence.told, Silenced):
            return ""
        return self.silenced(self.by(silence.author), silence.told.until, silence.told.reason, now)

    def cards(
        self,
        views: Iterable[PointView],
        firing: Mapping[str, Sequence[AlertState]],
        silences: Iterable[Fact] = (),
    ) -> list[Card]:
        """The cards of points, in their order. firing: by point its alerts that fire. silences: what is silenced now."""
        silenced = {fact.told.subject: fact for fact in silences if isinstance(fact.told, Silenced)}
        return [self._card(view, firing.get(view.point, ()), silenced.get(view.subject)) for view in views]

    def items(
        self,
        alerts: Iterable[AlertState],
        names: Mapping[str, str],
        now: float,
        seen: Mapping[int, Fact] = MappingProxyType({}),
        told: Mapping[int, Iterable[Told]] = MappingProxyType({}),
        silences: Iterable[Fact] = (),
    ) -> list[Item]:
        """The lines of alerts, in their order. names: by point. seen: by alert who saw it. told: by alert who was told of it.

        silences: what is silenced now, and by whom.
        """
        silences = list(silences)
        return [
            self._item(
                alert,
                self._about(alert, names),
                seen.get(alert.id),
                told.get(alert.id, ()),
                silence_of(alert, silences),
                now,
            )
            for alert in alerts
        ]

    def telling(self, one: Told, now: float) -> str:
        """That somebody was told, when, by which rung and channel, and what came back."""
        key = "telling.due" if one.at is None else "telling"
        return self.words(
            key,
            time=self.time(one.due_at if one.at is None else one.at, now),
            name=one.name,
            rung=self.words.code("rung", one.rung),
            channel=one.channel,
            state=self.words.code("told", one.state),
            answer=f" - {one.answer}" if one.answer else "",
        )

    def by(self, author: Author) -> str:
        """Who it was, and by which way where that says more than the name."""
        if author.way == "button":
            return self.words("by.button")
        return self.words(f"by.{author.way}", name=author.name) if author.way in _SAID_WAYS else author.name

    def entered(self, found: Entered, names: Mapping[str, str], alerts: Iterable[AlertState]) -> str:
        """What a code over the radio said, for who typed it in."""
        said = found.said
        name = found.fact.author.name
        match said:
            case Acknowledged():
                of = next((alert for alert in alerts if alert.id == said.alert), None)
                title = "" if of is None else self.words.code("rule", of.rule)
                place = "" if of is None else self._place(of.point, names)
                return self.words("code.acknowledge", title=title, point=place, name=name)
            case Counted():
                return self.words.count("code.count", said.people, point=self._place(said.point, names), name=name)
            case Delivered():
                litres = self.words.number(said.litres, 0)
                return self.words("code.litres", n=litres, point=self._place(said.point, names), name=name)
            case HelpAsked():
                return self.words("code.help", point=self._place(said.point, names), name=name)

    def radio_error(self, error: RadioError, now: float) -> str:
        """Why a code does not count, and what to do."""
        until = "" if error.until is None else self.time(error.until, now)
        return self.words(f"code.{error.code}", found=error.found, time=until)

    def _about(self, alert: AlertState, names: Mapping[str, str]) -> str:
        """What an alert is about: a point by its name; of what the coordination point has several, which one."""
        return ": ".join(filter(None, (self._place(alert.point, names), alert.subject.which)))

    def _place(self, point: str | None, names: Mapping[str, str]) -> str:
        return self.words("own") if point is None else names.get(point, point)

    def troubles(self, health: Iterable[Check]) -> list[tuple[bool, str]]:
        """What fails in the host itself, as (required, words)."""
        return [(check.required, self.words.code("check", check.name)) for check in health if not check.ok]

    def time(self, t: float, now: float) -> str:
        """A moment as people say it: the hour, with the day when it is not today."""
        at, today = local(t, self.zone), local(now, self.zone).date()
        days = abs((at.date() - today).days)
        form = "clock" if not days else "weekday and clock" if days <= 6 else "short day and clock"
        return marked(at, self.words.moment(at, form))

    def full_time(self, t: float) -> str:
        """A moment with its date and its seconds, for paper and for a mouse that hovers."""
        at = local(t, self.zone)
        return marked(at, self.words.moment(at, "full"))

    def _card(self, view: PointView, firing: Sequence[AlertState], silence: Fact | None) -> Card:
        words = self.words
        return Card(
            point=view.point,
            name=view.name,
            municipality=view.municipality,
            phone=view.phone,
            look=_LOOKS[view.verdict],
            verdict=self._judged(f"verdict.{view.verdict.word}"),
            was=self._judged(f"verdict.{view.last_verdict.word}") if view.verdict is Verdict.SILENT else "",
            lines=tuple(self._judged.of(view)),
            renewals=tuple(self._judged.renewals(view.resources)),
            life=self._judged.life(view.activation, view.now),
            clock=self._judged.clock(view.activation, view.now),
            late=view.activation.late,
            reasons=tuple(
                words.code("reason", code)
                for code in view.reasons
                if code not in _SHOWN_ELSEWHERE and code not in _NOTHING_HEARD
            ),
            config=self._config(view),
            fuel=self._fuel(view),
            cells=(
                Cell("power", words("power"), self._power(view)),
                Cell("people", words("people"), self._people(view)),
                Cell(
                    "battery",
                    words("battery"),
                    self._measured(view, "battery/voltage", "battery.v", 1),
                ),
                Cell("climate", words("temperature"), self._climate(view)),
            ),
            remarks=self._remarks(view),
            counted="" if view.people is None else self._upkept.counted(view.people, view.now),
            alerts=tuple((alert.severity, self._alerted(alert, view)) for alert in firing),
            silenced=self._silenced(silence, view.now),
            faults=self._faults(view),
            missing=words.count("missing", view.missing) if view.missing else "",
            offline=view.online is False,
            data_t=view.data_t,
            heard_at=view.heard_at,
        )

    def _alerted(self, alert: AlertState, view: PointView) -> str:
        """An alert of a point; of its fuel also what was found there, when, and how many litres."""
        title, event = self.words.code("rule", alert.rule), None
        if alert.rule == "fuel_loss" and view.fuel_t is not None:
            event = fuel_events.lost(view.fuel_events, view.fuel_log, view.fuel_t)
        elif alert.rule == "fuel_gauge" and view.fuel_t is not None:
            event = fuel_events.doubtful(view.fuel_events, view.fuel_t)
        return title if event is None else f"{title}: {self._upkept.fuel_event(event, view.now)}"

    def _config(self, view: PointView) -> str:
        node = view.node
        if node is None or not node.config_refused or not node.config_error:
            return ""
        return self.words("config.refused", n=node.config_refused, runs=node.config)

    def _item(
        self, alert: AlertState, name: str, seen: Fact | None, told: Iterable[Told], silence: Fact | None, now: float
    ) -> Item:
        words, t, state = self.words, moment(alert), stage(alert, seen)
        look = alert.severity if alert.state == "firing" else alert.state
        title = words.code("rule", alert.rule)
        return Item(
            key=f"{alert.rule}/{alert.subject.kind}/{alert.subject.id}/{alert.state}/{alert.id}",
            look=look,
            state=state,
            word=", ".join(filter(None, (words.code("severity", look), self.stage(state)))),
            title=title,
            name=name,
            when=words(f"alert.{alert.state}", time=self.time(t, now)),
            t=t,
            seen="" if seen is None else words("alert.seen", name=self.by(seen.author), time=self.time(seen.t, now)),
            held=self.held(alert.held_by, self._silenced(silence, now)) if alert.state != "resolved" else "",
            say=words("alert.say", title=title, name=name) if alert.state == "firing" else "",
            asks=alert.id if waits(alert, seen) else None,
            told=tuple(self.telling(one, now) for one in told),
        )

    def stage(self, state: str) -> str:
        """That somebody sees to an alert, by AlertState.stage; empty for every other state, which is said otherwise."""
        return self.words("stage.acknowledged") if state == ACKNOWLEDGED else ""

    def held(self, why: str, silenced: str = "") -> str:
        """Why nobody is told of an alert, by AlertState.held_by; empty when people are. silenced: as `silenced` says it."""
        if silenced and why == SILENCED:
            return silenced
        cause = self.words.known(f"rule.{why}")
        return self.words("held.cause", title=cause) if cause else self.words.code("held", why) if why else ""

    def _fuel(self, view: PointView) -> Fuel:
        words = self.words
        if not view.has_tank:
            return self._carried(view)
        named, none = words("fuel"), words("fuel.unknown")
        percent = view.fuel_percent
        if percent is None or view.fuel_t is None:
            level = self._figure(view, "fuel/level", "fuel.percent", 0)
        else:
            level = self._dated(words("fuel.percent", n=words.number(percent, 0)), view.fuel_t, view)
        if view.fuel_doubtful:
            level = msgspec.structs.replace(level, mark=words("fuel.doubtful"))
        litres = "" if view.litres is None else words("fuel.litres", n=words.number(view.litres, 0))
        # Without a battery it says no more than the hours of fuel do.
        off_grid = "" if view.battery is None or view.off_grid is None else self._off_grid(view, view.battery)
        left = view.fuel_left
        if left is None:
            return Fuel(
                named=named,
                none=none,
                level=level,
                percent=percent,
                litres=litres,
                hours=None,
                range="",
                until="",
                source="",
                off_grid=off_grid,
            )
        return Fuel(
            named=named,
            none=none,
            level=level,
            percent=percent,
            litres=litres,
            hours=self.words.hours(left.hours),
            range=self._range(left),
            until=self._until(left, view),
            source=words.code("hours", left.source).format(rate=words.number(left.burn_l_per_h, 1)),
            off_grid=off_grid,
        )

    def _carried(self, view: PointView) -> Fuel:
        """Of a point that lives on its battery: that, in the place of the fuel."""
        words, charge, lasts, left = self.words, view.value("battery/charge"), view.battery, view.off_grid
        source = ""
        if lasts is not None and lasts.load_w is not None and lasts.source != "monitor":
            source = words("hours.battery", load=words.number(lasts.load_w, 0))
        elif lasts is not None:
            source = words("hours.battery.monitor")
        return Fuel(
            icon="battery",
            named=words("battery"),
            none=words("battery.unknown"),
            level=self._figure(view, "battery/charge", "fuel.percent", 0),
            percent=None if charge is None else float(charge),
            litres="",
            hours=None if left is None else words.hours(left.hours),
            range="" if left is None else self._range(left),
            until="",
            source=source,
            off_grid="",
        )

    def _off_grid(self, view: PointView, charge: BatteryLeft) -> str:
        """The hours without the grid. In a blackout in which the generator is not known to run, the fuel gives none."""
        alone = battery.off_grid(None, charge)
        if view.value("power/mains") is not True and view.value("power/generator") is not True and alone is not None:
            return self._upkept.battery_alone(alone)
        return "" if view.off_grid is None else self._upkept.off_grid(view.off_grid)

    def _range(self, left: Autonomy | OffGrid) -> str:
        """From the cautious end to the other; nothing where both are said alike."""
        low, high = self.words.hours(left.hours_low), self.words.hours(left.hours_high)
        return "" if low == high else self.words("hours.range", low=low, high=high)

    def _until(self, left: Autonomy, view: PointView) -> str:
        """When the tank is empty; of a generator that stands still nobody can say when."""
        if view.value("power/generator") is not True:
            return self.words("hours.if")
        rounded = round(left.empty_at / _EMPTY_ROUND_S) * _EMPTY_ROUND_S
        return self.words("hours.empty", time=self.time(rounded, view.now))

    def _power(self, view: PointView) -> tuple[Figure, ...]:
        return tuple(
            self._switch(view, name) for name in ("power/mains", "power/generator")[: 2 if view.has_tank else 1]
        )

    def _switch(self, view: PointView, name: str) -> Figure:
        key, latest = name.replace("/", "."), view.latest.get(name)
        if latest is None or latest.value is None:
            return Figure(self.words(f"{key}.unknown"), "unknown" if latest is None else "fault")
        return self._dated(self.words(f"{key}.on" if latest.value else f"{key}.off"), latest.t, view)

    def _people(self, view: PointView) -> tuple[Figure, ...]:
        latest, capacity = view.latest.get("people/present"), view.capacity
        if view.people is None:
            text = self.words("people.unknown", capacity=capacity)
            return (Figure(text, "fault" if latest is not None and latest.fault else "unknown"),)
        text = self.words("people.of", n=view.people.people, capacity=capacity)
        return (self._marked(self._dated(text, view.people.t, view), view, passages.PRESENT),)

    def _climate(self, view: PointView) -> tuple[Figure, ...]:
        found = self._measured(view, "climate/temperature", "temperature.c", 1)
        if any(name.startswith("climate/co2") for name in view.latest):
            found += self._measured(view, "climate/co2", "co2.ppm", 0)
        return found

    def _remarks(self, view: PointView) -> tuple[tuple[bool, str, str], ...]:
        # What keeps the point from being ready says its figure, and what to do, already.
        told = told_metrics(view.resources)
        worst_first = sorted((one for one in view.remarks if one.metric not in told), key=lambda one: not one.bad)
        return tuple((remark.bad, *self._upkept.remark(remark)) for remark in worst_first)

    def _marked(self, figure: Figure, view: PointView, name: str) -> Figure:
        """The figure of a metric, with a word where it is not fine."""
        remark = next((one for one in view.remarks if one.metric == name), None)
        if remark is None:
            return figure
        return msgspec.structs.replace(figure, mark=self._upkept.mark(remark), bad=remark.bad)

    def _measured(self, view: PointView, name: str, key: str, digits: int) -> tuple[Figure, ...]:
        """The figures of a metric: the plain one first, then those of the sensors with a name of
        their own.
        """
        own = sorted(other for other in view.latest if other == name or other.startswith(f"{name}/"))
        return tuple(self._figure(view, one, key, digits, label=one[len(name) + 1 :]) for one in own or [name])

    def _figure(self, view: PointView, name: str, key: str, digits: int, label: str = "") -> Figure:
        latest = view.latest.get(name)
        if latest is None or latest.value is None:
            return Figure(self.words("unknown"), "unknown" if latest is None else "fault", label=label)
        text = self.words(key, n=self.words.number(latest.value, digits))
        return self._marked(self._dated(text, latest.t, view, label), view, name)

    def _dated(self, text: str, t: float, view: PointView, label: str = "") -> Figure:
        """A figure that was read at t."""
        if view.now - t <= self.stale_after_s:
            return Figure(text, "known", label=label)
        with_the_rest = view.data_t is not None and view.data_t - t < _SAME_SET_S
        told = with_the_rest and view.verdict is Verdict.SILENT  # such a card says the age of all its figures, large
        return Figure(text, "old", None if told else t, label)

    def _faults(self, view: PointView) -> tuple[str, ...]:
        """Each broken sensor once: a chip that measures volts and amperes breaks for both at the
        same time.
        """
        found: dict[tuple[str, str, str], None] = {}
        for name, latest in sorted(view.latest.items()):
            row = metrics.lookup(name) if latest.fault else None
            if row is not None and latest.fault is not None:
                group = row[0][metrics.NAME].partition("/")[0]
                found[(group, row[1], latest.fault)] = None
        return tuple(self._fault(*key) for key in found)

    def _fault(self, group: str, instance: str, code: str) -> str:
        what = self.words.code("sensor", group) + (f" {instance}" if instance else "")
        text = self.words("fault", what=what, why=self.words.code("fault", code))
        return text[0].upper() + text[1:]


def rfc3339(t: float) -> datetime:
    """Unix seconds as UTC to the millisecond; msgspec and isoformat() write it by RFC 3339."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(t * 1000))


def silence_of(alert: AlertState, silences: Iterable[Fact]) -> Fact | None:
    """By whom what an alert is about is silenced, or its point; None: by nobody."""
    found = {fact.told.subject: fact for fact in silences if isinstance(fact.told, Silenced)}
    at_point = None if alert.point is None else found.get(Subject(POINT, alert.point))
    return found.get(alert.subject, at_point)


def waits(alert: AlertState, seen: Fact | None) -> bool:
    """Whether somebody is to acknowledge an alert: nobody has since it became so bad, and people are told of it."""
    return stage(alert, seen) == "firing" and not alert.held_by


def stage(alert: AlertState, seen: Fact | None) -> str:
    """As AlertState.stage; seen: who acknowledged it last."""
    return alert.stage(None if seen is None else seen.t)


def moment(alert: AlertState) -> float:
    """When the state the alert is in began: for one that fires, when its cause did."""
    return alert.since if alert.resolved_at is None else alert.resolved_at
