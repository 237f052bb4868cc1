import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from paraat.boards.boards import board_names, load_board
from paraat.boards.pins import claims, kit
from paraat.boards.wiring import _in_lanes, _Wire, file_of, render
from paraat.site import paths

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", board_names())
def test_the_committed_picture_is_what_the_board_gives(name: str) -> None:
    board = load_board(name)
    for language in ("nl", "en"):
        path = paths.boards_dir() / name / file_of(language)
        assert path.read_text(encoding="utf-8") == render(board, language), f"{path} is old: run `make boards`"


@pytest.mark.parametrize("name", board_names())
def test_every_wired_gpio_is_told_beside_its_part(name: str) -> None:
    board = load_board(name)
    texts = [node.text or "" for node in ElementTree.fromstring(render(board, "en")).iter(f"{SVG}text")]
    told = {int(match[1]) for text in texts if (match := re.search(r"· GPIO (\d+)$", text))}
    wired = {claim.pin for claim in claims(board, kit(board)) if "ethernet" not in claim.place.key}
    assert told == wired


@pytest.mark.parametrize("name", board_names())
def test_a_wire_begins_at_its_contact_and_ends_at_a_part(name: str) -> None:
    root = ElementTree.fromstring(render(load_board(name), "nl"))
    dots = {(node.get("cx"), node.get("cy")): node.get("fill") for node in root.iter(f"{SVG}circle")}
    wires = [node for node in root.iter(f"{SVG}path") if node.get("stroke") != "#ffffff"]
    assert wires
    for wire in wires:
        start = re.match(r"M(\d+) (\d+)", wire.get("d", ""))
        end = re.search(r"V(\d+)H(\d+)$", wire.get("d", ""))
        assert start is not None
        assert end is not None
        assert dots[start[1], start[2]] == dots[end[2], end[1]] == wire.get("stroke")


def test_a_point_that_moves_a_pin_moves_the_wire() -> None:
    board = load_board("esp32_devkitc")
    moved = msgspec.structs.replace(board, pins=msgspec.structs.replace(board.pins, led=23))
    assert "GPIO 26" in render(board, "nl")
    assert "GPIO 26" not in render(moved, "nl")
    assert "GPIO 23" in render(moved, "nl")


def test_texts_are_escaped() -> None:
    board = msgspec.structs.replace(load_board("esp32_devkitc"), name="A <&> B")
    ElementTree.fromstring(render(board, "nl"))


def test_wires_in_the_same_order_at_both_ends_do_not_cross() -> None:
    wires = [_Wire(i, contact_y=100 + 20 * i, terminal_y=40 + 45 * i) for i in range(8)]
    turns = {wire.gpio: -lane for lane, wire in enumerate(_in_lanes(wires))}  # x; the module is at the right
    for a in wires:
        for b in wires:
            low, high = sorted((b.contact_y, b.terminal_y))
            crosses_at_module = low < a.contact_y < high and turns[b.gpio] > turns[a.gpio]
            crosses_at_part = low < a.terminal_y < high and turns[b.gpio] < turns[a.gpio]
            assert not crosses_at_module, (a, b)
            assert not crosses_at_part, (a, b)


def test_no_picture_is_left_of_a_board_that_is_gone() -> None:
    drawn = {path.parent.name for path in Path(paths.boards_dir()).glob("*/wiring*.svg")}
    assert drawn == set(board_names())
