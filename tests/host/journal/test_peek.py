import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from paraat.domain.model import NodeState, SampleSet
from paraat.journal import Journal, JournalError
from paraat.journal.peek import first_free_seq, obstacle


def a_set(seq: int) -> SampleSet:
    return SampleSet(
        point="nsp-0101", kind="telemetry", seq=seq, t=1.0, received_at=1.0, dated_by_host=False,
        values={"fuel/level": 50.0}, faults={},
    )  # fmt: skip


def state(told: int | None) -> NodeState:
    return NodeState(point="nsp-0101", received_at=1.0, retained=False, online=True, next=told)


def test_a_new_board_begins_above_what_is_stored_and_what_the_old_one_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)  # open all the while, as by the service
    assert first_free_seq(path, "nsp-0101") == 1
    journal.store([a_set(1), a_set(7)], [], [])
    assert first_free_seq(path, "nsp-0101") == 8
    journal.store([], [state(12)], [])
    assert first_free_seq(path, "nsp-0101") == 12
    journal.store([], [state(None)], [])
    assert first_free_seq(path, "nsp-0101") == 8
    assert first_free_seq(path, "nsp-0102") == 1
    journal.close()


def test_no_journal_here_is_no_answer(tmp_path: Path) -> None:
    assert first_free_seq(tmp_path / "journal.sqlite", "nsp-0101") is None
    (tmp_path / "other.sqlite").write_bytes(b"no database at all, and long enough to be looked at" * 30)
    assert first_free_seq(tmp_path / "other.sqlite", "nsp-0101") is None
    assert not (tmp_path / "journal.sqlite").exists()


def nothing(path: Path) -> None:
    path.parent.mkdir()


def empty_file(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


def ours(path: Path) -> None:
    path.parent.mkdir()
    Journal(path).close()


@pytest.mark.parametrize("make", [nothing, empty_file, ours])
def test_nothing_is_in_the_way_where_a_journal_can_be_kept(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "data" / "journal.sqlite"
    make(path)
    there = sorted(path.parent.iterdir())
    assert obstacle(path) == ""
    assert sorted(path.parent.iterdir()) == there, "nothing was made"
    Journal(path).close()


def no_folder(_path: Path) -> None:
    pass


def a_folder(path: Path) -> None:
    path.mkdir(parents=True)


def text(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, and long enough to be looked at " * 30)


def of_another_program(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id = 42")
        db.execute("CREATE TABLE books (title TEXT)")


def newer(path: Path) -> None:
    ours(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (no_folder, "no folder"),
        (a_folder, "no file"),
        (text, "no journal"),
        (of_another_program, "another program"),
        (newer, "newer release"),
    ],
)
def test_what_is_in_the_way_is_said(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "data" / "journal.sqlite"
    make(path)
    found = obstacle(path)
    assert words in found
    assert str(path.parent) in found
    with pytest.raises(JournalError):
        Journal(path)
