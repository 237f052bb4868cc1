import asyncio
import binascii
import hashlib

from node import curve

# NIST CAVP, 186-4 ECDSA test vectors (KeyPair.rsp and SigGen.txt, [P-256]).
D = "c9806898a0334916c860748880a541f093b579a9b1f32934d86c363c39800357"
QX = "d0720dc691aa80096ba32fed1cb97c2b620690d06de0317b8618d5ce65eb728f"
QY = "9681b517b1cda17d0d83d335d9c4a8a9a9b0b1b3c7106d8f3c72bc5093dc275f"


def number(digits):
    return int(digits, 16)


async def test_a_known_secret_has_the_known_public_key():
    assert await curve._times_base(number(D)) == (number(QX), number(QY))


async def test_the_smallest_and_the_largest_secret():
    assert await curve._times_base(1) == (curve._GX, curve._GY)
    assert await curve._times_base(curve._N - 1) == (curve._GX, curve._P - curve._GY)
    x, y = await curve._times_base(2)
    assert (
        y * y - (x * x * x - 3 * x + number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"))
    ) % (curve._P) == 0


async def test_a_signature_is_what_its_public_key_wants():
    secret, public = await curve.make(b"seed")
    assert len(secret) == 32
    assert len(public) == 64
    digest = hashlib.sha256(b"a request").digest()
    signature = await curve.sign(secret, digest)
    r, s = (int.from_bytes(signature[at : at + 32], "big") for at in (0, 32))
    d, z = (int.from_bytes(each, "big") for each in (secret, digest))
    # FIPS 186-5, 6.4.2, with the secret in place of the public key: the point (z + r d) / s times the base.
    x, _ = await curve._times_base((z + r * d) * curve._inverse(s, curve._N) % curve._N)
    assert x % curve._N == r
    other = hashlib.sha256(b"another").digest()
    x, _ = await curve._times_base((int.from_bytes(other, "big") + r * d) * curve._inverse(s, curve._N) % curve._N)
    assert x % curve._N != r


async def test_neither_the_chips_numbers_nor_the_seed_alone_decide():
    class Stuck:
        @staticmethod
        def urandom(n):
            return bytes(n)

    first, second = await curve.make(b"a"), await curve.make(b"a")
    assert first != second
    curve.os = Stuck
    first, again, other = await curve.make(b"a"), await curve.make(b"a"), await curve.make(b"b")
    assert first == again
    assert first != other
    assert binascii.hexlify(first[0]) not in (b"00" * 32, binascii.hexlify(other[0]))


async def test_the_others_have_their_turn_meanwhile():
    turns = []

    async def other():
        while True:
            turns.append(1)
            await asyncio.sleep_ms(0)

    task = asyncio.create_task(other())
    await curve.make(b"x")
    task.cancel()
    assert len(turns) > 20, len(turns)
