"""The site's authority on disk: SITE/pki, with its keys encrypted, and the list of what it issued.

    ca.crt ca.key (encrypted)    broker.crt broker.key    host.crt host.key    desk.crt desk.key
    update.key (encrypted) update.pub    crl.pem    inventory.json

A board's private key is never written here: it exists in the image and on the board. A certificate is recorded as
pending before anybody can have it, and counts only after `commit`; so there is none that cannot be revoked.
"""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from paraat.provision.pki import pki, revoked
from paraat.provision.pki.hardening import forbid_core_dumps
from paraat.provision.pki.pki import Issued
from paraat.site import fingerprint, inventory
from paraat.site.broker import DESK_NAME, HOST_NAME
from paraat.site.files import sync_directory, write_atomic
from paraat.site.inventory import Board, Inventory, PkiError, Record
from paraat.texts import Phrase, reason
from paraat_wire import topics

CA = "ca.crt"
CA_KEY = "ca.key"
BROKER = "broker.crt"
BROKER_KEY = "broker.key"
HOST = "host.crt"
HOST_KEY = "host.key"
DESK = inventory.DESK
DESK_KEY = inventory.DESK_KEY
UPDATE_KEY = "update.key"
UPDATE_PUBLIC = "update.pub"
CRL = revoked.CRL
NO_WORDS = "?"  # in place of the four words of an authority that is not known any more
MIN_PASSPHRASE = 16  # characters; PKCS #8 stretches it with only 2048 rounds, so its length must do the work
_UPDATE_BITS = 3072
_PRIVATE = 0o600
_PUBLIC = 0o644
_KINDS = {"host": Phrase("host"), "desk": Phrase("desk"), "broker": Phrase("broker"), "authority": Phrase("authority")}


class AuthorityError(PkiError):
    """Raised when the authority cannot do what is asked. str() says what is wrong, where, and what to do."""


class PointTakenError(AuthorityError):
    """Raised when a point has a board already. `record` is its certificate, `board` may be None in it."""

    def __init__(self, record: Record) -> None:
        board: Phrase = Phrase("a certificate")
        if record.board:
            board = Phrase("board {label} ({mac})", label=record.board.serial, mac=record.board.mac)
        super().__init__(
            Phrase(
                "{point} has {board} already, serial {serial}; for a new board run `make replace POINT={point}`, which"
                " revokes the old one",
                point=record.cn,
                board=board,
                serial=record.serial,
            )
        )
        self.record = record


