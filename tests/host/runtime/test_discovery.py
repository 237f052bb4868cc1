"""A file in the room is all it takes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.runtime.discovery import classes_in, modules_in


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of a name that nobody else has, which can be imported while the test runs."""
    folder = tmp_path / "a_room"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "a_room"]:
        del sys.modules[name]


def test_what_stands_in_the_room_is_found_by_name_but_not_its_base_nor_its_private_files(room: Path) -> None:
    for name in ("second", "first", "base", "_shared"):
        (room / f"{name}.py").write_text("")
    (room / "notes.txt").write_text("no module")
    assert [module.__name__ for module in modules_in("a_room", [str(room)])] == ["a_room.first", "a_room.second"]


def test_a_class_counts_where_it_is_made_and_when_it_can_do_it(room: Path) -> None:
    (room / "base.py").write_text("class Base:\n    def judge(self): ...\n")
    (room / "one.py").write_text(
        "from a_room.base import Base\n"
        "class B(Base): ...\n"
        "class Limits: ...\n"
        "class A:\n    def judge(self): ...\n"
        "class _Half(Base): ...\n"
        "judge = 5\n"
    )
    [module] = modules_in("a_room", [str(room)])
    assert [kind.__name__ for kind in classes_in(module, "judge")] == ["B", "A"]


def test_a_file_with_nothing_in_it_is_told_at_once(room: Path) -> None:
    (room / "forgotten.py").write_text("class Rule:\n    def judges(self): ...\n")
    [module] = modules_in("a_room", [str(room)])
    with pytest.raises(TypeError, match=r"a_room\.forgotten: no class with judge\(\)"):
        classes_in(module, "judge")
