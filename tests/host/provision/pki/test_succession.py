"""A board's next certificate, and one authority in another's place: what is issued, what is refused, and what a cut leaves."""

import base64
import contextlib
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509

from keyed_board import KeyedBoard
from paraat.provision.pki import authority as authority_module
from paraat.provision.pki import certificates, revoked, succession
from paraat.provision.pki.authority import Authority, AuthorityError
from paraat.provision.pki.succession import SuccessionError
from paraat.site import fingerprint, inventory
from paraat.site.inventory import Board, PkiError
from site_broker import NOW, PASSPHRASE, make_site

POINT = "nsp-0101"
BOARD = Board(mac="24:6f:28:ae:01:9c", serial="SN1", type="esp32_devkitc_ve", flashed_at=NOW)
LATER = NOW + timedelta(days=1750)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("new") / "site").directory


@pytest.fixture
def site(new: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(new, tmp_path / "site"))


@pytest.fixture
def ca(site: Path) -> Authority:
    return Authority.open(site, PASSPHRASE, NOW)


def flashed(ca: Authority, point: str = POINT, board: Board = BOARD) -> KeyedBoard:
    issued = ca.issue_board(point, NOW, mac=board.mac)
    ca.commit(issued, msgspec.structs.replace(board, mac=f"{board.mac[:-4]}{point[-4:]}"), NOW)
    return KeyedBoard(point, issued, ca.site_dir)


def renewed(ca: Authority, board: KeyedBoard) -> str:
    """The whole of it. Returns the new serial number."""
    answer = ca.issue_renewal(board.point, board.asked(), LATER)
    assert board.takes(answer.certificate, answer.authorities, answer.signature) == answer.serial
    assert ca.commit_renewal(board.point, answer.serial, LATER)
    return answer.serial


def states(ca: Authority, point: str = POINT) -> list[str]:
    return [record.state for record in inventory.load(ca.site_dir).of(point)]


def refused(ca: Authority) -> set[str]:
    """What the broker's list refuses, of all authorities."""
    path = ca.site_dir / "pki" / "crl.pem"
    lists = [revoked.read(path, each) for each in ca.authorities()]
    assert None not in lists
    assert revoked.how_many(path) == len(lists)
    digits = [f"{row.serial_number:X}" for each in lists for row in each or ()]
    return {each.zfill(len(each) + len(each) % 2) for each in digits}


# --- renewal ---------------------------------------------------------------------------------


def test_a_board_gets_its_next_certificate_and_the_old_one_counts_until_it_uses_that(ca: Authority) -> None:
    board = flashed(ca)
    first = board.issued.serial
    answer = ca.issue_renewal(POINT, board.asked(), LATER)
    assert states(ca) == ["valid", "pending"]
    assert board.takes(answer.certificate, answer.authorities, answer.signature) == answer.serial
    assert board.believes == ca.authorities()
    assert board.issued.certificate.not_valid_after_utc == LATER + timedelta(days=certificates.BOARD_DAYS)
    assert ca.commit_renewal(POINT, answer.serial, LATER)
    assert not ca.commit_renewal(POINT, answer.serial, LATER), "once"
    assert states(ca) == ["revoked", "valid"]
    assert first in refused(ca)
    (record,) = inventory.load(ca.site_dir).of(POINT, "valid")
    assert record.board is not None
    assert (record.board.flashed_at, record.renews) == (NOW, first)


def test_only_the_board_that_counts_gets_one(ca: Authority) -> None:
    board, other = flashed(ca), flashed(ca, "nsp-0102")
    stranger = KeyedBoard(POINT, certificates.issue_board(certificates.make_authority("Elders", NOW), POINT, NOW))
    good = board.asked()
    cases = [
        other.asked(),  # of another point, over this one's topic
        stranger.asked(),
        good | {"signature": other.asked()["signature"]},
        good | {"key": other.asked()["key"]},  # somebody in between has put in his own
        good | {"certificate": other.asked()["certificate"]},
        good | {"key": base64.b64encode(b"\1" * 64).decode()},
        good | {"key": "?"},
        {},
    ]
    for asked in cases:
        with pytest.raises(AuthorityError):
            ca.issue_renewal(POINT, asked, LATER)
    assert states(ca) == ["valid"]
    ca.revoke(POINT, "stolen", NOW)
    with pytest.raises(AuthorityError, match="does not count here"):
        ca.issue_renewal(POINT, good, LATER)


