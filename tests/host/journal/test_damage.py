"""A journal of which pages are torn: found, set aside whole, and brought back but for what lay in them."""

import random
import sqlite3
from pathlib import Path

import pytest

from paraat.domain.facts import Attested, Author, Fact
from paraat.domain.model import AlertState, Delivery, SampleSet
from paraat.domain.subjects import Subject
from paraat.journal import Journal, JournalError
from paraat.journal.damage import back_up, bring_back, find_damage, last_ids, set_aside, set_aside_files
from paraat.journal.file import JournalDamagedError
from paraat.sinks.influx import SINK

POINT, OTHER = "nsp-0101", "nsp-0102"
T0 = 1764000000.0
SETS = 3000
PAGE = 4096
BY = Author(name="Jan", way="cli")


def sets(first: int, last: int, point: str = POINT) -> list[SampleSet]:
    return [
        SampleSet(
            point=point, kind="telemetry", seq=seq, t=T0 + seq, received_at=T0 + seq, values={"fuel/level": seq % 100}, faults={}
        )
        for seq in range(first, last + 1)
    ]  # fmt: skip


def filled(path: Path) -> Journal:
    journal = Journal(path)
    for first in range(1, SETS, 100):
        journal.store(sets(first, first + 99), [], [])
    journal.record(Attested(point=POINT, resource="water", there=True, until=T0 + 9), BY, t=T0, now=T0)
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", POINT), state="firing", since=T0, severity="critical", detail={}, fired_at=T0
    )  # fmt: skip
    saved = journal.save_alert(alert)
    journal.add_deliveries(
        [
            Delivery(
                alert_id=saved.id, reason="turn-1", rung="log", person="log/", channel="log", address="log", created_at=T0,
                due_at=T0, first_due_at=T0,
            )
        ]
    )  # fmt: skip
    journal.advance(SINK, 500)
    return journal


def tear(path: Path, pages: int, seed: int) -> None:
    """Write nonsense over some pages, none of them the first."""
    lots = random.Random(seed)
    count = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        for page in lots.sample(range(1, count), pages):
            file.seek(page * PAGE)
            file.write(lots.randbytes(PAGE))


def test_a_whole_journal_is_whole_also_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    assert find_damage(path) == ""
    journal = filled(path)
    assert find_damage(path) == ""
    journal.close()
    assert find_damage(path) == ""


@pytest.mark.parametrize("seed", range(6))
def test_torn_pages_are_found_and_all_else_comes_back(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path).close()
    tear(path, 3, seed)
    assert find_damage(path)
    known = last_ids(path)
    aside = set_aside(path, T0)
    assert aside.name == "journal.sqlite.damaged-20251124T160000Z"
    assert (set_aside_files(path), path.exists()) == ([aside], False)
    journal = Journal(path)
    journal.begin_after(known.items())
    journal.store(sets(SETS - 10, SETS + 50), [], [])
    new = journal.entries_after(0, 100)
    assert min(entry.id for entry in new) > SETS, "an id stands for one row for ever"
    journal.advance(SINK, new[-1].id)
    (found,) = bring_back(journal, aside)
    journal.close()
    again = Journal(path)
    stored = {entry.seq: entry for entry in again.entries_after(0, 10 * SETS)}
    assert len(stored) >= SETS + 50 - 3 * 100, "a page holds some eighty sets"
    assert found.rows["entry"] + 61 == len(stored)
    assert {seq: entry.values["fuel/level"] for seq, entry in stored.items()} == {seq: seq % 100 for seq in stored}
    assert again.stored(POINT) == len(stored)
    assert again.missing(POINT) == SETS + 50 - len(stored)
    assert again.cursor(SINK) in (0, 500), "InfluxDB is offered what it may not have yet"
    assert find_damage(path) == ""
    again.close()


def test_what_people_said_and_whom_it_told_comes_back_and_what_fires_again_does_so_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path).close()
    known = last_ids(path)
    aside = set_aside(path, T0)
    journal = Journal(path)
    journal.begin_after(known.items())
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", POINT), state="firing", since=T0, severity="critical", detail={}, fired_at=T0
    )  # fmt: skip
    new = journal.save_alert(alert)
    bring_back(journal, aside)
    journal.close()
    again = Journal(path)
    (fact,) = again.facts(Attested)
    assert isinstance(fact, Fact)
    assert fact.author == BY
    assert [(one.id, one.state) for one in again.open_alerts()] == [(new.id, "firing")]
    assert [one.state for one in again.alerts(9)] == ["firing", "resolved"]
    assert [row.state for row in again.deliveries(1)] == ["dropped"]
    assert again.stored(POINT) == SETS
    again.close()


def test_a_journal_whose_head_is_torn_is_set_aside_and_another_programs_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    filled(path).close()
    with path.open("r+b") as file:
        file.write(b"\xa5" * PAGE)
    assert find_damage(path)
    with pytest.raises(JournalDamagedError, match="paraat journal restore"):
        Journal(path)
    assert last_ids(path)["entry"] == 2**40, "far beyond what it can have given"
    stranger = tmp_path / "letter.odt"
    stranger.write_bytes(b"\xa5" * PAGE)
    with pytest.raises(JournalError) as refused:
        Journal(stranger)
    assert not isinstance(refused.value, JournalDamagedError)


def test_a_backup_is_made_beside_the_writer_and_fills_a_new_journal(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    journal = filled(path)
    back_up(path, copy)
    assert oct(copy.stat().st_mode)[-3:] == "600"
    journal.store(sets(1, 5, OTHER), [], [])
    journal.close()
    for file in tmp_path.glob("journal.sqlite*"):
        file.unlink()
    journal = Journal(path)
    assert bring_back(journal, copy)[0].rows["entry"] == SETS
    journal.close()
    again = Journal(path)
    assert (again.stored(POINT), again.stored(OTHER)) == (SETS, 0)
    again.close()
    with pytest.raises(JournalError, match="no backup to"):
        back_up(path, tmp_path / "nowhere" / "copy.sqlite")


def test_a_backup_of_an_older_release_is_brought_forward_first(tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    db = sqlite3.connect(copy)
    db.executescript((Path(__file__).parent / "version_2.sql").read_text())
    (expected,) = db.execute("SELECT count(*) FROM entry").fetchone()
    db.close()
    before = copy.read_bytes()
    journal = Journal(tmp_path / "journal.sqlite")
    assert bring_back(journal, copy)[0].rows["entry"] == expected
    journal.close()
    assert copy.read_bytes() == before
    copy.write_bytes(b"no database")
    journal = Journal(tmp_path / "journal.sqlite")
    with pytest.raises(JournalError, match="cannot be read at all"):
        bring_back(journal, copy)
    journal.close()
