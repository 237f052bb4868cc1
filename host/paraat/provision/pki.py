"""The site's own certificate authority: EC P-256, one certificate a board, one for the broker.

A board's common name is its point's id; mosquitto takes it as user name and client id (use_identity_as_username).
MicroPython reads DER only, and the private key as PKCS #8.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 20 * 365
BOARD_DAYS = 5 * 365
BROKER_DAYS = 5 * 365
# A board starts with the build time of its image; a laptop's clock may be a little ahead of ours.
_BACKDATED = timedelta(days=1)


class Issued(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

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

    def _key(self, encoding: serialization.Encoding) -> bytes:
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def make_authority(region: str, now: datetime, *, days: int = AUTHORITY_DAYS) -> Issued:
    """A new authority that signs itself. now: aware."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Paraat {region}"[:64])])
    builder = (
        _builder(name, name, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def issue_board(authority: Issued, point: str, now: datetime, *, days: int = BOARD_DAYS) -> Issued:
    """A certificate for one point's board, with a new key."""
    return _issue(authority, point, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, ())


def issue_broker(authority: Issued, names: tuple[str, ...], now: datetime, *, days: int = BROKER_DAYS) -> Issued:
    """A certificate for the broker under the names and addresses by which boards and host reach it; the first is shown."""
    return _issue(authority, names[0], now, days, ExtendedKeyUsageOID.SERVER_AUTH, names)


def _issue(
    authority: Issued, name: str, now: datetime, days: int, usage: x509.ObjectIdentifier, reached_as: tuple[str, ...]
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, authority.certificate.subject, key, now, days)
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
    return Issued(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    now = now.astimezone(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
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
