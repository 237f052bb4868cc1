"""A board's file system as bytes, in the form that MicroPython mounts and goes on writing to.

Parameters: MicroPython, extmod/vfs_lfs.c (defaults of VfsLfs2) and ports/esp32/modules/inisetup.py. The partition is
whole: block_count must be its size in blocks, or the board refuses to mount it.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from paraat.texts import SpokenError

BLOCK_BYTES = 4096
# littlefs 2.0: every MicroPython from 1.20 on mounts it, and newer ones raise it to 2.1 at their first write.
_DISK_VERSION = 0x00020000


class LittlefsError(SpokenError):
    """Raised when the files do not fit. str() says how much there is and how much room."""


def build(files: Mapping[str, bytes], size_bytes: int) -> bytes:
    """An image of size_bytes that holds these files, by path ("tls/key.der"). The same files give the same bytes.

    Raises LittlefsError when they do not fit.
    """
    from littlefs import LittleFS, LittleFSError

    image = LittleFS(
        block_size=BLOCK_BYTES,
        block_count=size_bytes // BLOCK_BYTES,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
        block_cycles=100,
        disk_version=_DISK_VERSION,
    )
    try:
        for path in sorted(files):
            folder = str(PurePosixPath(path).parent)
            if folder != ".":
                image.makedirs(folder, exist_ok=True)
            with image.open(path, "wb") as file:
                file.write(files[path])
    except LittleFSError as error:
        total = sum(map(len, files.values()))
        raise LittlefsError("image.files", n=len(files), total=total, size=size_bytes) from error
    return bytes(image.context.buffer)


def read(image: bytes) -> dict[str, bytes]:
    """The files of an image, by path, also of one that a board has written to."""
    from littlefs import LittleFS
    from littlefs.context import UserContext

    context = UserContext(len(image))
    context.buffer[:] = image
    mounted = LittleFS(
        context=context, block_size=BLOCK_BYTES, block_count=len(image) // BLOCK_BYTES, disk_version=0, mount=True
    )
    found = {}
    for folder, _, names in mounted.walk("/"):
        for name in names:
            path = str(PurePosixPath(folder) / name)
            with mounted.open(path, "rb") as file:
                found[path.lstrip("/")] = bytes(file.read())
    return found
