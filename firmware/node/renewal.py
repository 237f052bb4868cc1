"""A new certificate for this board, over the broker; wire/paraat_wire/renewal.py says how. Lent for the two commands.

The new key is made here and never leaves the board. The certificate, and the authorities to believe from then on, come under
the signature of the site's update key, which is not on any machine without its passphrase: who has the broker in his hands
can give a board neither.
"""

import binascii
import hashlib

from node import pair, signature
from node.commands import CommandError
from node.lent import lent
from paraat_wire import renewal

# RFC 5915 and RFC 5208: a key on P-256 in PKCS #8, around the 32 bytes of the secret, and the 64 of the public key.
_BEFORE_SECRET = (
    b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    b"\x04\x6d\x30\x6b\x02\x01\x01\x04\x20"
)
_BEFORE_PUBLIC = b"\xa1\x44\x03\x42\x00\x04"


async def ask(point):
    """The answer to `renew`: a new public key, and the signature of the old one under it. Raises CommandError."""
    try:
        if pair.is_staged():
            raise CommandError("a new certificate is on trial already")
        old = _secret(pair.read(pair.KEY))
        certificate = pair.read(pair.CERTIFICATE)
        public = await _public(old)
    except OSError as error:
        raise CommandError("the flash: %s" % error)
    digest = hashlib.sha256(renewal.request(point, public)).digest()
    return {"key": _text(public), "certificate": _text(certificate), "signature": _text(await _sign(old, digest))}


async def _public(old):
    """The public part of the key that waits for its certificate; it is made where there is none. Raises OSError."""
    try:
        return _public_of(pair.read(pair.NEW_KEY))
    except (OSError, CommandError):
        pass  # none yet, or torn
    secret, public = await _make(old)
    pair.keep_key(_BEFORE_SECRET + secret + _BEFORE_PUBLIC + public)
    return public


async def _make(old):
    with lent("node.curve") as curve:
        return await curve.make(old)


async def _sign(secret, digest):
    with lent("node.curve") as curve:
        return await curve.sign(secret, digest)


async def take(point, args):
    """The answer to `certificate`: it is tried from the next start on. Raises CommandError."""
    certificate, authorities = _data(args, "certificate"), _data(args, "authorities")
    if pair.is_staged():
        raise CommandError("a new certificate is on trial already")
    try:
        key = signature.load_key()
        public = _public_of(pair.read(pair.NEW_KEY))
        if len(renewal.split(certificate)) != 1 or public not in certificate:
            raise CommandError("certificate: it is not for the key that this board has made")
        if not 0 < len(renewal.split(authorities)) <= renewal.AUTHORITIES_MAX:
            raise CommandError("authorities: expected one certificate, or %d" % renewal.AUTHORITIES_MAX)
        serial = renewal.serial(certificate)
    except OSError:
        raise CommandError("no key waits for a certificate; begin with `renew`")
    except ValueError as error:
        raise CommandError(str(error))
    digest = hashlib.sha256(renewal.statement(point, certificate, authorities)).digest()
    if not await signature.is_good(digest, _data(args, "signature"), key):
        raise CommandError("the signature is not that of this site's key (%s)" % signature.KEY_FILE)
    try:
        pair.stage(certificate, authorities)
    except OSError as error:
        raise CommandError("the flash: %s" % error)
    return {"serial": serial}


def _data(args, key):
    try:
        return binascii.a2b_base64(args.get(key, ""))
    except (ValueError, TypeError):
        raise CommandError("%s: expected base64" % key)


def _text(data):
    return binascii.b2a_base64(data).decode().strip()


def _secret(key):
    """The 32 bytes of a key in PKCS #8, as `make flash` and this module write it. Raises CommandError."""
    _public_of(key)
    return key[len(_BEFORE_SECRET) :][:32]


def _public_of(key):
    """The 64 bytes of its public part. Raises CommandError."""
    at = len(_BEFORE_SECRET) + 32
    middle = key[at : at + len(_BEFORE_PUBLIC)]
    if not key.startswith(_BEFORE_SECRET) or middle != _BEFORE_PUBLIC or len(key) != at + len(middle) + 64:
        raise CommandError("%s: found no key on P-256, expected what `make flash` writes" % pair.KEY)
    return key[-64:]
