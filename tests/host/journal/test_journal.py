"""What the journal promises: stored once, never lost, bounded where it may be, thread-safe."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paraat.domain.model import AlertState, Delivery, Derived, Judged, NodeState, Refusal, SampleSet
from paraat.domain.subjects import Subject
from paraat.journal import Attempt, Journal, JournalError, entries, schema
from paraat.texts import Phrase

T0 = 1764000000.0


def a_set(
    seq: int,
    point: str = "nsp-0101",
    *,
    level: float = 61.2,
    kind: str = "telemetry",
    t: float | None = None,
    received_at: float | None = None,
) -> SampleSet:
    read_at = T0 + seq * 60 if t is None else t
    return SampleSet(
        point=point,
        kind=kind,
        seq=seq,
        t=read_at,
        received_at=read_at + 1 if received_at is None else received_at,
        values={"fuel/level": level, "power/mains": False, "people/present": 0},
        faults={"climate/temperature": "crc"},
    )


def a_refusal(n: int, payload: bytes = b"{") -> Refusal:
    return Refusal(
        topic="paraat/v1/nsp-0101/telemetry",
        received_at=T0 + n,
        reason="not-json",
        detail=str(n),
        payload=payload,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def test_no_other_user_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for _ in range(2):
        journal = Journal(path)
        found = {one.name: one.stat().st_mode & 0o077 for one in tmp_path.iterdir()}
        journal.close()
        assert set(found.values()) == {0}, found
        path.chmod(0o644)  # as an older release made it


def test_a_set_comes_back_as_it_was(journal: Journal) -> None:
    sent = a_set(7)
    assert journal.store([sent], [], []).new == [sent]
    assert list(journal.replay("nsp-0101")) == [sent]
    (entry,) = journal.entries_after(0, 10)
    assert (entry.point, entry.kind, entry.seq, entry.t) == ("nsp-0101", "telemetry", 7, sent.t)
    assert entry.values == sent.values
    assert entry.faults == sent.faults
    kinds = {name: type(value) for name, value in entry.values.items()}
    assert kinds == {"fuel/level": float, "power/mains": bool, "people/present": int}


def test_a_whole_float_stays_a_float(journal: Journal) -> None:
    """60.0 that came back as 60 would be another field type in InfluxDB."""
    journal.store([a_set(1, level=60.0)], [], [])
    assert isinstance(journal.entries_after(0, 1)[0].values["fuel/level"], float)


def test_the_same_set_again_is_a_duplicate_and_is_acknowledged_again(journal: Journal) -> None:
    journal.store([a_set(1)], [], [])
    again = a_set(1, t=T0 + 5000)  # a board without a clock sends another age
    shuffled = SampleSet(
        point="nsp-0101",
        kind="telemetry",
        seq=1,
        t=T0,
        received_at=T0,
        values={"people/present": 0, "power/mains": False, "fuel/level": 61.2},
        faults={"climate/temperature": "crc"},
    )
    stored = journal.store([again, shuffled], [], [])
    assert (stored.new, stored.duplicates, stored.conflicts) == ([], 2, [])
    assert stored.acks == {"nsp-0101": [(1, 1)]}
    assert len(journal.entries_after(0, 10)) == 1


def test_a_repeat_inside_one_batch_is_stored_once(journal: Journal) -> None:
    stored = journal.store([a_set(1), a_set(1), a_set(1, level=3.0)], [], [])
    assert (len(stored.new), stored.duplicates, len(stored.conflicts)) == (1, 1, 1)
    assert journal.entries_after(0, 10)[0].values["fuel/level"] == 61.2


@pytest.mark.parametrize("second", [a_set(1, level=0.0), a_set(1, kind="event")], ids=["values", "kind"])
def test_other_content_under_a_seq_is_a_conflict(journal: Journal, second: SampleSet) -> None:
    """The first stays, the second is kept aside, and the board may still drop it."""
    journal.store([a_set(1)], [], [])
    stored = journal.store([second], [], [])
    assert [refusal.reason for refusal in stored.conflicts] == ["seq-conflict"]
    assert (stored.new, stored.duplicates) == ([], 0)
    assert stored.acks == {"nsp-0101": [(1, 1)]}
    assert journal.entries_after(0, 10)[0].values == a_set(1).values
    (letter,) = journal.dead_letters(10)
    assert letter.reason == "seq-conflict"
    assert letter.topic == f"paraat/v1/nsp-0101/{second.kind}"
    assert letter.record == "seq"
    assert letter.payload


@pytest.mark.parametrize("sure_first", [True, False])
def test_a_set_that_a_restarted_board_no_longer_knows_the_age_of_is_the_same_set(
    journal: Journal, sure_first: bool
) -> None:
    """A board that has no time says in the boot after that a set's age is unsure (firmware/node/clock.py): no second board."""
    sure = a_set(1)
    unsure = msgspec.structs.replace(sure, t=T0 - 60, faults={**sure.faults, "node/clock": "unsure"})
    first, second = (sure, unsure) if sure_first else (unsure, sure)
    journal.store([first], [], [])
    stored = journal.store([second], [], [])
    assert (stored.new, stored.duplicates, stored.conflicts) == ([], 1, [])
    assert journal.entries_after(0, 10)[0].faults == first.faults


