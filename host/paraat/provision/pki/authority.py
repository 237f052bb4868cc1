"""The site's authority on disk: SITE/pki, with its keys encrypted, and the list of what it issued.

    ca.crt ca.key (encrypted)    broker.crt broker.key    host.crt host.key    watch.crt watch.key    desk.crt desk.key
    update.key (encrypted) update.pub    crl.pem    inventory.json    spare.crt spare.key (once there is a spare host)

While one authority takes another's place (succession.py), ca.crt has both, the new one first, and ca.old.key is there.
A board's private key is never written here: it exists in the image and on the board. A certificate is recorded as
pending before anybody can have it, and counts only after `commit`; so there is none that cannot be revoked.
"""

import base64
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from paraat.provision.pki import certificates, revoked
from paraat.provision.pki.certificates import Issued
from paraat.provision.pki.hardening import forbid_core_dumps
from paraat.site import fingerprint, inventory
from paraat.site.broker import CLIENTS
from paraat.site.files import sync_directory, write_atomic
from paraat.site.inventory import Board, Inventory, PkiError, Record
from paraat.texts import Phrase, reason
from paraat_wire import renewal as wire
from paraat_wire import topics

CA = "ca.crt"
CA_KEY = "ca.key"
OLD_KEY = "ca.old.key"  # of the authority whose place another takes
_NEXT_KEY = "ca.next.key"
_NEXT_CA = "ca.next.crt"  # there: the two are whole, and take the places of ca.key and ca.crt
BROKER = "broker.crt"
BROKER_KEY = "broker.key"
UPDATE_KEY = "update.key"
UPDATE_PUBLIC = "update.pub"
CRL = revoked.CRL
NO_WORDS = "?"  # in place of the four words of an authority that is not known any more
MIN_PASSPHRASE = 16  # characters; PKCS #8 stretches it with only 2048 rounds, so its length must do the work
_UPDATE_BITS = 3072
_PRIVATE = 0o600
_PUBLIC = 0o644
_MADE_AT_FIRST: tuple[inventory.Kind, ...] = ("host", "watch", "desk")  # a spare host's is made once there is one
_KINDS = {
    "host": Phrase("host"),
    "watch": Phrase("watching host"),
    "spare": Phrase("spare host"),
    "desk": Phrase("desk"),
    "broker": Phrase("broker"),
    "authority": Phrase("authority"),
}


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


class Renewal(NamedTuple):
    """What a board is sent. serial: of the certificate; authorities: what it believes from then on; both DER."""

    serial: str
    certificate: bytes
    authorities: bytes
    signature: bytes


