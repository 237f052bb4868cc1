"""The running host and the certificates that end: what it does by itself is in tests/end_to_end; here what keeps it from that."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from keyed_board import KeyedBoard
from paraat.fleet.renewing import Renewals
from paraat.provision.pki import certificates, passphrase, steward
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.steward import Steward
from paraat.provision.pki.succession import BoardIssuer
from paraat.site.broker import BrokerSettings
from paraat.site.inventory import Board
from paraat.site.site import Site
from paraat_wire.orders import Reply
from site_broker import NOW, PASSPHRASE, make_site

LATER = NOW + timedelta(days=certificates.BOARD_DAYS - 60)
POINT = "nsp-0101"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site", NOW)


def flashed(site: Site) -> KeyedBoard:
    authority = Authority.open(site.directory, PASSPHRASE, NOW)
    issued = authority.issue_board(POINT, NOW)
    authority.commit(issued, Board(mac="aa", serial="aa", type="esp32_devkitc_ve", flashed_at=NOW), NOW)
    return KeyedBoard(POINT, issued, site.directory)


def give_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / passphrase.CREDENTIAL).write_text(PASSPHRASE)
    (folder / passphrase.CREDENTIAL).chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))


def test_nothing_is_due_and_nothing_is_asked_for(site: Site) -> None:
    flashed(site)
    found = Steward(site, site.directory)
    assert found.begin(NOW.timestamp()) is None
    assert found.problem == ""


def test_without_the_passphrase_it_says_who_is_due_and_where_to_do_it(site: Site) -> None:
    flashed(site)
    found = Steward(site, site.directory)
    assert found.begin(LATER.timestamp()) is None
    assert found.problem.endswith("where the key is, make renew. Due: nsp-0101")


def test_a_broker_that_cannot_be_asked_puts_it_off(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flashed(site)
    give_passphrase(tmp_path / "given", monkeypatch)
    closed = msgspec.structs.replace(site, broker=BrokerSettings(host="127.0.0.1", port=1))
    found = Steward(closed, site.directory)
    now = LATER.timestamp()
    assert found.begin(now) is None
    assert "is not reached" in found.problem
    assert found.begin(now + 1) is None, "not at each turn"


def test_one_that_fails_is_said_and_tried_again_the_next_day(site: Site) -> None:
    board = flashed(site)
    authority = Authority.open(site.directory, PASSPHRASE, NOW)
    talk = Renewals([POINT], BoardIssuer(authority, lambda: LATER), now=0.0)
    talk.on_state(POINT, {"online": True, "certificate": board.issued.serial}, 0.0)
    dict(talk.commands(6.0))
    order = dict(talk.commands(7.0))[POINT]
    talk.on_reply(POINT, Reply(order.id, "its key is no P-256 key", {}), 8.0)
    dict(talk.commands(9.0))
    found = Steward(site, site.directory)
    now = LATER.timestamp()
    assert found.step(talk, now)
    assert found.problem == "nsp-0101 got no new certificate: it refuses: its key is no P-256 key"
    assert found.begin(now + steward.LOOK_S) is None
    assert "got no new certificate" in found.problem
    assert found.begin(now + 86_401) is None
    assert "make renew" in found.problem
