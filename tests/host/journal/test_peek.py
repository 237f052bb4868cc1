from pathlib import Path

from paraat.domain.model import NodeState, SampleSet
from paraat.journal.journal import Journal
from paraat.journal.peek import first_free_seq


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
