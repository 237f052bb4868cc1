"""The list of revoked certificates, crl.pem, as it is read back: at home, in a copy, and where the broker has it.

It needs the authority's certificate only, and no key.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from paraat.site import inventory
from paraat.site.files import write_atomic
from paraat.site.inventory import Inventory, PkiError, Record
from paraat.texts import reason

CRL = "crl.pem"
_END = b"-----END X509 CRL-----\n"
_IN_BROKER = Path("paraat") / CRL
_WATCHER = "paraat-crl.path"  # deploy/mosquitto: systemd copies each new list and reloads
_WATCHER_S = 15.0

Given = Literal["no-broker", "has-it", "given"]


class ListError(PkiError):
    """Raised when a list would forget what was revoked, or does not get to the broker. str() says what to do."""


def read(path: Path, authority: x509.Certificate) -> x509.CertificateRevocationList | None:
    """The list in a file that this authority has signed; None where there is none, or it is torn.

    While one authority takes another's place the file has a list of each.
    """
    for block in _blocks(path):
        with contextlib.suppress(ValueError, InvalidSignature, TypeError):
            found = x509.load_pem_x509_crl(block)
            if found.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
                return found
    return None


def how_many(path: Path) -> int:
    """How many lists are in a file."""
    return len(_blocks(path))


def _blocks(path: Path) -> list[bytes]:
    with contextlib.suppress(OSError):
        return [block + _END for block in path.read_bytes().split(_END)[:-1]]
    return []


def forgotten(known: Inventory, listed: x509.CertificateRevocationList) -> list[Record]:
    """What the list refuses and the inventory does not, revoked as the list says."""
    when = {row.serial_number: row.revocation_date_utc.astimezone(UTC) for row in listed}
    return [
        msgspec.structs.replace(record, state="revoked", revoked_at=when[int(record.serial, 16)], reason="in the list")
        for record in known.certificates
        if record.state != "revoked" and int(record.serial, 16) in when
    ]


def check_newer(ours: Path, theirs: Path, authorities: Sequence[x509.Certificate]) -> None:
    """Raise ListError when `ours` would take back what `theirs` refuses: then it is an old copy."""
    lost: set[int] = set()
    for authority in authorities:
        new, old = read(ours, authority), read(theirs, authority)
        if new is not None and old is not None:
            lost |= {row.serial_number for row in old} - {row.serial_number for row in new}
    if lost:
        raise ListError("pki.list-forgets", path=ours, other=theirs, n=len(lost), serial=f"{min(lost):X}")


def authorities_of(site_dir: Path) -> list[x509.Certificate]:
    """The site's authority, and behind it the one whose place it takes, while it does. Raises ListError."""
    path = site_dir / inventory.FOLDER / "ca.crt"
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ListError("pki.missing", path=path, why=reason(error)) from error
    except ValueError as error:
        raise ListError("pki.unreadable", path=path, what="PEM") from error


def give_to_broker(site_dir: Path, broker: Path) -> Given:
    """Have the broker of this machine refuse what the site's list refuses. Raises ListError, which says what is left to do."""
    ours, theirs = site_dir / inventory.FOLDER / CRL, broker / _IN_BROKER
    if not theirs.exists():
        return "no-broker"
    check_newer(ours, theirs, authorities_of(site_dir))
    if _same(ours, theirs):
        return "has-it"
    if _is_watched():
        deadline = time.monotonic() + _WATCHER_S
        while time.monotonic() < deadline:
            if _same(ours, theirs):
                return "given"
            time.sleep(0.1)
    try:
        write_atomic(theirs, ours.read_bytes(), mode=0o644)
        subprocess.run(["systemctl", "reload", "mosquitto"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ListError("pki.broker-not-told", path=theirs, site=site_dir) from error
    return "given"


def _same(ours: Path, theirs: Path) -> bool:
    try:
        return ours.read_bytes() == theirs.read_bytes()
    except OSError:
        return False


def _is_watched() -> bool:
    if shutil.which("systemctl") is None:
        return False
    run = subprocess.run(["systemctl", "is-active", "--quiet", _WATCHER], check=False, capture_output=True)
    return run.returncode == 0
