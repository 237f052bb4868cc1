"""The order that loses nothing: store, then acknowledge; and what happens when a step fails."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from paraat.domain.model import NodeState, Refusal, SampleSet
from paraat.intake import ingest
from paraat.intake.dating import Dating
from paraat.intake.inbox import Inbox, Message
from paraat.intake.ingest import HUNG_S, MAX_BIRTH_RANGES, Ingest
from paraat.journal import Journal, JournalError, Stored
from paraat.runtime.counters import Counters
from paraat.runtime.progress import Progress
from paraat_wire import codec, host_codec

T0 = 1764000000


class FakeLink:
    """Writes down what the ingest says to the broker, and what the journal held at that moment."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.connected = True
        self.alone = True
        self.said: list[tuple[str, object]] = []

    def ack(self, message: Message) -> None:
        self.said.append(("puback", message.mid))

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        if not self.connected:
            return False
        assert (qos, retain) == (1, False)
        ranges = codec.read_ack(payload)
        point = topic.split("/")[2]
        for first, last in ranges:
            assert any(a <= first and last <= b for a, b in self.journal.ranges(point)), "not stored"
        self.said.append((topic, ranges))
        return True

    def acks(self) -> list[tuple[str, object]]:
        return [said for said in self.said if said[0] != "puback"]

    def pubacks(self) -> list[object]:
        return [mid for what, mid in self.said if what == "puback"]


class Bench:
    """An ingest with everything around it in sight."""

    def __init__(self, path: Path, **how: Any) -> None:
        self.inbox = Inbox()
        self.journal = Journal(path)
        self.link = FakeLink(self.journal)
        self.counters = Counters()
        self.stop = threading.Event()
        self.stored: list[SampleSet] = []
        self.states: list[NodeState] = []
        self.unkept: list[SampleSet] = []
        self.up_s = 0.0
        self.progress = Progress(lambda: self.up_s)
        self.step_s = 0.0  # that a batch takes
        self.hung: list[dict[str, float]] = []
        self.ingest = Ingest(
            self.inbox,
            self.link,
            self.journal,
            self.counters,
            points={"nsp-0101", "nsp-0102"},
            stop=self.stop,
            on_stored=self.on_stored,
            on_unkept=self.unkept.extend,
            progress=self.progress,
            **{"retry_min_s": 0.01} | how,
        )
        self.mid = 0

    def on_stored(self, stored: Stored, states: Sequence[NodeState]) -> None:
        self.up_s += self.step_s
        self.hung.append(self.progress.hung())
        self.stored += stored.new
        self.states += states

    def put(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        self.mid += 1
        self.inbox.put(
            Message(
                topic=topic,
                payload=payload,
                received_at=T0 + 9.0,
                retained=retained,
                mid=self.mid,
            )
        )

    def put_sets(self, *seqs: int, point: str = "nsp-0101", level: float = 50.0) -> None:
        records = codec.encode_records([("fuel/level", level)], [])
        pack = host_codec.encode_pack([codec.encode_set(point, seq, T0, records) for seq in seqs])
        self.put(f"paraat/v1/{point}/telemetry", pack)

    def put_state(self, point: str = "nsp-0101", *, online: bool = True, retained: bool = False) -> None:
        payload = codec.encode_state({"online": online, "next": 1})
        self.put(f"paraat/v1/{point}/state", payload, retained=retained)

    def run(self) -> None:
        """Store all that is in the inbox."""
        self.inbox.close()
        self.ingest.run()
        self.inbox._closed = False

    def metric(self, sample: str) -> float:
        found = [
            line.rpartition(" ")[2]
            for line in self.counters.render().decode().splitlines()
            if line.startswith(sample + " ")
        ]
        return float(found[0]) if found else 0.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "journal.sqlite")
    yield made
    made.journal.close()


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Bench]:
    """One that waits for no disk, and whose clock nobody believes."""
    dating = Dating(lambda: False)
    dating.set_back(10800.0)
    made = Bench(tmp_path / "journal.sqlite", patience_s=0.0, dating=dating)
    yield made
    made.journal.close()


