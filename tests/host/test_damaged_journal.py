"""A page of the journal is torn while `paraat serve` runs: it begins anew, says so, and one command brings the rest back."""

import signal
import time
from pathlib import Path

import pytest

from host.served import ON_MAINS, POINT, T0, FakeBoard, Served, a_site
from host.test_service import firing
from paraat.cli.main import main
from paraat.journal import Journal
from paraat.runtime.clock import SystemClock
from paraat.service import make_service
from paraat.simulate.servers import EmbeddedBroker, free_port
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")
TOTAL = 400
PAGE = 4096


def tear(path: Path) -> None:
    """Of the oldest sets that stand in the file."""
    with path.open("r+b") as file:
        content = file.read()
        at = content.index(b'{"fuel/level":7.0', PAGE) // PAGE * PAGE
        file.seek(at)
        file.write(b"\xa5" * PAGE)


def test_a_torn_page_from_the_start_to_the_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedBroker(tmp_path / "broker") as broker:
        board = FakeBoard(broker.port)
        for seq in range(1, TOTAL + 1):
            board.read(seq, {"fuel/level": float(seq % 100)}, T0 + seq)

        def all_acked() -> bool:
            board.send_and_wait(TOTAL)
            return len(board.acked) == len(board.kept)

        served = Served(tmp_path, broker.port)
        wait_for(all_acked)
        assert served.end(signal.SIGTERM) == 0
        journal = tmp_path / "journal.sqlite"
        assert main(["journal", "check", "--site", str(tmp_path)]) == 0
        tear(journal)
        assert main(["journal", "check", "--site", str(tmp_path)]) == 1
        assert "paraat journal restore" in capsys.readouterr().err
        assert main(["check", "--site", str(tmp_path)]) == 2
        assert "paraat journal check" in capsys.readouterr().err

        served = Served(
            tmp_path, broker.port
        )  # its own look at the whole file comes later: the start meets it, or that
        aside = lambda: list(tmp_path.glob("journal.sqlite.damaged-*Z"))  # noqa: E731
        wait_for(aside, "the damaged journal is set aside while it serves")
        board.read(TOTAL + 1, ON_MAINS, time.time())
        wait_for(all_acked)
        assert main(["journal", "restore", "--site", str(tmp_path)]) == 1, "it has a journal of its own open"
        assert "in use by another process" in capsys.readouterr().err
        assert served.end(signal.SIGTERM) == 0
        assert main(["journal", "restore", "--site", str(tmp_path)]) == 0
        assert "brought back" in capsys.readouterr().out
        assert not aside()
        assert main(["journal", "restore", "--site", str(tmp_path)]) == 1, "there is nothing left to bring back"
        held = Journal(journal)
        assert TOTAL - 100 < held.stored(POINT) <= TOTAL + 1
        held.close()
        board.close()


def test_a_start_on_a_damaged_journal_begins_a_new_one_and_tells_the_coordination_point(tmp_path: Path) -> None:
    site = a_site(tmp_path, free_port())
    Journal(site.path(site.region.journal)).close()
    site.path(site.region.journal).write_bytes(b"\xa5" * PAGE)
    service = make_service(site, clock=SystemClock(), serve_web=False)
    for t in (0.0, 16.0):
        service._judge(T0 + t)
    assert "journal_fails" in firing(service)
    assert [check.name for check in service.health() if check.name == "journal-damaged"]
    service.stop()
