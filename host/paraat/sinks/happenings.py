"""What happened, as rows: events for the annotations of a graph, alerts as they stand, and who was reached. No name of anybody.

A text is in the site's language. A row that is written again overwrites itself, also with the words of another language.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from paraat.domain import facts, fuel_events
from paraat.domain.activation import Phase
from paraat.domain.facts import Fact
from paraat.domain.model import AlertState, Delivery, Entry, Row, Value
from paraat.sinks import schema
from paraat.texts import Words
from paraat.texts.catalogue import Amount

_PHASES = {Phase.OPERATIONAL: "opened", Phase.STANDBY: "closed"}
_FUEL = {
    fuel_events.REFUEL: "refuel-seen",
    fuel_events.THEFT: "theft",
    fuel_events.LEAK: "leak",
    fuel_events.STUCK: "gauge-stuck",
    fuel_events.RISING: "gauge-rises",
}
# What a board tells: metric, and the kind for true and for false; a number is one kind.
_BOARD: dict[str, tuple[str, str]] = {
    "alarm/low-fuel": ("board-low-fuel", ""),
    "alarm/low-battery": ("board-low-battery", ""),
    "alarm/generator-down": ("board-generator-down", ""),
    "event/generator": ("generator-on", "generator-off"),
    "event/refuel": ("refuel-at-board", "refuel-at-board"),
    "button/ack": ("acknowledged", ""),
    "button/help": ("help", ""),
    "point/open": ("opened", "closed"),
}


class Reach(NamedTuple):
    """Of one alert how its messages stand: by rung how many went out; how many wait, and of how many nobody knows."""

    sent: Mapping[str, int]
    waiting: int
    uncertain: int


def of_board(entry: Entry, language: str) -> Iterator[Row]:
    """The events of one message of a board."""
    for name, value in entry.values.items():
        on, off = _BOARD.get(name, ("", ""))
        kind = on if value or name == "event/refuel" else off
        if kind:
            number = float(value) if name == "event/refuel" else None
            yield _event(entry.point, entry.t, kind, "board", language, number)


def of_fact(fact: Fact, language: str, point_of: Callable[[int], str | None]) -> Row | None:
    """The event that a fact is; None: it is none. point_of: the point that an alert is about."""
    point, kind, value, what = facts.place(fact.told) or "", "", None, ""
    match fact.told:
        case facts.PhaseChanged(phase=phase):
            kind = _PHASES.get(Phase(phase), phase) if phase in frozenset(Phase) else ""
        case facts.Delivered(litres=litres):
            kind, value = "refuel", litres
        case facts.DeliveryPlanned(litres=litres):
            kind, value = "refuel-planned" if litres else "refuel-off", litres
        case facts.Counted(people=people):
            kind, value = "counted", float(people)
        case facts.Attested(resource=resource, there=there, until=until):
            kind = "word-withdrawn" if until <= fact.t else "attested" if there else "absent"
            what = Words(language, "readiness")(f"resource.{resource}")
        case facts.Acknowledged(alert=alert):
            kind, value, point = "acknowledged", float(alert), point_of(alert) or ""
        case facts.Declined(alert=alert):
            kind, value, point = "declined", float(alert), point_of(alert) or ""
        case facts.Silenced(until=until):
            kind = "silenced" if until > fact.t else "heard-again"
        case facts.FuelFound(event=event):
            return _event(point, event.since, _FUEL.get(event.kind, event.kind), "host", language, event.litres)
        case facts.HelpAsked():
            kind = "help"
        case facts.Commissioned(done=done, left=left):
            kind, value = "commissioned" if not left else "commissioned-partly", float(len(done))
        case facts.Started():
            kind = "host-started"
        case facts.ClockSetBack():
            kind = "clock-set-back"
    return _event(point, fact.t, kind, fact.author.way, language, value, what, fact.author.role) if kind else None


def _event(
    point: str,
    t: float,
    kind: str,
    way: str,
    language: str,
    value: float | None = None,
    what: str = "",
    role: str = "",
) -> Row:
    text = Words(language, "event")(kind, n=Amount(value or 0.0, 0), what=what)
    fields: dict[str, Value | str] = {"text": text}
    if value is not None:
        fields["value"] = value
    if role:
        fields["role"] = role
    return Row(point=point, t=t, measurement=schema.EVENT, tags={"kind": kind, "way": way}, fields=fields)


def of_alert(alert: AlertState, what: str, now: float, reach: Reach, ack: Fact | None, language: str) -> Row:
    """How an alert stands at `now`. what: "fired", "worse", "acknowledged", "reached", "standing" or "resolved"."""
    fields: dict[str, Value | str] = {
        "id": alert.id,
        "firing": int(alert.state == "firing"),
        "text": Words(language, "web")(f"rule.{alert.rule}")
        + (f": {alert.subject.which}" if alert.subject.which else ""),
        "age_s": max(0.0, now - alert.since),
        "turn": alert.turn,
        "acknowledged": ack is not None,
        "by": "" if ack is None else ack.author.role,
        "held_by": alert.held_by,
        "reached": ", ".join(reach.sent),
        "reached_count": sum(reach.sent.values()),
        "waiting": reach.waiting,
        "uncertain": reach.uncertain,
    }
    tags = {"rule": alert.rule, "severity": alert.severity, "what": what}
    return Row(point=alert.point or "", t=now, measurement=schema.ALERT, tags=tags, fields=fields)


def of_delivery(delivery: Delivery, alert: AlertState) -> Row:
    """What became of one message to one person, of whom only the rung is said."""
    settled_at = delivery.settled_at or delivery.due_at
    return Row(
        point=alert.point or "",
        t=settled_at,
        measurement=schema.DELIVERY,
        tags={"rule": alert.rule, "rung": delivery.rung, "channel": delivery.channel, "outcome": delivery.state},
        fields={
            "alert": delivery.alert_id,
            "reason": delivery.reason,
            "attempts": delivery.attempts,
            "after_s": max(0.0, settled_at - delivery.first_due_at),
        },
    )
