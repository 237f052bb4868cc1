"""Keys and signatures on NIST P-256, which MicroPython's images have inside TLS only.

# Ref: SEC 1: Elliptic Curve Cryptography, version 2.0 ("SEC1"); SEC 2, version 2.0, 2.4.2 (the numbers of secp256r1).
# Ref: FIPS 186-5, 6.4.1 (ECDSA) and appendix A.3.1 (secrets out of more bits than are needed).

A board does this once in years, so it need not be quick: each step lets the other tasks run. How long a step takes depends
on the secret; who could measure that on the board's own console has the board in his hands (docs/adr/0009).
"""

import asyncio
import hashlib
import os

from micropython import const

BYTES = const(32)  # of a number
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
_GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5
_STEPS = const(8)  # bits of the secret between two turns of the others


async def make(seed):
    """(private key, public key): 32 bytes, and 64 of x and y. seed: bytes that nobody else knows, beside the chip's own."""
    secret = _number(b"key", seed)
    x, y = await _times_base(secret)
    return secret.to_bytes(BYTES, "big"), x.to_bytes(BYTES, "big") + y.to_bytes(BYTES, "big")


async def sign(private, digest):
    """FIPS 186-5, 6.4.1: the 64 bytes r and s of a SHA-256 digest, by a private key of 32 bytes."""
    while True:
        k = _number(digest, private)
        r = (await _times_base(k))[0] % _N
        s = _inverse(k, _N) * (int.from_bytes(digest, "big") + r * int.from_bytes(private, "big")) % _N
        if r and s:
            return r.to_bytes(BYTES, "big") + s.to_bytes(BYTES, "big")


def _number(what, seed):
    """1 to n - 1, from the chip's random numbers and from what only this board knows: either alone is enough.

    Without its radio, on Ethernet, an ESP32 has no good random numbers of its own.
    """
    digits = b""
    for part in (b"1", b"2"):
        digits += hashlib.sha256(part + what + seed + os.urandom(BYTES)).digest()
    return int.from_bytes(digits, "big") % (_N - 1) + 1


async def _times_base(k):
    """The affine x and y of k times the base point; k: 1 to n - 1."""
    x = y = z = 0  # z = 0: the point at infinity
    for i in range(255, -1, -1):
        x, y, z = _doubled(x, y, z)
        if k >> i & 1:
            x, y, z = _plus_base(x, y, z)
        if i % _STEPS == 0:
            await asyncio.sleep_ms(0)
    inverse = _inverse(z, _P)
    squared = inverse * inverse % _P
    return x * squared % _P, y * squared * inverse % _P


def _doubled(x, y, z):
    """Twice a point in Jacobian coordinates (x/z2, y/z3), on a curve with a = -3."""
    zz = z * z % _P
    yy = y * y % _P
    xyy = 4 * x * yy % _P
    slope = 3 * (x - zz) * (x + zz) % _P
    doubled_x = (slope * slope - 2 * xyy) % _P
    return doubled_x, (slope * (xyy - doubled_x) - 8 * yy * yy) % _P, 2 * y * z % _P


def _plus_base(x, y, z):
    """A point and the base point. Never the same one, nor its opposite: no beginning of a k below n gives those."""
    if not z:
        return _GX, _GY, 1
    zz = z * z % _P
    dx = (_GX * zz - x) % _P
    dy = (_GY * z * zz - y) % _P
    dxdx = dx * dx % _P
    dx3 = dx * dxdx % _P
    sum_x = (dy * dy - dx3 - 2 * x * dxdx) % _P
    return sum_x, (dy * (x * dxdx - sum_x) - y * dx3) % _P, z * dx % _P


def _inverse(value, modulus):
    """What value has to be multiplied with to give 1; the modulus is prime. Euclid, extended."""
    low, high, of_low, of_high = value % modulus, modulus, 1, 0
    while low > 1:
        times = high // low
        low, high, of_low, of_high = high - times * low, low, of_high - times * of_low, of_low
    return of_low % modulus
