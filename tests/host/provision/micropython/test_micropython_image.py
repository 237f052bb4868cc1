from pathlib import Path

import msgspec
import pytest

from paraat.boards.boards import Board, board_names, load_board
from paraat.provision.micropython import micropython_image
from paraat.provision.micropython.micropython_image import FirmwareError
from virtual_board import micropython

ESP32 = load_board("esp32_devkitc")


def load(tmp_path: Path, data: bytes, board: Board = ESP32) -> micropython_image.MicroPythonImage:
    path = tmp_path / "image.bin"
    path.write_bytes(data)
    return micropython_image.load(path, board)


@pytest.mark.parametrize("name", board_names())
def test_every_boards_image_is_taken_with_and_without_a_row_for_its_file_system(tmp_path: Path, name: str) -> None:
    board = load_board(name)
    for vfs_row in (False, True):
        image = load(tmp_path, micropython(board, vfs_row=vfs_row), board)
        assert image.version == "v1.28.0"
        assert not image.too_old
        assert image.board_with(board) == board


def test_a_file_system_is_put_where_the_image_looks_for_it(tmp_path: Path) -> None:
    flash = msgspec.structs.replace(ESP32.flash, vfs_offset=0x220000, vfs_size=0x1E0000)
    moved = msgspec.structs.replace(ESP32, flash=flash)
    larger = msgspec.structs.replace(flash, size_bytes=0x800000, vfs_size=0x5E0000)
    for vfs_row, on_larger in ((False, larger), (True, flash)):
        image = load(tmp_path, micropython(moved, vfs_row=vfs_row))
        assert image.board_with(ESP32) == moved
        assert image.board_with(ESP32, larger.size_bytes).flash == on_larger


@pytest.mark.parametrize(("version", "too_old"), [("v1.23.0", True), ("v1.24.0", False), ("v1.29.0-preview.7", False)])
def test_the_version_is_the_one_that_the_prompt_shows(tmp_path: Path, version: str, too_old: bool) -> None:
    image = load(tmp_path, micropython(ESP32, version))
    assert (image.version, image.too_old) == (version, too_old)


VARIANTS = {name: load_board(name) for name in board_names()}


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("esp32_devkitc_ve", "esp32_devkitc", "ESP32_GENERIC"),
        ("esp32_devkitc", "esp32_devkitc_ve", "ESP32_GENERIC-SPIRAM"),
        ("olimex_esp32_poe_iso_wrover", "olimex_esp32_poe_iso", "OLIMEX_ESP32_POE"),
        ("olimex_esp32_poe_iso", "esp32_devkitc", "ESP32_GENERIC"),
        ("esp32_s3_devkitc_r8", "esp32_s3_devkitc", "ESP32_GENERIC_S3"),
        ("esp32_s3_devkitc", "esp32_s3_devkitc_r8", "ESP32_GENERIC_S3-SPIRAM_OCT"),
    ],
)
def test_another_variant_is_refused_by_what_its_prompt_would_say(
    tmp_path: Path, kind: str, given: str, found: str
) -> None:
    board = VARIANTS[kind]
    with pytest.raises(FirmwareError) as caught:
        load(tmp_path, micropython(VARIANTS[given]), board)
    said = str(caught.value)
    assert (
        f"image.bin is {found}, and {board.name} takes {board.firmware.image}. Take {board.firmware.image}-*.bin"
        in said
    )


def test_a_build_that_is_none_of_ours_is_called_as_its_prompt_does(tmp_path: Path) -> None:
    for machine in ("Generic ESP32 module with OTA with ESP32", "Generic ESP32 module with ESP32-UNICORE"):
        with pytest.raises(FirmwareError, match=f"image.bin is {machine}, and"):
            load(tmp_path, micropython(ESP32, machine=machine))


def test_the_chips_name_may_have_a_hyphen(tmp_path: Path) -> None:
    board = VARIANTS["esp32_s3_devkitc_r8"]
    newer = micropython(board, machine="Generic ESP32S3 module with Octal-SPIRAM with ESP32-S3")
    assert load(tmp_path, newer, board).version == "v1.28.0"


def test_an_image_that_does_not_tell_its_build_passes(tmp_path: Path) -> None:
    assert load(tmp_path, micropython(ESP32, machine="nothing")).version == "v1.28.0"


def flipped(offset: int) -> bytes:
    data = bytearray(micropython(ESP32))
    data[offset] ^= 0xFF
    return bytes(data)


def app_at() -> int:
    return 0x10000 - ESP32.flash.firmware_offset


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: b"not an image", "no boot loader where the ESP32 expects it"),
        (lambda: micropython(ESP32, chip="esp32s3"), "is for ESP32-S3, and ESP32-DevKitC V4 has an ESP32"),
        (lambda: flipped(60), "boot loader's checksum does not fit"),
        (lambda: flipped(app_at() + 60), "application's checksum does not fit"),
        (lambda: micropython(ESP32)[: app_at() + 400], "application is damaged"),
        (lambda: micropython(ESP32)[: app_at()], "no application where"),
        (lambda: micropython(ESP32)[:0x6000], "no partition table"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(tmp_path: Path, data: object, words: str) -> None:
    with pytest.raises(FirmwareError) as caught:
        load(tmp_path, data())  # type: ignore[operator]
    assert words in str(caught.value)
    assert "image.bin" in str(caught.value)


def test_a_file_system_elsewhere_is_refused_with_both_places(tmp_path: Path) -> None:
    flash = msgspec.structs.replace(ESP32.flash, vfs_offset=0x310000, vfs_size=0xF0000)
    other = msgspec.structs.replace(ESP32, flash=flash)
    with pytest.raises(FirmwareError, match=r"at 0x310000, 0xF0000 bytes, and .*board.toml says 0x200000"):
        load(tmp_path, micropython(other))


def test_the_newest_file_of_the_boards_build_is_found(tmp_path: Path) -> None:
    for name in ("ESP32_GENERIC-20250911-v1.26.1.bin", "ESP32_GENERIC-20260401-v1.28.0.bin",
                 "ESP32_GENERIC-SPIRAM-20260401-v1.28.0.bin", "ESP32_GENERIC_S3-20260401-v1.28.0.bin"):  # fmt: skip
        (tmp_path / name).touch()
    assert micropython_image.find(ESP32, (tmp_path / "none", tmp_path)).name == "ESP32_GENERIC-20260401-v1.28.0.bin"
    variant = micropython_image.find(VARIANTS["esp32_devkitc_ve"], (tmp_path,))
    assert variant.name == "ESP32_GENERIC-SPIRAM-20260401-v1.28.0.bin"
    with pytest.raises(FirmwareError, match=r"FIRMWARE=file\.bin"):
        micropython_image.find(ESP32, (tmp_path / "none",))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FirmwareError, match=r"gone\.bin: No such file"):
        micropython_image.load(tmp_path / "gone.bin", ESP32)
