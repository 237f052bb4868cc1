"""A board as it answers `renew` and `certificate`, without a chip: the keys are CPython's."""

import base64
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from paraat.provision.pki.certificates import Issued, serial_of
from paraat_wire import renewal


class KeyedBoard:
    """issued: its certificate and key. site: whose update key it has; None: it takes everything."""

    def __init__(self, point: str, issued: Issued, site: Path | None = None) -> None:
        self.point = point
        self.issued = issued
        self.believes: list[x509.Certificate] = []
        self._new: ec.EllipticCurvePrivateKey | None = None
        self._update = None if site is None else int.from_bytes((site / "pki" / "update.pub").read_bytes())

    def asked(self, **changes: Any) -> dict[str, str]:
        """The result of `renew`."""
        self._new = self._new or ec.generate_private_key(ec.SECP256R1())
        numbers = self._new.public_key().public_numbers()
        public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        der = self.issued.key.sign(renewal.request(self.point, public), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        found = {
            "key": public,
            "certificate": self.issued.certificate_der(),
            "signature": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        } | changes
        return {key: base64.b64encode(value).decode() for key, value in found.items()}

    def takes(self, certificate: bytes, authorities: bytes, signature: bytes) -> str:
        """What `certificate` does: goes over to it. Returns its serial number."""
        assert self._new is not None
        if self._update is not None:
            key = rsa.RSAPublicNumbers(65537, self._update).public_key()
            signed = renewal.statement(self.point, certificate, authorities)
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        found = x509.load_der_x509_certificate(certificate)
        spki = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        theirs = found.public_key()
        assert isinstance(theirs, ec.EllipticCurvePublicKey)
        assert theirs.public_bytes(*spki) == self._new.public_key().public_bytes(*spki)
        self.believes = [x509.load_der_x509_certificate(each) for each in renewal.split(authorities)]
        self.issued, self._new = Issued(found, self._new), None
        assert serial_of(found) == renewal.serial(certificate)
        return serial_of(found)

    def answer(self, do: str, args: dict[str, Any]) -> dict[str, Any]:
        """The result of a command."""
        if do == "renew":
            return dict(self.asked())
        data = {key: base64.b64decode(args[key]) for key in ("certificate", "authorities", "signature")}
        return {"serial": self.takes(**data)}