def test_zero_and_missing_are_not_the_same_content(journal: Journal) -> None:
    journal.store([a_set(1)], [], [])
    without = SampleSet(
        point="nsp-0101",
        kind="telemetry",
        seq=1,
        t=T0,
        received_at=T0,
        values={"fuel/level": 61.2, "power/mains": False},
        faults={"climate/temperature": "crc"},
    )
    assert len(journal.store([without], [], []).conflicts) == 1


batches = st.lists(st.lists(st.tuples(st.sampled_from(["nsp-a", "nsp-b"]), st.integers(1, 40))), max_size=8)


@settings(max_examples=60, deadline=None)
@given(batches, st.data())
def test_any_order_with_reopening_against_a_model(
    tmp_path_factory: pytest.TempPathFactory,
    arriving: list[list[tuple[str, int]]],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("model") / "journal.sqlite"
    journal = Journal(path)
    model: dict[str, set[int]] = {"nsp-a": set(), "nsp-b": set()}
    try:
        for batch in arriving:
            stored = journal.store([a_set(seq, point) for point, seq in batch], [], [])
            fresh = [(s.point, s.seq) for s in stored.new]
            assert len(fresh) == len(set(fresh))
            assert set(fresh) == {(p, s) for p, s in batch if s not in model[p]}
            assert stored.duplicates == len(batch) - len(fresh)
            assert not stored.conflicts
            for point, seqs in model.items():
                sent = {s for p, s in batch if p == point}
                acked = {n for a, b in stored.acks.get(point, []) for n in range(a, b + 1)}
                assert acked == sent
                seqs |= sent
            if data.draw(st.booleans()):
                journal.close()
                journal = Journal(path)
        for point, seqs in model.items():
            held = {n for a, b in journal.ranges(point) for n in range(a, b + 1)}
            assert held == seqs
            assert journal.stored(point) == len(seqs)
            assert journal.highest(point) == max(seqs, default=0)
            assert journal.missing(point) == max(seqs, default=0) - len(seqs)
            replayed = [s.seq for s in journal.replay(point)]
            assert replayed == sorted(seqs, reverse=True)
    finally:
        journal.close()


def test_events_are_found_without_reading_the_sets_between(journal: Journal) -> None:
    journal.store([a_set(n, kind="event" if n in (1, 900) else "telemetry") for n in range(1, 1001)], [], [])
    journal.store([a_set(5, point="nsp-b", kind="event")], [], [])
    assert [s.seq for s in journal.replay("nsp-0101", only_events=True)] == [900, 1]
    plan = journal._read(f"EXPLAIN QUERY PLAN {entries._REPLAY_EVENTS}", ("nsp-0101", 9, 10**9, 1))
    assert "entry_event" in plan[0][3]


def test_a_journal_of_the_version_before_is_brought_up_to_date(path: Path) -> None:
    older = Journal(path)
    older.store([a_set(1, kind="event"), a_set(2)], [], [])
    older._writer.executescript(
        "DROP TABLE fact; DROP INDEX entry_event; DROP INDEX entry_by_time; DROP TABLE pending; DROP TABLE judged; DROP TABLE attempt; DROP TABLE delivery;"
        " CREATE TABLE delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, alert_id INTEGER, transition TEXT, channel TEXT,"
        " recipient TEXT, subject TEXT, body TEXT, due_at REAL, attempts INTEGER, state TEXT, error TEXT);"
        " CREATE INDEX delivery_due ON delivery (due_at); CREATE INDEX delivery_by_alert ON delivery (alert_id);"
        " CREATE TABLE attempt (id INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id INTEGER, at REAL, ok INTEGER, error TEXT);"
        " PRAGMA user_version = 1;"
    )
    older.close()
    newer = Journal(path)
    assert [s.seq for s in newer.replay("nsp-0101", only_events=True)] == [1]
    assert newer._read("PRAGMA user_version") == [(schema.VERSION,)]
    assert newer._read("SELECT count(*) FROM sqlite_schema WHERE name = 'entry_event'") == [(1,)]
    newer.close()


def test_replay_reads_the_newest_first_and_only_what_is_asked_for(journal: Journal) -> None:
    journal.store([a_set(seq) for seq in range(1, 1001) if seq % 10], [], [])
    newest = [s.seq for s in islice(journal.replay("nsp-0101"), 300)]
    assert newest == [seq for seq in range(1000, 0, -1) if seq % 10][:300]
    assert len(list(journal.replay("nsp-0101"))) == 900
    assert list(journal.replay("nsp-9999")) == []


def test_whether_the_host_dated_a_set_is_known_when_it_is_read_again(journal: Journal) -> None:
    by_host = msgspec.structs.replace(a_set(2), dated_by_host=True)
    journal.store([a_set(1), by_host], [], [])
    assert list(journal.replay("nsp-0101")) == [by_host, a_set(1)]


def test_the_last_state_of_each_point_survives(path: Path) -> None:
    journal = Journal(path)
    birth = NodeState(point="nsp-b", received_at=77.0, retained=False, online=True, boot=3)
    will = NodeState(point="nsp-b", received_at=99.0, retained=False, online=False)
    replayed = NodeState(point="nsp-c", received_at=99.0, retained=True, online=True)
    journal.store([], [birth, will, replayed], [])
    journal.close()
    journal = Journal(path)
    assert journal.last_states() == [will, replayed]
    journal.close()


def test_a_dead_letter_comes_back_as_it_was(journal: Journal) -> None:
    whole = msgspec.structs.replace(a_refusal(5), record="fuel/level", count=3)
    journal.store([], [], [whole])
    assert journal.dead_letters(10) == [whole]


def test_dead_letters_are_bounded_in_number_and_size(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MAX_DEAD_LETTERS", 10)
    journal.store([], [], [a_refusal(n, b"x" * 1_000_000) for n in range(7)])
    journal.store([], [], [a_refusal(n) for n in range(7, 12)])
    letters = journal.dead_letters(100)
    assert [letter.detail for letter in letters] == [str(n) for n in range(11, 1, -1)]
    assert max(len(letter.payload) for letter in letters) == 2048
    journal.store([], [], [a_refusal(n) for n in range(100, 200)])
    assert [letter.detail for letter in journal.dead_letters(100)] == [str(n) for n in range(199, 189, -1)]


def test_a_cursor_reads_every_entry_once_and_in_order(journal: Journal) -> None:
    journal.store([a_set(n) for n in range(1, 6)], [], [])
    derived = Derived(point="nsp-0101", t=T0, values={"fuel/hours": 5.5, "point/status": 2})
    journal.store_derived([derived])
    assert journal.backlog("influx") == 6
    first = journal.entries_after(journal.cursor("influx"), 4)
    journal.advance("influx", first[-1].id)
    assert journal.backlog("influx") == 2
    rest = journal.entries_after(journal.cursor("influx"), 4)
    assert [entry.seq for entry in first + rest] == [1, 2, 3, 4, 5, 0]
    assert (rest[-1].kind, rest[-1].values, rest[-1].t) == ("derived", derived.values, T0)
    journal.advance("influx", rest[-1].id, [(b"bad line", "400: no")])
    assert journal.backlog("influx") == 0
    assert journal.backlog("another") == 6
    assert journal.refused_lines("influx", 10) == [(b"bad line", "400: no")]


def test_a_rolled_back_transaction_leaves_no_gap_in_the_ids(journal: Journal) -> None:
    """backlog() counts on it."""

    def cut_short() -> None:
        with journal.atomic():
            journal.store_derived([Derived(point="nsp-0101", t=T0, values={"point/status": 2})])
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        cut_short()
    assert journal.entries_after(0, 10) == []
    journal.store([a_set(1)], [], [])
    assert [entry.id for entry in journal.entries_after(0, 10)] == [1]
    assert journal.backlog("influx") == 1


def test_ids_are_not_used_again_once_the_journal_was_emptied(path: Path) -> None:
    journal = Journal(path)
    journal.store([a_set(n) for n in range(1, 6)], [], [])
    journal.advance("influx", journal.entries_after(0, 10)[-1].id)
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM entry")
        db.execute("DELETE FROM stored")
    db.close()
    journal = Journal(path)
    journal.store([a_set(6)], [], [])
    assert [entry.seq for entry in journal.entries_after(journal.cursor("influx"), 10)] == [6], "no sink skips it"
    journal.close()


@pytest.mark.parametrize("table", ["entry", "dead_letter", "refused_line", "alert", "delivery", "attempt", "judged"])
def test_no_table_gives_an_id_twice(path: Path, table: str) -> None:
    """An id names one thing for ever: an alert that people spoke of, an entry that a sink has."""
    Journal(path).close()
    db = sqlite3.connect(path)
    columns = [name for _, name, _, required, _, _ in db.execute(f"PRAGMA table_info({table})") if required]
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('0' for _ in columns)})"
    first = db.execute(insert).lastrowid
    if table == "delivery":  # one reason reaches a person once
        insert = insert.replace("VALUES (0, 0", "VALUES (0, 1")
    second = db.execute(insert).lastrowid
    db.execute(f"DELETE FROM {table}")
    assert (first, second, db.execute(insert).lastrowid) == (1, 2, 3)
    db.close()


