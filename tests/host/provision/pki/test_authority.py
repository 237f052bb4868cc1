"""The authority on disk: nothing half-recorded, whatever happens in between."""

import errno
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from paraat.provision.pki import authority, certificates
from paraat.provision.pki.authority import Authority, AuthorityError, PointTakenError
from paraat.site import files, fingerprint, inventory
from paraat.site.inventory import Board, Inventory, InventoryError, PkiError
from paraat.site.site import load_site
from site_broker import NOW, PASSPHRASE, make_site
from waiting import LIMIT_S

POINT = "nsp-0101"
BOARD = Board(mac="24:6f:28:ae:01:9c", serial="SN1", type="esp32_devkitc_ve", flashed_at=NOW)
OTHER = Board(mac="24:6f:28:ae:01:9d", serial="SN2", type="esp32_devkitc_ve", flashed_at=NOW)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("new")
    Authority.create(site, "Proef", PASSPHRASE, ("localhost", "127.0.0.1"), NOW)
    return site


@pytest.fixture
def site(new: Path, tmp_path: Path) -> Path:
    shutil.copytree(new / "pki", tmp_path / "pki")
    return tmp_path


def open_(site: Path) -> Authority:
    return Authority.open(site, PASSPHRASE, NOW)


def flashed(ca: Authority, point: str = POINT, board: Board = BOARD, *, replace: bool = False) -> certificates.Issued:
    issued = ca.issue_board(point, NOW, mac=board.mac, replace=replace)
    ca.commit(issued, board, NOW)
    return issued


def states(site: Path, cn: str = POINT) -> list[str]:
    return [record.state for record in inventory.load(site).of(cn)]


def refused(site: Path) -> set[int]:
    return {row.serial_number for row in x509.load_pem_x509_crl((site / "pki" / "crl.pem").read_bytes())}


# --- files ---


