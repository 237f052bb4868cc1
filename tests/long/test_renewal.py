"""Boards get their next certificate, and another authority, without a visit: the real firmware, mosquitto and commands."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from paraat.provision.pki import certificates, succession
from paraat.site.site import load_site
from renewal_fleet import Fleet

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.needs("mosquitto", "micropython")]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two boards whose certificates end in two months."""
    with Fleet(tmp_path_factory.mktemp("fleet"), 2, flashed_days=certificates.BOARD_DAYS - 60) as fleet:
        fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "both are connected")
        yield fleet


def test_the_running_host_renews_what_ends_by_itself(fleet: Fleet) -> None:
    old = {point: fleet.shown(point) for point in fleet.points}
    fleet.serve(with_passphrase=True)
    # A board that does not know the time yet is asked again later, and the host gives none before it trusts its own clock.
    fleet.goes(
        lambda: {*fleet.records("revoked")} == {*fleet.points},
        "both use new certificates, and the old are revoked",
        limit_s=400,
    )
    for point, record in fleet.records().items():
        assert (record.not_after - datetime.now(UTC)).days > certificates.BOARD_DAYS - 3
        assert record.renews == fleet.records("revoked")[point].serial
        assert len(fleet.shown(point) & old[point]) == 1, "the authority is the same, key and certificate are new"


def test_boards_go_over_to_another_authority_over_the_broker(fleet: Fleet) -> None:
    old = {point: fleet.shown(point) for point in fleet.points}
    succession.begin(fleet.authority, "Proef", datetime.now(UTC))
    fleet.serve()
    fleet.restart_broker()
    run = fleet.run("renew", "boards")
    assert run.returncode == 0, run.stdout
    succession.move_services(fleet.authority, datetime.now(UTC))
    fleet.restart_broker()
    fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "both believe the new broker")
    succession.finish(fleet.authority, load_site(fleet.site), datetime.now(UTC))
    assert [record.cn for record in succession.standing(fleet.site).left] == fleet.points
    for point in fleet.points:
        assert len(fleet.shown(point) & old[point]) == 0, "key, certificate and authorities are new"