def test_store_then_puback_then_ack(bench: Bench) -> None:
    bench.put_sets(1, 2)
    bench.put_sets(4)
    bench.put_sets(1, point="nsp-0102")
    bench.run()
    assert bench.link.said == [
        ("puback", 1),
        ("puback", 2),
        ("puback", 3),
        ("paraat/v1/nsp-0101/ack", [(1, 2), (4, 4)]),
        ("paraat/v1/nsp-0102/ack", [(1, 1)]),
    ]
    assert [a_set.seq for a_set in bench.stored] == [1, 2, 4, 1]
    assert bench.metric("paraat_sets_stored_total") == 4
    assert bench.metric('paraat_missing_sets{point="nsp-0101"}') == 1


def test_a_duplicate_is_acknowledged_again_and_told_nobody_else(bench: Bench) -> None:
    bench.link.connected = False
    bench.put_sets(1, 2, 3)
    bench.run()
    assert bench.link.acks() == [], "the broker is gone: the ack is not sent"
    bench.link.connected = True
    bench.put_sets(1, 2, 3)
    bench.run()
    assert bench.link.acks() == [("paraat/v1/nsp-0101/ack", [(1, 3)])]
    assert len(bench.stored) == 3
    assert bench.metric("paraat_sets_duplicate_total") == 3


def test_bad_payloads_are_acknowledged_to_the_broker_only(bench: Bench) -> None:
    bench.put("paraat/v1/nsp-0101/telemetry", b"\xff" * 1_000_000)
    bench.put("paraat/v1/nsp-0999/telemetry", b"[]")
    bench.put("paraat/v1/nsp-0101/telemetry", b"[]", retained=True)
    bench.put_sets(1)
    bench.run()
    assert bench.link.pubacks() == [1, 2, 3, 4]
    assert bench.link.acks() == [("paraat/v1/nsp-0101/ack", [(1, 1)])]
    for reason in ("too-large", "unknown-point", "retained"):
        assert bench.metric(f'paraat_refused_total{{reason="{reason}"}}') == 1
    assert len(bench.journal.dead_letters(10)) == 3


def test_a_board_that_sends_for_no_point_of_the_site_is_remembered(bench: Bench) -> None:
    """By what it reads; the state of a point that was taken out stands at the broker for ever."""
    bench.put_state("nsp-0998", retained=True)
    bench.put_sets(1, point="nsp-0999")
    bench.put("paraat/v1/nsp-0999/event", b"[]")
    bench.run()
    assert bench.ingest.strangers == {"nsp-0999": (T0 + 9.0, T0 + 9.0)}
    bench.ingest.remember_stranger("nsp-0999", T0 - 10.0, T0 - 5.0)  # as its alert told before a restart
    assert bench.ingest.strangers == {"nsp-0999": (T0 - 10.0, T0 + 9.0)}


def test_of_too_many_unknown_boards_the_one_that_was_heard_longest_ago_is_forgotten(bench: Bench) -> None:
    for n in range(60):
        bench.ingest.remember_stranger(f"nsp-{n}", 100.0 + n, 100.0 + n)
    assert sorted(bench.ingest.strangers) == sorted(f"nsp-{n}" for n in range(10, 60))


def test_a_conflict_is_counted_and_acknowledged(bench: Bench) -> None:
    bench.put_sets(1, level=50.0)
    bench.put_sets(1, level=40.0)
    bench.run()
    assert bench.link.acks() == [("paraat/v1/nsp-0101/ack", [(1, 1)])]
    assert bench.metric('paraat_refused_total{reason="seq-conflict"}') == 1
    assert [a_set.values["fuel/level"] for a_set in bench.stored] == [50.0]


def test_a_birth_is_answered_with_what_is_stored(bench: Bench) -> None:
    """A board that was wiped must go on beyond the seqs that its point has used."""
    bench.put_sets(1, 2, 7)
    bench.run()
    bench.link.said.clear()
    bench.put_state()
    bench.run()
    bench.put_state()
    bench.run()
    assert bench.link.acks() == [("paraat/v1/nsp-0101/ack", [(1, 2), (7, 7)])] * 2
    assert [state.online for state in bench.states] == [True, True]


def test_the_answer_to_a_birth_is_short(bench: Bench) -> None:
    bench.put_sets(*range(1, 301, 2))
    bench.run()
    bench.link.said.clear()
    bench.put_state()
    bench.run()
    ((_, ranges),) = bench.link.acks()
    assert isinstance(ranges, list)
    assert len(ranges) == MAX_BIRTH_RANGES
    assert ranges[-1] == (299, 299)


