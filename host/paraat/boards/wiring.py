"""Draws what hangs on a board, from its board.toml: boards/<board>/wiring.svg for the technician who wires it.

The module stands in the middle with every contact of its headers in their real order; parts stand beside it. A signal is a
coloured wire with the number of its GPIO and the name of its colour; power and ground are flags at both ends. The same
board.toml gives the same bytes.

    python -m paraat.boards.wiring     writes all of them (make boards)
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from paraat.boards.board_file import Board, Contact, contacts
from paraat.boards.boards import board_names, load_board
from paraat.boards.chips import CHIPS, MODULES
from paraat.boards.parts import ALARM_PINS, ALARMS, BUS_PINS, CLOCK, Part, part_of
from paraat.boards.pins import kit
from paraat.site import paths
from paraat.texts import Phrase, Words, languages
from paraat.texts.catalogue import DEFAULT


def file_of(language: str) -> str:
    """The picture's name in the board's folder: the default language has the short one."""
    return "wiring.svg" if language == DEFAULT else f"wiring.{language}.svg"


_POWER = {"3V3": "#d97706", "5V": "#dc2626", "GND": "#111827"}
# Told apart by colour-blind eyes too (after Okabe and Ito), dark enough on paper; each has its name beside it.
_COLOURS = (
    ("#0072b2", Phrase("blue")),
    ("#009e73", Phrase("green")),
    ("#7b3f9e", Phrase("violet")),
    ("#b58900", Phrase("yellow")),
    ("#8b5a2b", Phrase("brown")),
    ("#d6498f", Phrase("pink")),
    ("#6b7280", Phrase("grey")),
    ("#00a5b5", Phrase("turquoise")),
)

# Pixels; the whole is about as wide to high as an A4 sheet.
_MARGIN = 24
_TOP = 96  # below the title
_BOX_WIDTH = 310
_ROW = 24
_NOTE = 15
_GAP = 14
_LANE = 9
_CONTACT = 26
_BODY_WIDTH = 250
_NOTE_CHARACTERS = 50

_TITLE = Phrase("Wiring")
_SAFETY = (
    Phrase("Power off before any change. A GPIO stands 3.3 V, never 5 V."),
    Phrase("Flags of the same name belong together. The colour is a proposal, the number counts."),
    Phrase("Grey pins stay open; what stands beside them needs them (start: read when the board starts)."),
)  # fmt: skip
_READ_AT_START = Phrase("start")
_ETHERNET_CLOCK = "Ethernet"
_SHORT = {"octal PSRAM or flash": Phrase("octal PSRAM")}  # there is little room beside a pin


class _Row(NamedTuple):
    """A terminal: a signal of this GPIO, or power."""

    label: str
    gpio: int | None
    power: str


class _Box(NamedTuple):
    title: str
    rows: tuple[_Row, ...]
    notes: tuple[str, ...]

    @property
    def height(self) -> int:
        return 32 + _ROW * len(self.rows) + _NOTE * len(self.notes) + 6


class _Wire(NamedTuple):
    """contact_y: where it comes to this side: at its contact, or over the top of the module."""

    gpio: int
    contact_y: int
    terminal_y: int


class _Spot(NamedTuple):
    """Where a GPIO comes out; y: its row on that side, or its pixels."""

    side: str
    y: int


def render(board: Board, language: str) -> str:
    """The picture as SVG."""
    return _picture(board, language).svg()


def colours(board: Board) -> dict[int, Phrase]:
    """The name of the wire's colour in the picture, by GPIO."""
    return {gpio: name for gpio, (_, name) in _picture(board, DEFAULT).colours.items()}


def _picture(board: Board, language: str) -> "_Picture":
    sides = _contacts_by_side(board)
    order = {c.gpio: _Spot(side, i) for side, row in sides.items() for i, c in enumerate(row) if c.gpio is not None}
    columns: dict[str, list[_Box]] = {"left": [], "right": []}
    for box in _boxes(board, language):
        side = _side(box, order)
        columns[side].append(_sorted_rows(box, side, order))
    for side, column in columns.items():
        column.sort(key=lambda box: min(_rank(row, side, order) for row in box.rows if row.gpio is not None))
    return _Picture(board, language, columns, sides)


