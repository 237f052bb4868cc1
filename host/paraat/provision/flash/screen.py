"""The technician's screen while boards are flashed: one bar a board, the self-tests, and what to do next."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from paraat import texts
from paraat.boards import where
from paraat.provision.flash import selftest
from paraat.provision.flash.flash import CancelledError
from paraat.provision.flash.session import STEPS, Outcome
from paraat.site import inventory
from paraat.site.errors import SettingsError
from paraat.site.site import Site

# Of the bar, in percent: about what each step takes on a board at 460800 baud.
_SHARE = {"check": 1, "connect": 4, "issue": 1, "image": 4, "write": 60, "verify": 8, "selftest": 20, "record": 2}
_SHOWN_S = 0.1  # a shorter step is not worth a word


class Screen:
    """A session.Watcher. A context: the bars are shown inside it."""

    def __init__(self, site: Site, points: Sequence[str], console: Console, language: str) -> None:
        self._site = site
        self._console = console
        self._language = language
        self._bars = Progress(
            TextColumn("{task.fields[point]}"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {
            point: self._bars.add_task("", total=sum(_SHARE.values()), point=point) for point in points
        }

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, key: str, **values: object) -> None:
        """One line, in the technician's language."""
        self._console.print(escape(texts.say(key, self._language, **values)), soft_wrap=True, highlight=False)

    def step(self, point: str, step: str) -> None:
        """See session.Watcher."""
        words = texts.say(f"step.{step}", self._language)
        self._bars.update(self._tasks[point], completed=_before(step), description=words)

    def progress(self, point: str, part: float) -> None:
        """See session.Watcher."""
        self._bars.update(self._tasks[point], completed=_before("write") + part * _SHARE["write"])

    def show(self, outcomes: Sequence[Outcome]) -> None:
        """What came of each board, the failed ones last, where they are seen."""
        for outcome in sorted(outcomes, key=lambda one: one.error is not None):
            if outcome.error is None:
                self._good(outcome)
            else:
                self._bad(outcome, outcome.error)
        if len(outcomes) > 1:
            self.say("flash.count", good=sum(one.error is None for one in outcomes), all=len(outcomes))

    def _good(self, outcome: Outcome) -> None:
        point = self._site.points[outcome.job.point]
        self._bars.update(self._tasks[point.id], completed=sum(_SHARE.values()), description="")
        if outcome.report is not None:
            title = texts.say("selftest.title", self._language, point=point.id, name=point.name)
            self._console.print(selftest.table(outcome.report, escape(title), self._language, self._where(point.id)))
        words = texts.Words(self._language)
        steps = ", ".join(
            f"{texts.say(f'step.{step}', self._language)} {words.number(seconds, 1)}"
            for step, seconds in outcome.seconds.items()
            if seconds >= _SHOWN_S
        )
        total_s = texts.Amount(sum(outcome.seconds.values()), 1)
        self.say("flash.done", point=point.id, serial=outcome.mac, total_s=total_s, steps=steps)
        self.say("flash.next", label=outcome.label, board=outcome.board)

    def _where(self, point: str) -> dict[str, str]:
        try:
            return where.wires(self._site, point, self._language)
        except SettingsError:
            return {}  # its board was flashed meanwhile from files that were changed since

    def _bad(self, outcome: Outcome, error: Exception) -> None:
        if isinstance(error, CancelledError):
            return
        found, step = texts.explain(error, self._language)
        self.say("flash.failed", point=outcome.job.point, port=outcome.job.port, found=found, step=step)
        if called := texts.whom_to_call(step, self._site.region.phone, self._language):
            self._console.print(escape(called), soft_wrap=True, highlight=False)
        left = inventory.boards(self._site.directory).get(outcome.job.point)
        if left is not None and left.board is not None:
            self.say("flash.old-one-stays", point=outcome.job.point, label=left.board.serial)
        else:
            self.say("flash.nothing-recorded", point=outcome.job.point)


def _before(step: str) -> int:
    return sum(_SHARE[earlier] for earlier in STEPS[: STEPS.index(step)])
