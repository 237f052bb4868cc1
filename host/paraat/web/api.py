"""The JSON API, version 1. Fields are only added within a version; a name that has a unit ends on
it.

Times are RFC 3339 in UTC. null is "not known", which is never 0. docs/api.md says the same for who
reads from outside.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from paraat.domain import model, radio, remarks
from paraat.domain import points as points_files
from paraat.domain import readiness as domain_readiness
from paraat.domain import told as domain_told
from paraat.domain.activation import Activation
from paraat.domain.facts import Acknowledged, Author, Counted, Delivered, Fact, Silenced
from paraat.domain.model import AlertState, Autonomy, PointView, Value
from paraat.domain.passages import Present
from paraat.domain.readiness import ResourceState, Verdict
from paraat.domain.refuel import Stop
from paraat.domain.subjects import Subject
from paraat.domain.upkeep import EngineRun, Task, TaskState
from paraat.runtime.typed import decode
from paraat.texts import Phrase, Words, readiness
from paraat.texts import upkeep as upkeep_texts
from paraat.texts.localtime import local
from paraat.texts.printable import printable
from paraat.web.cards import rfc3339
from paraat.web.source import Check
from paraat_wire import metrics

T = TypeVar("T")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of one metric. While the sensor is at fault, value is null and fault its code."""

    value: Value | None
    unit: str | None  # SenML, as in wire/paraat_wire/metrics.py; null for a yes or no
    fault: str | None
    read_at: datetime
    age_s: float


class FuelLeft(msgspec.Struct, frozen=True, kw_only=True):
    """How long the fuel lasts. source: "slope" (measured burn), "load" (the generator's curve at the
    measured load) or "record" (the tank record's rate).
    """

    hours_low: float
    hours: float
    hours_high: float
    burn_l_per_h: float
    source: str
    empty_at: datetime
    refuel_before: datetime


class FuelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the fuel. kind: "refuel", "theft", "leak", "stuck" or "rising"."""

    kind: str
    since: datetime
    until: datetime
    litres: float


class BatteryLeft(msgspec.Struct, frozen=True, kw_only=True):
    """How long the battery lasts. source: "monitor" (it reckons itself), or of the load: "current", "load", "told", "record"."""

    hours: float
    load_w: float | None
    source: str


class OffGrid(msgspec.Struct, frozen=True, kw_only=True):
    """How long the point can do without the grid. source: "fuel", "battery" or "fuel+battery"."""

    hours_low: float
    hours: float
    hours_high: float
    source: str


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Where in its life a point is, and its clock. phase: as of activation.Phase."""

    phase: str
    since: datetime | None
    by: str
    until: datetime | None
    alerted_at: datetime | None
    due_at: datetime | None
    forecast_at: datetime | None
    opened_at: datetime | None
    late: bool


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of a point. why and to_do are in the site's language; code and detail say the same without words."""

    resource: str
    state: str
    need: str
    critical: bool
    code: str
    detail: dict[str, float | str]
    why: str
    to_do: str
    at: datetime | None
    until: datetime | None
    by: str
    renew: bool


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/points/<id>/resources"""

    now: datetime
    point: str
    verdict: str
    last_verdict: str
    resources: list[Resource]


class PeopleThere(msgspec.Struct, frozen=True, kw_only=True):
    """How many people are there, with a range that grows with every passage since they were counted by hand.

    counted_by is "" where somebody set the counters to 0; counted_at is null where nobody ever counted.
    """

    people: int
    low: int
    high: int
    at: datetime
    age_s: float
    counted_at: datetime | None
    counted_by: str


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that is not fine. what and to_do are in the site's language; code says the same without words.

    in_why: what keeps the point from being ready says it already.
    """

    code: str
    bad: bool
    metric: str
    value: float
    limit: float
    what: str
    to_do: str
    in_why: bool = False


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point. verdict: "ready", "limited", "not-ready", "unknown" or "silent"; reasons: codes.

    status is the verdict in the words of before there were verdicts.
    """

    point: str
    name: str
    municipality: str
    phone: str | None
    verdict: str
    last_verdict: str
    why: list[str]
    to_do: str
    life: Life
    status: str
    reasons: tuple[str, ...]
    online: bool | None
    heard_at: datetime | None
    heard_age_s: float | None
    data_at: datetime | None
    data_age_s: float | None
    capacity_people: int
    people: PeopleThere | None
    remarks: list[Remark]
    fuel_litres: float | None
    fuel_left: FuelLeft | None
    fuel_events: list[FuelEvent]
    has_tank: bool
    battery_left: BatteryLeft | None
    off_grid: OffGrid | None
    readings: dict[str, Reading]
    stored: int
    missing: int
    firmware: str | None
    config_version: int | None


class LastDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """The last delivery that somebody confirmed."""

    at: datetime
    litres: float
    by: str


class PlannedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is arranged. late: its moment is over, and nobody confirmed it. too_late: it comes after refuel_before.

    brought_litres: of these litres so many came already.
    """

    at: datetime
    litres: float
    who: str
    late: bool
    too_late: bool
    brought_litres: float = 0.0


