"""The two commands of a renewal, with keys that are made on the spot."""

import binascii
import hashlib
import os

from bundles import MODULUS, sign, write
from node import curve, pair, renewal, signature
from node.commands import CommandError

from paraat_wire import renewal as wire

POINT = "nsp-0101"


def a_certificate(public, serial=b"\x00\xa1\x02"):
    """What looks like one as far as this board reads it: the signature of an authority is for the broker to check."""
    inner = b"\xa0\x03\x02\x01\x02\x02" + bytes((len(serial),)) + serial + b"..." + b"\x04" + public
    signed = b"\x30\x82" + len(inner).to_bytes(2, "big") + inner
    return b"\x30\x82" + len(signed).to_bytes(2, "big") + signed


def b64(data):
    return binascii.b2a_base64(data).decode().strip()


AUTHORITY = a_certificate(b"authority", b"\x01")


async def lay_out():
    """A flashed board. Returns its public key."""
    os.mkdir("tls")
    secret, public = await curve.make(b"flashed")
    write(pair.KEY, renewal._BEFORE_SECRET + secret + renewal._BEFORE_PUBLIC + public)
    write(pair.CERTIFICATE, a_certificate(public))
    write(pair.CA, AUTHORITY)
    write(signature.KEY_FILE, MODULUS)
    return secret


async def refusal(coroutine):
    try:
        await coroutine
    except CommandError as error:
        return str(error)
    raise AssertionError("it was done")


def answer(public, point=POINT, authorities=AUTHORITY, **changes):
    """The args of `certificate`, as the host makes them."""
    certificate = a_certificate(public, b"\x77")
    args = {"certificate": b64(certificate), "authorities": b64(authorities)}
    args["signature"] = b64(sign(wire.statement(point, certificate, authorities)))
    args.update(changes)
    return args


async def test_asked_it_shows_a_new_key_under_the_old_ones_signature():
    old = await lay_out()
    asked = await renewal.ask(POINT)
    public = binascii.a2b_base64(asked["key"])
    assert binascii.a2b_base64(asked["certificate"]) == pair.read(pair.CERTIFICATE)
    made = binascii.a2b_base64(asked["signature"])
    r, s = (int.from_bytes(made[at : at + 32], "big") for at in (0, 32))
    z = int.from_bytes(hashlib.sha256(wire.request(POINT, public)).digest(), "big")
    x, _ = await curve._times_base((z + r * int.from_bytes(old, "big")) * curve._inverse(s, curve._N) % curve._N)
    assert x % curve._N == r
    again = await renewal.ask(POINT)
    assert again["key"] == asked["key"]  # the answer was lost: no second key for it
    assert pair.choose()[1] is False
    kept = pair.read(pair.NEW_KEY)
    assert len(kept) == 138
    assert kept[-64:] == public
    x, y = await curve._times_base(int.from_bytes(renewal._secret(kept), "big"))
    assert x.to_bytes(32, "big") + y.to_bytes(32, "big") == public


async def test_what_comes_under_the_sites_signature_is_tried_next():
    await lay_out()
    public = binascii.a2b_base64((await renewal.ask(POINT))["key"])
    assert await renewal.take(POINT, answer(public, authorities=AUTHORITY + a_certificate(b"next"))) == {"serial": "77"}
    (authorities, certificate, _), on_trial = pair.choose()
    assert on_trial
    assert wire.serial(pair.read(certificate)) == "77"
    assert len(wire.split(pair.read(authorities))) == 2
    assert "on trial already" in await refusal(renewal.ask(POINT))
    assert "on trial already" in await refusal(renewal.take(POINT, answer(public)))
    pair.confirm()
    assert pair.told() == {"certificate": "77"}


async def test_nothing_else_is_taken():
    await lay_out()
    assert "begin with `renew`" in await refusal(renewal.take(POINT, answer(bytes(64))))
    public = binascii.a2b_base64((await renewal.ask(POINT))["key"])
    for args, why in (
        (answer(bytes(64)), "not for the key"),
        (answer(public, point="nsp-0102"), "signature"),
        (answer(public, authorities=AUTHORITY + b"\0"), "no certificate in DER"),
        (dict(answer(public), authorities=b64(a_certificate(b"thief"))), "signature"),
        (answer(public, authorities=b""), "no certificate in DER"),
        (answer(public, authorities=AUTHORITY * 3), "expected one certificate, or 2"),
        (answer(public, signature=b64(b"x" * 384)), "signature"),
        (answer(public, signature=7), "expected base64"),
        (answer(public, certificate=b64(a_certificate(public) * 2)), "not for the key"),
        (answer(public, certificate=b64(public)), "no certificate in DER"),
        ({}, "no certificate in DER"),
    ):
        assert why in await refusal(renewal.take(POINT, args)), why
        assert not pair.is_staged()
    os.remove(signature.KEY_FILE)
    assert "update.pub" in await refusal(renewal.take(POINT, answer(public)))


async def test_an_answer_counts_once():
    await lay_out()
    public = binascii.a2b_base64((await renewal.ask(POINT))["key"])
    first = answer(public)
    await renewal.take(POINT, first)
    pair.choose()
    pair.confirm()
    assert "begin with `renew`" in await refusal(renewal.take(POINT, first))
    await renewal.ask(POINT)
    assert "not for the key" in await refusal(renewal.take(POINT, first))


async def test_a_key_that_is_not_ours_is_said():
    await lay_out()
    write(pair.KEY, b"\x30\x77 something else")
    assert "found no key on P-256" in await refusal(renewal.ask(POINT))
