"""The runner sheet of a point: one page of paper, A4, for who walks or cycles there, and for the voice radio.

What is the matter, how long the fuel lasts and when more must be there, how many people, what to ask, room to write it down,
and the codes that are read aloud. All of it comes from what is given: it can be printed from the journal alone.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fpdf import FPDF

from paraat.domain.model import AlertState, PointView
from paraat.domain.points import Point
from paraat.domain.radio import COUNT, DAYS, HELP, LETTERS, LITRES, MOST, SPOKEN, Book, Code, Kind, spelled
from paraat.domain.roster import LEAD
from paraat.texts import Words, readiness
from paraat.texts.localtime import local
from paraat.web.cards import Writer
from paraat.web.texts import Words as PageWords

_WIDTH_MM, _HEIGHT_MM, _MARGIN_MM = 210.0, 297.0, 12.0
_INNER_MM = _WIDTH_MM - 2 * _MARGIN_MM
_ALERTS_MAX = 3  # that have a code of their own on the sheet
_LINES_MAX = 3
_CELLS = 100  # of a table of check letters
_COLUMNS = 10
_EXAMPLE = 13  # which number, in steps, shows how a table is read
_STEPS = (1, 2, 5, 10, 20, 50, 100)
# A point may be overcrowded, and that is when its count matters most.
_OVER_CAPACITY = 1.5
_FONT = "Helvetica"  # one of the fonts that every viewer and printer has; it writes Latin-1
_INSTEAD = str.maketrans(
    {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "\u202f": " ", "€": "EUR"}
)


class _Row(NamedTuple):
    """One code: what it says, what is read aloud, and what the coordination point answers. open: a number follows."""

    label: str
    code: str
    spoken: str
    answer: str
    open: bool


class Sheets:
    """Makes the sheets of a site in one language. Raises KeyError for a language without texts."""

    def __init__(self, region: str, language: str, zone: ZoneInfo) -> None:
        self._region = region
        self._zone = zone
        self._words = Words(language, "sheet")
        self._judged = readiness.Words(language, zone)
        self._writer = Writer(PageWords(language), zone, math.inf)

    def pdf(self, view: PointView, alerts: Iterable[AlertState], place: Point, book: Book, now: float) -> bytes:
        """The sheet of a point as it stands at now. alerts: those of the region; place: its file."""
        firing = sorted(
            (alert for alert in alerts if alert.state == "firing" and alert.point == view.point),
            key=lambda alert: (alert.severity != "critical", alert.since),
        )
        page = _Page()
        self._head(page, view, now)
        self._matter(page, view, firing, now)
        self._figures(page, view, now)
        self._questions(page, place)
        self._codes(page, view, firing, place, book, now)
        return page.done(f"{view.name} ({view.point})", self._words.language, local(now, self._zone))

    def _head(self, page: "_Page", view: PointView, now: float) -> None:
        words = self._words
        page.line(words("head", region=self._region), 10, right=words("made", time=self._writer.full_time(now)))
        page.line(view.name, 26, bold=True, lead=1.1)
        page.line(" · ".join(filter(None, (view.municipality, view.point, view.phone))), 12)
        page.rule(0.8)

    def _matter(self, page: "_Page", view: PointView, firing: Sequence[AlertState], now: float) -> None:
        words, judged = self._words, self._judged
        verdict = judged(f"verdict.{view.verdict.word}")
        if view.verdict is not view.last_verdict:
            verdict = words("was", verdict=verdict, last=judged(f"verdict.{view.last_verdict.word}"))
        page.line(f"{words('matter')}: {verdict}", 17, bold=True)
        said = [words("alert", title=self._rule(alert), time=self._writer.time(alert.since, now)) for alert in firing]
        lines = judged.of(view)
        said += [line.text for line in lines]
        for text in said[:_LINES_MAX]:
            page.line(f"- {text}", 12)
        if len(said) > _LINES_MAX:
            page.line(words("more", n=len(said) - _LINES_MAX), 12)
        if not said:
            page.line(words("nothing"), 12)
        if lines and lines[0].to_do:
            page.line(words("do", what=lines[0].to_do), 12, bold=True)
        page.rule()

    def _figures(self, page: "_Page", view: PointView, now: float) -> None:
        words, left = self._words, view.fuel_left
        unknown = words("unknown")
        hours, before, remark = unknown, unknown, words("fuel.look")
        if not view.has_tank:
            lasts = view.off_grid
            hours = unknown if lasts is None else words("hours", n=self._judged.hours(lasts.hours_low))
        elif left is not None:
            hours = words("hours", n=self._judged.hours(left.hours_low))
            before = self._writer.time(left.refuel_before, now)
            running = view.value("power/generator") is True
            remark = words("fuel.running") if running else words("fuel.if")
        seen = view.people
        page.boxes(
            (
                *(
                    (
                        (words("fuel"), hours, words("fuel.cautious") if left is not None else words("fuel.look")),
                        (words("before"), before, remark),
                    )
                    if view.has_tank
                    else ((words("battery"), hours, words("fuel.cautious" if view.off_grid else "battery.look")),)
                ),
                (
                    words("people"),
                    unknown if seen is None else words("people.of", n=seen.people, capacity=view.capacity),
                    words("people.count", capacity=view.capacity)
                    if seen is None
                    else words("people.at", time=self._writer.time(seen.t, now)),
                ),
            )
        )

    def _questions(self, page: "_Page", place: Point) -> None:
        words = self._words
        if place.access:
            page.line(words("access", what=place.access), 11)
        page.line(words("ask"), 14, bold=True)
        tank = place.tank is not None
        page.fields((words("ask.people"), *((words("ask.litres"),) if tank else ()), words("ask.when")))
        generator = (words("ask.generator"),) if tank else ()
        page.choices((words("ask.mains"), *generator, words("ask.warm"), words("ask.water")), words)
        page.fields((words("ask.need"),))
        page.fields((words("ask.name"), words("ask.runner"), words("ask.time")))
        page.rule()

    def _codes(
        self, page: "_Page", view: PointView, firing: Sequence[AlertState], place: Point, book: Book, now: float
    ) -> None:
        words, at = self._words, local(now, self._zone)
        day, last = at.date(), at + timedelta(days=DAYS - 1)
        page.line(words("codes", day=words.moment(last, "day")), 14, bold=True)
        page.line(words("codes.how"), 10)
        step = _step(view.capacity * _OVER_CAPACITY)
        column = _EXAMPLE * step % (step * _COLUMNS)
        page.line(
            words(
                "codes.example",
                n=_EXAMPLE * step,
                four=f"{_EXAMPLE * step:04d}",
                row=_EXAMPLE * step - column,
                column=column,
            ),
            10,
        )
        rows = [self._row(words("code.help"), book.of_point(HELP, view.point, day), book)]
        rows += [
            self._row(words("code.alert", title=self._rule(alert)), book.of_alert(alert.id), book)
            for alert in [one for one in firing if one.role == LEAD][
                :_ALERTS_MAX
            ]  # who asks for help does not answer it
        ]
        tables = []
        for kind, key, most in (
            (COUNT, "count", min(view.capacity * _OVER_CAPACITY, MOST)),
            *(() if place.tank is None else ((LITRES, "litres", min(place.tank.fill_l, MOST)),)),
        ):
            code = book.of_point(kind, view.point, day, 0)
            rows.append(self._row(words(f"code.{key}"), code, book))
            tables.append((words(f"table.{key}", step=_step(most)), _table(kind, code, most)))
        page.codes(rows, words)
        page.tables(tables)
        page.line(" · ".join(f"{letter} {SPOKEN[letter]}" for letter in LETTERS), 9)

    def _row(self, label: str, code: Code, book: Book) -> _Row:
        open_ = code.number is not None
        said = f"{code.kind} {code.tag}" if open_ else str(code)
        return _Row(label, said, " ".join(spelled(said)), " ".join(book.answer(code)), open_)

    def _rule(self, alert: AlertState) -> str:
        return self._writer.words.code("rule", alert.rule)


def _step(most: float) -> int:
    """Between two numbers of a table: as fine as its cells allow."""
    return next((step for step in _STEPS if most / step < _CELLS), _STEPS[-1])


def _table(kind: Kind, code: Code, most: float) -> list[list[str]]:
    """The check letters of every number up to `most`: a head, and a row of ten for each that is begun."""
    step = _step(most)
    rows = [["", *(f"+{step * column}" for column in range(_COLUMNS))]]
    for row in range(int(most // (step * _COLUMNS)) + 1):
        first = row * step * _COLUMNS
        numbers = [first + step * column for column in range(_COLUMNS)]
        rows.append([str(first), *(Code(kind, code.tag, number).check for number in numbers)])
    return rows


class _Page:
    """One page of A4 that is filled from above."""

    def __init__(self) -> None:
        self._pdf = FPDF(format="A4")
        self._pdf.set_margin(_MARGIN_MM)
        self._pdf.c_margin = 0
        self._pdf.set_auto_page_break(False)
        self._pdf.add_page()

    def done(self, title: str, language: str, made: datetime) -> bytes:
        """The file."""
        self._pdf.set_title(_latin(title))
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(made)
        return bytes(self._pdf.output())

    def line(self, text: str, size_pt: float, *, bold: bool = False, right: str = "", lead: float = 1.2) -> None:
        """One line; a text that is too long is set smaller, down to half, and then cut off."""
        pdf = self._pdf
        room = _INNER_MM
        if right:
            pdf.set_font(_FONT, size=size_pt)
            room -= pdf.get_string_width(_latin(right)) + 4
        height = size_pt * lead * 25.4 / 72
        self._fit(text, size_pt, room, bold=bold)
        pdf.cell(room, height, self._cut(text, room))
        if right:
            pdf.set_font(_FONT, size=size_pt)
            pdf.cell(_INNER_MM - room, height, _latin(right), align="R")
        pdf.ln(height)

    def rule(self, thick_mm: float = 0.3) -> None:
        """A line across."""
        pdf = self._pdf
        pdf.set_line_width(thick_mm)
        pdf.line(_MARGIN_MM, pdf.get_y() + 1, _WIDTH_MM - _MARGIN_MM, pdf.get_y() + 1)
        pdf.set_line_width(0.3)
        pdf.ln(2.5)

    def boxes(self, boxes: Sequence[tuple[str, str, str]]) -> None:
        """Figures beside each other: what it is, the figure, and a remark."""
        pdf = self._pdf
        gap, height = 3.0, 25.0
        width = (_INNER_MM - gap * (len(boxes) - 1)) / len(boxes)
        top = pdf.get_y()
        for n, (label, figure, remark) in enumerate(boxes):
            x = _MARGIN_MM + n * (width + gap)
            pdf.set_line_width(0.6)
            pdf.rect(x, top, width, height)
            for text, size_pt, y, bold in (
                (label, 11, 1.5, False),
                (figure, 23, 7.5, True),
                (remark, 9.5, 18.5, False),
            ):
                self._fit(text, size_pt, width - 5, bold=bold)
                pdf.set_xy(x + 2, top + y)
                pdf.cell(width - 4, size_pt * 0.42, self._cut(text, width - 4))
        pdf.set_line_width(0.3)
        pdf.set_xy(_MARGIN_MM, top + height + 2)

    def fields(self, labels: Sequence[str]) -> None:
        """Lines to write on, each behind its label."""
        pdf = self._pdf
        height, width = 9.5, _INNER_MM / len(labels)
        top = pdf.get_y()
        for n, label in enumerate(labels):
            x = _MARGIN_MM + n * width
            self._fit(label, 11.5, width * 0.7, bold=False)
            pdf.set_xy(x, top)
            text = _latin(label)
            pdf.cell(width, height, text)
            begins = x + pdf.get_string_width(text) + 3
            pdf.line(begins, top + height - 2, x + width - 3, top + height - 2)
        pdf.set_xy(_MARGIN_MM, top + height)

    def choices(self, labels: Sequence[str], words: Words) -> None:
        """Questions with a box for yes and one for no."""
        pdf = self._pdf
        height, width, side = 9.5, _INNER_MM / len(labels), 4.5
        top = pdf.get_y()
        for n, label in enumerate(labels):
            x = _MARGIN_MM + n * width
            self._fit(label, 11.5, width - 26, bold=False)
            pdf.set_xy(x, top)
            pdf.cell(width, height, self._cut(label, width - 24))
            x += width - 24
            pdf.set_font(_FONT, size=10)
            for answer in (words("yes"), words("no")):
                pdf.rect(x, top + 2.4, side, side)
                pdf.set_xy(x + side + 1, top)
                pdf.cell(7, height, _latin(answer))
                x += 11.5
        pdf.set_xy(_MARGIN_MM, top + height)

    def codes(self, rows: Sequence[_Row], words: Words) -> None:
        """The codes, large enough to be read by a torch."""
        pdf = self._pdf
        height = 11.2
        for row in rows:
            top = pdf.get_y()
            self._fit(row.label, 12, 62, bold=False)
            pdf.set_xy(_MARGIN_MM, top)
            pdf.cell(62, 6.5, self._cut(row.label, 62))
            pdf.set_font("Courier", "B", 18)
            pdf.set_xy(_MARGIN_MM + 64, top)
            pdf.cell(45, 6.5, row.code)
            if row.open:
                self._open_code(words, top)
            pdf.set_xy(_MARGIN_MM + 150, top)
            pdf.set_font(_FONT, size=10)
            pdf.cell(22, 6.5, _latin(words("answer")), align="R")
            pdf.set_font("Courier", "B", 14)
            pdf.cell(14, 6.5, row.answer, align="R")
            pdf.set_xy(_MARGIN_MM + 64, top + 6.9)
            pdf.set_font(_FONT, size=9)
            pdf.cell(110, 3.4, _latin(row.spoken))
            pdf.set_xy(_MARGIN_MM, top + height)

    def _open_code(self, words: Words, top: float) -> None:
        """Four boxes for the number, one for the check letter."""
        pdf = self._pdf
        x = _MARGIN_MM + 94
        for _ in range(4):
            pdf.rect(x, top + 0.2, 6, 6.2)
            x += 6
        pdf.set_font(_FONT, size=7.5)
        pdf.rect(x + 3, top + 0.2, 6, 6.2)
        pdf.set_xy(x + 10.5, top + 1)
        pdf.cell(24, 4, _latin(words("letter")))

    def tables(self, tables: Sequence[tuple[str, list[list[str]]]]) -> None:
        """The tables of check letters, beside each other: as high as there is room, with one line below them."""
        pdf = self._pdf
        gap = 8.0
        longest = max(len(rows) for _, rows in tables)
        room = _HEIGHT_MM - _MARGIN_MM - 3.0 - pdf.get_y() - 5.8
        height = min(4.4, room / longest)
        width = (_INNER_MM - gap) / 2
        cell = width / (_COLUMNS + 1.4)
        top = pdf.get_y() + 0.5
        for n, (title, rows) in enumerate(tables):
            x = _MARGIN_MM + n * (width + gap)
            self._fit(title, 9.5, width, bold=True)
            pdf.set_xy(x, top)
            pdf.cell(width, 4, self._cut(title, width))
            for line, row in enumerate(rows):
                pdf.set_xy(x, top + 4.3 + line * height)
                pdf.set_fill_color(235)
                for place, text in enumerate(row):
                    head = line == 0 or place == 0
                    pdf.set_font(_FONT, "" if head else "B", 7.5 if head else 9)
                    pdf.cell(cell * (1.4 if place == 0 else 1), height, text, border=1, align="C", fill=head)
        pdf.set_xy(_MARGIN_MM, top + 4.3 + longest * height + 1)

    def _fit(self, text: str, size_pt: float, room_mm: float, *, bold: bool) -> None:
        """Set the font so that a text fits, at half the size at least."""
        style = "B" if bold else ""
        self._pdf.set_font(_FONT, style, size_pt)
        width = self._pdf.get_string_width(_latin(text))
        if width > room_mm:
            self._pdf.set_font(_FONT, style, max(size_pt / 2, size_pt * room_mm / width * 0.99))

    def _cut(self, text: str, room_mm: float) -> str:
        """A text in the font that is set, cut off where there is no more room."""
        said = _latin(text)
        if self._pdf.get_string_width(said) <= room_mm:
            return said
        while said and self._pdf.get_string_width(f"{said}...") > room_mm:
            said = said[:-1]
        return f"{said}..."


def _latin(text: str) -> str:
    """A text in the letters of the font; what it has not becomes a question mark."""
    return text.translate(_INSTEAD).encode("latin-1", "replace").decode("latin-1")
