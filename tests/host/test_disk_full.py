"""A disk that takes nothing: nothing is lost, people are told all the same, and no point looks as if all were well."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from host.served import ON_MAINS, POINT, FakeBoard, StillClock, a_site, get, view_of
from paraat.domain.model import AlertState, SampleSet
from paraat.domain.readiness import Verdict
from paraat.journal import Journal, JournalError
from paraat.journal.spare import Spare
from paraat.service import Service
from paraat.simulate.servers import EmbeddedBroker
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")
LOW = {**ON_MAINS, "power/mains": False, "power/generator": True, "fuel/level": 5.0}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, StillClock, FakeBoard]]:
    monkeypatch.setattr("paraat.intake.ingest.PATIENCE_S", 0.05)
    with EmbeddedBroker(tmp_path / "broker") as broker:
        clock = StillClock()
        board = FakeBoard(broker.port)
        service = Service(a_site(tmp_path, broker.port), clock=clock)
        service.start()
        wait_for(lambda: all(check.ok for check in service.health()))
        yield service, clock, board
        service.stop()
        board.close()


def take_nothing(service: Service, yes: bool) -> None:
    """SQLite refuses every write from now on, as on a disk that is full or that the kernel made read-only."""
    with service.journal._write_lock:
        service.journal._writer.execute(f"PRAGMA query_only = {int(yes)}")


def test_a_disk_that_takes_nothing_loses_nothing_tells_people_and_shows_no_point_as_well(
    served: tuple[Service, StillClock, FakeBoard],
) -> None:
    service, clock, board = served
    board.tell(1, ON_MAINS, clock.t)
    wait_for(lambda: view_of(service, clock.t).stored == 1)
    heard: list[AlertState] = []
    service.on_alert(heard.append)
    take_nothing(service, True)
    seq = 1

    def fires(rule: str) -> bool:
        nonlocal seq
        seq += 1
        clock.t += 10
        board.read(seq, LOW, clock.t)
        board.send()
        return rule in {alert.rule for alert in heard if alert.state == "firing"}

    wait_for(lambda: fires("low_fuel"), "a lead is told that the fuel runs out")
    wait_for(lambda: fires("journal_fails"), "the coordination point is told of its disk")
    assert board.acked == {1}, "a board keeps what the host cannot"
    wait_for(lambda: not service.health()[1].ok)
    assert "readonly" in service.health()[1].detail
    view = view_of(service, clock.t)
    assert (view.verdict, view.reasons[0], view.value("fuel/level")) == (Verdict.SILENT, "not-kept", 5.0)
    assert "nothing can be kept" not in get(service, "/").decode(), "the page of this site is Dutch"
    assert "er kan niets worden bewaard" in get(service, "/").decode()
    points = {point["point"]: point["status"] for point in json.loads(get(service, "/api/v1/points"))["points"]}
    assert points == {point: "stale" if point == POINT else "unknown" for point in service.site.points}
    (low,) = [alert for alert in heard if alert.rule == "low_fuel"]
    wait_for(lambda: {row.state for row in service._told_in.deliveries(low.id)} == {"sent"})
    assert service.journal.alert(low.id) is None, "it is kept in memory alone"
    take_nothing(service, False)

    def all_stored() -> bool:
        board.send_and_wait(100)
        return set(board.kept) <= board.acked

    wait_for(all_stored)
    wait_for(lambda: all(check.ok for check in service.health()))
    wait_for(lambda: service.journal.alert(low.id) is not None)
    reasons = [row.reason for row in service.journal.deliveries(low.id)]
    assert len(reasons) == len(set(reasons)), "nobody is told twice for one reason"
    assert {row.state for row in service.journal.deliveries(low.id)} == {"sent"}
    assert service.journal.ranges(POINT) == [(1, seq)]
    assert view_of(service, clock.t).verdict is not Verdict.SILENT
    clock.t += 10
    board.tell(seq + 1, LOW, clock.t)
    assert all(check.ok for check in service.health()), "and it goes on as ever"


def lows(service: Service) -> list[tuple[int, str]]:
    """The messages about fuel that were due so far: (alert, what became of it)."""
    fuel = {alert.id for alert in service.alerts() if alert.rule == "low_fuel"}
    return [(row.alert_id, row.state) for row in service._told_in.deliveries(*fuel)] if fuel else []


@pytest.mark.parametrize("full_still", [False, True])
def test_a_host_that_ends_while_the_disk_is_full_tells_nobody_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_still: bool
) -> None:
    """Killed or stopped: what is left lies in memory, where its next start looks for it."""
    monkeypatch.setattr("paraat.journal.spare._folder", lambda _of, _memory: tmp_path / "memory")
    site, clock = a_site(tmp_path, 1), StillClock()
    service = Service(site, clock=clock, serve_web=False)
    take_nothing(service, True)
    for _ in range(3):
        clock.t += 100
        service._on_unkept([a_low_set(clock.t)])
        service._work(clock.t)
        while service.send_next("log"):
            pass
    told = lows(service)
    assert [state for _, state in told] == ["sent"]
    assert service._spare is not None
    service.stop()
    assert (tmp_path / "memory").exists()
    if full_still:
        monkeypatch.setattr(Spare, "bring_back", refuse_once(Spare.bring_back))
    again = Service(site, clock=clock, serve_web=False)
    assert (again._spare is not None) is full_still
    assert lows(again) == told
    for _ in range(3):
        clock.t += 10
        again._on_unkept([a_low_set(clock.t)])
        again._work(clock.t)
        while again.send_next("log"):
            pass
    assert lows(again) == told, "nobody is told again"
    assert again._spare is None
    assert [(row.alert_id, row.state) for row in again.journal.deliveries(told[0][0])] == told
    assert not (tmp_path / "memory").exists()
    again.stop()


def test_what_another_user_put_there_is_not_ours(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        assert Spare.left_by_another(journal, memory=tmp_path) is None
        spare = Spare.begin(journal, 0.0, memory=tmp_path)
        spare.leave()
        (folder,) = tmp_path.glob("paraat-*")
        folder.chmod(0o755)
        assert Spare.left_by_another(journal, memory=tmp_path) is None
        folder.chmod(0o700)
        left = Spare.left_by_another(journal, memory=tmp_path)
        assert left is not None
        left.close()
        assert not folder.exists()


def a_low_set(t: float) -> SampleSet:
    return SampleSet(point=POINT, kind="telemetry", seq=int(t), t=t, received_at=t, values=LOW, faults={})


def refuse_once(bring_back: Callable[[Spare, Journal], None]) -> Callable[[Spare, Journal], None]:
    """As on a disk that is full at the start, and has room a moment later."""
    refused = []

    def tried(spare: Spare, to: Journal) -> None:
        if not refused:
            refused.append(spare)
            raise JournalError("database or disk is full")
        bring_back(spare, to)

    return tried
