"""A verdict in words: why a resource stands as it does, and what to do. Numbers and times as people of a site write them."""

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from paraat.domain import readiness
from paraat.domain.activation import Activation, Phase
from paraat.domain.model import PointView
from paraat.domain.readiness import ResourceState, State, Verdict
from paraat.domain.refuel import Plan
from paraat.texts import catalogue
from paraat.texts.localtime import local, marked
from paraat_wire import metrics

_OF_BOARDS = (readiness.FUEL_UNKNOWN, readiness.BATTERY_UNKNOWN, readiness.NOT_MEASURED)
_ONE_LINE = (readiness.NEVER_ATTESTED,)


class Line(NamedTuple):
    """What keeps a point from being ready, and what to do about it. look: "bad", "open" (not known) or "poor"."""

    text: str
    to_do: str
    look: str


class Words(catalogue.Words):
    """The words of one language. Raises KeyError for one that has none."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        super().__init__(language, "readiness")
        self._zone = zone

    def resource(self, name: str) -> str:
        """What people call a resource."""
        return self(f"resource.{name}")

    def why(self, state: ResourceState) -> str:
        """Why it stands so, such as "2,3 van 72 uur"."""
        key = f"why.{state.code}"
        if state.code == readiness.HOURS and "source" in state.detail:
            key += f".{state.detail['source']}"
        return self(key, **self._values(state))

    def to_do(self, state: ResourceState) -> str:
        """What to do about it; empty where nothing is."""
        if state.state in (readiness.State.READY, readiness.State.NOT_REQUIRED):
            return ""
        key = f"do.{state.code}"
        if state.code == readiness.HOURS and state.detail.get("source") == "battery":
            key = "do.hours.battery"
        elif state.code == readiness.HOURS and "full" in state.detail:
            key = "do.hours.full"
        return self(key, **self._values(state))

    def of(self, view: PointView) -> list[Line]:
        """What keeps a point from being ready, and what to do; that nothing is heard comes before what was heard last."""
        if view.data_t is None:  # of what boards measure there is no more to be said
            never = Line(self("never"), self("do.never"), "open")
            return [never, *self.lines(state for state in view.resources if state.code not in _OF_BOARDS)]
        if view.verdict is Verdict.SILENT:
            return [Line(self("silent"), self("do.silent"), "open"), *self.lines(view.resources)]
        return self.lines(view.resources)

    def lines(self, states: Iterable[ResourceState]) -> list[Line]:
        """What these resources keep a point from, the worst first.

        What nobody has attested is one line, not nine: "water, licht: nooit bevestigd".
        """
        states = tuple(states)
        found: list[Line] = []
        grouped: dict[tuple[bool, str], list[ResourceState]] = {}
        for state in readiness.why(states):
            if state.code in _ONE_LINE:
                grouped.setdefault((state.critical, state.code), []).append(state)
        for state in readiness.why(states):
            group = grouped.get((state.critical, state.code), [state])
            if group[0] is not state:
                continue
            names = ", ".join(self.resource(one.resource) for one in group)
            found.append(Line(f"{names}: {self.why(state)}", self.to_do(state), _look(state)))
        return found

    def renewals(self, states: Iterable[ResourceState]) -> list[str]:
        """Which words end soon."""
        return [
            self("renew", what=self.resource(state.resource), until=self.day(state.until))
            for state in states
            if state.renew and state.until is not None
        ]

    def phase(self, phase: Phase) -> str:
        """What people call a phase."""
        return self(f"phase.{phase}")

    def life(self, found: Activation, now: float) -> str:
        """Where a point is and since when; empty where nobody ever said."""
        if found.since is None:
            return ""
        if found.phase is Phase.OUT_OF_USE and found.until is not None:
            return self("phase.until", phase=self.phase(found.phase), time=self.at(found.until, now))
        return self("phase.since", phase=self.phase(found.phase), time=self.at(found.since, now))

    def clock(self, found: Activation, now: float) -> str:
        """How a point keeps to its clock; empty while none runs."""
        if found.due_at is None:
            return ""
        due = self.at(found.due_at, now)
        if found.opened_at is not None:
            key = "clock.was-late" if found.late else "clock.kept"
            return self(key, opened=self.at(found.opened_at, now), due=due)
        assert found.forecast_at is not None
        return self("clock.late" if found.late else "clock.left", due=due, forecast=self.at(found.forecast_at, now))

    def planned(self, plan: Plan, now: float) -> str:
        """Who brings fuel, how much and when, and that this is late, or too late."""
        key = "refuel.late" if plan.late else "refuel.too-late" if plan.too_late else "refuel.planned"
        litres = self.number(plan.litres, 0)
        if plan.brought_l:
            litres = self("refuel.rest", rest=self.number(plan.to_come_l, 0), litres=litres)
        return self(key, litres=litres, who=plan.who, at=self.at(plan.at, now))

    @staticmethod
    def columns(rows: list[list[str]]) -> list[str]:
        """Rows as lines of text, each column as wide as it must be."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

    def day(self, t: float | None) -> str:
        """A day, such as 3-12-2025."""
        if t is None:
            return ""
        at = local(t, self._zone)
        return self.moment(at, "day")

    def at(self, t: float, now: float) -> str:
        """The hour, with the day where that is not today."""
        at = local(t, self._zone)
        form = "clock" if at.date() == local(now, self._zone).date() else "short day and clock"
        return marked(at, self.moment(at, form))

    def _values(self, state: ResourceState) -> dict[str, str]:
        detail = state.detail
        found = {"by": state.by, "until": self.day(state.until)}
        for key in ("hours", "target", "full"):
            if key in detail:
                found[key] = self.hours(float(detail[key]))
        for key in ("value", "limit"):
            if key in detail:
                found[key] = self.measured(str(detail["metric"]), float(detail[key]))
        if "roles" in detail:
            found["roles"] = str(detail["roles"])
        return found

    def measured(self, metric: str, value: float) -> str:
        """A figure with the unit of its metric."""
        row = metrics.lookup(metric)
        tenths = round(value, 1) + 0.0
        text = self.number(tenths, 0 if tenths == int(tenths) else 1)
        unit = None if row is None else row[0][metrics.UNIT]
        return self(f"unit.{unit}", n=text) if self.known(f"unit.{unit}") else f"{text} {unit or ''}".strip()


def _look(state: ResourceState) -> str:
    if not state.critical or state.state is State.LIMITED:
        return "poor"
    return "bad" if state.state is State.NOT_READY else "open"
