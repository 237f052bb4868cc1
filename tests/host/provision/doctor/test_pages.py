"""The technician's pages name only what there is, and their tables are the words of the screen."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from paraat.boards.boards import board_names, load_board
from paraat.cli.main import _parser
from paraat.provision.doctor import pages
from paraat.site import paths
from paraat.texts import Words

ROOT = paths.firmware_dir().parent
DOCS = ROOT / "docs"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE))
EXPLAINED = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))
# A technician's day; each must be on both pages, and in `make help`.
PROMISED = {
    "flash",
    "replace",
    "verify",
    "console",
    "logs",
    "identify",
    "update",
    "erase",
    "doctor",
    "bundle",
    "tools",
} | {"bring-back"}


@pytest.mark.parametrize("name", pages.PAGES.values())
def test_every_make_target_of_the_page_exists_and_none_is_missing(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake ([a-z-]+)\b", text))
    assert named - TARGETS <= {"a"}, "the page names what make does not know"  # "make a new one"
    assert named >= PROMISED


@pytest.mark.parametrize("name", pages.PAGES.values())
def test_every_variable_of_the_page_is_known_to_the_makefile(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    for variable in set(re.findall(r"`([A-Z_]{3,})=", text)) | set(re.findall(r"make [a-z]+ ([A-Z]+)=", text)):
        assert f"$({variable})" in MAKEFILE, variable


@pytest.mark.parametrize("name", pages.PAGES.values())
def test_every_command_of_the_page_exists(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    commands = set(re.findall(r"\bparaat ([a-z-]+)\b", text))
    known = set(_commands())
    assert commands <= known, commands - known


def _commands() -> list[str]:
    for action in _parser(Words("nl"))._actions:
        if action.metavar == "COMMAND":
            assert action.choices is not None
            return list(action.choices)
    raise AssertionError("paraat has no commands")


def test_help_has_a_line_for_every_target() -> None:
    hidden = {"python-is-there"}
    assert TARGETS - hidden == EXPLAINED - hidden
    said = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in PROMISED:
        assert re.search(rf"^{target} +\S", said, re.MULTILINE), target


@pytest.mark.parametrize("language", pages.PAGES)
def test_the_messages_on_the_page_are_those_of_the_screen(language: str) -> None:
    written = (DOCS / pages.PAGES[language]).read_text(encoding="utf-8")
    assert written == pages.page(DOCS, language), "run: .venv/bin/python -m paraat.provision.doctor.pages"


@pytest.mark.parametrize("path", [*(DOCS / name for name in pages.PAGES.values()), paths.boards_dir() / "README.md"])
def test_every_board_stands_beside_its_build_of_micropython(path: Path) -> None:
    rows = [row.split("|") for row in path.read_text(encoding="utf-8").splitlines() if row.lstrip().startswith("|")]
    for name in board_names():
        builds = [cell.strip() for row in rows if re.search(rf"[`\[]{name}[`\]]", row[1]) for cell in row[2:]]
        assert load_board(name).firmware.image in builds, name


def test_a_page_that_is_behind_is_noticed(tmp_path: Path) -> None:
    shutil.copy(DOCS / "technician.md", tmp_path)
    path = tmp_path / "technician.md"
    path.write_text(path.read_text(encoding="utf-8").replace("make tools", "make tols"))
    assert path.read_text(encoding="utf-8") != pages.page(tmp_path, "nl")
