import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from paraat.provision.flash import label
from paraat.provision.flash.label import Label

LABEL = Label("nsp-0101", "Buurthuis Café (De Linde) & tuin", "24:6f:28:ae:01:9c", "bord", "anker-vijver-mos-trein")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_svg_says_point_name_and_serial() -> None:
    root = ET.fromstring(label.svg(LABEL))
    assert [text.text for text in root.iter(f"{SVG}text")] == [
        "nsp-0101", "Buurthuis Café (De Linde) & tuin", "bord 24:6f:28:ae:01:9c",
        "anker-vijver-mos-trein",
    ]  # fmt: skip
    assert (root.get("width"), root.get("height")) == ("62mm", "29mm")


def test_the_code_has_its_three_corners_and_lies_in_the_label() -> None:
    squares = list(label._squares(LABEL))
    side = min(height for *_, height in squares)
    widest = [square for square in squares if square[2] == pytest.approx(7 * side)]
    assert len(widest) >= 6, "upper and lower edge of the three corners, seven squares wide"
    quiet = 4 * side - 0.001
    assert all(quiet <= x and x + w <= 29 - quiet and quiet <= y and y + h <= 29 - quiet for x, y, w, h in squares)


def size_of_name(name: str) -> float:
    _, line, _, _ = ET.fromstring(label.svg(LABEL._replace(name=name))).iter(f"{SVG}text")
    return float(line.get("font-size", 0))


def test_a_long_name_is_set_smaller() -> None:
    assert size_of_name("De Linde") == 3.6
    assert size_of_name("x" * 60) * 0.55 * 60 <= 31
    assert size_of_name("W" * 20) * 0.78 * 20 <= 31, "capitals are wider"


def test_the_pdf_is_whole() -> None:
    data = label.pdf(LABEL)
    assert data.startswith(b"%PDF-1.4")
    start = int(re.findall(rb"startxref\n(\d+)", data)[0])
    rows = data[start:].split(b"\n")
    assert rows[0] == b"xref"
    offsets = [int(row[:10]) for row in rows[3:8]]
    assert [data[offset : offset + 7] for offset in offsets] == [b"%d 0 obj" % n for n in range(1, 6)]
    length = int(re.findall(rb"/Length (\d+)", data)[0])
    stream = data[data.index(b"stream\n") + 7 : data.index(b"\nendstream")]
    assert len(stream) == length
    assert rb"(Buurthuis Caf\xe9 \(De Linde\) & tuin) Tj".replace(rb"\xe9", b"\xe9") in stream


def test_both_are_written(tmp_path: Path) -> None:
    made = label.save(LABEL, tmp_path / "labels")
    assert [path.name for path in made] == ["nsp-0101.svg", "nsp-0101.pdf"]
    assert [path.read_bytes() for path in made] == [label.svg(LABEL), label.pdf(LABEL)]
