"""A board's file system as bytes, in the form that MicroPython mounts and goes on writing to.

Parameters: MicroPython, extmod/vfs_lfs.c (defaults of VfsLfs2) and ports/esp32/modules/inisetup.py. The partition is
whole: block_count must be its size in blocks, or the board refuses to mount it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from paraat.texts import SpokenError

if TYPE_CHECKING:
    from littlefs import LittleFS
    from littlefs.context import UserContext
    from littlefs.lfs import LFSConfig

BLOCK_BYTES = 4096
# littlefs 2.0: every MicroPython from 1.20 on mounts it, and newer ones raise it to 2.1 at their first write.
_DISK_VERSION = 0x00020000
# A folder's log is compacted by fs_gc() when less than an eighth of its block is left. An attribute that is written and
# taken away again takes less than that, so that the log cannot pass by it.
_ATTRIBUTE = "x"
_ATTRIBUTE_BYTES = 200


class LittlefsError(SpokenError):
    """Raised when the files do not fit. str() says how much there is and how much room."""


def build(files: Mapping[str, bytes], size_bytes: int) -> bytes:
    """An image of size_bytes that holds these files, by path ("tls/key.der"). The same files give the same bytes.

    Its folders are compacted: a board that starts reads them at each import, from beginning to end. Raises LittlefsError
    when the files do not fit.
    """
    from littlefs import LittleFS, LittleFSError

    flash, erased = _flash(size_bytes)
    image = LittleFS(
        context=flash,
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
        _compact(image, erased, files)
    except LittleFSError as error:
        total = sum(map(len, files.values()))
        raise LittlefsError("image.files", n=len(files), total=total, size=size_bytes) from error
    return bytes(flash.buffer)


def _flash(size_bytes: int) -> "tuple[UserContext, list[int]]":
    """(erased flash, the blocks that were erased since, in their order)."""
    from littlefs.context import UserContext

    erased: list[int] = []

    class Flash(UserContext):
        def erase(self, cfg: "LFSConfig", block: int) -> int:
            erased.append(block)
            return super().erase(cfg, block)

    return Flash(size_bytes), erased


def _compact(image: "LittleFS", erased: Sequence[int], paths: Iterable[str]) -> None:
    """Write the logs of all folders anew, without what is over and without padding.

    A folder of more than one block has other files at its beginning and its end.
    """
    image.fs_gc()  # type: ignore[no-untyped-call]  # those that are nearly full already
    folders: dict[str, list[str]] = {}
    for path in sorted(paths):
        folders.setdefault(str(PurePosixPath(path).parent), []).append(path)
    for names in folders.values():
        for path in (names[0], names[-1]):
            before = len(erased)
            while len(erased) == before:  # compacting takes another block
                image.setattr(path, _ATTRIBUTE, bytes(_ATTRIBUTE_BYTES))
                image.removeattr(path, _ATTRIBUTE)
                image.fs_gc()  # type: ignore[no-untyped-call]


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
