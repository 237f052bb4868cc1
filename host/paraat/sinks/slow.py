"""Rows that are written when they change, and every quarter of an hour while they do not: how a point's resources, figures, board
and alerts stand. A panel that looks back twenty minutes has the newest of each, and what is older than that is not known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from paraat.domain import readiness
from paraat.domain.facts import Fact
from paraat.domain.model import AlertState, PointView, Row, Value
from paraat.domain.readiness import ResourceState, State, Verdict
from paraat.sinks import schema
from paraat.sinks.happenings import Reach, of_alert
from paraat.texts.readiness import Line, Words

EVERY_S = 900.0
_STANDINGS = {
    State.UNKNOWN: 0,
    State.READY: 2,
    State.LIMITED: 3,
    State.NOT_READY: 4,
    State.EXPIRED: 5,
    State.NOT_REQUIRED: 6,
}
# The figures of a point, by the metrics that they are read from.
_FIGURES = {
    "fuel": ("fuel/level", "fuel/distance"),
    "mains": ("power/mains",),
    "generator": ("power/generator",),
    "battery": ("battery/voltage", "battery/charge"),
    "temperature": ("climate/temperature",),
    "people": ("people/present", "people/in"),
}
_ALWAYS = ("fuel", "mains", "generator")
NOBODY = Reach({}, 0, 0)


class SlowRows:
    """Remembers what was written, and says what is to be written now. A start writes all of it once."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._language = language
        self._words = Words(language, zone)
        self._written: dict[tuple[str, ...], tuple[float, object]] = {}
        self._firing: dict[int, AlertState] = {}

    def of_points(self, views: Iterable[PointView], fresh_s: float) -> Iterator[Row]:
        """The resources, the figures and the board of each point."""
        for view in views:
            yield from self._resources(view)
            rows = [
                *_figures(view, fresh_s),
                *_board(view),
            ]
            for row, core in rows:
                key = (row.measurement, row.point, *row.tags.values())
                if self._due(key, core, view.now):
                    yield row

    def _resources(self, view: PointView) -> Iterator[Row]:
        """Each resource, and what they come to; a sentence takes time, so it is made only where it is written."""
        cores = {state.resource: (state.state, state.code, state.need, state.until) for state in view.resources}
        standing = (view.verdict, view.activation.phase, view.data_t is None, *cores.values())
        if self._due((schema.WHY, view.point), standing, view.now):
            yield self._why(view)
        for state in view.resources:
            if self._due((schema.RESOURCE, view.point, state.resource), cores[state.resource], view.now):
                yield self._resource(view, state)

    def _why(self, view: PointView) -> Row:
        """In a sentence what keeps a point from being ready, and how it stands as tags."""
        resources = tuple(map(self._unnamed, view.resources))
        lines = self._words.of(msgspec.structs.replace(view, resources=resources))
        worst = lines[0] if lines else Line("", "", "")
        fields: dict[str, Value | str] = {"text": worst.text, "to_do": worst.to_do, "more": max(0, len(lines) - 1)}
        tags = {"state": view.activation.phase.value, "judged": view.verdict.word}
        return Row(point=view.point, t=view.now, measurement=schema.WHY, tags=tags, fields=fields)

    def _unnamed(self, state: ResourceState) -> ResourceState:
        """As it is, but for the name of who said it."""
        return msgspec.structs.replace(state, by=self._words("somebody")) if state.by else state

    def _resource(self, view: PointView, state: ResourceState) -> Row:
        fields: dict[str, Value | str] = {
            "text": self._words.why(self._unnamed(state)),
            "standing": _STANDINGS[state.state],
            "code": state.code,
            "required": state.need == "required",
            "critical": state.critical,
            "by_word": state.by_word,
        }
        if state.t is not None:
            fields["age_s"] = max(0.0, view.now - state.t)
        if state.until is not None:
            fields["ends_in_s"] = state.until - view.now
        return Row(
            point=view.point, t=view.now, measurement=schema.RESOURCE, tags={"resource": state.resource}, fields=fields
        )

    def of_alerts(
        self,
        alerts: Sequence[AlertState],
        reach: Mapping[int, Reach],
        acknowledged: Callable[[int], Fact | None],
        now: float,
        since: float,
    ) -> Iterator[Row]:
        """How the alerts stand that fire, and the last row of each that does not any more. alerts: also those that just ended.

        since: when rows were stored last, also by a run before this one.
        """
        firing = {alert.id: alert for alert in alerts if alert.state == "firing"}
        ended = {alert.id: alert for alert in alerts if alert.state == "resolved"}
        for alert in firing.values():
            known, ack = reach.get(alert.id, NOBODY), acknowledged(alert.id)
            core = (
                alert.turn,
                alert.severity,
                alert.held_by,
                ack is not None,
                known.sent,
                known.waiting,
                known.uncertain,
            )
            what = self._what(alert, core, since)
            if self._due((schema.ALERT, str(alert.id)), core, now):
                at = alert.fired_at if what == "fired" and alert.fired_at is not None else now
                yield of_alert(alert, what, at, known, ack, self._language)
        over = {one: alert for one, alert in ended.items() if (alert.resolved_at or 0.0) > since}
        over |= {one: ended.get(one, alert) for one, alert in self._firing.items() if one not in firing}
        for alert_id, alert in over.items():
            self._written.pop((schema.ALERT, str(alert_id)), None)
            at = alert.resolved_at or now
            known, ack = reach.get(alert_id, NOBODY), acknowledged(alert_id)
            yield of_alert(_over(alert, now), "resolved", at, known, ack, self._language)
        self._firing = firing

    def forget(self) -> None:
        """What was made could not be stored: all of it is made again."""
        self._written.clear()

    def _what(self, alert: AlertState, core: tuple[object, ...], since: float) -> str:
        """Why a row is written now."""
        before = self._written.get((schema.ALERT, str(alert.id)))
        if before is None:  # of this run: one of before has said when it fired
            return "fired" if (alert.fired_at or alert.since) > since else "standing"
        was = before[1]
        assert isinstance(was, tuple)
        if was[:2] != core[:2]:
            return "worse"
        if was[3] != core[3]:
            return "acknowledged"
        return "reached" if was[4:] != core[4:] else "standing"

    def _due(self, key: tuple[str, ...], core: object, now: float) -> bool:
        before = self._written.get(key)
        if before is not None and before[1] == core and 0 <= now - before[0] < EVERY_S:
            return False
        self._written[key] = (now, core)
        return True


