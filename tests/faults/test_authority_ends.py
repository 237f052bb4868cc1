"""`make renewal-drill`: ten boards with the real firmware go over to another authority, and theirs ends while they run (minutes)."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paraat.provision.pki.certificates import Issued
from renewal_fleet import Fleet, across_the_end
from site_broker import BoardClient
from waiting import LIMIT_S, wait_for

pytestmark = [
    pytest.mark.usefixtures("english"),
    pytest.mark.needs("mosquitto", "micropython"),
    pytest.mark.skipif("PARAAT_DRILL" not in os.environ, reason="minutes: make renewal-drill"),
]
BOARDS = 10
LASTING = timedelta(minutes=10)  # of the old authority, from the beginning: the drill takes some four


def test_ten_boards_across_the_end_of_their_authority(tmp_path: Path) -> None:
    began = time.monotonic()
    with Fleet(tmp_path, BOARDS, LASTING) as fleet:
        left_behind = fleet.authority.issue_board("nsp-0199", datetime.now(UTC))
        older = tmp_path / "older.crt"
        older.write_bytes((fleet.site / "pki" / "ca.crt").read_bytes())
        across_the_end(fleet)
        print(f"{BOARDS} boards of another authority after {time.monotonic() - began:.0f} s")
        assert datetime.now(UTC) < fleet.ends, "the authority ended before the drill was over: this machine is too slow"
        left_s = (fleet.ends - datetime.now(UTC)).total_seconds()
        wait_for(lambda: datetime.now(UTC) > fleet.ends, "the old authority ends", limit_s=left_s + LIMIT_S)
        fleet.restart_broker()
        fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "all come back after its end")
        fleet.goes(fleet.stores_from_all, "the host stores what each of them reads after that end")
        assert not _is_taken(fleet, left_behind, tmp_path), "what was not renewed is refused"


def _is_taken(fleet: Fleet, issued: Issued, folder: Path) -> bool:
    client = BoardClient(fleet.broker.port, fleet.site / "pki" / "ca.crt", issued, folder)
    try:
        return client.is_taken()
    finally:
        client.close()
