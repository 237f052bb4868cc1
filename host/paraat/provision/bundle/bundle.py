"""The firmware as it goes to a board: files of a slot, and the signed bundle of an update (paraat_wire/bundle.py).

The same sources, build number and key give the same bytes.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from paraat.provision.bundle.mpy import compile_board
from paraat.site import paths
from paraat.texts import Phrase
from paraat_wire import bundle as wire
from paraat_wire.bundle import BundleError

OLDEST_MICROPYTHON = (1, 24)
MANIFEST = "manifest.json"
MAIN = "main.py"
KEY_BITS = 3072
_EXPONENT = 65537
_HEAD_BYTES = len(wire.MAGIC) + wire.LENGTH_BYTES


class Firmware(NamedTuple):
    """What a slot holds. version: of the sources. files: contents by name, folder/file.mpy. main: main.py's source."""

    version: str
    files: dict[str, bytes]
    main: bytes

    def slot(self, name: str, build: int) -> dict[str, bytes]:
        """main.py and one slot ("a" or "b") as they lie on a board's flash, by path."""
        files = {f"{name}/{path}": data for path, data in self.files.items()}
        return {MAIN: self.main, **files, f"{name}/{MANIFEST}": manifest(self, build)}


class Info(NamedTuple):
    """What a bundle says of itself."""

    version: str
    build: int
    files: int
    bytes: int


def compile_firmware() -> Firmware:
    """Compile firmware/ and the wire contract. Raises CompileError."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        compile_board(target)
        files = {str(path.relative_to(target)): path.read_bytes() for path in sorted(target.rglob("*.mpy"))}
        return Firmware(_version(), files, (target / MAIN).read_bytes())


def _version() -> str:
    source = (paths.firmware_dir() / "node" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^VERSION = "(.+)"$', source, re.MULTILINE)
    if found is None:
        raise BundleError(Phrase("firmware/node/__init__.py: found no VERSION"))
    return found[1]


def manifest(firmware: Firmware, build: int) -> bytes:
    """A slot's manifest.json, which a bundle's signature covers. Raises BundleError for what no board would take."""
    files = sorted(firmware.files.items())
    rows = [[name, len(data), hashlib.sha256(data).hexdigest()] for name, data in files]
    formats = {data[1] for _, data in files}
    if len(formats) != 1:
        raise BundleError(
            Phrase(
                "files of several .mpy versions: {formats}; compile them all with one mpy-cross",
                formats=sorted(formats),
            )
        )
    content: dict[str, Any] = {
        "format": wire.FORMAT,
        "version": firmware.version,
        "build": build,
        "mpy": formats.pop(),
        "micropython": list(OLDEST_MICROPYTHON),
        "files": rows,
    }
    wire.check(content)
    text = json.dumps(content, separators=(",", ":")).encode()
    if len(text) > wire.MANIFEST_MAX_BYTES:
        raise BundleError(
            Phrase(
                "a manifest of {size} bytes, at most {most}",
                size=len(text),
                most=wire.MANIFEST_MAX_BYTES,
            )
        )
    return text


def make(firmware: Firmware, build: int, key: rsa.RSAPrivateKey) -> bytes:
    """A bundle, signed. build: higher than any that has run on the boards. Raises BundleError."""
    numbers = key.public_key().public_numbers()
    if key.key_size != KEY_BITS or numbers.e != _EXPONENT:
        raise BundleError(
            Phrase(
                "a key of RSA-{key_size} and exponent {exponent}; boards check RSA-{key_bits} and {wanted}",
                key_size=key.key_size,
                exponent=numbers.e,
                key_bits=KEY_BITS,
                wanted=_EXPONENT,
            )
        )
    text = manifest(firmware, build)
    signed = wire.MAGIC + len(text).to_bytes(wire.LENGTH_BYTES, "big") + text
    signature = key.sign(signed, padding.PKCS1v15(), SHA256())
    return signed + signature + b"".join(data for _, data in sorted(firmware.files.items()))


def read(data: bytes, modulus: bytes) -> Info:
    """Check a bundle as a board does, with the site's update.pub. Raises BundleError."""
    length = wire.manifest_length(data)
    end = _HEAD_BYTES + length
    key = rsa.RSAPublicNumbers(_EXPONENT, int.from_bytes(modulus, "big")).public_key()
    try:
        key.verify(data[end : end + wire.SIGNATURE_BYTES], data[:end], padding.PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise BundleError(Phrase("it is not signed by this site's key; build it with `paraat bundle build`")) from error
    try:
        content = json.loads(data[_HEAD_BYTES:end])
    except ValueError as error:
        raise BundleError(Phrase("its manifest is no JSON")) from error
    total = wire.check(content)
    if end + wire.SIGNATURE_BYTES + total != len(data):
        raise BundleError(
            Phrase(
                "{size} bytes, and its manifest speaks of {told}",
                size=len(data),
                told=end + wire.SIGNATURE_BYTES + total,
            )
        )
    _check_contents(data[end + wire.SIGNATURE_BYTES :], content["files"])
    return Info(content["version"], content["build"], len(content["files"]), len(data))


def holds(data: bytes, firmware: Firmware) -> bool:
    """Whether a bundle that was read() carries just this firmware, whatever its build number."""
    told = data[_HEAD_BYTES : _HEAD_BYTES + wire.manifest_length(data)]
    return told == manifest(firmware, json.loads(told)["build"])


def _check_contents(contents: bytes, rows: list[tuple[str, int, str]]) -> None:
    start = 0
    for name, size, digest in rows:
        if hashlib.sha256(contents[start : start + size]).hexdigest() != digest:
            raise BundleError(Phrase("{name} is not what the signed manifest says", name=name))
        start += size


def slot_blocks(files: Mapping[str, bytes], block_bytes: int = 4096) -> int:
    """Blocks of littlefs that a slot takes: whole blocks a file, two a folder."""
    folders = {path.rpartition("/")[0] for path in files}
    return sum(-(-len(data) // block_bytes) for data in files.values()) + 2 * len(folders)