def test_an_answer_that_was_lost_is_given_anew_and_counts_no_longer(ca: Authority) -> None:
    board = flashed(ca)
    lost = ca.issue_renewal(POINT, board.asked(), LATER)
    serial = renewed(ca, board)
    assert states(ca) == ["revoked", "revoked", "valid"]
    assert {lost.serial} <= refused(ca)
    assert serial not in refused(ca)


@pytest.mark.parametrize("committed", [True, False])
def test_a_flash_meanwhile_wins(ca: Authority, committed: bool) -> None:
    board = flashed(ca)
    answer = ca.issue_renewal(POINT, board.asked(), LATER)
    issued = ca.issue_board(POINT, LATER, replace=True)
    assert states(ca) == ["valid", "pending", "pending"], "the board that hangs there may be on it already"
    if committed:
        ca.commit(issued, BOARD, LATER)
        assert states(ca) == ["revoked", "revoked", "valid"]
        assert not ca.commit_renewal(POINT, answer.serial, LATER)
    else:
        ca.discard(issued, LATER)
        assert ca.commit_renewal(POINT, answer.serial, LATER)
        assert states(ca) == ["revoked", "valid", "revoked"]


def test_revoked_is_the_board_whichever_certificate_is_named(ca: Authority) -> None:
    board = flashed(ca)
    renewed(ca, board)
    waiting = ca.issue_renewal(POINT, board.asked(), LATER)
    ca.revoke(board.issued.serial, "stolen", LATER)
    assert set(states(ca)) == {"revoked"}
    assert waiting.serial in refused(ca)
    assert not ca.commit_renewal(POINT, waiting.serial, LATER)


def test_the_serial_of_an_older_certificate_revokes_the_board_too(ca: Authority) -> None:
    board = flashed(ca)
    first = board.issued.serial
    renewed(ca, board)
    ca.revoke(first, "stolen", LATER)
    assert states(ca) == ["revoked", "revoked"]


# --- due -------------------------------------------------------------------------------------


def test_due_are_those_that_end_and_no_others(ca: Authority) -> None:
    flashed(ca)
    known = inventory.load(ca.site_dir)
    assert succession.due(known, ca.authorities(), NOW) == []
    (found,) = succession.due(known, ca.authorities(), LATER)
    assert found.record.cn == POINT
    assert found.why == "ends on 2031-11-23"


def test_a_board_that_has_ended_is_not_due_and_keeps_nobody_waiting(ca: Authority) -> None:
    flashed(ca)
    known, after = inventory.load(ca.site_dir), LATER + timedelta(days=400)
    (record,) = known.ended(after)
    assert record.cn == POINT
    assert known.ended(NOW) == []
    assert succession.due(known, ca.authorities(), after) == [], "the broker refuses it: only make flash helps"


def test_a_board_that_ends_with_its_authority_gains_nothing(ca: Authority) -> None:
    board = flashed(ca)
    (record,) = inventory.load(ca.site_dir).of(POINT)
    end = ca.authorities()[0].not_valid_after_utc
    known = inventory.load(ca.site_dir).replace(msgspec.structs.replace(record, not_after=end))
    assert succession.due(known, ca.authorities(), end - timedelta(days=20)) == []
    assert board.believes == []


# --- the authority ---------------------------------------------------------------------------