def test_what_is_secret_is_encrypted_or_for_its_owner_only(site: Path) -> None:
    folder = site / "pki"
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("ca.key", "update.key", "broker.key", "host.key"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600, name
    for name in ("ca.key", "update.key"):
        assert (folder / name).read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert len((folder / "update.pub").read_bytes()) == 384


def test_the_update_key_signs_what_update_pub_verifies(site: Path) -> None:
    key = open_(site).update_key()
    signature = key.sign(b"bundle", padding.PKCS1v15(), hashes.SHA256())
    modulus = int.from_bytes((site / "pki" / "update.pub").read_bytes(), "big")
    public = rsa.RSAPublicNumbers(65537, modulus).public_key()
    public.verify(signature, b"bundle", padding.PKCS1v15(), hashes.SHA256())
    assert open_(site).update_public() == (site / "pki" / "update.pub").read_bytes()


def test_a_boards_private_key_is_nowhere_in_the_sites_folder(site: Path) -> None:
    issued = flashed(open_(site))
    secret = issued.key.private_numbers().private_value.to_bytes(32, "big")
    for path in site.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert issued.key_pem() not in path.read_bytes()


def test_nothing_secret_is_shown_by_repr_or_logged(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ca = open_(site)
    issued = flashed(ca)
    shown = repr(ca) + repr(issued) + str(issued) + caplog.text
    assert PASSPHRASE not in shown
    assert str(issued.key.private_numbers().private_value) not in shown
    assert "PrivateKey" not in shown


def test_the_list_of_revoked_lasts_as_long_as_the_authority(site: Path) -> None:
    """A list that has ended makes OpenSSL refuse every client."""
    crl = x509.load_pem_x509_crl(open_(site).crl())
    ca = x509.load_pem_x509_certificate((site / "pki" / "ca.crt").read_bytes())
    assert crl.next_update_utc == ca.not_valid_after_utc
    assert crl.last_update_utc < NOW


# --- boards ---


def test_a_certificate_counts_from_commit_and_is_refused_after_discard(site: Path) -> None:
    ca = open_(site)
    kept, dropped = ca.issue_board(POINT, NOW), ca.issue_board("nsp-0102", NOW)
    assert inventory.boards(site) == {}
    ca.commit(kept, BOARD, NOW)
    ca.discard(dropped, NOW)
    ca.discard(dropped, NOW)
    assert {cn: record.board for cn, record in inventory.boards(site).items()} == {POINT: BOARD}
    assert refused(site) == {dropped.certificate.serial_number}


def test_a_second_board_for_a_point_needs_replace_and_ends_the_first(site: Path) -> None:
    ca = open_(site)
    first = flashed(ca)
    with pytest.raises(PointTakenError, match=r"SN1.*make replace"):
        ca.issue_board(POINT, NOW, mac=OTHER.mac)
    second = ca.issue_board(POINT, NOW, mac=OTHER.mac, replace=True)
    assert refused(site) == set(), "the old board works until the new one does"
    ca.commit(second, OTHER, NOW)
    assert refused(site) == {first.certificate.serial_number}
    assert inventory.boards(site)[POINT].board == OTHER


def test_the_same_board_may_be_flashed_again(site: Path) -> None:
    ca = open_(site)
    first, second = flashed(ca), flashed(ca)
    assert refused(site) == {first.certificate.serial_number}
    assert inventory.boards(site)[POINT].serial == second.serial


def test_a_flash_that_ended_halfway_leaves_nothing_that_counts(site: Path) -> None:
    """Ctrl-C, or the laptop's battery: neither commit nor discard came."""
    lost = open_(site).issue_board(POINT, NOW)
    assert states(site) == ["pending"]
    flashed(open_(site))
    assert states(site) == ["revoked", "valid"]
    assert refused(site) == {lost.certificate.serial_number}


def test_a_certificate_that_was_revoked_meanwhile_cannot_be_committed(site: Path) -> None:
    ca = open_(site)
    issued = ca.issue_board(POINT, NOW)
    ca.revoke(POINT, "stolen", NOW)
    with pytest.raises(AuthorityError, match="Flash again"):
        ca.commit(issued, BOARD, NOW)


@pytest.mark.parametrize("name", ["paraat-host", "paraat-desk", "NSP", "a", "x" * 32, "nsp/0101", "_all"])
def test_a_name_that_is_no_points_is_refused(site: Path, name: str) -> None:
    with pytest.raises(AuthorityError, match="no name for a point"):
        open_(site).issue_board(name, NOW)


def test_the_name_of_the_broker_is_no_points(site: Path) -> None:
    with pytest.raises(AuthorityError, match="name of the broker"):
        open_(site).issue_board("localhost", NOW)


def test_none_outlives_the_authority(site: Path) -> None:
    late = NOW + timedelta(days=certificates.AUTHORITY_DAYS - 100)
    issued = open_(site).issue_board(POINT, late)
    assert issued.certificate.not_valid_after_utc <= NOW + timedelta(days=certificates.AUTHORITY_DAYS)


def test_boards_flashed_at_once_are_all_recorded(site: Path) -> None:
    ca = open_(site)
    points = [f"nsp-{n:04d}" for n in range(12)]
    threads = [threading.Thread(target=flashed, args=(ca, point)) for point in points]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(inventory.boards(site)) == points


def test_processes_wait_for_each_other(site: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import datetime;"
        "from paraat.provision.pki.authority import Authority; now = datetime.fromisoformat(sys.argv[3]);"
        "ca = Authority.open(Path(sys.argv[1]), sys.stdin.readline().strip(), now);"
        "[ca.commit(ca.issue_board(sys.argv[2] + str(n), now), None, now) for n in range(8)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(site), name, NOW.isoformat()], stdin=subprocess.PIPE)
        for name in ("a-", "b-")
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write(PASSPHRASE.encode() + b"\n")
        process.stdin.close()
    assert [process.wait(LIMIT_S) for process in running] == [0, 0]
    assert len(inventory.boards(site)) == 16


# --- broker, host, revoking ---


def test_renewing_replaces_the_files_and_revokes_the_old(site: Path) -> None:
    ca = open_(site)
    before = x509.load_pem_x509_certificate((site / "pki" / "host.crt").read_bytes())
    ca.renew_client("host", NOW)
    ca.renew_broker((), NOW)
    assert refused(site) >= {before.serial_number}
    assert ca.broker_names() == ("localhost", "127.0.0.1")
    ca.renew_broker(("cp.lan", "10.0.0.2"), NOW)
    assert ca.broker_names() == ("cp.lan", "10.0.0.2")
    for kind in ("host", "broker"):
        certificate = x509.load_pem_x509_certificate((site / "pki" / f"{kind}.crt").read_bytes())
        (record,) = [r for r in inventory.load(site).certificates if r.kind == kind and r.state == "valid"]
        assert int(record.serial, 16) == certificate.serial_number


def test_revoking_by_point_or_serial_and_what_cannot_be(site: Path) -> None:
    ca = open_(site)
    issued = flashed(ca)
    (record,) = ca.revoke(issued.serial.lower(), "stolen", NOW)
    assert (record.reason, record.revoked_at) == ("stolen", NOW)
    for which, words in ((POINT, "revoked already"), ("nsp-9999", "no such"), ("Paraat Proef", "authority itself")):
        with pytest.raises(AuthorityError, match=words):
            ca.revoke(which, "x", NOW)


# --- bad input and bad moments ---


def test_a_wrong_passphrase_is_said_without_showing_it(site: Path) -> None:
    with pytest.raises(AuthorityError, match=r"ca\.key: the passphrase is wrong") as caught:
        Authority.open(site, "not the right one at all", NOW)
    assert "not the right" not in str(caught.value)


def test_an_expired_authority_issues_nothing(site: Path) -> None:
    for when in (NOW + timedelta(days=certificates.AUTHORITY_DAYS + 1), NOW - timedelta(days=3)):
        with pytest.raises(AuthorityError, match="Check this machine's clock"):
            open_(site).issue_board(POINT, when)
    assert states(site) == []


def test_no_authority_is_fetched_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="from the coordination point"):
        open_(tmp_path)
    with pytest.raises(InventoryError, match="newest copy"):
        inventory.load(tmp_path)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A site with its files and its authority."""
    return make_site(tmp_path / "site", NOW).directory


def test_a_site_knows_its_authority_and_refuses_another(whole: Path, tmp_path: Path) -> None:
    [known] = fingerprint.known(whole)
    assert known == fingerprint.here(whole) == load_site(whole).region.authority[0]
    words = fingerprint.words(known)
    assert f"# {words}" in (whole / "site.toml").read_text()
    other = make_site(tmp_path / "other", NOW).directory
    shutil.rmtree(whole / "pki")
    with pytest.raises(AuthorityError, match=rf"\({words}\) is not on this machine.*Make no new one"):
        open_(whole)
    for site in (whole, other):
        with pytest.raises(AuthorityError, match=r"has an authority already|is there already"):
            Authority.create(site, "Proef", PASSPHRASE, ("cp.lan",), NOW)
    shutil.copytree(other / "pki", whole / "pki")
    with pytest.raises(fingerprint.OtherAuthorityError, match="Do not flash with it"):
        open_(whole)
    shutil.rmtree(whole / "pki")
    Authority.create(whole, "Proef", PASSPHRASE, ("cp.lan",), NOW, instead_of=words)
    assert fingerprint.known(whole) != (known,)
    assert len(load_site(whole).region.authority) == 1


def without_authority(path: Path) -> str:
    return re.sub(r"^authority = .*\n", "", path.read_text(), flags=re.MULTILINE)


def test_a_site_of_before_learns_its_authority_when_it_is_opened(whole: Path) -> None:
    path = whole / "site.toml"
    known = fingerprint.known(whole)
    path.write_text(without_authority(path))
    before = path.read_text()
    assert fingerprint.known(whole) == ()
    open_(whole)
    assert fingerprint.known(whole) == known
    assert without_authority(path) == before


@pytest.mark.parametrize("trace", ["labels", "taken.json"])
def test_traces_of_an_authority_are_enough_to_refuse_a_new_one(whole: Path, trace: str) -> None:
    path = whole / "site.toml"
    path.write_text(without_authority(path))
    shutil.rmtree(whole / "pki")
    (whole / trace).mkdir()
    with pytest.raises(AuthorityError, match=trace):
        Authority.create(whole, "Proef", PASSPHRASE, ("cp.lan",), NOW)


def test_a_second_authority_is_refused_and_the_first_is_as_it_was(site: Path) -> None:
    before = (site / "pki" / "ca.crt").read_bytes()
    with pytest.raises(AuthorityError, match="is there already"):
        Authority.create(site, "Proef", PASSPHRASE, ("localhost",), NOW)
    assert (site / "pki" / "ca.crt").read_bytes() == before


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="16 or more"):
        Authority.create(tmp_path, "Proef", "short", ("localhost",), NOW)
    assert list(tmp_path.iterdir()) == []


def test_an_open_key_file_is_refused(site: Path) -> None:
    (site / "pki" / "ca.key").chmod(0o644)
    with pytest.raises(AuthorityError, match=r"chmod 600 .*ca\.key"):
        open_(site)


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 2, "certificates": []}'])
def test_a_torn_inventory_is_said_and_not_overwritten(site: Path, content: bytes) -> None:
    inventory.path_of(site).write_bytes(content)
    with pytest.raises(InventoryError, match=r"inventory\.json.*newest copy"):
        open_(site)
    assert inventory.path_of(site).read_bytes() == content


def test_a_lost_list_of_revoked_is_made_anew(site: Path) -> None:
    ca = open_(site)
    flashed(ca)
    ca.revoke(POINT, "stolen", NOW)
    before = refused(site)
    for damage in (Path.unlink, lambda path: path.write_text("torn")):
        damage(site / "pki" / "crl.pem")
        open_(site)
        assert refused(site) == before


Break = Callable[[str], None]


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type[BaseException] | None], None]:
    """Let the write of a file end as on a full disk, or by Ctrl-C; None: let it work again."""
    real = Path.replace
    at: dict[str, type[BaseException] | None] = {}

    def replace(self: Path, target: Path) -> Path:
        how = at.get(Path(target).name)
        if how is OSError:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if how is not None:
            raise how
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return lambda name, how: at.update({name: how})


# What each step writes, in order.
WRITES = {
    "issue": ("inventory.json",),
    "commit": ("inventory.json", "crl.pem"),
    "discard": ("inventory.json", "crl.pem"),
    "revoke": ("inventory.json", "crl.pem"),
    "renew": ("inventory.json", "host.key", "host.crt", "crl.pem"),
}


@pytest.mark.parametrize("how", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize(("step", "name"), [(step, name) for step, names in WRITES.items() for name in names])
def test_a_write_that_fails_at_any_step_leaves_all_whole_and_the_next_run_works(
    site: Path,
    breaking: Callable[[str, type[BaseException] | None], None],
    step: str,
    name: str,
    how: type[BaseException],
) -> None:
    ca = open_(site)
    flashed(ca, "nsp-0102", OTHER)
    flashed(ca)
    pending = ca.issue_board(POINT, NOW, replace=True)
    acts: dict[str, Callable[[], object]] = {
        "issue": lambda: ca.issue_board("nsp-0103", NOW),
        "commit": lambda: ca.commit(pending, BOARD, NOW),
        "discard": lambda: ca.discard(pending, NOW),
        "revoke": lambda: ca.revoke("nsp-0102", "stolen", NOW),
        "renew": lambda: ca.renew_client("host", NOW),
    }
    breaking(name, how)
    with pytest.raises((PkiError, KeyboardInterrupt)) as caught:
        acts[step]()
    if how is OSError:
        assert "No space left" in str(caught.value)
    breaking(name, None)
    assert not [path.name for path in (site / "pki").iterdir() if path.name.startswith(".") and path.name != ".lock"]
    again = open_(site)  # reads and checks everything, and finishes
    known = inventory.load(site)
    assert refused(site) == {int(record.serial, 16) for record in known.revoked()}
    flashed(again, POINT, BOARD, replace=True)
    again.renew_client("host", NOW)
    assert states(site).count("valid") == 1


@pytest.mark.parametrize("how", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_init_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: BaseException
) -> None:
    real, written = files.write_atomic, []

    def write(path: Path, data: bytes, *, mode: int) -> None:
        written.append(path)
        if len(written) == 6:
            raise how
        real(path, data, mode=mode)

    monkeypatch.setattr(authority, "write_atomic", write)
    with pytest.raises((AuthorityError, KeyboardInterrupt)):
        Authority.create(tmp_path, "Proef", PASSPHRASE, ("localhost",), NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_inventory_reads_what_it_writes(site: Path) -> None:
    flashed(open_(site))
    known = inventory.load(site)
    inventory.save(site, known)
    assert inventory.load(site) == known
    assert isinstance(known, Inventory)
    assert all(isinstance(r.not_after, datetime) and r.not_after.tzinfo for r in known.certificates)
    assert msgspec.json.decode(inventory.path_of(site).read_bytes())["certificates"][-1]["cn"] == POINT


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_process_that_opened_the_authority_leaves_no_core(site: Path) -> None:
    code = (
        "import sys, resource, ctypes; from pathlib import Path; from paraat.provision.pki.authority import Authority;"
        "Authority.open(Path(sys.argv[1]), sys.stdin.readline().strip());"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    command = [sys.executable, "-c", code, str(site)]
    done = subprocess.run(command, input=PASSPHRASE + "\n", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0) 0"