def _boxes(board: Board, language: str) -> Iterator[_Box]:
    for sensor in kit(board):
        yield _box(part_of(sensor.table), gpios(board, sensor.table), language)
    if board.rtc is not None:
        yield _box(CLOCK, gpios(board, {"bus": board.rtc.bus}), language)
    for key in ALARM_PINS:
        pin = getattr(board.pins, key)
        if pin is not None:
            yield _box(ALARMS[key], {key: pin}, language)


def gpios(board: Board, table: Mapping[str, Any]) -> dict[str, int]:
    """GPIO by the key that a terminal names: of the sensor's own table, or of its bus."""
    own = {key: value for key, value in table.items() if isinstance(value, int)}
    if "bus" not in table:
        return own
    bus = board.buses[table["bus"]]
    return own | {key: getattr(bus, key) for key in BUS_PINS[bus.kind]}


def _box(part: Part, gpios: Mapping[str, int], language: str) -> _Box:
    words, rows = Words(language), []
    for terminal in part.terminals:
        if terminal.to in _POWER:
            rows.append(_Row(terminal.label, None, terminal.to))
        elif terminal.to in gpios:
            rows.append(_Row(terminal.label, gpios[terminal.to], ""))
    notes = [line for note in part.notes for line in textwrap.wrap(words.say(note), _NOTE_CHARACTERS)]
    return _Box(words.say(part.title), tuple(rows), tuple(notes))


def _side(box: _Box, order: Mapping[int, _Spot]) -> str:
    """Where most of its signals come out."""
    sides = [order[row.gpio].side for row in box.rows if row.gpio is not None]
    return max(("left", "right"), key=sides.count)


def _rank(row: _Row, side: str, order: Mapping[int, _Spot]) -> int:
    """Its place among the wires of a side, from above; what comes from the other side comes over the top."""
    spot = order[row.gpio or 0]
    return spot.y if spot.side == side else -1


def _sorted_rows(box: _Box, side: str, order: Mapping[int, _Spot]) -> _Box:
    """Signals in the order of the headers, so that wires do not cross; power after them."""
    signals = sorted((r for r in box.rows if r.gpio is not None), key=lambda r: _rank(r, side, order))
    return box._replace(rows=(*signals, *(r for r in box.rows if r.gpio is None)))


def _contacts_by_side(board: Board) -> dict[str, list[Contact]]:
    sides: dict[str, list[Contact]] = {"left": [], "right": []}
    for header in board.headers:
        sides[header.side] += contacts(header)
    return sides


