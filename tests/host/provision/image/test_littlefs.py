import pytest

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