def an_alert(**changes: object) -> AlertState:
    fields: dict[str, object] = {
        "rule": "low_fuel",
        "subject": Subject("point", "nsp-0101"),
        "state": "firing",
        "since": T0,
        "severity": "critical",
        "detail": {"hours": 4.5, "source": "slope"},
        "fired_at": T0 + 120,
    }
    return AlertState(**{**fields, **changes})  # type: ignore[arg-type]


def a_delivery(alert_id: int, **changes: object) -> Delivery:
    fields: dict[str, object] = {
        "alert_id": alert_id,
        "reason": "turn-1",
        "rung": "lead",
        "person": "anna",
        "channel": "email",
        "address": "lead@example.org",
        "created_at": T0,
        "due_at": T0,
        "first_due_at": T0,
    }
    return Delivery(**{**fields, **changes})  # type: ignore[arg-type]


def test_alerts_keep_their_id_and_leave_the_open_ones_when_resolved(path: Path) -> None:
    journal = Journal(path)
    first = journal.save_alert(an_alert())
    second = journal.save_alert(an_alert(subject=Subject("point", "nsp-0102")))
    assert 0 < first.id < second.id
    resolved = an_alert(id=first.id, state="resolved", resolved_at=T0 + 900)
    assert journal.save_alert(resolved) == resolved
    journal.close()
    journal = Journal(path)
    assert journal.open_alerts() == [second]
    assert journal.alerts(10) == [second, resolved]
    assert journal.alerts(1) == [second]
    journal.close()