class Authority:
    """An opened authority: it can issue and revoke. Safe to share between threads; other processes are kept out by a lock."""

    def __init__(
        self, site_dir: Path, own: Issued, update: rsa.RSAPrivateKey, secret: bytes, older: Issued | None = None
    ) -> None:
        self.site_dir = site_dir
        self._folder = site_dir / inventory.FOLDER
        self._own = own
        self._update = update
        self._secret = secret
        self._older = older  # whose place ours takes

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
        """Make SITE/pki whole: authority, broker, host, watch, desk, update key, empty revocation list; and have the site know it.

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
        own = certificates.make_authority(region, now)
        update = rsa.generate_private_key(public_exponent=65537, key_size=_UPDATE_BITS)
        made: dict[inventory.Kind, Issued] = {
            "authority": own,
            "broker": certificates.issue_broker(own, broker_names, now),
        }
        made |= {kind: certificates.issue_client(own, CLIENTS[kind], now) for kind in _MADE_AT_FIRST}
        empty = Inventory()
        records = tuple(_record(empty, issued.certificate, None, kind, "valid") for kind, issued in made.items())
        crl = certificates.make_crl(own, (), 1, None, now)
        secret = passphrase.encode()
        files = {
            CA: (own.certificate_pem(), _PUBLIC),
            CA_KEY: (own.key_encrypted_pem(secret), _PRIVATE),
            BROKER: (made["broker"].certificate_pem(), _PUBLIC),
            BROKER_KEY: (made["broker"].key_pem(), _PRIVATE),
            UPDATE_KEY: (certificates.encrypted_pem(update, secret), _PRIVATE),
            UPDATE_PUBLIC: (_modulus(update), _PUBLIC),
            CRL: (crl.public_bytes(serialization.Encoding.PEM), _PUBLIC),
            inventory.NAME: (msgspec.json.encode(Inventory(crl_number=1, certificates=records)), _PUBLIC),
        }
        for kind in _MADE_AT_FIRST:
            files[f"{kind}.crt"] = (made[kind].certificate_pem(), _PUBLIC)
            files[f"{kind}.key"] = (made[kind].key_pem(), _PRIVATE)
        _make_folder(folder, files)
        if (site_dir / "site.toml").exists():
            fingerprint.remember(site_dir, (fingerprint.of_certificate(own.certificate_der()),))
        return cls(site_dir, own, update, secret)

    @classmethod
    def open(cls, site_dir: Path, passphrase: str, now: datetime | None = None) -> Self:
        """Read the authority with its keys, and finish what a cut has left undone.

        now: aware; without it the system's. Raises AuthorityError (nothing there, wrong passphrase, files that do not
        belong together) and InventoryError.
        """
        forbid_core_dumps()
        folder = site_dir / inventory.FOLDER
        check_there(site_dir)
        with inventory.locked(site_dir):
            _take_next(folder)
        first, *others = _read_certificates(folder / CA)
        own = _with_key(first, folder / CA_KEY, passphrase)
        older = _with_key(others[0], folder / OLD_KEY, passphrase) if others else None
        update = _read_key(folder / UPDATE_KEY, passphrase)
        if not isinstance(update, rsa.RSAPrivateKey):
            raise AuthorityError("pki.unreadable", path=folder / UPDATE_KEY, what="RSA")
        opened = cls(site_dir, own, update, passphrase.encode(), older)
        with inventory.locked(site_dir):
            opened._finish(now or datetime.now(UTC))
        if not fingerprint.known(site_dir) and (site_dir / "site.toml").exists():  # of before a site knew it
            fingerprint.remember(site_dir, opened.fingerprints())
        return opened

    # --- boards ------------------------------------------------------------------------------

    def issue_board(self, point: str, now: datetime, *, mac: str | None = None, replace: bool = False) -> Issued:
        """A certificate and key for a point's board, recorded as pending. Follow with `commit` or `discard`.

        mac: the board it is for; the same board may be flashed again. replace: the point gets another board; the old
        certificate works until `commit`. Raises PointTakenError, AuthorityError, InventoryError.
        """
        if not topics.is_point_id(point) or point in CLIENTS.values():
            raise AuthorityError(
                Phrase(
                    "{point} is no name for a point: 2 to 31 of a-z, 0-9 and -, and none of {others}",
                    point=repr(point),
                    others=", ".join(CLIENTS.values()),
                )
            )
        self._check_alive(now)
        issued = certificates.issue_board(self._own, point, now)
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
            # A renewal that waits for its word is on the board that hangs there, and counts until another one does.
            waiting = [record for record in known.of(point, "pending") if record.renews is None]
            left = [_revoke(record, now, "abandoned") for record in waiting]
            self._save(known.replace(*left, self._board_record(known, issued.certificate)), now)
        return issued

    def _board_record(self, known: Inventory, certificate: x509.Certificate) -> Record:
        record = _record(known, certificate, self._own, "board")
        return msgspec.structs.replace(
            record, trusts=() if self._older is None else (certificates.serial_of(self._older.certificate),)
        )

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
            # Of a board it is the board that is meant, whichever of its certificates is named.
            records = [found, *known.renewed_from(found.serial)] if found is not None else known.of(which)
            if not records:
                raise AuthorityError(
                    Phrase(
                        "{which}: no such serial number or point; `.venv/bin/paraat pki list` shows them", which=which
                    )
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

    def renew_client(self, kind: inventory.Kind, now: datetime) -> Record:
        """A new key and certificate for one of CLIENTS, also where there was none; the old one is revoked.

        Raises InventoryError, AuthorityError.
        """
        self._check_alive(now)
        # By the desk's it is seen whether the broker believes the newest authority.
        signer = self._own if kind == "desk" else self._of_services()
        return self._renew(certificates.issue_client(signer, CLIENTS[kind], now), kind, now)

    def renew_broker(self, names: tuple[str, ...], now: datetime) -> Record:
        """A new key and certificate for the broker, under these names; without names: under those it has.

        Raises InventoryError, AuthorityError.
        """
        self._check_alive(now)
        return self._renew(
            certificates.issue_broker(self._of_services(), names or self.broker_names(), now), "broker", now
        )

    # --- a board's next certificate, over the broker (wire/paraat_wire/renewal.py) ------------

    def issue_renewal(self, point: str, asked: Mapping[str, object], now: datetime) -> Renewal:
        """The answer to a board that has made a new key, recorded as pending. Follow with `commit_renewal`.

        asked: what the board answered to `renew`. Raises AuthorityError when it is not the board that counts there, or
        does not prove it, InventoryError.
        """
        self._check_alive(now)
        public, shown = self._checked(point, asked)
        try:
            certificate = certificates.certify_board(self._own, point, public, now)
        except ValueError as error:
            raise AuthorityError("succession.refused", point=point, why=str(error)) from error
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            old = known.find(shown)
            if old is None or old.cn != point or old.kind != "board" or old.state != "valid":
                raise AuthorityError("succession.unknown", point=point, serial=shown)
            # The board has just told that it is on none of these.
            left = [_revoke(record, now, "abandoned") for record in known.of(point, "pending") if record.renews]
            record = msgspec.structs.replace(
                self._board_record(known, certificate), board=old.board, anyway=old.anyway, renews=old.serial
            )
            self._save(known.replace(*left, record), now)
        der = certificate.public_bytes(serialization.Encoding.DER)
        signed = wire.statement(point, der, self.believed_der())
        return Renewal(record.serial, der, self.believed_der(), self._update.sign(signed, PKCS1v15(), SHA256()))

    def commit_renewal(self, point: str, serial: str, now: datetime) -> bool:
        """The board of a point is connected with this certificate: it counts, and the one before it is revoked.

        Returns whether that is new. Raises InventoryError.
        """
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            record = known.find(serial)
            if record is None or record.cn != point or record.renews is None or record.state != "pending":
                return False
            others = [r for r in known.of(point, "valid", "pending") if r.serial != record.serial]
            old = [_revoke(r, now, "superseded") for r in others if r.serial == record.renews or r.renews is not None]
            self._save(known.replace(*old, msgspec.structs.replace(record, state="valid")), now)
        return True

    def _checked(self, point: str, asked: Mapping[str, object]) -> tuple[bytes, str]:
        """(new public key, serial of the certificate that vouches for it). Raises AuthorityError."""
        try:
            public, der, signature = (
                base64.b64decode(str(asked.get(key, "")), validate=True) for key in ("key", "certificate", "signature")
            )
            certificate = x509.load_der_x509_certificate(der)
            issuer = next(a for a in self.authorities() if a.subject == certificate.issuer)
            certificate.verify_directly_issued_by(issuer)
            key = certificate.public_key()
            if not isinstance(key, ec.EllipticCurvePublicKey) or len(public) != wire.PUBLIC_BYTES:
                raise ValueError("no key on P-256")
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), wire.request(point, public), ec.ECDSA(SHA256()))
        except (ValueError, StopIteration, InvalidSignature, TypeError) as error:
            raise AuthorityError("succession.refused", point=point, why=str(error) or type(error).__name__) from error
        return public, certificates.serial_of(certificate)

    # --- one authority takes another's place (succession.py) ---------------------------------

    @property
    def serial(self) -> str:
        """Of the authority that signs now."""
        return certificates.serial_of(self._own.certificate)

    @property
    def older(self) -> x509.Certificate | None:
        """The authority whose place ours takes, while it does."""
        return None if self._older is None else self._older.certificate

    def authorities(self) -> list[x509.Certificate]:
        """What boards, broker and host believe: ours, and the one whose place it takes."""
        return [self._own.certificate, *filter(None, [self.older])]

    def begin_successor(self, region: str, now: datetime) -> None:
        """Another authority signs from now on, and ours is believed beside it. Raises AuthorityError, InventoryError."""
        if self._older is not None:
            raise AuthorityError("succession.runs", folder=self._folder)
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            number = 1 + sum(record.kind == "authority" for record in known.certificates)
            made = certificates.make_authority(region, now, number=number)
            self._own, self._older = made, self._own
            self._write(_NEXT_KEY, made.key_encrypted_pem(self._secret), _PRIVATE)
            fingerprint.remember(self.site_dir, self.fingerprints())
            self._write(_NEXT_CA, made.certificate_pem() + self._older.certificate_pem(), _PUBLIC)
            _take_next(self._folder)
            self._finish(now)

    def drop_older(self, now: datetime) -> None:
        """Nothing believes the older authority any more. Raises AuthorityError, InventoryError."""
        older = self._older
        if older is None:
            raise AuthorityError("succession.none", folder=self._folder)
        with inventory.locked(self.site_dir):
            self._write(CA, self._own.certificate_pem(), _PUBLIC)
            self._older = None
            (self._folder / OLD_KEY).unlink(missing_ok=True)
            fingerprint.remember(self.site_dir, self.fingerprints())
            self._finish(now)

    def _of_services(self) -> Issued:
        """Who signs for broker and host: the older authority as long as there is a board that believes no other."""
        if self._older is None or not inventory.load(self.site_dir).not_of(self.serial, "board"):
            return self._own
        return self._older

    def broker_names(self) -> tuple[str, ...]:
        """The names and addresses in the broker's certificate. Raises AuthorityError."""
        found = _read_certificate(self._folder / BROKER)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(str(name.value) for name in names)

    def crl(self) -> bytes:
        """The list of revoked certificates, PEM. Raises AuthorityError."""
        return _read(self._folder / CRL)

    def certificate_der(self) -> bytes:
        """The certificate of the authority that signs, in DER."""
        return self._own.certificate_der()

    def believed_der(self) -> bytes:
        """What a board believes, as it reads it: one certificate, or two behind each other."""
        return b"".join(each.public_bytes(serialization.Encoding.DER) for each in self.authorities())

    def fingerprint(self) -> str:
        """By what the site knows this authority (site/fingerprint.py)."""
        return self.fingerprints()[0]

    def fingerprints(self) -> tuple[str, ...]:
        """Of ours, and of the one whose place it takes."""
        encoding = serialization.Encoding.DER
        return tuple(fingerprint.of_certificate(each.public_bytes(encoding)) for each in self.authorities())

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
        signer = next(a for a in (self._own, self._older) if a and a.certificate.subject == issued.certificate.issuer)
        with inventory.locked(self.site_dir):
            known = inventory.load(self.site_dir)
            record = _record(known, issued.certificate, signer, kind)
            self._save(known.replace(record), now)
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
        known = self._with_authorities(inventory.load(self.site_dir), now)
        path = self._folder / CRL
        signers = [self._own, *filter(None, [self._older])]
        before = [revoked.read(path, signer.certificate) for signer in signers]  # None: gone or torn, it is made anew
        forgotten = [record for listed in before if listed is not None for record in revoked.forgotten(known, listed)]
        known = known.replace(*forgotten)
        wanted = [
            {
                int(r.serial, 16): r.revoked_at or now
                for r in known.revoked_by(certificates.serial_of(signer.certificate))
            }
            for signer in signers
        ]
        as_wanted = [
            listed is not None and {row.serial_number for row in listed} == {*revocations}
            for listed, revocations in zip(before, wanted, strict=True)
        ]
        if all(as_wanted) and not forgotten and revoked.how_many(path) == len(signers):
            return
        number = known.crl_number + 1
        lists = [
            certificates.make_crl(
                signer, revocations.items(), number, None if listed is None else listed.last_update_utc, now
            )
            for signer, revocations, listed in zip(signers, wanted, before, strict=True)
        ]
        inventory.save(self.site_dir, msgspec.structs.replace(known, crl_number=number))
        self._write(CRL, b"".join(each.public_bytes(serialization.Encoding.PEM) for each in lists), _PUBLIC)

    def _with_authorities(self, known: Inventory, now: datetime) -> Inventory:
        """The list with the authorities that count now: ours, and the one whose place it takes. It is written when it changes."""
        counting = {certificates.serial_of(certificate): certificate for certificate in self.authorities()}
        of_old = [
            r for r in known.certificates if r.kind == "authority" and r.state == "valid" and r.serial not in counting
        ]
        changed = [_revoke(record, now, "superseded") for record in of_old]
        unknown = [certificate for serial, certificate in counting.items() if known.find(serial) is None]
        changed += [_record(known, each, None, "authority", "valid") for each in unknown]
        if changed:
            known = known.replace(*changed)
            inventory.save(self.site_dir, known)
        return known

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


