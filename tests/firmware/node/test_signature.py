import hashlib

from bench import raises
from bundles import MODULUS, raw_sign, sign, write
from node import signature

DATA = b"what the site has signed"
DIGEST = hashlib.sha256(DATA).digest()


async def test_a_good_signature_is_good():
    assert await signature.is_good(DIGEST, sign(DATA), MODULUS)


async def test_another_digest_is_not_covered():
    assert not await signature.is_good(hashlib.sha256(b"something else").digest(), sign(DATA), MODULUS)


async def test_a_flipped_bit_anywhere_is_refused():
    good = sign(DATA)
    for position in (0, 1, 100, 383):
        bad = bytearray(good)
        bad[position] ^= 1
        assert not await signature.is_good(DIGEST, bytes(bad), MODULUS), position


async def test_another_key_is_refused():
    other = bytearray(MODULUS)
    other[200] ^= 4
    assert not await signature.is_good(DIGEST, sign(DATA), bytes(other))


async def test_a_wrong_length_and_a_number_beyond_the_key_are_refused():
    good = sign(DATA)
    assert not await signature.is_good(DIGEST, good[1:], MODULUS)
    assert not await signature.is_good(DIGEST, b"\0" + good, MODULUS)
    assert not await signature.is_good(DIGEST, b"\xff" * 384, MODULUS)
    assert not await signature.is_good(DIGEST, bytes(384), MODULUS)


async def test_an_encoded_message_that_only_looks_right_is_refused():
    right = signature.encode(DIGEST)
    assert await signature.is_good(DIGEST, raw_sign(right), MODULUS)
    tail = right[-51:]
    forged = (
        b"\x00\x02" + right[2:],  # padding of encryption
        b"\x00\x01"
        + b"\xff" * 8
        + b"\x00"
        + tail
        + b"\x00" * 322,  # short padding and rubbish behind (Bleichenbacher 2006)
        b"\x00\x01" + b"\xff" * 329 + b"\x00" + DIGEST + b"\x00" * 20,  # no DigestInfo
        right[:330] + b"\xfe" + right[331:],  # one byte of the padding
        right[:-33] + b"\x00" + DIGEST,  # another length of the digest
    )
    for encoded in forged:
        assert len(encoded) == 384, len(encoded)
        assert not await signature.is_good(DIGEST, raw_sign(encoded), MODULUS), encoded[:20]


def test_the_key_is_checked_when_it_is_read():
    for content in (None, b"", MODULUS[1:], MODULUS + b"\1", b"\0" + MODULUS[1:], MODULUS[:-1] + b"\2"):
        if content is not None:
            write(signature.KEY_FILE, content)
        assert "update.pub: found no public key" in str(raises(ValueError, signature.load_key))
    write(signature.KEY_FILE, MODULUS)
    assert signature.load_key() == MODULUS