class RefuelStop(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the refuel round."""

    point: str
    name: str
    municipality: str
    access: str | None
    hours_low: float | None
    refuel_before: datetime | None
    to_full_litres: float | None
    to_target_litres: float | None
    last_delivery: LastDelivery | None
    planned: PlannedDelivery | None


class Refuel(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/refuel. total, next: as of Points."""

    now: datetime
    region: str
    stops: list[RefuelStop]
    total: int = 0
    next: str | None = None


class UpkeepTask(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be done again and again. what, why and to_do are in the site's language.

    state: "done", "overdue" or "unknown". due: it must be done before the answer's `until`.
    """

    kind: str
    resource: str
    state: str
    due: bool
    code: str
    detail: dict[str, float]
    what: str
    why: str
    to_do: str
    done_at: datetime | None
    due_at: datetime | None
    by: str


class GeneratorRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the generator. loaded_minutes: under the load that a test asks for; null where the load is not known."""

    since: datetime
    until: datetime
    minutes: float
    loaded_minutes: float | None


class BatteryTrend(msgspec.Struct, frozen=True, kw_only=True):
    """The resting voltage of 90 days. drop_percent is below 0 where it rises, and null while too few days are known."""

    rest_voltage_v: float
    days: int
    drop_percent: float | None


class UpkeepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The upkeep of one point that is in use. last_test: the last run that counts as a test."""

    point: str
    name: str
    municipality: str
    last_run: GeneratorRun | None
    last_test: GeneratorRun | None
    fuel_delivered_at: datetime | None
    battery: BatteryTrend | None
    checked_at: datetime | None
    checked_by: str
    tasks: list[UpkeepTask]


class UpkeepTown(msgspec.Struct, frozen=True, kw_only=True):
    """A municipality: how many points it has in use, and how many tasks there are too late, not known and due."""

    municipality: str
    points: int
    overdue: int
    unknown: int
    due: int


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/upkeep. until: the end of this month in the region, or as asked for. total, next: as of Points.

    municipalities are those of all points, on each part.
    """

    now: datetime
    until: datetime
    region: str
    municipalities: list[UpkeepTown]
    points: list[UpkeepPoint]
    total: int = 0
    next: str | None = None


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/points. total: of how many these are a part. next: where the next part is; null: this is the last."""

    now: datetime
    region: str
    points: list[Point]
    total: int = 0
    next: str | None = None


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody has seen an alert, and sees to it. way: "cli", "page", "sms", "link", "radio" or "button"."""

    at: datetime
    by: str
    role: str
    way: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """That one person was told of an alert, or is to be. reason, rung, state: as docs/alerts.md has them.

    at: when it was last tried, or dropped; null: not yet. answer: what came back, or why not.
    """

    reason: str
    rung: str
    name: str
    channel: str
    state: str
    due_at: datetime
    at: datetime | None
    attempts: int
    answer: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert. state: "pending", "firing", "acknowledged" (it fires, and somebody sees to it) or "resolved"; severity:
    "warning" or "critical"; id is 0 while pending. held_by: why nobody is told; "" when people are. turn: 1, and one more each time it got worse.
    """

    id: int
    rule: str
    subject: Subject
    point: str
    state: str
    severity: str
    since: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    acknowledged: Acknowledgement | None
    held_by: str
    flapping: bool
    turn: int
    told: list[Told]
    detail: dict[str, float | int | str | None]


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """That nobody is told of a subject until then, and why."""

    subject: Subject
    at: datetime
    until: datetime
    reason: str
    by: str
    role: str
    way: str


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is posted to acknowledge an alert. by: a name, as people there know it."""

    by: Annotated[str, Meta(min_length=1, max_length=80)]
    role: Annotated[str, Meta(max_length=40)] = ""
    way: Literal["page", "cli"] = "page"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Sets of a point that are missing and waited for: seq first to last."""

    point: str
    first: int
    last: int


class Gaps(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing of all points."""

    gaps: list[Gap]


class EnterCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Posted to /api/v1/codes: a code that was heard over the radio, and who read it aloud."""

    code: Annotated[str, Meta(max_length=60)]
    by: Annotated[str, Meta(min_length=1, max_length=80)]
    role: Annotated[str, Meta(max_length=40)] = ""


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What a code said. kind: "acknowledge", "count", "litres" or "help"; number: people or litres.

    said: the same in words, in the site's language. answer: what to read back. again: it was kept already, shortly ago.
    """

    kind: str
    point: str | None
    alert: int | None
    number: float | None
    said: str
    answer: str
    at: datetime
    by: str
    again: bool


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/alerts. total, next: as of Points."""

    now: datetime
    region: str
    alerts: list[Alert]
    silences: list[Silence] = []
    total: int = 0
    next: str | None = None


# The field of each long answer that has its rows.
ROWS: dict[type[msgspec.Struct], str] = {Points: "points", Refuel: "stops", Upkeep: "points", Alerts: "alerts"}


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a test. rung: "board", "screen", or as of Told. who: a person, or the point. ok: whether it was taken."""

    rung: str
    who: str
    channel: str
    ok: bool
    answer: str


class AlertTest(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of /api/v1/points/<id>/test-alerts"""

    point: str
    tried: list[Tried]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """/healthz. status: "ok", "degraded" (something that may fail does) or "failing" (answered with
    503).
    """

    status: str
    checks: list[Check]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Every answer that is not the thing asked for."""

    status: int
    error: str


class Part(NamedTuple):
    """Which part of a long list is asked for: `page`, counted from 1, of `limit` rows each; limit None: all of it."""

    page: int = 1
    limit: int | None = None

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of this part."""
        return rows if self.limit is None else rows[(self.page - 1) * self.limit : self.page * self.limit]

    def goes_on(self, total: int) -> bool:
        """Whether there are rows after this part."""
        return self.limit is not None and self.page * self.limit < total


WHOLE = Part()


def points(
    views: Iterable[PointView], now: float, region: str, language: str, zone: ZoneInfo, part: Part = WHOLE
) -> Points:
    """The points as the API tells them at `now`, by their ids."""
    words, also = readiness.Words(language, zone), upkeep_texts.Words(language, zone)
    ordered = sorted(views, key=lambda view: view.point)
    asked = (msgspec.structs.replace(view, now=now) for view in part.of(ordered))
    return Points(
        now=rfc3339(now),
        region=region,
        points=[point(view, words, also) for view in asked],
        total=len(ordered),
    )


_STATUS = {
    Verdict.READY: "fine",
    Verdict.LIMITED: "attention",
    Verdict.NOT_READY: "alarm",
    Verdict.SILENT: "stale",
    Verdict.UNKNOWN: "unknown",
}


def point(view: PointView, words: readiness.Words, also: upkeep_texts.Words) -> Point:
    """A point as the API tells it. also: the words of its remarks."""
    node, lines = view.node, words.of(view)
    told = domain_readiness.told_metrics(view.resources)
    return Point(
        point=view.point,
        name=view.name,
        municipality=view.municipality,
        phone=view.phone,
        verdict=view.verdict.word,
        last_verdict=view.last_verdict.word,
        why=[line.text for line in lines],
        to_do=lines[0].to_do if lines else "",
        life=_life(view.activation),
        status=_STATUS[view.verdict],
        reasons=view.reasons,
        online=view.online,
        heard_at=_when(view.heard_at),
        heard_age_s=_age(view.heard_at, view.now),
        data_at=_when(view.data_t),
        data_age_s=_age(view.data_t, view.now),
        capacity_people=view.capacity,
        people=None if view.people is None else _people(view.people, view.now),
        remarks=[_remark(remark, also, remark.metric in told) for remark in view.remarks],
        has_tank=view.has_tank,
        fuel_litres=view.litres if view.litres is None else round(view.litres, 1),
        fuel_left=None if view.fuel_left is None else fuel_left(view.fuel_left),
        fuel_events=[
            FuelEvent(
                kind=event.kind,
                since=rfc3339(event.since),
                until=rfc3339(event.until),
                litres=round(event.litres, 1),
            )
            for event in view.fuel_log
        ],
        battery_left=None if view.battery is None else battery_left(view.battery),
        off_grid=None if view.off_grid is None else off_grid(view.off_grid),
        readings={
            name: Reading(
                value=latest.value,
                unit=_unit(name),
                fault=latest.fault,
                read_at=rfc3339(latest.t),
                age_s=round(max(0.0, view.now - latest.t), 1),
            )
            for name, latest in sorted(view.latest.items())
        },
        stored=view.stored,
        missing=view.missing,
        firmware=None if node is None else node.fw,
        config_version=None if node is None else node.config,
    )


def resources(view: PointView, words: readiness.Words) -> Resources:
    """What a point is judged by, as the API tells it."""
    return Resources(
        now=rfc3339(view.now),
        point=view.point,
        verdict=view.verdict.word,
        last_verdict=view.last_verdict.word,
        resources=[_resource(state, words) for state in view.resources],
    )


def _resource(state: ResourceState, words: readiness.Words) -> Resource:
    return Resource(
        resource=state.resource,
        state=state.state.value,
        need=state.need,
        critical=state.critical,
        code=state.code,
        detail={key: value if isinstance(value, str) else round(value, 2) for key, value in state.detail.items()},
        why=words.why(state),
        to_do=words.to_do(state),
        at=_when(state.t),
        until=_when(state.until),
        by=state.by,
        renew=state.renew,
    )


def _people(found: Present, now: float) -> PeopleThere:
    return PeopleThere(
        people=found.people,
        low=found.low,
        high=found.high,
        at=rfc3339(found.t),
        age_s=round(max(0.0, now - found.t), 1),
        counted_at=_when(found.counted_at),
        counted_by=found.counted_by,
    )


def _remark(remark: remarks.Remark, words: upkeep_texts.Words, in_why: bool) -> Remark:
    what, to_do = words.remark(remark)
    return Remark(
        code=remark.code,
        bad=remark.bad,
        metric=remark.metric,
        value=round(remark.value, 2),
        limit=round(remark.limit, 2),
        what=what,
        to_do=to_do,
        in_why=in_why,
    )


def month_end(now: float, zone: ZoneInfo) -> float:
    """When the month ends in which `now` lies, unix seconds, where the people of a site live."""
    first = local(now, zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1).timestamp()


def upkeep(
    views: Iterable[PointView], now: float, until: float, region: str, words: upkeep_texts.Words, part: Part = WHOLE
) -> Upkeep:
    """What must be done at each point that is in use before `until`, as the API tells it."""
    used = sorted((view for view in views if view.activation.in_use), key=lambda view: view.point)
    return Upkeep(
        now=rfc3339(now),
        until=rfc3339(until),
        region=region,
        municipalities=towns(used, until),
        points=[upkept(view, until, words) for view in part.of(used)],
        total=len(used),
    )


def towns(views: Iterable[PointView], until: float) -> list[UpkeepTown]:
    """What must be done in each municipality before `until`, by their names. views: of the points that are in use."""
    found: dict[str, list[PointView]] = {}
    for view in views:
        found.setdefault(view.municipality, []).append(view)
    return [_town(name, there, until) for name, there in sorted(found.items())]


def _town(name: str, views: list[PointView], until: float) -> UpkeepTown:
    tasks = [task for view in views for task in view.upkeep.tasks]
    states = [task.state for task in tasks]
    return UpkeepTown(
        municipality=name,
        points=len(views),
        overdue=states.count(TaskState.OVERDUE),
        unknown=states.count(TaskState.UNKNOWN),
        due=sum(task.is_due(until) for task in tasks),
    )


def upkept(view: PointView, until: float, words: upkeep_texts.Words) -> UpkeepPoint:
    """What must be done at a point before `until`."""
    found, trend = view.upkeep, view.upkeep.battery
    return UpkeepPoint(
        point=view.point,
        name=view.name,
        municipality=view.municipality,
        last_run=_run(found.run),
        last_test=_run(found.test),
        fuel_delivered_at=_when(found.fuel_at),
        battery=None
        if trend is None
        else BatteryTrend(
            rest_voltage_v=round(trend.volts, 3), days=trend.days, drop_percent=_rounded(trend.drop_percent, 2)
        ),
        checked_at=_when(found.checked_at),
        checked_by=found.checked_by,
        tasks=[_task(task, until, words) for task in found.by_need()],
    )


def _run(found: EngineRun | None) -> GeneratorRun | None:
    if found is None:
        return None
    return GeneratorRun(
        since=rfc3339(found.since),
        until=rfc3339(found.until),
        minutes=round((found.until - found.since) / 60, 1),
        loaded_minutes=None if found.loaded_s is None else round(found.loaded_s / 60, 1),
    )


def _task(task: Task, until: float, words: upkeep_texts.Words) -> UpkeepTask:
    why, to_do = words.task_said(task)
    return UpkeepTask(
        kind=task.kind,
        resource=task.resource,
        state=task.state.value,
        due=task.is_due(until),
        code=task.code,
        detail={key: round(value, 2) for key, value in task.detail.items()},
        what=words.task(task),
        why=why,
        to_do=to_do,
        done_at=_when(task.t),
        due_at=_when(task.due_at),
        by=task.by,
    )


def _life(found: Activation) -> Life:
    return Life(
        phase=found.phase.value,
        since=_when(found.since),
        by=found.by,
        until=_when(found.until),
        alerted_at=_when(found.alerted_at),
        due_at=_when(found.due_at),
        forecast_at=_when(found.forecast_at),
        opened_at=_when(found.opened_at),
        late=found.late,
    )


def refuel(
    found: Sequence[Stop], places: Mapping[str, points_files.Point], now: float, region: str, part: Part = WHOLE
) -> Refuel:
    """The refuel round as the API tells it."""
    stops = [_stop(stop, places[stop.point]) for stop in part.of(found)]
    return Refuel(now=rfc3339(now), region=region, stops=stops, total=len(found))


def _stop(stop: Stop, place: points_files.Point) -> RefuelStop:
    last, plan = stop.last, stop.plan
    return RefuelStop(
        point=stop.point,
        name=place.name,
        municipality=place.municipality,
        access=place.access,
        hours_low=_rounded(stop.hours_low, 2),
        refuel_before=_when(stop.refuel_before),
        to_full_litres=_rounded(stop.to_full_l, 0),
        to_target_litres=_rounded(stop.to_target_l, 0),
        last_delivery=None if last is None else LastDelivery(at=rfc3339(last.t), litres=last.litres, by=last.by),
        planned=None
        if plan is None
        else PlannedDelivery(
            at=rfc3339(plan.at),
            litres=plan.litres,
            who=plan.who,
            late=plan.late,
            too_late=plan.too_late,
            brought_litres=plan.brought_l,
        ),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def fuel_left(left: Autonomy) -> FuelLeft:
    """The hours of fuel left as the API tells them."""
    return FuelLeft(
        hours_low=round(left.hours_low, 2),
        hours=round(left.hours, 2),
        hours_high=round(left.hours_high, 2),
        burn_l_per_h=round(left.burn_l_per_h, 2),
        source=left.source,
        empty_at=rfc3339(left.empty_at),
        refuel_before=rfc3339(left.refuel_before),
    )


def battery_left(left: model.BatteryLeft) -> BatteryLeft:
    """The hours of battery left as the API tells them."""
    return BatteryLeft(hours=round(left.hours, 2), load_w=_rounded(left.load_w, 1), source=left.source)


def off_grid(left: model.OffGrid) -> OffGrid:
    """The hours without the grid as the API tells them."""
    return OffGrid(
        hours_low=round(left.hours_low, 2),
        hours=round(left.hours, 2),
        hours_high=round(left.hours_high, 2),
        source=left.source,
    )


def alert_test(point: str, found: Iterable[domain_told.Tried], language: str) -> AlertTest:
    """A test of the alerts, in the site's language."""
    words = Words(language)
    tried = [
        Tried(rung=one.rung, who=one.who, channel=one.channel, ok=one.ok, answer=words.say(one.answer)) for one in found
    ]
    return AlertTest(point=point, tried=tried)


def alert(state: AlertState, acknowledged: Fact | None, told: Iterable[domain_told.Told]) -> Alert:
    """An alert as the API tells it."""
    return Alert(
        id=state.id,
        rule=state.rule,
        subject=state.subject,
        # Before there was `subject`, the coordination point's own certificates were told apart so.
        point=state.point or f"_own/{state.subject.id}",
        state=state.stage(None if acknowledged is None else acknowledged.t),
        severity=state.severity,
        since=rfc3339(state.since),
        fired_at=_when(state.fired_at),
        resolved_at=_when(state.resolved_at),
        acknowledged=None if acknowledged is None else acknowledgement(acknowledged),
        held_by=state.held_by,
        flapping=state.flapping,
        turn=state.turn,
        told=[
            Told(
                reason=one.reason,
                rung=one.rung,
                name=one.name,
                channel=one.channel,
                state=one.state,
                due_at=rfc3339(one.due_at),
                at=_when(one.at),
                attempts=one.attempts,
                answer=one.answer,
            )
            for one in told
        ],
        detail=state.detail,
    )


def silences(found: Iterable[Fact]) -> list[Silence]:
    """What is silenced, as the API tells it, what ends first first."""
    told = [
        Silence(
            subject=fact.told.subject,
            at=rfc3339(fact.t),
            until=rfc3339(fact.told.until),
            reason=fact.told.reason,
            by=fact.author.name,
            role=fact.author.role,
            way=fact.author.way,
        )
        for fact in found
        if isinstance(fact.told, Silenced)
    ]
    return sorted(told, key=lambda one: one.until)


def gaps(found: Mapping[str, Sequence[tuple[int, int]]]) -> Gaps:
    """What is missing, as the API tells it."""
    return Gaps(gaps=[Gap(point=point, first=a, last=b) for point, ranges in sorted(found.items()) for a, b in ranges])


def acknowledgement(fact: Fact) -> Acknowledgement:
    """An acknowledgement as the API tells it."""
    return Acknowledgement(at=rfc3339(fact.t), by=fact.author.name, role=fact.author.role, way=fact.author.way)


def author(body: bytes) -> Author:
    """Who acknowledges, from the body of the request. Raises ValueError that says what is wrong."""
    return author_of(decode(body, Acknowledge))


def author_of(given: Acknowledge) -> Author:
    """Who says so. Raises ValueError that says what is wrong."""
    return _author(given.by, given.role, given.way)


def code_and_author(body: bytes) -> tuple[str, Author]:
    """A code that was heard over the radio, and who read it aloud. Raises ValueError that says what is wrong."""
    given = decode(body, EnterCode)
    return given.code, _author(given.by, given.role, "radio")


def _author(by: str, role: str, way: str) -> Author:
    by = printable(by).strip()
    if not by:
        raise ValueError(Phrase("by is empty; it is the name of who says so"))
    return Author(name=by, role=printable(role).strip(), way=way)


def entered(found: radio.Entered, said: str) -> Entered:
    """What a code said, as the API tells it."""
    told = found.said
    kind, number = "help", None
    match told:
        case Acknowledged():
            kind = "acknowledge"
        case Counted():
            kind, number = "count", float(told.people)
        case Delivered():
            kind, number = "litres", told.litres
    return Entered(
        kind=kind,
        point=None if isinstance(told, Acknowledged) else told.point,
        alert=told.alert if isinstance(told, Acknowledged) else None,
        number=number,
        said=said,
        answer=found.answer,
        at=rfc3339(found.fact.t),
        by=found.fact.author.name,
        again=found.again,
    )


def health(checks: Iterable[Check]) -> Health:
    """The host's own health: what is required decides between "failing" and the rest."""
    # A Phrase is no plain text to the encoder.
    found = [msgspec.structs.replace(check, detail=str(check.detail)) for check in checks]
    failing = any(check.required and not check.ok for check in found)
    degraded = any(not check.ok for check in found)
    return Health(status="failing" if failing else "degraded" if degraded else "ok", checks=found)


def _when(t: float | None) -> datetime | None:
    return None if t is None else rfc3339(t)


def _age(t: float | None, now: float) -> float | None:
    return None if t is None else round(max(0.0, now - t), 1)


def _unit(name: str) -> str | None:
    found = metrics.lookup(name)
    return found[0][metrics.UNIT] if found else None