def _record(
    known: Inventory,
    certificate: x509.Certificate,
    signer: Issued | None,
    kind: inventory.Kind,
    state: inventory.State = "pending",
) -> Record:
    """The row of a certificate. signer: None for one that signs itself."""
    issuer = None if signer is None else certificates.serial_of(signer.certificate)
    return Record(
        serial=certificates.serial_of(certificate),
        cn=certificates.name_of(certificate),
        kind=kind,
        state=state,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issuer=None if issuer == known.first_authority else issuer,
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
    return _read_certificates(path)[0]


def _read_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise AuthorityError("pki.unreadable", path=path, what="PEM") from error


def _with_key(certificate: x509.Certificate, path: Path, passphrase: str) -> Issued:
    key = _read_key(path, passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityError("pki.not-together", path=path, other=CA)
    return Issued(certificate, key)


def _take_next(folder: Path) -> None:
    """Finish what begin_successor has begun, also after a cut. Under the lock. Raises AuthorityError."""
    if not (folder / _NEXT_CA).exists():
        return
    try:
        if (folder / _NEXT_KEY).exists():
            write_atomic(folder / OLD_KEY, (folder / CA_KEY).read_bytes(), mode=_PRIVATE)
            (folder / _NEXT_KEY).rename(folder / CA_KEY)
        (folder / _NEXT_CA).rename(folder / CA)
        sync_directory(folder)
    except OSError as error:
        raise AuthorityError("pki.not-renewed", path=folder / CA, why=reason(error)) from error


def _read_key(path: Path, passphrase: str) -> object:
    data = _read(path)
    if (mode := path.stat().st_mode) & 0o077:
        raise AuthorityError("pki.mode", path=path, mode=f"{mode & 0o777:04o}")
    try:
        return serialization.load_pem_private_key(data, passphrase.encode())
    except (ValueError, TypeError) as error:
        # OpenSSL cannot tell a wrong passphrase from a damaged file. The error itself holds no secret.
        raise AuthorityError("pki.wrong-passphrase", path=path) from error
