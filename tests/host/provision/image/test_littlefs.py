import pytest
from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext
from littlefs.lfs import LFSConfig

from paraat.provision.image import littlefs

SIZE = 64 * littlefs.BLOCK_BYTES
FILES = {"main.py": b"print(1)\n", "tls/key.der": bytes(range(138)), "a/node/app.mpy": b"M" * 9000, "empty": b""}


def test_files_come_back_as_they_were() -> None:
    image = littlefs.build(FILES, SIZE)
    assert len(image) == SIZE
    assert littlefs.read(image) == FILES


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    assert littlefs.build(FILES, SIZE) == littlefs.build(dict(reversed(FILES.items())), SIZE)


def test_what_does_not_fit_is_said_in_bytes() -> None:
    with pytest.raises(littlefs.LittlefsError, match="1 files of 300000 bytes do not fit into 262144 bytes"):
        littlefs.build({"big": bytes(300000)}, SIZE)


class Counting(UserContext):
    reads = 0

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        self.reads += 1
        return super().read(cfg, block, off, size)


def reads_of_a_look(image: bytes) -> int:
    """What it takes to find that a file is not in a folder, as an import does."""
    flash = Counting(buffer=bytearray(image))
    # As MicroPython mounts it (extmod/vfs_lfs.c).
    mounted = LittleFS(
        context=flash, block_size=littlefs.BLOCK_BYTES, block_count=len(image) // littlefs.BLOCK_BYTES, read_size=32,
        prog_size=32, cache_size=128, lookahead_size=32, disk_version=0, mount=True,
    )  # fmt: skip
    before = flash.reads
    with pytest.raises(LittleFSError):
        mounted.stat("a/node/missing.py")
    return flash.reads - before


def test_a_folder_is_read_in_few_reads() -> None:
    """39 where its log is left as it was written."""
    files = {f"a/node/module{n:02}.mpy": bytes(3000) for n in range(40)}
    assert reads_of_a_look(littlefs.build(files, 2 * SIZE)) <= 30


def test_a_folder_of_several_blocks_keeps_its_files() -> None:
    files = {f"a/a-module-with-a-long-name-{n:03}.mpy": bytes([n]) * 50 for n in range(120)}
    assert littlefs.read(littlefs.build(files, 4 * SIZE)) == files
