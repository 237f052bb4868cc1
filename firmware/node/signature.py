"""Whether the site's key has signed something: RSASSA-PKCS1-v1_5 with SHA-256, RSA-3072, public exponent 65537.

# Ref: RFC 8017, PKCS #1: RSA Cryptography Specifications Version 2.2, sections 8.2.2 and 9.2 ("PKCS1" below).

MicroPython gives Python no signatures, only long integers, and with this exponent 17 multiplications are all it takes.
The encoded message is built anew and compared whole; nothing of what the signature holds is ever parsed, which is where
such checks have been fooled.
"""

import asyncio

from micropython import const

KEY_FILE = "update.pub"  # the modulus, as many bytes, the highest first
BYTES = const(384)
_SQUARINGS = const(16)  # 65537 = 2**16 + 1
# PKCS1 9.2, note 1: DigestInfo of SHA-256, without the digest
_DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def load_key(path=KEY_FILE):
    """The modulus as bytes. Raises ValueError that names the file."""
    try:
        with open(path, "rb") as f:
            modulus = f.read(BYTES + 1)
    except OSError:
        modulus = b""
    if len(modulus) != BYTES or not modulus[0] & 0x80 or not modulus[-1] & 1:
        raise ValueError("%s: found no public key, expected the 384 bytes that `make flash` writes" % path)
    return modulus


def encode(digest):
    """PKCS1 9.2, EMSA-PKCS1-v1_5: what a good signature of this SHA-256 digest gives."""
    tail = _DIGEST_INFO + digest
    return b"\x00\x01" + b"\xff" * (BYTES - 3 - len(tail)) + b"\x00" + tail


async def is_good(digest, signature, modulus):
    """Whether `signature` is that of the SHA-256 `digest` under the key. Lets the other tasks run between its steps."""
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if len(signature) != BYTES or s >= n:  # PKCS1 5.2.2, step 1
        return False
    x = s
    for _ in range(_SQUARINGS):
        x = x * x % n
        await asyncio.sleep_ms(0)
    return (x * s % n).to_bytes(BYTES, "big") == encode(digest)
