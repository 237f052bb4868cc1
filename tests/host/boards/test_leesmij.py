"""The Dutch pages of the boards and of the console's words keep up with the English ones: the same rows, the same figures."""

import re
from pathlib import Path

import pytest

from paraat.boards.boards import board_names
from paraat.site import paths

DOCS = paths.firmware_dir().parent / "docs"
BOARDS = paths.boards_dir()


def tables(path: Path) -> list[list[str]]:
    """The cells of each row of a page's tables, without their heads."""
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))]
        for row in rows
        if not re.fullmatch(r"[|-]+", row)
    ]


def figures(text: str) -> list[str]:
    """GPIO numbers, values and prices, whichever way the decimals are written."""
    return sorted(re.findall(r"\d+(?:[.,]\d+)?", text.replace(",", ".")))


@pytest.mark.parametrize("board", board_names())
def test_a_board_has_its_page_in_dutch_with_the_same_rows_and_figures(board: str) -> None:
    english, dutch = (tables(BOARDS / board / name) for name in ("README.md", "LEESMIJ.md"))
    assert [len(row) for row in english] == [len(row) for row in dutch]
    for ours, theirs in zip(english, dutch, strict=True):
        assert figures(" ".join(ours)) == figures(" ".join(theirs)), theirs
    text = (BOARDS / board / "LEESMIJ.md").read_text(encoding="utf-8")
    for word in (" the ", " and ", "README.md) for"):
        assert word not in text


def test_the_console_says_the_same_on_both_pages() -> None:
    english, dutch = (tables(DOCS / name) for name in ("board-log.md", "board-log.nl.md"))
    assert [len(row) for row in english] == [len(row) for row in dutch]
    for ours, theirs in zip(english, dutch, strict=True):
        if len(ours) == 3 and ours[1] != "the console says":
            assert ours[1] == theirs[1]


def test_the_commands_are_the_same_on_both_pages() -> None:
    english, dutch = (tables(DOCS / name) for name in ("commands.md", "commands.nl.md"))
    assert [len(row) for row in english] == [len(row) for row in dutch]
    for ours, theirs in zip(english, dutch, strict=True):
        assert figures(" ".join(ours)) == figures(" ".join(theirs)), theirs
