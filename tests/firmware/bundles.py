"""Bundles made and signed on the spot, by the text of paraat_wire/bundle.py and not by the host's code.

The key was made for these tests, and no site has it.
"""

import binascii
import hashlib
import json
import os

from node import signature

from paraat_wire import bundle

P = int(
    "fccb55f12b5f224356245e9e09d3882c9eb627bd37782396ff87cb332df26e8dbd01355b11df5015b065731c932219f9"
    "b51830a323beb2a49ff27e9b6a69e2850f88c0800e3d74b7950105bf99e7d089c67aec578ff39f8adb8737ee304c3467"
    "4ca74019c5244bafb2b7d82bdd8bc06824ecf1c95f317c067479cfe44f9bb407d90ae26327b6127172b13d16782356a2"
    "537996fb62db6c6986d51b9dcd393f0365d82554dab5fbacffdbb8af27e8d3a430ba1ac7fcf2ebcd0d7ee7b0e13ac07f",
    16,
)
Q = int(
    "f583d9b0f80dc8d18327c498252ec31da0deed59d172756816d0a971475339fb3e8389095d369dc9b431384439b0e788"
    "2e43a838c2f34342a578994d9afcb8184210e753406fc37d721ea5958379ef9390a71be72400164c1bf156f7e50b2249"
    "d844ce7ffa4301479e7b0c601c079aa51c71d6d2faf0758c260efaa416bde9d44a270ee89b3928c40fe46e0f03d84ca7"
    "43f4f5ffd65a200d761ba1f4cd06b2824e7944c8da1aa7944b99a525631ff3ef1fe1da01b1ac437f8e47733ac65ccbd5",
    16,
)
N = P * Q
D_P = int(
    "43c4baf061412aad448d9173ea8c73a80a90288d182eb3d3ca02fc5d6706e3ce4989e664d8a0b6166a6877f884151343"
    "96e1ba4031d7f08a237adda80a5a0268cb664cbcc7948012aaf65035322c2c02935be6b9fe944003f8a002456f5b2e7d"
    "36d66b5fbd32e2bb623cd8cdc1a1b25df8f0304d5ca0a670108f8b44d8769447ba4ea9ac0d3c492b72a4c30c9ffe513e"
    "4904828e37cd3cfdf9306e2bda956b281d0859d1aaa438a9031a4323699e88062f2de4fa11fc896c3a1ef83bb9d5873f",
    16,
)
D_Q = int(
    "47cbc7f44d85d26d1a5a9dce1449897b7798d976039ee2208f5373c9919f0ffc9dfa5f2fa2d79eeae64be275691d8787"
    "b667c8a0d8b9c4b88fa525c7a104385db7ac33c98fb55f48a6ffb95270c14ec32b7102e2e40f36760951d929e30c0f79"
    "e2c9b44d8e84dbb1f2f16edc08365d0dddb498aad8014b8eb16e7df35047374302704b96d015b60b27ce9834c1de1604"
    "7006098e4843d0cdbef533b65fe28e7f36ad95e4da8b22e865f747691884b693fe11d0ebdfe64d52d6eba411d3023e05",
    16,
)
Q_INVERSE = int(
    "dcd13a3c4074c56034fed17ed2d566cd74ef80225ef2eea717c4a49b60a5a083ceb42c58f9d6d71542addbe74825902a"
    "a8f2472aa07b51f1e5207c84ad15aacbfb17e73e116a939e0dbf6799d26cad327f43116d80232aecc550ce8d917b8b76"
    "f40c3906d0850653987aad43f011fe57ec4bf0d8b8a79898cc8f9d992b20bf4da867ab40e98d7875e4fe9a7a8edeabe7"
    "3cdc1a9427b191bff752d0cd82f1d3794621a3e22770b05625007853ea8bc47f5e9fafccad525be41a1b915019c6a59c",
    16,
)
MODULUS = N.to_bytes(384, "big")


def raw_sign(encoded):
    """A signature over any encoded message, as a careless or hostile signer could make it (RFC 8017 5.2.1, 2b)."""
    m = int.from_bytes(encoded, "big")
    of_p, of_q = pow(m, D_P, P), pow(m, D_Q, Q)
    return (of_q + Q * ((of_p - of_q) * Q_INVERSE % P)).to_bytes(384, "big")


def sign(data):
    return raw_sign(signature.encode(hashlib.sha256(data).digest()))


def sha256(data):
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def firmware(build, files=("node/app.mpy", "node/clock.mpy", "drivers/ds18b20.mpy"), size=1500):
    """Contents that tell their build; the last file is the same in every build."""
    contents = {name: (b"%s of build %d\n" % (name.encode(), build)) * (size // 24) for name in files}
    contents[files[-1]] = b"the same in every build\n" * (size // 24)
    return contents


def manifest(number, contents, **changes):
    rows = [[name, len(data), sha256(data)] for name, data in contents.items()]
    found = {"format": 1, "version": "0.%d" % number, "build": number, "mpy": 6, "micropython": [1, 24], "files": rows}
    found.update(changes)
    return found


def text_of(found):
    """JSON with the build in front; MicroPython's dicts keep no order."""
    rest = json.dumps({key: value for key, value in found.items() if key != "build"})
    return ('{"build":%s,' % json.dumps(found["build"]) + rest[1:]).encode()


def make(number, contents=None, **changes):
    """Build `number` as a bundle, signed, of these contents; changes: of its manifest, before it is signed."""
    contents = firmware(number) if contents is None else contents
    text = text_of(manifest(number, contents, **changes))
    signed = bundle.MAGIC + len(text).to_bytes(4, "big") + text
    return signed + sign(signed) + b"".join(contents.values())


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def lay_out(build=1, slot="a", contents=None):
    """A flashed board: one slot, the site's key."""
    write(signature.KEY_FILE, MODULUS)
    contents = firmware(build) if contents is None else contents
    os.mkdir(slot)
    for name, data in contents.items():
        folder = slot + "/" + name.split("/")[0]
        try:
            os.mkdir(folder)
        except OSError:
            pass
        write(slot + "/" + name, data)
    write(slot + "/manifest.json", text_of(manifest(build, contents)))


def build_in(slot):
    """The build that a slot holds whole, every file as its manifest says; fails when something is not."""
    with open(slot + "/manifest.json") as f:
        found = json.load(f)
    for name, size, digest in found["files"]:
        with open(slot + "/" + name, "rb") as f:
            data = f.read()
        assert len(data) == size, (slot, name, len(data))
        assert sha256(data) == digest, (slot, name)
    return found["build"]