class Authority:
    """An opened authority: it can issue and revoke. Safe to share between threads; other processes are kept out by a lock."""

    def __init__(self, site_dir: Path, own: Issued, update: rsa.RSAPrivateKey) -> None:
        self.site_dir = site_dir
        self._folder = site_dir / inventory.FOLDER
        self._own = own
        self._update = update

    def __repr__(self) -> str:
        return f"Authority({self._folder})"

    @classmethod
    def create(
        cls,
        site_dir: Path,
        region: str,
        passphrase: str,
        broker_names: tuple[str, ...],
        now: datetime,
        *,
        instead_of: str = "",
    ) -> Self:
        """Make SITE/pki whole: authority, broker, host, desk, update key, empty revocation list; and have the site know it.

        broker_names: names and addresses under which boards and host reach the broker. instead_of: the four words of an
        authority that the site knows and that is lost. Raises AuthorityError; then there is no SITE/pki, or the one that
        was there is as it was.
        """
        forbid_core_dumps()
        folder = site_dir / inventory.FOLDER
        check_new(site_dir, instead_of)
        if len(passphrase) < MIN_PASSPHRASE:
            raise AuthorityError(
                Phrase(
                    "the passphrase has {n} characters; take {least} or more",
                    n=len(passphrase),
                    least=MIN_PASSPHRASE,
                )
            )
        if not broker_names:
            raise AuthorityError(Phrase("the broker needs a name or an address under which the boards reach it"))
        own = pki.make_authority(region, now)
        update = rsa.generate_private_key(public_exponent=65537, key_size=_UPDATE_BITS)
        made: dict[inventory.Kind, Issued] = {
            "authority": own,
            "broker": pki.issue_broker(own, broker_names, now),
            "host": pki.issue_client(own, HOST_NAME, now),
            "desk": pki.issue_client(own, DESK_NAME, now),
        }
        records = tuple(_record(issued, kind, "valid") for kind, issued in made.items())
        crl = pki.make_crl(own, (), 1, None, now)
        secret = passphrase.encode()
        files = {
            CA: (own.certificate_pem(), _PUBLIC),
            CA_KEY: (own.key_encrypted_pem(secret), _PRIVATE),
            BROKER: (made["broker"].certificate_pem(), _PUBLIC),
            BROKER_KEY: (made["broker"].key_pem(), _PRIVATE),
            HOST: (made["host"].certificate_pem(), _PUBLIC),
            HOST_KEY: (made["host"].key_pem(), _PRIVATE),
            DESK: (made["desk"].certificate_pem(), _PUBLIC),
            DESK_KEY: (made["desk"].key_pem(), _PRIVATE),
            UPDATE_KEY: (pki.encrypted_pem(update, secret), _PRIVATE),
            UPDATE_PUBLIC: (_modulus(update), _PUBLIC),
            CRL: (crl.public_bytes(serialization.Encoding.PEM), _PUBLIC),
            inventory.NAME: (msgspec.json.encode(Inventory(crl_number=1, certificates=records)), _PUBLIC),
        }
        _make_folder(folder, files)
        if (site_dir / "site.toml").exists():
            fingerprint.remember(site_dir, (fingerprint.of_certificate(own.certificate_der()),))
        return cls(site_dir, own, update)

    @classmethod
    def open(cls, site_dir: Path, passphrase: str, now: datetime | None = None) -> Self:
        """Read the authority with its keys, and finish what a cut has left undone.

        now: aware; without it the system's. Raises AuthorityError (nothing there, wrong passphrase, files that do not
        belong together) and InventoryError.
        """
        forbid_core_dumps()
        folder = site_dir / inventory.FOLDER
        check_there(site_dir)
        certificate = _read_certificate(folder / CA)
        key = _read_key(folder / CA_KEY, passphrase)
        update = _read_key(folder / UPDATE_KEY, passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise AuthorityError("pki.not-together", path=folder / CA_KEY, other=CA)
        if not isinstance(update, rsa.RSAPrivateKey):
            raise AuthorityError("pki.unreadable", path=folder / UPDATE_KEY, what="RSA")
        opened = cls(site_dir, Issued(certificate, key), update)
        with inventory.locked(site_dir):
            opened._finish(now or datetime.now(UTC))
        if not fingerprint.known(site_dir) and (site_dir / "site.toml").exists():  # of before a site knew it
            fingerprint.remember(site_dir, (opened.fingerprint(),))
        return opened

    # --- boards ------------------------------------------------------------------------------

    def issue_board(self, point: str, now: datetime, *, mac: str | None = None, replace: bool = False) -> Issued:
        """A certificate and key for a point's board, recorded as pending. Follow with `commit` or `discard`.

        mac: the board it is for; the same board may be flashed again. replace: the point gets another board; the old
        certificate works until `commit`. Raises PointTakenError, AuthorityError, InventoryError.
        """
        if not topics.is_point_id(point) or point in (HOST_NAME, DESK_NAME):
            raise AuthorityError(
                Phrase(
                    "{point} is no name for a point: 2 to 31 of a-z, 0-9 and -, and not {host} or {desk}",
                    point=repr(point),
                    host=HOST_NAME,
                    desk=DESK_NAME,
                )
            )
        self._check_alive(now)
        issued = pki.issue_board(self._own, point, now)
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            others = [r for r in known.of(point) if r.kind != "board" and r.state != "revoked"]
            if others:
                raise AuthorityError(
                    Phrase(
                        "{point} is the name of the {kind}; give the point another id",
                        point=point,
                        kind=_KINDS.get(others[0].kind, others[0].kind),
                    )
                )
            for record in known.of(point, "valid"):
                same = mac is not None and record.board is not None and record.board.mac == mac
                if not (same or replace):
                    raise PointTakenError(record)
            # What an earlier run has left pending for this point may be on a board that nobody wants.
            left = [_revoke(record, now, "abandoned") for record in known.of(point, "pending")]
            self._save(known.replace(*left, _record(issued, "board", "pending")), now)
        return issued

    def commit(self, issued: Issued, board: Board | None, now: datetime, *, anyway: str | None = None) -> None:
        """The board is flashed and verified: its certificate counts, and those before it of this point are revoked.

        anyway: what the board was let through with (ANYWAY=1), for the record.
        Raises AuthorityError when it was revoked meanwhile, InventoryError when it cannot be recorded.
        """
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            record = known.find(issued.serial)
            if record is None or record.state == "revoked":
                raise AuthorityError("pki.revoked-meanwhile", point=issued.name, serial=issued.serial)
            old = [
                _revoke(other, now, "superseded")
                for other in known.of(issued.name, "valid", "pending")
                if other.serial != record.serial
            ]
            valid = msgspec.structs.replace(record, state="valid", board=board, anyway=anyway)
            self._save(known.replace(*old, valid), now)

    def discard(self, issued: Issued, now: datetime) -> None:
        """The flash failed: nobody may use this certificate, not even a board that got it halfway.

        Raises InventoryError. Safe to call twice.
        """
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            record = known.find(issued.serial)
            if record is not None and record.state == "pending":
                self._save(known.replace(_revoke(record, now, "discarded")), now)

    # --- everything else ---------------------------------------------------------------------

    def revoke(self, which: str, reason: str, now: datetime) -> list[Record]:
        """Revoke a serial number, or all certificates of a point. Returns what was revoked.

        Raises AuthorityError when there is nothing to revoke, InventoryError.
        """
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            found = known.find(which)
            records = [found] if found is not None else known.of(which)
            if not records:
                raise AuthorityError(
                    Phrase("{which}: no such serial number or point; `paraat pki list` shows them", which=which)
                )
            if any(record.kind == "authority" for record in records):
                raise AuthorityError(
                    Phrase("{which} is the authority itself; a lost CA key is in docs/pki.md", which=which)
                )
            changed = [_revoke(record, now, reason) for record in records if record.state != "revoked"]
            if not changed:
                raise AuthorityError(
                    Phrase(
                        "{which} is revoked already, since {day}",
                        which=which,
                        day=f"{records[-1].revoked_at:%Y-%m-%d}",
                    )
                )
            self._save(known.replace(*changed), now)
        return changed

    def renew_host(self, now: datetime) -> Record:
        """A new key and certificate for the host service; the old one is revoked. Raises InventoryError, AuthorityError."""
        self._check_alive(now)
        return self._renew(pki.issue_client(self._own, HOST_NAME, now), "host", now)

    def renew_desk(self, now: datetime) -> Record:
        """A new key and certificate for who commands boards, also where there was none. Raises InventoryError, AuthorityError."""
        self._check_alive(now)
        return self._renew(pki.issue_client(self._own, DESK_NAME, now), "desk", now)

    def renew_broker(self, names: tuple[str, ...], now: datetime) -> Record:
        """A new key and certificate for the broker, under these names; without names: under those it has.

        Raises InventoryError, AuthorityError.
        """
        self._check_alive(now)
        return self._renew(pki.issue_broker(self._own, names or self.broker_names(), now), "broker", now)

    def broker_names(self) -> tuple[str, ...]:
        """The names and addresses in the broker's certificate. Raises AuthorityError."""
        found = _read_certificate(self._folder / BROKER)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(str(name.value) for name in names)

    def crl(self) -> bytes:
        """The list of revoked certificates, PEM. Raises AuthorityError."""
        return _read(self._folder / CRL)

    def certificate_der(self) -> bytes:
        """The authority's certificate as a board reads it."""
        return self._own.certificate_der()

    def fingerprint(self) -> str:
        """By what the site knows this authority (site/fingerprint.py)."""
        return fingerprint.of_certificate(self.certificate_der())

    def update_key(self) -> rsa.RSAPrivateKey:
        """What signs updates of the firmware."""
        return self._update

    def update_public(self) -> bytes:
        """The modulus of the update key, 384 bytes, big-endian; the exponent is 65537."""
        return _modulus(self._update)

    def adopt(self, joined: Inventory, before: Inventory, now: datetime) -> None:
        """Take a list that was joined from two copies; `before` is ours as it was then.

        Raises AuthorityError when ours has changed meanwhile, InventoryError.
        """
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            if known.certificates != before.certificates:
                raise AuthorityError("pki.changed-meanwhile", path=inventory.path_of(self.site_dir))
            number = max(known.crl_number, joined.crl_number)
            self._save(msgspec.structs.replace(joined, crl_number=number), now)

    def _renew(self, issued: Issued, kind: inventory.Kind, now: datetime) -> Record:
        record = _record(issued, kind, "pending")
        with inventory.locked(self.site_dir):
            self._save(inventory.load(self.site_dir).replace(record), now)
            self._write(f"{kind}.key", issued.key_pem(), _PRIVATE)
            self._write(f"{kind}.crt", issued.certificate_pem(), _PUBLIC)
            # Only now: until the new files are there, the old certificate must go on working.
            known = inventory.load(self.site_dir)
            others = [r for r in known.certificates if r.kind == kind and r.serial != record.serial]
            old = [_revoke(other, now, "superseded") for other in others if other.state != "revoked"]
            valid = msgspec.structs.replace(record, state="valid")
            self._save(known.replace(*old, valid), now)
        return valid

    def _check_alive(self, now: datetime) -> None:
        own = self._own.certificate
        if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
            ends = {"start": f"{own.not_valid_before_utc:%Y-%m-%d}", "end": f"{own.not_valid_after_utc:%Y-%m-%d}"}
            raise AuthorityError("pki.not-valid", path=self._folder / CA, today=f"{now:%Y-%m-%d}", **ends)

    def _save(self, changed: Inventory, now: datetime) -> None:
        """Record, and let the list of revoked certificates follow. Under the lock."""
        inventory.save(self.site_dir, changed)
        self._finish(now)

    def _finish(self, now: datetime) -> None:
        """Bring crl.pem up to the inventory; it lags when the last run was cut between the two. Under the lock.

        What crl.pem refuses and the inventory does not (an older copy was put over it) is revoked in it again.
        """
        known = inventory.load(self.site_dir)
        before = revoked.read(self._folder / CRL, self._own.certificate)  # None: gone or torn, it is made anew
        forgotten = () if before is None else revoked.forgotten(known, before)
        known = known.replace(*forgotten)
        wanted = {int(record.serial, 16): record.revoked_at or now for record in known.revoked()}
        if before is not None and not forgotten and {r.serial_number for r in before} == {*wanted}:
            return
        number = known.crl_number + 1
        after = None if before is None else before.last_update_utc
        crl = pki.make_crl(self._own, wanted.items(), number, after, now)
        inventory.save(self.site_dir, msgspec.structs.replace(known, crl_number=number))
        self._write(CRL, crl.public_bytes(serialization.Encoding.PEM), _PUBLIC)

    def _write(self, name: str, data: bytes, mode: int) -> None:
        path = self._folder / name
        try:
            write_atomic(path, data, mode=mode)
        except OSError as error:
            code = "pki.list-not-written" if name == CRL else "pki.not-renewed"
            raise AuthorityError(code, path=path, why=reason(error)) from error


def check_there(site_dir: Path) -> None:
    """Raise AuthorityError when the key of the site's authority is not here, or pki/ is of another one.

    Ask this before the passphrase: who has no key need not type it.
    """
    fingerprint.check(site_dir)
    path = site_dir / inventory.FOLDER / CA_KEY
    if path.is_file():
        return
    known = fingerprint.known(site_dir) or tuple(filter(None, [fingerprint.here(site_dir)]))
    if known:
        raise AuthorityError("pki.key-away", path=path, words=fingerprint.words(known[0]))
    raise AuthorityError("pki.no-key", path=path, folder=path.parent)


def check_new(site_dir: Path, instead_of: str) -> None:
    """A site that has, or had, an authority gets another only by its name. Raises AuthorityError."""
    folder = site_dir / inventory.FOLDER
    if folder.exists():
        raise AuthorityError("pki.there", folder=folder)
    known, found = fingerprint.known(site_dir), fingerprint.traces(site_dir)
    expected = [fingerprint.words(each) for each in known]
    if found and instead_of not in (expected or [NO_WORDS]):
        said = {"words": ", ".join(expected) or NO_WORDS, "found": ", ".join(found), "site": site_dir}
        raise AuthorityError("pki.has-one", **said)


def _record(issued: Issued, kind: inventory.Kind, state: inventory.State) -> Record:
    return Record(
        serial=issued.serial,
        cn=issued.name,
        kind=kind,
        state=state,
        not_before=issued.certificate.not_valid_before_utc,
        not_after=issued.certificate.not_valid_after_utc,
    )


def _revoke(record: Record, now: datetime, reason: str) -> Record:
    return msgspec.structs.replace(record, state="revoked", revoked_at=now.astimezone(UTC), reason=reason)


def _modulus(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_numbers().n.to_bytes(_UPDATE_BITS // 8, "big")


def _make_folder(folder: Path, files: dict[str, tuple[bytes, int]]) -> None:
    """All files in a new folder of mode 0700, which gets its name when it is whole. Raises AuthorityError."""
    try:
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))  # mkdtemp: mode 0700
    except OSError as error:
        raise AuthorityError(Phrase("{folder}: {why}; nothing was made", folder=folder, why=reason(error))) from error
    try:
        for name, (data, mode) in files.items():
            write_atomic(temporary / name, data, mode=mode)
        temporary.rename(folder)
        sync_directory(folder.parent)
    except OSError as error:
        raise AuthorityError(
            Phrase("{folder}: {why}; nothing was made, do it again", folder=folder, why=reason(error))
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuthorityError("pki.missing", path=path, why=reason(error)) from error


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise AuthorityError("pki.unreadable", path=path, what="PEM") from error


def _read_key(path: Path, passphrase: str) -> object:
    data = _read(path)
    if (mode := path.stat().st_mode) & 0o077:
        raise AuthorityError("pki.mode", path=path, mode=f"{mode & 0o777:04o}")
    try:
        return serialization.load_pem_private_key(data, passphrase.encode())
    except (ValueError, TypeError) as error:
        # OpenSSL cannot tell a wrong passphrase from a damaged file. The error itself holds no secret.
        raise AuthorityError("pki.wrong-passphrase", path=path) from error
