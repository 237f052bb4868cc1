"""The certificates as OpenSSL, which mosquitto is built on, judges them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from paraat.provision.pki import certificates

pytestmark = pytest.mark.needs("openssl")

NOW = datetime.now(UTC)
CA = certificates.make_authority("Proef", NOW)
BOARD = certificates.issue_board(CA, "nsp-0101", NOW)


def judged(folder: Path, crls: bytes) -> str:
    for name, data in (("ca", CA.certificate_pem()), ("crl", crls), ("board", BOARD.certificate_pem())):
        (folder / name).write_bytes(data)
    command = ["openssl", "verify", "-crl_check", "-CAfile", "ca", "-CRLfile", "crl", "board"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("newest_first", [False, True])
def test_of_two_lists_made_in_one_second_the_newer_counts(tmp_path: Path, newest_first: bool) -> None:
    """mosquitto adds a list at each reload and keeps those before it; of two with one date OpenSSL takes the first."""
    first = certificates.make_crl(CA, (), 1, None, NOW)
    second = certificates.make_crl(CA, [(BOARD.certificate.serial_number, NOW)], 2, first.last_update_utc, NOW)
    both = [crl.public_bytes(Encoding.PEM) for crl in (first, second)]
    assert ": OK" in judged(tmp_path, both[0])
    assert "revoked" in judged(tmp_path, b"".join(reversed(both) if newest_first else both))


def test_a_list_made_by_a_slow_clock_still_counts(tmp_path: Path) -> None:
    first = certificates.make_crl(CA, (), 1, None, NOW)
    slow = NOW - timedelta(hours=6)
    second = certificates.make_crl(CA, [(BOARD.certificate.serial_number, slow)], 2, first.last_update_utc, slow)
    lists = first.public_bytes(Encoding.PEM) + second.public_bytes(Encoding.PEM)
    assert "revoked" in judged(tmp_path, lists)


def test_a_serial_number_is_written_as_openssl_writes_it(tmp_path: Path) -> None:
    (tmp_path / "board").write_bytes(BOARD.certificate_pem())
    command = ["openssl", "x509", "-in", "board", "-noout", "-serial"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"serial={BOARD.serial}"
