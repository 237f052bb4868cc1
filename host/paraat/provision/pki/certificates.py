"""The site's own certificates: EC P-256, one a board, one for the broker, two for host and desk.
Pure: no file, no clock.

A board's common name is its point's id; mosquitto takes it as user name and client id (use_identity_as_username).
MicroPython reads DER only, and the private key as PKCS #8.
"""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 20 * 365
BOARD_DAYS = 5 * 365
BROKER_DAYS = 5 * 365
CLIENT_DAYS = 5 * 365
# A board starts with the build time of its image; a laptop's clock may be a little ahead of ours.
BACKDATED = timedelta(days=1)


class Issued(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Issued({self.name}, serial {self.serial})"

    @property
    def name(self) -> str:
        """The common name."""
        return name_of(self.certificate)

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal, as `openssl x509 -serial` prints it."""
        return serial_of(self.certificate)

    def certificate_der(self) -> bytes:
        """As a board reads it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def certificate_pem(self) -> bytes:
        """As mosquitto and the host read it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_der(self) -> bytes:
        """PKCS #8, not encrypted: for a board's flash only."""
        return self._key(serialization.Encoding.DER)

    def key_pem(self) -> bytes:
        """PKCS #8, not encrypted: for a file of mode 0600."""
        return self._key(serialization.Encoding.PEM)

    def key_encrypted_pem(self, passphrase: bytes) -> bytes:
        """PKCS #8, encrypted: for the authority's own key."""
        return encrypted_pem(self.key, passphrase)

    def _key(self, encoding: serialization.Encoding) -> bytes:
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def name_of(certificate: x509.Certificate) -> str:
    """The common name."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number in hexadecimal, as `openssl x509 -serial` prints it."""
    digits = f"{certificate.serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def encrypted_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, passphrase: bytes) -> bytes:
    """A private key as PKCS #8 in PEM, encrypted with a passphrase."""
    encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def make_authority(region: str, now: datetime, *, number: int = 1, days: int = AUTHORITY_DAYS) -> Issued:
    """A new authority that signs itself. now: aware. number: which one of the region it is.

    No two have one name: by its issuer's name OpenSSL looks for the list that may revoke a certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    behind = "" if number == 1 else f" {number}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Paraat {region}"[: 64 - len(behind)] + behind)])
    builder = (
        _builder(name, name, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def issue_board(authority: Issued, point: str, now: datetime, *, days: int = BOARD_DAYS) -> Issued:
    """A certificate for one point's board, with a new key."""
    return _issue(authority, point, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, ())


def certify_board(authority: Issued, point: str, public: bytes, now: datetime) -> x509.Certificate:
    """A certificate for a key that the board has made. public: x and y, 64 bytes. Raises ValueError for no point on P-256."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)
    return _certify(authority, point, key, now, BOARD_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH, ())


def issue_broker(authority: Issued, names: tuple[str, ...], now: datetime, *, days: int = BROKER_DAYS) -> Issued:
    """A certificate for the broker under the names and addresses by which boards and host reach it; the first is shown."""
    return _issue(authority, names[0], now, days, ExtendedKeyUsageOID.SERVER_AUTH, names)


def issue_client(authority: Issued, name: str, now: datetime, *, days: int = CLIENT_DAYS) -> Issued:
    """A certificate for the host service, or for the desk that commands boards; the broker's access list knows it by its name."""
    return _issue(authority, name, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, ())


def make_crl(
    authority: Issued, revoked: Iterable[tuple[int, datetime]], number: int, after: datetime | None, now: datetime
) -> x509.CertificateRevocationList:
    """The list of (serial number, when) that the broker must refuse. number: grows with each list (RFC 5280, 5.2.3).

    after: the date of the list before. The new one is dated later: OpenSSL, given two lists of one issuer as mosquitto
    is at a reload, takes the one with the later date (X509_STORE, get_crl_sk). It is valid as long as the authority
    itself: OpenSSL refuses every client when the list has ended, and the points would fall silent all at once.
    """
    dated = now.astimezone(UTC).replace(microsecond=0) - BACKDATED
    if after is not None:
        dated = max(dated, after + timedelta(seconds=1))
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(dated)
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    for serial_number, when in revoked:
        row = x509.RevokedCertificateBuilder().serial_number(serial_number).revocation_date(when.astimezone(UTC))
        builder = builder.add_revoked_certificate(row.build())
    return builder.sign(authority.key, hashes.SHA256())


def _issue(
    authority: Issued, name: str, now: datetime, days: int, usage: x509.ObjectIdentifier, reached_as: tuple[str, ...]
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(_certify(authority, name, key.public_key(), now, days, usage, reached_as), key)


def _certify(
    authority: Issued,
    name: str,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    usage: x509.ObjectIdentifier,
    reached_as: tuple[str, ...],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, authority.certificate.subject, key, now, days, authority.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if reached_as:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in reached_as]), critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    limit: datetime | None = None,
) -> x509.CertificateBuilder:
    now = now.astimezone(UTC)
    until = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(until if limit is None else min(until, limit))  # none outlives its authority
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
