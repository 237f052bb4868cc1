"""The JSON API, version 1. Fields are only added within a version; a name that has a unit ends on
it.

Times are RFC 3339 in UTC. null is "not known", which is never 0. docs/api.md says the same for who
reads from outside.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from paraat.domain.facts import Author, Fact
from paraat.domain.model import AlertState, Autonomy, PointView, Value
from paraat.domain.subjects import Subject
from paraat.texts import Phrase
from paraat.texts.printable import printable
from paraat.web.cards import rfc3339
from paraat.web.source import Check
from paraat_wire import metrics


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The newest of one metric. While the sensor is at fault, value is null and fault its code."""

    value: Value | None
    unit: str | None  # SenML, as in wire/paraat_wire/metrics.py; null for a yes or no
    fault: str | None
    read_at: datetime
    age_s: float


class FuelLeft(msgspec.Struct, frozen=True, kw_only=True):
    """How long the fuel lasts. source: "slope" (measured burn) or "record" (the tank record's
    rate).
    """

    hours_low: float
    hours: float
    hours_high: float
    burn_l_per_h: float
    source: str
    empty_at: datetime
    refuel_before: datetime


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One point. status: "alarm", "attention", "fine", "stale" or "unknown"; reasons: codes that
    say why.
    """

    point: str
    name: str
    municipality: str
    status: str
    reasons: tuple[str, ...]
    online: bool | None
    heard_at: datetime | None
    heard_age_s: float | None
    data_at: datetime | None
    data_age_s: float | None
    capacity_people: int
    fuel_litres: float | None
    fuel_left: FuelLeft | None
    readings: dict[str, Reading]
    stored: int
    missing: int
    firmware: str | None
    config_version: int | None


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/points"""

    now: datetime
    region: str
    points: list[Point]


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody has seen an alert, and sees to it. way: "cli", "page", "sms" or "button"."""

    at: datetime
    by: str
    role: str
    way: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert. state: "pending", "firing" or "resolved"; severity: "warning" or "critical"; id is
    0 while pending.
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
    detail: dict[str, float | int | str | None]


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is posted to acknowledge an alert. by: a name, as people there know it."""

    by: Annotated[str, Meta(min_length=1, max_length=80)]
    role: Annotated[str, Meta(max_length=40)] = ""
    way: Literal["page", "cli"] = "page"


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """/api/v1/alerts"""

    now: datetime
    region: str
    alerts: list[Alert]


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


def point(view: PointView) -> Point:
    """A point as the API tells it."""
    node = view.node
    return Point(
        point=view.point,
        name=view.name,
        municipality=view.municipality,
        status=view.status.name.lower(),
        reasons=view.reasons,
        online=view.online,
        heard_at=_when(view.heard_at),
        heard_age_s=_age(view.heard_at, view.now),
        data_at=_when(view.data_t),
        data_age_s=_age(view.data_t, view.now),
        capacity_people=view.capacity,
        fuel_litres=view.litres if view.litres is None else round(view.litres, 1),
        fuel_left=None if view.autonomy is None else fuel_left(view.autonomy),
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


def alert(state: AlertState, acknowledged: Fact | None) -> Alert:
    """An alert as the API tells it."""
    return Alert(
        id=state.id,
        rule=state.rule,
        subject=state.subject,
        # Before there was `subject`, the coordination point's own certificates were told apart so.
        point=state.point or f"_own/{state.subject.id}",
        state=state.state,
        severity=state.severity,
        since=rfc3339(state.since),
        fired_at=_when(state.fired_at),
        resolved_at=_when(state.resolved_at),
        acknowledged=None if acknowledged is None else acknowledgement(acknowledged),
        detail=state.detail,
    )


def acknowledgement(fact: Fact) -> Acknowledgement:
    """An acknowledgement as the API tells it."""
    return Acknowledgement(at=rfc3339(fact.t), by=fact.author.name, role=fact.author.role, way=fact.author.way)


def author(body: bytes) -> Author:
    """Who acknowledges, from the body of the request. Raises ValueError that says what is wrong."""
    given = msgspec.json.decode(body, type=Acknowledge)
    by, role = printable(given.by).strip(), printable(given.role).strip()
    if not by:
        raise ValueError(Phrase("by is empty; it is the name of who sees to the alert"))
    return Author(name=by, role=role, way=given.way)


def health(checks: Iterable[Check]) -> Health:
    """The host's own health: what is required decides between "failing" and the rest."""
    found = list(checks)
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
