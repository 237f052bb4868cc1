"""The firmware bundle: what an update brings to a board, as one file, and how it is handed over.

    8 bytes   MAGIC
    4 bytes   length of the manifest, the highest byte first
    ...       the manifest, JSON: {"format":1,"version":"0.2.0","build":1795521600,"mpy":6,"micropython":[1,24],
              "files":[["drivers/a02yyuw.mpy",2214,"<SHA-256, hexadecimal>"],...]}
    384 bytes RSASSA-PKCS1-v1_5 signature (RSA-3072, SHA-256) over everything before it
    ...       the files' contents, one after the other, in the order of the manifest

The signature covers the contents through their digests, so a board can refuse a bundle before it has written anything,
and a file that it has already need not come again. build: unix seconds; a board takes only one that is higher than any
that has run on it, and finds it within the first 160 bytes of the manifest. mpy: version of the .mpy format. micropython: the oldest version that runs it.

Over MQTT the host leads, with two commands, and the board answers each with what it wants next, or with its end:
    update {"size": bytes, "build": n}                      -> {"want": [offset, bytes]}
    part   {"build": n, "offset": n, "data": base64}        -> {"want": [offset, bytes]} or {"done": slot}
Either may be said again at any time: the answer is then the same.
"""

MAGIC = b"PARAATB1"
FORMAT = 1
LENGTH_BYTES = 4
SIGNATURE_BYTES = 384
MANIFEST_MAX_BYTES = 8192
FILES_MAX = 80
FILE_MAX_BYTES = 65536
TOTAL_MAX_BYTES = 196608
PART_BYTES = 1024  # with base64 and the JSON around it well below codec.MAX_BOARD_BYTES
_NAME_MAX = 48
_VERSION_MAX = 40
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789_"


class BundleError(ValueError):
    """Raised when something is no bundle, or one that must not be taken. str() says what was found."""


def is_name(name):
    """True for folder/file.mpy, each of a-z, 0-9 and _: a name that cannot leave its slot."""
    if not isinstance(name, str) or len(name) > _NAME_MAX or not name.endswith(".mpy"):
        return False
    parts = name[:-4].split("/")
    if len(parts) != 2:
        return False
    for part in parts:
        if not part:
            return False
        for c in part:
            if c not in _PLAIN:
                return False
    return True


def manifest_length(head):
    """Length of the manifest from the first 12 bytes or more. Raises BundleError."""
    if bytes(head[: len(MAGIC)]) != MAGIC:
        raise BundleError("no bundle of Paraat: it begins with " + repr(bytes(head[: len(MAGIC)])))
    length = int.from_bytes(bytes(head[len(MAGIC) : len(MAGIC) + LENGTH_BYTES]), "big")
    if not 0 < length <= MANIFEST_MAX_BYTES:
        raise BundleError("a manifest of %d bytes, at most %d" % (length, MANIFEST_MAX_BYTES))
    return length


def check(manifest):
    """Check a manifest read from JSON. Returns the bytes of all contents. Raises BundleError."""
    if not isinstance(manifest, dict):
        raise BundleError("the manifest is no JSON object")
    if manifest.get("format") != FORMAT:
        raise BundleError("format %s, expected %d" % (repr(manifest.get("format"))[:40], FORMAT))
    version = manifest.get("version")
    if not isinstance(version, str) or len(version) > _VERSION_MAX:
        raise BundleError("version: found no text of at most %d characters" % _VERSION_MAX)
    for key in ("build", "mpy"):
        if not _is_count(manifest.get(key)):
            raise BundleError("%s: found %s, expected a whole number" % (key, repr(manifest.get(key))[:40]))
    oldest = manifest.get("micropython")
    if not isinstance(oldest, list) or len(oldest) != 2 or not all([_is_count(n) for n in oldest]):
        raise BundleError("micropython: found %s, expected two numbers" % repr(oldest)[:40])
    return _check_files(manifest.get("files"))


def _check_files(files):
    if not isinstance(files, list) or not 0 < len(files) <= FILES_MAX:
        raise BundleError("files: expected a list of 1 to %d" % FILES_MAX)
    total = 0
    names = set()
    for row in files:
        if not isinstance(row, list) or len(row) != 3:
            raise BundleError("files: expected name, size and digest, found " + repr(row)[:60])
        name, size, digest = row
        if not is_name(name):
            raise BundleError("files: %s is no folder/file.mpy" % repr(name)[:60])
        if name in names:
            raise BundleError("files: %s is there twice" % name)
        names.add(name)
        if not _is_count(size) or size > FILE_MAX_BYTES:
            raise BundleError("files: %s has %s bytes, at most %d" % (name, repr(size)[:20], FILE_MAX_BYTES))
        if not isinstance(digest, str) or len(digest) != 64:
            raise BundleError("files: %s has no SHA-256" % name)
        total += size
    if total > TOTAL_MAX_BYTES:
        raise BundleError("%d bytes, at most %d" % (total, TOTAL_MAX_BYTES))
    return total


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
