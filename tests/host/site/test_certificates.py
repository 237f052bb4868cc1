import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from paraat.domain.subjects import Subject
from paraat.site import inventory
from paraat.site.certificates import READ_EVERY_S, Certificates
from paraat.site.inventory import Inventory, Kind, Record, State

T0 = 1764000000.0
NOW = datetime.fromtimestamp(T0, UTC)


def record(cn: str, kind: Kind, days: float, state: State = "valid") -> Record:
    until = NOW + timedelta(days=days)
    return Record(serial=f"{abs(hash((cn, days))):X}", cn=cn, kind=kind, state=state, not_before=NOW, not_after=until)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "pki").mkdir()
    return tmp_path


def save(site: Path, *records: Record) -> None:
    inventory.save(site, Inventory(certificates=records))


def test_the_end_of_a_boards_certificate_is_that_of_the_one_in_use(site: Path) -> None:
    save(
        site,
        record("nsp-0101", "board", 5, "revoked"),
        record("nsp-0101", "board", 50),
        record("x", "board", 9, "pending"),
    )
    known = Certificates(site)
    assert known.board_until("nsp-0101", T0) == T0 + 50 * 86400
    assert known.board_until("x", T0) is None


def test_a_renewal_is_seen_within_a_minute(site: Path) -> None:
    save(site, record("nsp-0101", "board", 5))
    known = Certificates(site)
    known.board_until("nsp-0101", T0)
    save(site, record("nsp-0101", "board", 500))
    assert known.board_until("nsp-0101", T0 + READ_EVERY_S) == T0 + 500 * 86400


def test_without_the_authority_on_this_machine_nothing_is_known_and_nothing_is_wrong(tmp_path: Path) -> None:
    known = Certificates(tmp_path)
    assert known.board_until("nsp-0101", T0) is None
    assert known.problem(T0, 60) == ""


def test_what_belongs_to_no_point_is_said_with_the_command(site: Path) -> None:
    save(site, record("cp.lan", "broker", 20), record("paraat-host", "host", 500), record("nsp-0101", "board", 1))
    said = Certificates(site).problem(T0, 60)
    assert "broker (cp.lan) ends on 2025-12-14" in said
    assert "paraat pki renew broker" in said
    assert "paraat-host" not in said
    assert "nsp-0101" not in said


def test_its_own_certificates_are_judged_too(site: Path) -> None:
    save(site, record("cp.lan", "broker", 20), record("old", "host", 5, "revoked"), record("nsp-0101", "board", 1))
    (own,) = Certificates(site).own(T0)
    assert (own.kind, own.now, own.until) == ("broker", T0, T0 + 20 * 86400)
    assert own.subject == Subject("certificate", "broker")


def test_a_torn_inventory_is_said_and_the_last_good_one_counts_on(site: Path) -> None:
    save(site, record("nsp-0101", "board", 5))
    known = Certificates(site)
    assert known.board_until("nsp-0101", T0) == T0 + 5 * 86400
    path = inventory.path_of(site)
    path.write_text(path.read_text()[:50])
    os.utime(path, ns=(1, 1))
    assert str(path) in known.problem(T0 + READ_EVERY_S, 60)
    assert known.board_until("nsp-0101", T0 + READ_EVERY_S) == T0 + 5 * 86400


def test_expiring_lists_what_is_in_use_the_first_to_end_first(site: Path) -> None:
    a, b = record("a", "board", 20), record("b", "host", 10)
    save(site, a, b, record("c", "board", 5, "revoked"), record("d", "board", 90))
    assert inventory.expiring(site, NOW, 60) == [b, a]
    assert inventory.expiring(site, NOW + timedelta(days=365), 0)[0] == b
    assert msgspec.json.decode(inventory.path_of(site).read_bytes())["version"] == 1