def test_a_sentence_among_the_figures_is_kept_as_the_english_that_it_is(journal: Journal) -> None:
    saved = journal.save_alert(an_alert(detail={"why": Phrase("{path}: no such file", path="x")}))
    assert journal.alert(saved.id) == an_alert(id=saved.id, detail={"why": "x: no such file"})


def test_a_wobble_that_never_fired_leaves_nothing_and_takes_no_id(journal: Journal) -> None:
    pending = an_alert(state="pending", fired_at=None)
    assert journal.save_alert(pending) == pending
    assert journal.open_alerts() == [pending], "a restart goes on with its hold time"
    journal.save_alert(msgspec.structs.replace(pending, state="resolved", resolved_at=T0 + 60))
    assert (journal.open_alerts(), journal.alerts(10)) == ([], [])
    journal.save_alert(pending)
    assert journal.save_alert(an_alert()).id == 1
    assert [alert.state for alert in journal.open_alerts()] == ["firing"]
    assert journal.alert(1) == an_alert(id=1)
    assert journal.alert(2) is None


def test_a_delivery_is_there_once_until_it_is_sent_and_each_attempt_is_kept(journal: Journal) -> None:
    alert = journal.save_alert(an_alert())
    rows = [a_delivery(alert.id), a_delivery(alert.id, address="lead@work.example")]
    journal.add_deliveries(rows)
    journal.add_deliveries(rows)
    first, second = journal.due_deliveries("email")
    assert journal.due_deliveries("sms") == []
    journal.claim_deliveries([first.id], "m1", [(second.id, "overtaken")], T0 + 1)
    assert [row.id for row in journal.unsettled_deliveries()] == [first.id]
    assert journal.due_deliveries("email") == []
    journal.settle_deliveries([first.id], False, "connection refused", T0 + 1, T0 + 61)
    (due,) = journal.due_deliveries("email")
    assert (due.attempts, due.answer, due.due_at, due.settled_at) == (1, "connection refused", T0 + 61, None)
    assert journal.sent_since(T0) == []
    journal.claim_deliveries([first.id], "m1", [], T0 + 61)
    journal.settle_deliveries([first.id], True, "taken", T0 + 62, T0 + 62)
    sent, dropped = journal.deliveries(alert.id)
    assert (sent.state, sent.attempts, sent.message, sent.answer, sent.settled_at) == (
        "sent",
        2,
        "m1",
        "taken",
        T0 + 62,
    )
    assert (dropped.state, dropped.answer) == ("dropped", "overtaken")
    assert journal.sent_since(T0 + 62) == [sent]
    assert journal.sent_since(T0 + 63) == []
    assert journal.attempts(sent.id) == [
        Attempt(at=T0 + 1, ok=False, error="connection refused"),
        Attempt(at=T0 + 62, ok=True, error=None),
    ]


