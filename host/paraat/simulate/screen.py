"""What the demo shows in the terminal: one live table, what happens below it, and a summary at the end."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paraat.alerts import texts
from paraat.domain.model import AlertState, PointView
from paraat.domain.points import Point
from paraat.domain.readiness import Verdict
from paraat.simulate.summary import Summary
from paraat.texts import Words, readiness

if TYPE_CHECKING:
    from paraat.service import Service

_LINES = 9  # of what happened, below the table
# What matters least is left out where the terminal is too narrow for it; the last fits 80 columns.
_LEFT_OUT: tuple[tuple[int, ...], ...] = (
    (),
    (4, 7, 8),  # generator, battery, temperature
    (4, 7, 8, 9, 10, 11),  # people, age, stored too
    (2, 4, 7, 8, 9, 10, 11),  # why
    (2, 4, 7, 8, 9, 10, 11, 12),  # missing too: English words are longer
)
_MARGIN = 3  # the terminal writes ^C behind the last line: without room for it the whole panel is drawn twice
_FRAME = 4  # columns that the panel takes of its width

# A sign beside each colour: nobody should need the colour.
_VERDICT_STYLE = {
    Verdict.UNKNOWN: ("?", "magenta"),
    Verdict.SILENT: ("~", "dim"),
    Verdict.READY: ("v", "green"),
    Verdict.LIMITED: ("!", "yellow"),
    Verdict.NOT_READY: ("X", "bold red"),
}


class Screen:
    """language: of a catalogue. quiet: show nothing. Without a terminal it prints a line for each thing that happens."""

    def __init__(self, language: str, *, quiet: bool, console: Console | None = None) -> None:
        self._words = Words(language, "demo")
        self._language = language
        self._console = console or Console(quiet=quiet, highlight=False)
        self._narrower = 0  # of _LEFT_OUT; never back, or columns would come and go with every digit
        self._live: Live | None = None
        self._lines: list[str] = []
        self._told = 0
        self._zone = ZoneInfo("Europe/Amsterdam")
        self._judged = readiness.Words(language, self._zone)
        self._head = ""
        self._points: dict[str, Point] = {}

    @property
    def interactive(self) -> bool:
        """True when somebody looks at a terminal."""
        return self._console.is_terminal and not self._console.quiet

    def begin(self, service: "Service", boards: str, broker: str, influx: bool, port: int) -> None:
        """Say what runs, and where the status page is. boards: "firmware", "made-up", or "no-wheel" for why they are."""
        words = self._words
        self._points = service.site.points
        url = service.web_url or ""
        moved = f":{port}" not in url
        lines = [
            words("web.moved" if moved else "web", url=url, port=port),
            words("parts", boards=words(boards), broker=broker, influx=words("yes" if influx else "no")),
        ]
        if self.interactive:
            self._head = "\n".join([*lines, words("stop")])
        else:
            for line in (words("title"), *lines):
                self._console.print(escape(line), soft_wrap=True)

    def __enter__(self) -> Self:
        if self.interactive:
            self._live = Live(console=self._console, auto_refresh=False, screen=False, transient=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def chapter(self, key: str, now: float) -> None:
        """The story goes on."""
        self._say(now, escape(self._words(key)))

    def _say(self, now: float, markup: str) -> None:
        line = f"[bold]{self._time(now)}[/]  {markup}"
        self._lines.append(line)
        if self._live is None:
            self._console.print(line, soft_wrap=True)

    def show(self, views: Sequence[PointView], announced: Sequence[AlertState], now: float) -> None:
        """The points as they stand, and the alerts that were announced since the last time."""
        for alert in announced[self._told :]:
            self._say(now, self._alert(alert))
        self._told = len(announced)
        if self._live is not None:
            width = self._console.width - _MARGIN
            body = Group(
                Text(self._head),
                self._fitting_table(views, width - _FRAME),
                *(Text.from_markup(line) for line in self._lines[-_LINES:]),
            )
            panel = Panel(body, title=f"{self._words('title')}  {self._time(now)}", width=width)
            self._live.update(panel, refresh=True)

    def _alert(self, alert: AlertState) -> str:
        """The subject of the very message that the lead gets."""
        now = alert.resolved_at or alert.fired_at or alert.since
        point = None if alert.point is None else self._points[alert.point]
        subject, _ = texts.message(alert, alert.state, point, language=self._language, zone=self._zone, now=now)
        if alert.state == "firing":
            return f"[bold red]{self._words('firing')}[/] {escape(subject)}"
        return f"[green]{escape(subject)}[/]"

    def _fitting_table(self, views: Sequence[PointView], width: int) -> Table:
        """The table with as many columns as can be read in this width."""
        while True:
            table = self._table(views, _LEFT_OUT[self._narrower])
            needed = Measurement.get(self._console, self._console.options, table).maximum
            if needed <= width or self._narrower == len(_LEFT_OUT) - 1:
                return table
            self._narrower += 1

    def _table(self, views: Sequence[PointView], left_out: Sequence[int]) -> Table:
        table = Table(expand=True)
        for number, column in enumerate(self._words("columns").split("|")):
            if number not in left_out:
                table.add_column(column, justify="left" if number < 5 else "right", no_wrap=True)
        for view in views:
            table.add_row(*(cell for number, cell in enumerate(self._row(view)) if number not in left_out))
        return table

    def _row(self, view: PointView) -> list[Text | str]:
        words = self._words
        sign, style = _VERDICT_STYLE[view.verdict]
        verdict = self._judged(f"verdict.{view.verdict.word}").lower()
        why = self._judged.of(view)
        unknown = words("unknown")

        def switch(name: str) -> str:
            value = view.value(name)
            return unknown if value is None else words("on" if value else "off")

        def number(name: str, digits: int) -> str:
            value = view.value(name)
            return unknown if value is None else words.number(value, digits)

        left, volts = view.fuel_left, number("battery/voltage", 1)
        return [
            view.name,
            Text(f"{sign} {verdict}", style=style),
            why[0].text if why else "",
            switch("power/mains"),
            switch("power/generator"),
            unknown if view.fuel_percent is None else f"{view.fuel_percent:.0f} % {view.litres:.0f} l",
            unknown if left is None else words("hours", n=words.hours(left.hours)),
            volts if volts == unknown else f"{volts} V",
            number("climate/temperature", 1),
            f"{number('people/present', 0)}/{view.capacity}",
            unknown if view.data_t is None else words("ago", n=int((view.now - view.data_t) // 60)),
            str(view.stored),
            str(view.missing) if view.stored else unknown,
        ]

    def summary(self, summary: Summary, kept: Path | None) -> None:
        """What was counted at the end."""
        words = self._words
        table = Table(title=words("sum.title"), show_header=False)
        table.add_column(justify="right")
        table.add_column()
        rows: list[tuple[object, str]] = [
            (summary.sets_made, "sum.made"),
            (summary.sets_stored, "sum.stored"),
            (summary.missing, "sum.missing"),
            (summary.duplicates_stored, "sum.duplicates"),
            (summary.alerts_fired, "sum.fired"),
            (summary.alerts_resolved, "sum.resolved"),
        ]
        if summary.influx_points is not None:
            rows.append((summary.influx_points, "sum.influx"))
        rows.append((summary.duration_s, "sum.seconds"))
        for value, key in rows:
            table.add_row(str(value), words(key))
        self._console.print(table)
        for problem in summary.problems:
            self._console.print(f"[bold red]{escape(words.say(problem))}[/]")
        if kept is not None:
            self._console.print(words("sum.kept", directory=kept))

    def _time(self, t: float) -> str:
        return datetime.fromtimestamp(t, self._zone).strftime("%H:%M")
