"""What left for people, in a file that never grows."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from paraat.domain.model import AlertState, Delivery
from paraat.domain.subjects import Subject
from paraat.journal import Departures, Journal

T0 = 1_764_000_000.0
SIZE = 16 * 1024


def alert(number: int, state: str = "firing", *, at: float = T0) -> AlertState:
    return AlertState(
        rule="low_fuel", subject=Subject("point", f"nsp-{number:04d}"), state=state, since=at, severity="critical",
        detail={"hours": 3.5}, id=number, fired_at=at, resolved_at=at + 60 if state == "resolved" else None,
    )  # fmt: skip


def row(number: int, alert_id: int, reason: str = "turn-1", **changes: object) -> Delivery:
    fields: dict[str, object] = {
        "alert_id": alert_id, "reason": reason, "rung": "lead", "person": "p", "channel": "email", "address": "p@example.nl",
        "created_at": T0, "due_at": T0, "first_due_at": T0, "id": number, "state": "sending",
        "message": f"{alert_id}/{reason}/p/email/{number}", "settled_at": T0,
    }  # fmt: skip
    return Delivery(**(fields | changes))  # type: ignore[arg-type]


class Heard:
    """What a journal is taught."""

    def __init__(self) -> None:
        self.alerts: dict[int, AlertState] = {}
        self.rows: dict[int, Delivery] = {}

    def learn_departed(self, alerts: Sequence[AlertState], rows: Sequence[Delivery]) -> int:
        self.alerts = {one.id: one for one in alerts}
        self.rows = {one.id: one for one in rows}
        return 0


def known(path: Path) -> Heard:
    """What the next process finds."""
    again, heard = Departures(path), Heard()
    again.teach(heard)
    again.close()
    return heard


def test_the_next_process_knows_what_left_and_what_came_of_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record = Departures(path, size=SIZE)
    file = tmp_path / "journal.sqlite.told"
    assert (file.stat().st_size, oct(file.stat().st_mode)[-3:]) == (SIZE, "600")
    assert file.stat().st_blocks * 512 >= SIZE, "its room is taken, not promised"
    record.leave([row(1, 1), row(2, 2)], [alert(1), alert(2)])
    record.settle([1, 2], True, "taken", T0 + 1)
    record.leave([row(3, 1, "reminder-1")], [alert(1)])
    record.settle([3], False, "no route", T0 + 2)
    record.leave([row(4, 1, "reminder-2")], [alert(1)])
    record.close()
    found = known(path)
    assert found.alerts == {1: alert(1), 2: alert(2)}
    states = {one.id: (one.state, one.attempts, one.answer) for one in found.rows.values()}
    sent, due = ("sent", 1, "taken"), ("due", 1, "no route")
    assert states == {1: sent, 2: sent, 3: due, 4: ("sending", 0, "")}
    assert file.stat().st_size == SIZE


def test_it_never_grows_and_keeps_the_newest_and_what_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record = Departures(path, size=SIZE)
    record.leave([row(1, 1)], [alert(1)])
    record.settle([1], True, "", T0)
    for number in range(2, 200):
        record.leave([row(number, number)], [alert(number, "resolved" if number < 190 else "firing")])
        record.settle([number], True, "", T0)
        if number % 40 == 0:  # and a process that ends in between changes nothing of it
            record.close()
            record = Departures(path)
    record.close()
    found = known(path)
    assert (tmp_path / "journal.sqlite.told").stat().st_size == SIZE
    assert {1, *range(190, 200)} <= set(found.rows)
    assert {one.state for one in found.rows.values()} == {"sent"}
    assert len(found.rows) < 60


def test_what_goes_on_is_more_than_fits(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record = Departures(path, size=SIZE)
    for number in range(1, 200):
        record.leave([row(number, number)], [alert(number)])
    record.close()
    found = known(path)
    assert set(found.rows) == set(range(min(found.rows), 200)), "then the newest"
    assert len(found.rows) > 8


def test_a_page_of_it_that_is_torn_costs_what_lies_in_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record = Departures(path, size=4 * SIZE)
    for number in range(1, 41):
        record.leave([row(number, number)], [alert(number)])
    record.close()
    file = tmp_path / "journal.sqlite.told"
    content = bytearray(file.read_bytes())
    content[4096:8192] = os.urandom(4096)
    file.write_bytes(content)
    found = known(path)
    assert {1, 40} <= set(found.rows)
    assert 20 < len(found.rows) < 40
    again = Departures(path)
    again.leave([row(41, 41)], [alert(41)])
    again.close()
    assert 41 in known(path).rows


def test_a_disk_that_has_no_room_for_it_keeps_nobody_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    record = Departures(tmp_path / "journal.sqlite", size=SIZE)
    record.leave([row(1, 1)], [alert(1)])
    record.settle([1], True, "", T0)
    record.teach(Heard())
    record.close()
    assert list(tmp_path.iterdir()) == []
    assert "stands in the journal alone" in caplog.text


def test_a_journal_learns_only_what_it_does_not_know(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    mine = journal.save_alert(alert(0))
    journal.add_deliveries(
        [row(0, mine.id, reason, state="due", message="") for reason in ("turn-1", "copy-1", "late")]
    )
    first, second, _ = journal.due_deliveries("email")
    journal.claim_deliveries([first.id], "key", [], T0)
    journal.leave_uncertain([first.id], "stopped", [])
    others = row(9, mine.id, "late", state="sent", attempts=1)
    learnt = journal.learn_departed(
        [mine, alert(7), alert(8, "resolved")],
        [
            row(first.id, mine.id, state="sent", attempts=1),
            row(second.id, mine.id, "copy-1", state="sent", attempts=1),
            others,
            row(20, 7),
            row(21, 8),
        ],
    )
    assert learnt == 3
    found = {one.reason: one.state for one in journal.deliveries(mine.id)}
    assert found == {"turn-1": "uncertain", "copy-1": "sent", "late": "sent"}
    assert [one.id for one in journal.alerts(9)] == [7, mine.id], "one that is over is over"
    assert journal.save_alert(alert(0)).id == 9, "no id stands for two"
    journal.close()


def test_another_journals_alert_of_one_id_is_another(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    mine = journal.save_alert(alert(0))
    journal.add_deliveries([row(0, mine.id, state="due", message="")])
    assert journal.learn_departed([alert(mine.id, at=T0 - 999)], [row(5, mine.id, state="sent", attempts=1)]) == 0
    assert len(journal.due_deliveries("email")) == 1
    over = journal.learn_departed([alert(mine.id, "resolved")], [row(1, mine.id, "resolved", state="sent", attempts=1)])
    assert over == 0, "of another point"
    told = AlertState(**{name: getattr(mine, name) for name in mine.__struct_fields__} | {"state": "resolved"})
    assert journal.learn_departed([told], [row(6, mine.id, "resolved", state="sent", attempts=1)]) == 1
    assert journal.open_alerts() == []
    journal.close()
