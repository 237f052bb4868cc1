"""A disk that takes nothing: nothing is lost, people are told all the same, and no point looks as if all were well."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.served import ON_MAINS, POINT, FakeBoard, StillClock, a_site, get, view_of
from paraat.domain.model import AlertState
from paraat.domain.readiness import Verdict
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
