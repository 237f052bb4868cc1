"""Boards get their next certificate, and another authority, without a visit: the real firmware, mosquitto and commands."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from paraat.provision.pki import succession
from paraat.site.site import load_site
from renewal_fleet import Fleet

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.needs("mosquitto", "micropython")]


def test_two_boards_go_over_to_another_authority_over_the_broker(tmp_path: Path) -> None:
    with Fleet(tmp_path, 2) as fleet:
        fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "both are connected")
        old = {point: fleet.shown(point) for point in fleet.points}
        succession.begin(fleet.authority, "Proef", datetime.now(UTC))
        fleet.restart_broker()
        run = fleet.run("renew", "boards")
        assert run.returncode == 0, run.stdout
        succession.move_services(fleet.authority, datetime.now(UTC))
        fleet.restart_broker()
        fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "both believe the new broker")
        succession.finish(fleet.authority, load_site(fleet.site), datetime.now(UTC))
        assert [record.cn for record in succession.standing(fleet.site).left] == fleet.points
        for point, record in fleet.records().items():
            assert record.renews in {each.serial for each in fleet.records("revoked").values()}
            assert len(fleet.shown(point) & old[point]) == 0, "key, certificate and authorities are new"