def test_one_authority_takes_anothers_place_and_no_board_is_lost_on_the_way(ca: Authority) -> None:
    site_dir = ca.site_dir
    board, other = flashed(ca), flashed(ca, "nsp-0102")
    old = ca.fingerprint()
    assert succession.standing(site_dir).phase == "none"
    succession.begin(ca, "Proef", NOW)
    assert fingerprint.known(site_dir) == ca.fingerprints()
    assert ca.fingerprints()[1] == old
    assert fingerprint.here(site_dir) == ca.fingerprint() != old
    assert len({each.subject for each in ca.authorities()}) == 2
    assert [each.record.cn for each in succession.due(inventory.load(site_dir), ca.authorities(), NOW)] == [
        "nsp-0101",
        "nsp-0102",
    ]
    again = Authority.open(site_dir, PASSPHRASE, NOW)  # what is on the disk is whole
    assert again.fingerprints() == ca.fingerprints()
    serial = renewed(again, board)
    assert board.believes == again.authorities()
    with pytest.raises(SuccessionError, match="nsp-0102"):
        succession.move_services(again, NOW)
    again.renew_broker((), NOW)
    certificate = x509.load_pem_x509_certificate((site_dir / "pki" / "broker.crt").read_bytes())
    assert certificate.issuer == again.authorities()[1].subject, "a board believes the older one only"
    again.revoke("nsp-0102", "lost", NOW)
    assert other.issued.serial in refused(again)
    succession.move_services(again, NOW)
    certificate = x509.load_pem_x509_certificate((site_dir / "pki" / "broker.crt").read_bytes())
    assert certificate.issuer == again.authorities()[0].subject
    assert succession.standing(site_dir).phase == "finish"
    again.drop_older(NOW)
    assert succession.standing(site_dir).phase == "forget"
    with pytest.raises(SuccessionError, match=POINT):
        succession.begin(again, "Proef", NOW)
    last = Authority.open(site_dir, PASSPHRASE, NOW)
    assert last.older is None
    assert not (site_dir / "pki" / "ca.old.key").exists()
    assert fingerprint.known(site_dir) == (last.fingerprint(),)
    renewed(last, board)
    assert [each.subject for each in board.believes] == [last.authorities()[0].subject]
    assert succession.standing(site_dir).phase == "none"
    assert serial in refused(last)
    assert other.issued.serial not in refused(last), "its authority counts no longer, and so its list"


def test_a_board_that_is_flashed_meanwhile_needs_no_visit_of_ours(ca: Authority) -> None:
    succession.begin(ca, "Proef", NOW)
    issued = ca.issue_board(POINT, NOW)
    ca.commit(issued, BOARD, NOW)
    assert succession.standing(ca.site_dir).phase == "services"
    assert issued.certificate.issuer == ca.authorities()[0].subject
    assert len(ca.believed_der()) > len(ca.certificate_der())


def test_what_is_waited_for_is_named_in_order_whichever_board_was_first(ca: Authority) -> None:
    for point in ("nsp-0103", "nsp-0101", "nsp-0102"):
        flashed(ca, point)
    succession.begin(ca, "Proef", NOW)
    with pytest.raises(SuccessionError, match="nsp-0101, nsp-0102, nsp-0103"):
        succession.move_services(ca, NOW)


def test_steps_out_of_their_order_are_refused(ca: Authority) -> None:
    with pytest.raises(AuthorityError, match="no authority takes"):
        succession.move_services(ca, NOW)
    with pytest.raises(AuthorityError, match="no authority takes"):
        ca.drop_older(NOW)
    succession.begin(ca, "Proef", NOW)
    with pytest.raises(PkiError, match="already"):
        succession.begin(ca, "Proef", NOW)


@pytest.mark.parametrize("cut_at", range(1, 8))
def test_a_cut_while_it_begins_leaves_one_or_the_other(
    ca: Authority, cut_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    flashed(ca)
    old = ca.fingerprint()
    writes = 0
    write, rename = authority_module.write_atomic, Path.rename

    def counted() -> None:
        nonlocal writes
        writes += 1
        if writes == cut_at:
            raise KeyboardInterrupt

    def cut_write(path: Path, data: bytes, *, mode: int) -> None:
        counted()
        write(path, data, mode=mode)

    def cut_rename(self: Path, target: Path) -> Path:
        counted()
        return rename(self, target)

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(authority_module, "write_atomic", cut_write)
        patched.setattr(Path, "rename", cut_rename)
        succession.begin(ca, "Proef", NOW)
    found = Authority.open(ca.site_dir, PASSPHRASE, NOW)
    assert found.fingerprint() == old or found.fingerprints()[1] == old
    assert found.fingerprint() in fingerprint.known(ca.site_dir)
    assert len(refused(found)) >= 0
    if found.older is None:
        succession.begin(found, "Proef", NOW)
    assert len(found.authorities()) == 2
    assert {
        r.serial for r in inventory.load(ca.site_dir).certificates if r.kind == "authority" and r.state == "valid"
    } == {certificates.serial_of(each) for each in found.authorities()}