class _Picture:
    """Places and draws everything."""

    def __init__(
        self,
        board: Board,
        language: str,
        columns: Mapping[str, list[_Box]],
        sides: Mapping[str, list[Contact]],
    ) -> None:
        self.board = board
        self.words = Words(language)
        self.columns = columns
        self.sides = sides
        signals = {side: sum(r.gpio is not None for b in column for r in b.rows) for side, column in columns.items()}
        self.lanes = {side: _LANE * (count + 3) for side, count in signals.items()}
        self.body_x = _MARGIN + _BOX_WIDTH + self.lanes["left"]
        self.width = self.body_x + _BODY_WIDTH + self.lanes["right"] + _BOX_WIDTH + _MARGIN
        body = _CONTACT * (max(map(len, sides.values())) + 2)
        tallest = max(body, *(sum(b.height + _GAP for b in column) - _GAP for column in columns.values()))
        self.body_y = _TOP + (tallest - body) // 2
        self.body_height = body
        self.box_y = {
            side: _TOP + (tallest - sum(b.height + _GAP for b in column) + _GAP) // 2
            for side, column in columns.items()
        }
        self.footer_y = _TOP + tallest + 34
        self.height = self.footer_y + 18 * len(_SAFETY) + 28
        self.spots = {
            c.gpio: _Spot(side, self._contact_y(i))
            for side, row in sides.items()
            for i, c in enumerate(row)
            if c.gpio is not None
        }
        used = sorted(
            {r.gpio for column in columns.values() for b in column for r in b.rows if r.gpio is not None},
            key=lambda gpio: self.spots[gpio],
        )
        self.colours = {gpio: _COLOURS[i % len(_COLOURS)] for i, gpio in enumerate(used)}

    def svg(self) -> str:
        """All of it."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}"'
            f' width="{self.width}" height="{self.height}" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(self._say(_TITLE))}: {escape(self.board.name)}</title>",
            _rect(0, 0, self.width, self.height, fill="#ffffff"),
            *self._heading(),
            *self._body(),
            *(line for side in ("left", "right") for line in self._wires(side)),
            *(line for side in ("left", "right") for line in self._contacts(side)),
            *(line for side in ("left", "right") for line in self._column(side)),
            *self._footer(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _say(self, phrase: str) -> str:
        return self.words.say(phrase)

    def _contact_y(self, row: int) -> int:
        return self.body_y + _CONTACT * (row + 1) + _CONTACT // 2

    def _heading(self) -> Iterator[str]:
        yield _text(_MARGIN, 42, f"{self._say(_TITLE)}: {self.board.name}", 26, weight="bold")
        chip = CHIPS[self.board.chip].title
        yield _text(
            _MARGIN, 66, f"{chip}, {self.board.module}  ·  boards/{self.board.id}/board.toml", 13, fill="#4b5563"
        )

    def _body(self) -> Iterator[str]:
        x, y, middle = self.body_x, self.body_y, self.body_x + _BODY_WIDTH // 2
        yield _rect(x, y, _BODY_WIDTH, self.body_height, fill="#f3f4f6", stroke="#111827", radius=8)
        upright = y + self.body_height // 2
        yield f'<g transform="rotate(-90 {middle} {upright})">'
        yield _text(middle, upright + 5, self.board.name, 15, weight="bold", anchor="middle", fill="#4b5563")
        yield "</g>"
        for header in self.board.headers:
            at = x + 8 if header.side == "left" else x + _BODY_WIDTH - 8
            anchor = "start" if header.side == "left" else "end"
            yield _text(at, y + 17, header.name, 12, weight="bold", anchor=anchor)
        yield _text(middle, y + 17, self.board.top, 11, anchor="middle", fill="#4b5563")
        yield _text(middle, y + self.body_height - 8, self.board.bottom, 11, anchor="middle", fill="#4b5563")

    def _contacts(self, side: str) -> Iterator[str]:
        edge = self._edge(side)
        inward = 1 if side == "left" else -1
        anchor = "start" if side == "left" else "end"
        for row, contact in enumerate(self.sides[side]):
            y = self._contact_y(row)
            fill, note = self._contact_look(contact)
            yield f'<circle cx="{edge}" cy="{y}" r="6" fill="{fill}" stroke="#111827" stroke-width="1.2"/>'
            used = fill != "#ffffff"
            yield _text(
                edge + inward * 14,
                y + 5,
                contact.print,
                14 if used else 12,
                weight="bold" if used else "normal",
                anchor=anchor,
                fill="#111827" if used else "#6b7280",
            )
            yield _text(edge + inward * 46, y + 4, note, 10, anchor=anchor, fill="#6b7280")
            yield _text(
                edge - inward * 9, y - 5, str(row + 1), 8, anchor="end" if side == "left" else "start", fill="#9ca3af"
            )

    def _contact_look(self, contact: Contact) -> tuple[str, str]:
        """The colour of a contact, and what stands beside it."""
        if contact.gpio is None:
            return _POWER.get(contact.print, "#ffffff"), ""
        if contact.gpio in self.colours:
            named = "" if contact.print == str(contact.gpio) else f"GPIO {contact.gpio}"
            return self.colours[contact.gpio][0], named
        chip = CHIPS[self.board.chip]
        why = MODULES[self.board.module].taken.get(contact.gpio) or chip.reserved.get(contact.gpio, "")
        if self.board.ethernet is not None and contact.gpio == self.board.ethernet.ref_clk:
            why = _ETHERNET_CLOCK
        if not why and contact.gpio in chip.strapping:
            why = _READ_AT_START
        return "#ffffff", self._say(_SHORT.get(why, why))

    def _edge(self, side: str) -> int:
        return self.body_x if side == "left" else self.body_x + _BODY_WIDTH

    def _terminal_x(self, side: str) -> int:
        return _MARGIN + _BOX_WIDTH if side == "left" else self.width - _MARGIN - _BOX_WIDTH

    def _wires(self, side: str) -> Iterator[str]:
        paths: dict[int, list[str]] = {}
        for lane, wire in enumerate(_in_lanes(self._wires_of(side))):
            bend = f"H{self._lane_x(side, lane + 2)}V{wire.terminal_y}H{self._terminal_x(side)}"
            paths.setdefault(wire.gpio, []).append(self._to_side(side, wire) + bend)
        for gpio, drawn in paths.items():
            # The white below shows which of two crossing wires goes on; wires of one GPIO are joined.
            for colour, width in (("#ffffff", 6), (self.colours[gpio][0], 2.4)):
                for path in drawn:
                    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'

    def _to_side(self, side: str, wire: _Wire) -> str:
        """The path from its contact to this side."""
        spot = self.spots[wire.gpio]
        start = f"M{self._edge(spot.side)} {spot.y}"
        return start if spot.side == side else f"{start}H{self._lane_x(spot.side, 1)}V{wire.contact_y}"

    def _wires_of(self, side: str) -> Iterator[_Wire]:
        over = self.body_y - _LANE
        for box, y in self._placed(side):
            for i, row in enumerate(box.rows):
                if row.gpio is None:
                    continue
                spot = self.spots[row.gpio]
                if spot.side == side:
                    yield _Wire(row.gpio, spot.y, _row_y(y, i))
                else:
                    yield _Wire(row.gpio, over, _row_y(y, i))
                    over -= _LANE

    def _lane_x(self, side: str, lane: int) -> int:
        return self._edge(side) + (-1 if side == "left" else 1) * _LANE * lane

    def _placed(self, side: str) -> Iterator[tuple[_Box, int]]:
        y = self.box_y[side]
        for box in self.columns[side]:
            yield box, y
            y += box.height + _GAP

    def _column(self, side: str) -> Iterator[str]:
        x = _MARGIN if side == "left" else self.width - _MARGIN - _BOX_WIDTH
        for box, y in self._placed(side):
            yield _rect(x, y, _BOX_WIDTH, box.height, fill="#ffffff", stroke="#111827", radius=5)
            yield _text(x + 10, y + 20, box.title, 14, weight="bold")
            for i, row in enumerate(box.rows):
                yield from self._terminal(side, row, _row_y(y, i))
            for i, note in enumerate(box.notes):
                yield _text(x + 10, y + 42 + _ROW * len(box.rows) + _NOTE * i, note, 11, fill="#374151")

    def _terminal(self, side: str, row: _Row, y: int) -> Iterator[str]:
        edge = self._terminal_x(side)
        inward = -1 if side == "left" else 1
        far = edge + inward * (_BOX_WIDTH - 10)
        near_anchor, far_anchor = ("end", "start") if side == "left" else ("start", "end")
        yield _text(far, y + 5, row.label, 13, anchor=far_anchor)
        if row.gpio is None:
            colour = _POWER[row.power]
            left = edge - 52 if side == "left" else edge + 10
            yield _rect(left, y - 9, 42, 18, fill=colour, radius=4)
            yield _text(left + 21, y + 4, row.power, 12, weight="bold", anchor="middle", fill="#ffffff")
            return
        colour, name = self.colours[row.gpio]
        yield f'<circle cx="{edge}" cy="{y}" r="4" fill="{colour}" stroke="#111827"/>'
        told = f"{self._say(name)} · GPIO {row.gpio}"
        yield _text(edge + inward * 12, y + 5, told, 13, weight="bold", anchor=near_anchor, fill=colour)

    def _footer(self) -> Iterator[str]:
        for i, words in enumerate(_SAFETY):
            yield _text(_MARGIN, self.footer_y + 18 * i, self._say(words), 13, weight="bold" if i == 0 else "normal")


def _in_lanes(wires: Iterable[_Wire]) -> list[_Wire]:
    """The wires in the order in which they turn, counted from the module: where both ends are in the same order, no wire
    crosses another. Of those that rise the highest turns first, of those that fall the lowest.
    """
    wires = list(wires)
    rising = sorted((w for w in wires if w.terminal_y < w.contact_y), key=lambda w: w.terminal_y)
    falling = sorted((w for w in wires if w.terminal_y >= w.contact_y), key=lambda w: -w.terminal_y)
    return [*rising, *falling]


def _row_y(box_y: int, row: int) -> int:
    return box_y + 32 + _ROW * row + _ROW // 2 - 2


def _rect(x: int, y: int, width: int, height: int, *, fill: str, stroke: str = "none", radius: int = 0) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" fill="{fill}" stroke="{stroke}"/>'


def _text(
    x: int, y: int, text: str, size: int, *, weight: str = "normal", anchor: str = "start", fill: str = "#111827"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(text)}</text>"
    )


def main() -> None:
    """Write every board's pictures."""
    for name in board_names():
        board = load_board(name)
        for language in languages():
            (paths.boards_dir() / name / file_of(language)).write_text(render(board, language), encoding="utf-8")


if __name__ == "__main__":
    main()
