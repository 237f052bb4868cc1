"""The site's list of certificates and of the boards that carry them: SITE/pki/inventory.json. Nothing secret in it.

Certificate and board are one row, so that neither can be recorded without the other. The host service reads this file
too, for the alert about certificates that end; it needs no key and no passphrase.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from paraat.runtime.typed import decode
from paraat.site.files import write_atomic
from paraat.texts import SpokenError, reason

FOLDER = "pki"
NAME = "inventory.json"
DESK = "desk.crt"  # of `paraat command`, `configure` and `update`
DESK_KEY = "desk.key"
_LOCK = ".lock"

Kind = Literal["authority", "broker", "host", "watch", "spare", "desk", "board"]
SERVICES: tuple[Kind, ...] = (
    "broker",
    "host",
    "watch",
    "spare",
    "desk",
)  # of the coordination point, with their keys in its folder
# pending: made, perhaps already on a board, but its flash is not verified yet. The broker takes it, for the self-test.
State = Literal["pending", "valid", "revoked"]


class PkiError(SpokenError):
    """What can go wrong with a site's folder pki; catch this one. str() says what, where, and what to do."""


class InventoryError(PkiError):
    """Raised when the inventory cannot be read or written. str() names the file and what to do."""


class Board(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The hardware that carries a certificate. serial: what is printed on its label. mac: such as 24:6f:28:ae:01:9c."""

    mac: str
    serial: str
    type: str
    flashed_at: datetime
    firmware: str | None = None
    micropython: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One certificate. serial: hexadecimal, as `openssl x509 -serial` prints it. cn: a point's id for a board.

    anyway: why the board should not have been flashed and was all the same (ANYWAY=1). issuer: serial number of the authority
    that signed it; None: the site's first. trusts: of the other authorities that the board believes. renews: of the
    certificate in whose place the same board got this one over the broker.
    """

    serial: str
    cn: str
    kind: Kind
    state: State
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    reason: str | None = None
    board: Board | None = None
    anyway: str | None = None
    issuer: str | None = None
    trusts: tuple[str, ...] = ()
    renews: str | None = None


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. crl_number grows with every list of revoked certificates (RFC 5280, 5.2.3)."""

    version: Literal[1] = 1
    crl_number: int = 0
    certificates: tuple[Record, ...] = ()

    def find(self, serial: str) -> Record | None:
        """The certificate with a serial number, in either case; None when there is none."""
        return next((record for record in self.certificates if record.serial == serial.upper()), None)

    def of(self, cn: str, *states: State) -> list[Record]:
        """The certificates of a name that are in one of the states; without states: all."""
        return [r for r in self.certificates if r.cn == cn and (not states or r.state in states)]

    def revoked(self) -> list[Record]:
        """What the broker must refuse."""
        return [record for record in self.certificates if record.state == "revoked"]

    @property
    def first_authority(self) -> str | None:
        """The serial number of the authority with which the site began; None where the list has none."""
        return next((r.serial for r in self.certificates if r.kind == "authority"), None)

    def renewed_from(self, serial: str) -> list[Record]:
        """The certificates that the same board got in place of this one, and in place of those."""
        found: list[Record] = []
        before = {serial}
        while nexts := [r for r in self.certificates if r.renews in before]:
            found += nexts
            before = {record.serial for record in nexts}
        return found

    def revoked_by(self, authority: str) -> list[Record]:
        """What the list of revoked certificates of an authority must have. authority: its serial number."""
        return [r for r in self.revoked() if r.kind != "authority" and (r.issuer or self.first_authority) == authority]

    def ended(self, now: datetime) -> list[Record]:
        """The boards whose certificate counts and has ended: the broker refuses them, and only `make flash` helps."""
        return [r for r in self.certificates if r.state == "valid" and r.kind == "board" and r.not_after < now]

    def not_of(self, authority: str, *kinds: Kind) -> list[Record]:
        """The certificates in use, of these kinds, that another authority has signed, by name. authority: its serial number."""
        in_use = [r for r in self.certificates if r.state == "valid" and r.kind in kinds]
        left = [record for record in in_use if (record.issuer or self.first_authority) != authority]
        return sorted(left, key=lambda record: record.cn)

    def replace(self, *records: Record) -> "Inventory":
        """With these records in place of those with the same serial numbers, or added."""
        changed = {record.serial: record for record in records}
        kept = [changed.pop(record.serial, record) for record in self.certificates]
        return msgspec.structs.replace(self, certificates=(*kept, *changed.values()))


def path_of(site_dir: Path) -> Path:
    """Where a site's inventory is."""
    return site_dir / FOLDER / NAME


def load(site_dir: Path) -> Inventory:
    """Read a site's inventory. Raises InventoryError when it is missing or no inventory."""
    path = path_of(site_dir)
    try:
        return decode(path.read_bytes(), Inventory)
    except FileNotFoundError as error:
        raise InventoryError("pki.no-inventory", path=path, site=site_dir) from error
    except (OSError, msgspec.DecodeError) as error:
        raise InventoryError("pki.bad-inventory", path=path, why=str(error)) from error


def save(site_dir: Path, inventory: Inventory) -> None:
    """Write it, whole or not at all. Hold `locked` from the load to the save. Raises InventoryError."""
    path = path_of(site_dir)
    data = msgspec.json.format(msgspec.json.encode(inventory), indent=1) + b"\n"
    try:
        write_atomic(path, data, mode=0o644)
    except OSError as error:
        raise InventoryError("pki.not-recorded", path=path, why=reason(error)) from error


@contextlib.contextmanager
def locked(site_dir: Path) -> Iterator[None]:
    """Alone with the site's folder pki, among threads and processes of this machine. Raises InventoryError."""
    path = site_dir / FOLDER / _LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InventoryError("pki.no-lock", path=path, why=reason(error), site=site_dir) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def attach(site_dir: Path, serial: str, board: Board) -> None:
    """Record which board carries a certificate that counts and has none yet. Raises InventoryError."""
    with locked(site_dir):
        known = load(site_dir)
        record = known.find(serial)
        if record is not None and record.state == "valid" and record.board is None:
            save(site_dir, known.replace(msgspec.structs.replace(record, board=board)))


def boards(site_dir: Path) -> dict[str, Record]:
    """The certificate and board that count now, by point. Raises InventoryError."""
    return {r.cn: r for r in load(site_dir).certificates if r.kind == "board" and r.state == "valid"}


def expiring(site_dir: Path, now: datetime, within_days: float) -> list[Record]:
    """The certificates in use that end within so many days or have ended, the first to end first. now: aware.

    Raises InventoryError.
    """
    limit = now + timedelta(days=within_days)
    found = [r for r in load(site_dir).certificates if r.state == "valid" and r.not_after <= limit]
    return sorted(found, key=lambda record: record.not_after)
