"""What is to be done at a point and what is not fine there, in words: tasks, remarks, people, what befell the fuel."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from paraat.domain import remarks, upkeep
from paraat.domain.fuel_events import FuelEvent
from paraat.domain.model import OffGrid, PointView
from paraat.domain.passages import Present
from paraat.domain.remarks import Remark
from paraat.domain.upkeep import Task, TaskState
from paraat.texts import catalogue, readiness

_OF_PEOPLE = (remarks.BUSY, remarks.FULL)


class Said(NamedTuple):
    """What is so, and what to do about it; nothing where nothing is."""

    text: str
    to_do: str


def state_key(kind: str, state: str, *, due: bool) -> str:
    """How a task stands in a word: the key of it. A battery is not late: it falls."""
    if state == TaskState.OVERDUE and kind == upkeep.BATTERY:
        return "state.falls"
    return "state.due" if due and state == TaskState.DONE else f"state.{state}"


class Words(catalogue.Words):
    """The words of one language. Raises KeyError for one that has none."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        super().__init__(language, "upkeep")
        self._judged = readiness.Words(language, zone)

    def task(self, task: Task) -> str:
        """What people call a task."""
        return self._judged.resource(task.resource) if task.kind == upkeep.ATTEST else self(f"task.{task.kind}")

    def task_said(self, task: Task) -> Said:
        """How a task stands, and what to do about it."""
        values = {key: self.number(value, 0) for key, value in task.detail.items()}
        if "volts" in task.detail:
            values["volts"] = self.number(task.detail["volts"], 2)
            values["drop_percent"] = self.number(task.detail["drop_percent"], 1)
        values |= {"day": self._judged.day(task.t), "due": self._judged.day(task.due_at), "by": task.by}
        code = task.code if task.code != upkeep.CHECKED or task.by else "checked.nobody"
        key = f"do.{task.code}" if self.known(f"do.{task.code}") else f"do.{task.kind}"
        return Said(self(f"why.{code}", **values), self(key, **values))

    def remark(self, remark: Remark) -> Said:
        """What is not fine, and what to do about it."""
        key = remark.code
        if remark.code in _OF_PEOPLE:
            value = self.number(remark.value, 0)
            return Said(self(f"remark.{key}", value=value), self(f"remark.do.{key}"))
        value = self._judged.measured(remark.metric, remark.value)
        limit = self._judged.measured(remark.metric, remark.limit)
        do = "stuffy.generator" if remark.code == remarks.STUFFY and remark.generator else key
        return Said(self(f"remark.{key}", value=value, limit=limit), self(f"remark.do.{do}"))

    def mark(self, remark: Remark) -> str:
        """In a word, for beside the figure itself."""
        return self(f"mark.{remark.code}")

    def remarks(self, view: PointView) -> list[Said]:
        """Everything that is not fine at a point, the dangerous first."""
        return [self.remark(one) for one in sorted(view.remarks, key=lambda one: not one.bad)]

    def counted(self, found: Present, now: float) -> str:
        """How the people are known: their range, and since when they are reckoned."""
        said = self("people.range", low=found.low, high=found.high) if found.low < found.high else ""
        return " · ".join(filter(None, (said, self._since(found, now))))

    def _since(self, found: Present, now: float) -> str:
        if found.counted_at is None:
            return self("people.never")
        time = self._judged.at(found.counted_at, now)
        return (
            self("people.counted", time=time, by=found.counted_by)
            if found.counted_by
            else self("people.reset", time=time)
        )

    def fuel_event(self, event: FuelEvent, now: float) -> str:
        """What befell the fuel, when and how much."""
        litres = self.number(event.litres, 0)
        return self(f"fuel.{event.kind}", litres=litres, since=self._judged.at(event.since, now))

    def off_grid(self, found: OffGrid) -> str:
        """The hours without the grid, and of what they are."""
        return self(f"off-grid.{found.source}", hours=self.hours(found.hours_low))

    def battery_alone(self, found: OffGrid) -> str:
        """The hours on the battery, where the generator does not carry the point."""
        return self("off-grid.alone", hours=self.hours(found.hours_low))
