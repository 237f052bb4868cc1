"""The label on a board: point, name, the board's serial number, and a QR code with the same. Nothing secret on it.

62 x 29 mm, which label printers take and which fits on a DIN rail box. SVG for a printer's own program, PDF for any
other. The PDF is written by hand (ISO 32000-1): one page, one font that every viewer has, and squares.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import segno

from paraat import texts
from paraat.site.files import write_atomic

WIDTH_MM = 62.0
HEIGHT_MM = 29.0
_MARGIN_MM = 2.0
_QUIET = 4  # squares of white around the code, or a reader may not find it (ISO/IEC 18004)
_TEXT_X_MM = HEIGHT_MM  # the code with its white is a square, as high as the label
_POINTS_PER_MM = 72 / 25.4
_A4_MM = (210.0, 297.0)
_COLUMNS, _ROWS = 3, 9
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
# Of the size, for fonts as wide as DejaVu Sans too: capitals and wide letters, and all others.
_WIDE, _NARROW = 0.8, 0.58


class Label(NamedTuple):
    """What stands on it. word: "board" in the reader's language. authority: the four words of whose board it is."""

    point: str
    name: str
    serial: str
    word: str
    authority: str


class _Line(NamedTuple):
    text: str
    size_mm: float
    y_mm: float  # of the base line, from above


def word(language: str) -> str:
    """What the board is called on it."""
    return texts.say("label.serial", language)


def svg(label: Label) -> bytes:
    """The label as SVG, in millimetres."""
    squares = "".join(f"M{x:.3f} {y:.3f}h{w:.3f}v{h:.3f}h-{w:.3f}z" for x, y, w, h in _squares(label))
    lines = "".join(
        f'<text x="{_TEXT_X_MM:g}" y="{line.y_mm:g}" font-size="{line.size_mm:.2f}">{escape(line.text)}</text>'
        for line in _lines(label)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{HEIGHT_MM:g}mm"'
        f' viewBox="0 0 {WIDTH_MM:g} {HEIGHT_MM:g}" font-family="Helvetica, Arial, sans-serif">'
        f'<rect width="100%" height="100%" fill="#fff"/><path d="{squares}"/>{lines}</svg>\n'
    ).encode()


def pdf(label: Label) -> bytes:
    """The label as PDF, one page of its own size."""
    k = _POINTS_PER_MM
    box = f"[0 0 {WIDTH_MM * k:.2f} {HEIGHT_MM * k:.2f}]"
    return _pdf_file(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        _stream("\n".join(_drawn(label))),
        _FONT,
    )


def _drawn(label: Label) -> Iterator[str]:
    k = _POINTS_PER_MM
    for x, y, w, h in _squares(label):
        yield f"{x * k:.2f} {(HEIGHT_MM - y - h) * k:.2f} {w * k:.2f} {h * k:.2f} re"
    yield "f"
    for line in _lines(label):
        at = f"{_TEXT_X_MM * k:.2f} {(HEIGHT_MM - line.y_mm) * k:.2f}"
        yield f"BT /F1 {line.size_mm * k:.2f} Tf {at} Td ({_pdf_text(line.text)}) Tj ET"


def _stream(drawn: str) -> bytes:
    data = drawn.encode("cp1252", "replace")  # WinAnsiEncoding is code page 1252
    return b"<< /Length %d >>\nstream\n" % len(data) + data + b"\nendstream"


def sheets(labels: Sequence[Label]) -> bytes:
    """Many labels on sheets of A4, in three columns of nine with a line to cut along around each; as PDF."""
    per_page = _COLUMNS * _ROWS
    pages = [labels[i : i + per_page] for i in range(0, len(labels), per_page)]
    k = _POINTS_PER_MM
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(len(pages)))
    font = 3 + 2 * len(pages)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode()]
    for number, page in enumerate(pages):
        box = f"[0 0 {_A4_MM[0] * k:.2f} {_A4_MM[1] * k:.2f}]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents {4 + 2 * number} 0 R"
            f" /Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
        )
        objects.append(_stream("\n".join(line for i, one in enumerate(page) for line in _placed(one, i))))
    return _pdf_file(*objects, _FONT)


def _placed(label: Label, place: int) -> Iterator[str]:
    """A label in its place on the sheet, from the upper left, with the line around it."""
    column, row = place % _COLUMNS, place // _COLUMNS
    left = (_A4_MM[0] - _COLUMNS * WIDTH_MM) / 2 + column * WIDTH_MM
    low = _A4_MM[1] - (_A4_MM[1] - _ROWS * HEIGHT_MM) / 2 - (row + 1) * HEIGHT_MM
    k = _POINTS_PER_MM
    yield f"q 1 0 0 1 {left * k:.2f} {low * k:.2f} cm"
    yield f"0.2 w 0.7 G 0 0 {WIDTH_MM * k:.2f} {HEIGHT_MM * k:.2f} re S"
    yield from _drawn(label)
    yield "Q"


def save(label: Label, folder: Path) -> tuple[Path, Path]:
    """Write <point>.svg and <point>.pdf. Returns their paths. Raises OSError."""
    folder.mkdir(exist_ok=True)
    made = folder / f"{label.point}.svg", folder / f"{label.point}.pdf"
    for path, data in zip(made, (svg(label), pdf(label)), strict=True):
        write_atomic(path, data, mode=0o644)
    return made


def _lines(label: Label) -> Iterator[_Line]:
    room_mm = WIDTH_MM - _TEXT_X_MM - _MARGIN_MM
    for text, size_mm, y_mm in (
        (label.point, 6.0, 10.0),
        (label.name, 3.6, 16.5),
        (f"{label.word} {label.serial}", 3.0, 22.5),
        (label.authority, 2.6, 26.6),
    ):
        yield _Line(text, min(size_mm, room_mm / _width(text)), y_mm)


def _width(text: str) -> float:
    """How wide a text is, in its size; rather too much than too little."""
    return sum(_WIDE if letter.isupper() or letter in "mw%&@" else _NARROW for letter in text)


def _squares(label: Label) -> Iterator[tuple[float, float, float, float]]:
    """(x, y, width, height) in mm of the dark squares of the code, those beside each other as one."""
    code = segno.make(f"paraat:{label.point}:{label.serial}", error="m", micro=False)
    rows = [bytes(row) for row in code.matrix]
    side = HEIGHT_MM / (len(rows) + 2 * _QUIET)
    for y, row in enumerate(rows):
        x = 0
        while (x := row.find(1, x)) >= 0:
            end = row.find(0, x)
            end = len(row) if end < 0 else end
            yield (_QUIET + x) * side, (_QUIET + y) * side, (end - x) * side, side
            x = end


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf_file(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(out))
    )