def test_what_nobody_knows_the_end_of_is_left_and_sent_anew_in_one_transaction(journal: Journal) -> None:
    alert = journal.save_alert(an_alert())
    journal.add_deliveries([a_delivery(alert.id)])
    (row,) = journal.due_deliveries("email")
    journal.claim_deliveries([row.id], "m1", [], T0)
    journal.leave_uncertain([row.id], "stopped", [msgspec.structs.replace(row, reason="turn-1+")])
    assert [(d.reason, d.state) for d in journal.deliveries(alert.id)] == [("turn-1", "uncertain"), ("turn-1+", "due")]
    assert journal.unsettled_deliveries() == []


def test_when_the_alerts_were_judged_is_kept_in_order(journal: Journal) -> None:
    journal.note_judged([Judged(T0, 1, 2), Judged(T0 + 5, 3, 2)])
    assert journal.judged() == [Judged(T0, 1, 2), Judged(T0 + 5, 3, 2)]


def test_an_alert_and_its_deliveries_are_one_transaction(journal: Journal) -> None:
    """A power cut between them would leave an alert that nobody is told of."""

    def cut_short() -> None:
        with journal.atomic():
            alert = journal.save_alert(an_alert())
            journal.add_deliveries([a_delivery(alert.id)])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut_short()
    assert journal.alerts(10) == []
    assert journal.due_deliveries("email") == []
    with journal.atomic():
        alert = journal.save_alert(an_alert())
        journal.add_deliveries([a_delivery(alert.id)])
    assert len(journal.due_deliveries("email")) == 1


