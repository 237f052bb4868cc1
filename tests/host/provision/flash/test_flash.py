import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import serial
from esp32_mock_bootloader import server as mock

from paraat.boards.boards import Board, board_names, load_board
from paraat.provision.flash import flash
from paraat.provision.flash.flash import CancelledError, Flasher, FlashError
from virtual_board import VirtualBoard, micropython

_SIZE_CODES = {0x400000: 0x16, 0x800000: 0x17}  # third byte of a flash chip's JEDEC id: log2 of its bytes

DEVKIT = load_board("esp32_devkitc")
C3 = msgspec.structs.replace(
    DEVKIT, chip="esp32c3", name="an ESP32-C3", flash=msgspec.structs.replace(DEVKIT.flash, firmware_offset=0)
)
BOARDS = [*map(load_board, board_names()), C3]


def content(board: Board) -> bytes:
    image = micropython(board)
    at = board.flash.firmware_offset
    return bytes(b"\xff" * at + image + b"\xff" * (board.flash.size_bytes - at - len(image)))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_board_is_written_whole_verified_and_erased(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    flash_id = mock.protocol.MOCK_FLASH_ID & 0xFFFF | _SIZE_CODES[board.flash.size_bytes] << 16
    monkeypatch.setattr(mock.protocol, "MOCK_FLASH_ID", flash_id)
    data = content(board)
    parts: list[float] = []
    with VirtualBoard(board.chip, size_bytes=len(data)) as chip, Flasher(chip.port, board) as flasher:
        flasher.write(data, parts.append)
        assert chip.flash == data
        flasher.verify(data)
        with pytest.raises(FlashError) as caught:
            flasher.verify(b"\0" + data[1:])
        assert caught.value.code == "flash.mismatch"
        flasher.erase()
        assert set(chip.flash) <= {0xFF}
        assert flasher.mac.count(":") == 5
    assert parts[-1] == 1


def test_a_flash_that_is_too_small_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mock.protocol, "MOCK_FLASH_ID", mock.protocol.MOCK_FLASH_ID & 0xFFFF | 0x15 << 16)
    with VirtualBoard() as chip, Flasher(chip.port, DEVKIT) as flasher, pytest.raises(FlashError) as caught:
        flasher.write(content(DEVKIT), lambda _: None)
    assert caught.value.code == "flash.small"
    assert "will not fit in 2097152 bytes" in str(caught.value)


def test_a_stopped_session_ends_in_the_middle_of_writing() -> None:
    stop = False

    def progress(_part: float) -> None:
        nonlocal stop
        stop = True

    with VirtualBoard() as chip:
        data = content(DEVKIT)[:0x40000] + os.urandom(0x40000) + content(DEVKIT)[0x80000:]
        with Flasher(chip.port, DEVKIT, cancelled=lambda: stop) as flasher, pytest.raises(CancelledError):
            flasher.write(data, progress)
        assert chip.flash != data


@pytest.fixture
def terminal() -> Iterator[str]:
    """A port on which nobody answers."""
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def code_of(port: str) -> str:
    with pytest.raises(FlashError) as caught, Flasher(port, DEVKIT):
        pass
    assert port in str(caught.value)
    return caught.value.code


def test_a_busy_port_is_said(terminal: str) -> None:
    with serial.Serial(terminal, exclusive=True):
        assert code_of(terminal) == "flash.busy"


def test_a_board_that_does_not_answer_is_said_and_the_port_is_free_again(
    terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "_CONNECT_ATTEMPTS", 1)
    assert code_of(terminal) == "flash.no-answer"
    with serial.Serial(terminal, exclusive=True):
        pass


def test_a_missing_port_is_said() -> None:
    assert code_of("/dev/ttyUSB99") == "flash.no-port"


def test_a_port_that_is_not_ours_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()

    def denied(*_: object, **__: object) -> None:
        raise serial.SerialException(13, f"could not open port {port}: [Errno 13] Permission denied: '{port}'")

    monkeypatch.setattr(serial, "serial_for_url", denied)
    assert code_of(str(port)) == "flash.denied"
