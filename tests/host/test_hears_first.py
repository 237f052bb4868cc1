"""What comes in is stored and acknowledged while the host still reads back what its journal had before."""

import threading
from pathlib import Path
from typing import Any

import pytest

from host.served import ON_MAINS, POINT, T0, Broker, FakeBoard, StillClock, a_site, view_of
from paraat.domain.model import SampleSet
from paraat.journal import Journal, JournalError
from paraat.service import Service, ServiceError
from waiting import LIMIT_S, wait_for


def a_set(seq: int, level: float) -> SampleSet:
    values = {**ON_MAINS, "fuel/level": level}
    return SampleSet(point=POINT, kind="telemetry", seq=seq, t=T0 + seq, received_at=T0 + seq, values=values, faults={})


def test_boards_are_answered_while_a_long_journal_is_read(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = a_site(tmp_path, broker.port)
    journal = Journal(site.path(site.region.journal))
    journal.store([a_set(1, 50.0)], [], [])
    journal.close()
    begun, read = threading.Event(), threading.Event()
    fold = Journal.fold

    def slow(*arguments: Any, **options: Any) -> None:
        begun.set()
        assert read.wait(LIMIT_S)
        fold(*arguments, **options)

    monkeypatch.setattr(Journal, "fold", slow)
    made: list[Service] = []
    making = threading.Thread(
        target=lambda: made.append(Service(site, clock=StillClock(), serve_web=False, hear_first=True))
    )
    making.start()
    board = FakeBoard(broker.port)
    assert begun.wait(LIMIT_S)
    board.read(2, {**ON_MAINS, "fuel/level": 40.0}, T0 + 2)

    def answered() -> bool:
        board.send_and_wait(10)
        return 2 in board.acked

    wait_for(answered)
    assert not made, "it still reads"
    read.set()
    making.join(LIMIT_S)
    (service,) = made
    view = view_of(service, T0 + 10.0)
    assert (view.stored, view.value("fuel/level")) == (2, 40.0)
    service.start()
    board.tell(3, {**ON_MAINS, "fuel/level": 30.0}, T0 + 3)
    wait_for(lambda: view_of(service, T0 + 10.0).value("fuel/level") == 30.0)
    assert service.journal.ranges(POINT) == [(1, 3)]
    service.stop()
    board.close()


def test_one_that_cannot_read_its_journal_lets_go_of_the_broker(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise JournalError("torn")

    site, fold = a_site(tmp_path, broker.port), Journal.fold
    monkeypatch.setattr(Journal, "fold", fails)
    with pytest.raises(ServiceError, match="torn"):
        Service(site, clock=StillClock(), serve_web=False, hear_first=True)
    assert not [thread for thread in threading.enumerate() if thread.name in ("ingest", "lease")]
    monkeypatch.setattr(Journal, "fold", fold)
    service = Service(site, clock=StillClock(), serve_web=False, hear_first=True)
    wait_for(lambda: service.connected)
    service.stop()