def test_store_is_never_part_of_another_transaction(journal: Journal) -> None:
    with pytest.raises(RuntimeError, match="of its own"), journal.atomic():
        journal.store([a_set(1)], [], [])


def test_the_disk_is_synced_at_each_commit(journal: Journal) -> None:
    assert journal._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL"


def test_a_full_disk_is_an_error_with_advice_and_loses_nothing(journal: Journal) -> None:
    journal.store([a_set(1)], [], [])
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
    journal._writer.execute(f"PRAGMA max_page_count = {pages}")
    batch = [a_set(n) for n in range(2, 2000)]
    with pytest.raises(JournalError, match=r"journal\.sqlite.*full.*free space"):
        journal.store(batch, [], [])
    assert journal.ranges("nsp-0101") == [(1, 1)]
    journal._writer.execute("PRAGMA max_page_count = 100000")
    assert len(journal.store(batch, [], []).new) == 1998
    assert journal.ranges("nsp-0101") == [(1, 1999)]


def test_one_process_at_a_time(journal: Journal, path: Path) -> None:
    with pytest.raises(JournalError, match="in use by another process"):
        Journal(path)
    assert path.with_name("journal.sqlite.lock").stat().st_mode & 0o777 == 0o600, "the name that git ignores"


def test_it_can_be_opened_again_after_close(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    Journal(path).close()
    journal.close()  # no mistake: a stop may come twice


def test_a_foreign_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(JournalError, match=f"expected a journal of version {schema.VERSION}"):
        Journal(path)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"what is this" * 1000)
    with pytest.raises(JournalError, match="not a database"):
        Journal(path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="a folder it may write to"):
        Journal(tmp_path / "absent" / "journal.sqlite")


def test_many_threads_write_and_read_at_once(journal: Journal) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            point = f"nsp-{number % 2}"
            for seq in range(1, 60):
                journal.store([a_set(seq, point)], [], [a_refusal(seq)])
                journal.entries_after(0, 50)
                journal.ranges(point)
                journal.store_derived([Derived(point=point, t=T0, values={"point/status": 2})])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert journal.ranges("nsp-0") == journal.ranges("nsp-1") == [(1, 59)]
    kinds = [entry.kind for entry in journal.entries_after(0, 1000)]
    assert (kinds.count("telemetry"), kinds.count("derived")) == (2 * 59, 4 * 59)


STORING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from paraat.domain.model import SampleSet
    from paraat.journal import Journal

    journal = Journal(Path(sys.argv[1]))
    seq = journal.highest("nsp-0101")
    while True:
        batch = [
            SampleSet(point="nsp-0101", kind="telemetry", seq=seq + n, t=1764000000.0,
                      received_at=1764000000.0, values={"fuel/level": float(n)}, faults={})
            for n in range(1, 26)
        ]
        seq += 25
        journal.store(batch, [], [])
        print(seq, flush=True)
    """
)


def test_what_was_acknowledged_is_there_after_kill_9(path: Path) -> None:
    """SIGKILL at a random moment of storing: every reported set is there, none twice, none half."""
    lots = random.Random(4)
    reported = 0
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", STORING, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert child.stdout is not None
        for _ in range(lots.randrange(1, 12)):
            reported = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        reported = max([reported, *map(int, child.stdout.read().split())])
        child.stdout.close()
        child.wait()
        journal = Journal(path)
        highest = journal.highest("nsp-0101")
        assert highest >= reported
        assert highest % 25 == 0, "a batch is stored whole or not at all"
        assert journal.ranges("nsp-0101") == [(1, highest)]
        entries = journal.entries_after(0, highest + 10)
        assert [entry.seq for entry in entries] == list(range(1, highest + 1))
        journal.close()