def _figures(view: PointView, fresh_s: float) -> Iterator[tuple[Row, object]]:
    """Whether each figure is known now, of those that the point has or must have."""
    for figure, bases in _FIGURES.items():
        names = [name for base in bases for name in view.named(base)]
        if not names and figure not in _ALWAYS:
            continue
        code, t = _why_not(view, figure, names, fresh_s)
        fields: dict[str, Value | str] = {"known": int(not code), "code": code}
        if t is not None:
            fields["age_s"] = max(0.0, view.now - t)
        row = Row(point=view.point, t=view.now, measurement=schema.FIGURE, tags={"figure": figure}, fields=fields)
        yield row, code


def _why_not(view: PointView, figure: str, names: list[str], fresh_s: float) -> tuple[str, float | None]:
    """Why a figure is not known now, "" where it is, and when it was read last."""
    newest = max((view.latest[name] for name in names), key=lambda one: one.t, default=None)
    if newest is None:
        return "never", None
    if view.verdict is Verdict.SILENT:
        return "silent", newest.t
    if any(view.fresh(name, fresh_s) is not None for name in names):
        doubtful = figure == "fuel" and view.fuel_doubtful
        return readiness.FUEL_DOUBTFUL.rpartition("-")[2] if doubtful else "", newest.t
    return newest.fault or "old", newest.t


def _board(view: PointView) -> Iterator[tuple[Row, object]]:
    """How the board stands, by its last state."""
    node = view.node
    if node is None:
        return
    said = {
        "online": view.online,
        "firmware": node.fw,
        "build": node.build,
        "config": node.config,
        "config_refused": node.config_refused,
        "hardware": node.board,
        "boot": node.boot,
        "reset": node.reset,
        "clock": node.clock,
    }
    fields: dict[str, Value | str] = {name: value for name, value in said.items() if value is not None}
    core = tuple(fields.items())
    if view.certificate_until is not None:
        fields["certificate_left_s"] = view.certificate_until - view.now
    if fields:
        yield Row(point=view.point, t=view.now, measurement=schema.BOARD, tags={}, fields=fields), core


def _over(alert: AlertState, now: float) -> AlertState:
    """An alert that does not fire any more; of one that was taken out of the site nobody said that it ended."""
    return msgspec.structs.replace(alert, state="resolved", resolved_at=alert.resolved_at or now)