def test_a_retained_state_is_answered_when_first_seen_and_a_will_never(bench: Bench) -> None:
    bench.put_sets(1)
    bench.run()
    bench.link.said.clear()
    bench.put_state(online=False)
    bench.put_state(retained=True)
    bench.put_state(retained=True)
    bench.run()
    bench.put_state(point="nsp-0102")
    bench.run()
    assert bench.link.acks() == [("paraat/v1/nsp-0101/ack", [(1, 1)])]


def failing(journal: Journal, errors: list[Exception]) -> None:
    """Let the next transactions of a journal fail."""
    conflicts: Callable[..., object] = journal._conflicts

    def first_fail(*args: object) -> object:
        if errors:
            raise errors.pop(0)
        return conflicts(*args)

    journal._conflicts = first_fail  # type: ignore[method-assign, assignment]


def test_a_disk_that_fails_is_waited_for_and_nothing_is_acknowledged_before(bench: Bench) -> None:
    failing(bench.journal, [sqlite3.OperationalError("disk I/O error")] * 3)
    bench.put_sets(1)
    bench.run()
    assert bench.metric("paraat_journal_errors_total") == 3
    assert bench.link.pubacks() == [1]
    assert bench.journal.ranges("nsp-0101") == [(1, 1)]
    assert bench.ingest.problem == ""


def test_a_disk_is_tried_again_after_pauses_that_grow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(ingest, "_RETRY_MAX_S", 0.03)
    monkeypatch.setattr(bench.stop, "wait", lambda seconds: bool(pauses.append(seconds)))
    failing(bench.journal, [sqlite3.OperationalError("disk I/O error")] * 4)
    bench.put_sets(1)
    bench.run()
    assert pauses == [0.01, 0.02, 0.03, 0.03]


def test_what_a_disk_does_not_take_is_passed_on_and_its_board_keeps_it(
    hasty: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker may forget it, or it would hand over nothing newer."""
    caplog.set_level("INFO")
    failing(hasty.journal, [sqlite3.OperationalError("database or disk is full")] * 2)
    hasty.put_sets(1, 2)
    hasty.put_state()
    hasty.run()
    assert hasty.link.said == [("puback", 1), ("puback", 2)]
    assert [a_set.seq for a_set in hasty.unkept] == [1, 2]
    assert (hasty.stored, hasty.states) == ([], [])
    assert "full" in hasty.ingest.problem
    hasty.put_sets(3)
    hasty.run()
    assert [a_set.seq for a_set in hasty.unkept] == [1, 2, 3]
    assert hasty.metric("paraat_journal_errors_total") == 2, "tried once each"
    hasty.put_sets(1, 2, 3)
    hasty.run()
    assert hasty.link.said[3:] == [("puback", 4), ("paraat/v1/nsp-0101/ack", [(1, 3)])]
    assert hasty.ingest.problem == ""
    said = [record.message for record in caplog.records if "journal.sqlite" in record.message]
    assert len(said) == 2, "that it fails, and that it works again; once"
    assert said[0].endswith("nothing is acknowledged to boards until it works again")
    assert said[1].endswith("journal.sqlite: works again")


def test_one_by_one_too_what_a_disk_does_not_take_is_passed_on(hasty: Bench) -> None:
    store = hasty.journal.store

    def broken(sets: Sequence[SampleSet], *rest: object) -> Stored:
        if len(sets) > 1:
            raise OverflowError("too big")
        if sets and sets[0].seq == 2:
            raise JournalError("the disk is full")
        return store(sets, *rest)  # type: ignore[arg-type]

    hasty.journal.store = broken  # type: ignore[method-assign]
    for seq in (1, 2, 3):
        hasty.put_sets(seq)
    hasty.run()
    assert hasty.link.pubacks() == [1, 2, 3]
    assert [ranges for _, ranges in hasty.link.acks()] == [[(1, 1)], [(3, 3)]]
    assert [a_set.seq for a_set in hasty.unkept] == [2]


def test_a_mistake_of_ours_that_cannot_be_kept_either_stays_with_the_broker(hasty: Bench) -> None:
    def broken(sets: Sequence[SampleSet], _states: object, refusals: Sequence[Refusal]) -> Stored:
        raise JournalError("the disk is full") if refusals else OverflowError("too big")

    hasty.journal.store = broken  # type: ignore[method-assign]
    hasty.put_sets(1)
    hasty.run()
    assert hasty.link.said == []
    assert hasty.unkept == []


def test_what_nobody_can_date_is_shown_counted_and_left_with_its_board(hasty: Bench) -> None:
    records = codec.encode_records([("fuel/level", 50.0)], [])
    pack = [codec.encode_set("nsp-0101", seq, t, records) for seq, t in ((2, -30), (3, -20))]
    hasty.put("paraat/v1/nsp-0101/telemetry", host_codec.encode_pack(pack))
    hasty.run()
    assert [a_set.seq for a_set in hasty.unkept] == [2, 3]
    assert hasty.stored == []
    assert hasty.link.said == [("puback", 1)]
    assert hasty.metric("paraat_sets_undated_total") == 2


def test_what_another_host_may_have_taken_is_not_acknowledged_to_boards(bench: Bench) -> None:
    bench.put_sets(1)
    bench.run()
    bench.link.said.clear()
    bench.link.alone = False
    bench.put_sets(2)
    bench.put_state()
    bench.run()
    assert bench.link.said == [("puback", 2), ("puback", 3)]
    assert [a_set.seq for a_set in bench.stored] == [1, 2]


def test_stopping_while_the_disk_fails_acknowledges_nothing(bench: Bench) -> None:
    failing(bench.journal, [sqlite3.OperationalError("database or disk is full")] * 1000)
    bench.put_sets(1)
    bench.stop.set()
    bench.run()
    assert bench.link.said == []
    assert "full" in bench.ingest.problem
    assert bench.stored == []


def test_a_message_that_cannot_be_stored_does_not_keep_the_others(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.put_sets(1)
    bench.put_sets(2)
    bench.put_sets(3)
    store = bench.journal.store

    def broken(sets: Sequence[SampleSet], *rest: object) -> Stored:
        if any(a_set.seq == 2 for a_set in sets):
            raise OverflowError("too big")
        return store(sets, *rest)  # type: ignore[arg-type]

    bench.journal.store = broken  # type: ignore[method-assign]
    bench.run()
    assert bench.link.pubacks() == [1, 2, 3]
    acked = [ranges for _, ranges in bench.link.acks()]
    assert acked == [[(1, 1)], [(3, 3)]], "the board keeps what is not stored"
    (letter,) = bench.journal.dead_letters(10)
    assert (letter.reason, letter.detail) == ("host-error", "OverflowError: too big")
    assert letter.payload, "kept, for who mends it"
    assert "a batch of 3 messages cannot be stored; one by one" in caplog.text
    assert f"a message on {letter.topic!r} cannot be stored" in caplog.text
    assert mistakes(bench) == 1
    assert bench.ingest.problem == ""


def mistakes(bench: Bench) -> float:
    """How many mistakes of ours are counted."""
    return bench.counters.thread_errors.labels("ingest")._value.get()


def test_a_decoder_that_breaks_is_a_dead_letter(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("paraat.intake.ingest.decode", broken)
    bench.put_sets(1)
    bench.run()
    (letter,) = bench.journal.dead_letters(10)
    assert letter.reason == "host-error"
    assert f"a message on {letter.topic!r} cannot be decoded" in caplog.text
    assert mistakes(bench) == 1
    assert bench.link.pubacks() == [1]
    assert bench.link.acks() == []


def test_a_loop_that_is_started_anew_does_not_hang_in_the_step_that_the_one_before_died_of(bench: Bench) -> None:
    bench.progress.works("ingest", HUNG_S)
    bench.up_s += HUNG_S + 1
    bench.run()
    assert bench.progress.loops() == {"ingest": 0.0}


@pytest.mark.parametrize(("step_s", "hung"), [(HUNG_S, {}), (HUNG_S + 1, {"ingest": HUNG_S + 1})])
def test_a_batch_that_takes_too_long_hangs_and_a_loop_that_waits_does_not(
    bench: Bench, step_s: float, hung: dict[str, float]
) -> None:
    bench.step_s = step_s
    bench.put_sets(1)
    bench.run()
    assert bench.hung == [hung]
    bench.up_s += 86400
    assert bench.progress.loops() == {"ingest": 0.0}
