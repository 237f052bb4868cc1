import pytest

from paraat.provision.flash.flash import FlashError
from paraat.provision.flash.pairing import pair

PRESSED = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
S3_PRESSED = b"ESP-ROM:esp32s3-20210327\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
EMPTY_BOARD = b"rst:0x10 (RTCWDT_RTC_RESET),boot:0x13\r\ninvalid header: 0xffffffff\r\n"


class Desk:
    """Boards on ports. press() is what the technician does."""

    def __init__(self, *devices: str) -> None:
        self.said = dict.fromkeys(devices, b"")
        self.busy: set[str] = set()
        self.unplugged: set[str] = set()
        self.reads = 0

    def press(self, device: str, words: bytes = PRESSED) -> None:
        self.said[device] += words

    def open(self, device: str) -> "DeskPort":
        if device in self.busy:
            raise OSError(16, "Device or resource busy")
        return DeskPort(self, device)


class DeskPort:
    def __init__(self, desk: Desk, device: str) -> None:
        self._desk = desk
        self._device = device

    @property
    def in_waiting(self) -> int:
        return len(self._desk.said[self._device])

    def read(self, count: int) -> bytes:
        self._desk.reads += 1
        if self._device in self._desk.unplugged:
            raise OSError(5, "Input/output error")
        data = self._desk.said[self._device]
        self._desk.said[self._device] = data[count:]
        return data[:count]

    def reset_input_buffer(self) -> None:
        self._desk.said[self._device] = b""

    def close(self) -> None:
        pass


def test_the_pressed_board_is_for_the_point_that_was_asked_for() -> None:
    desk = Desk("/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyUSB2")
    order = {"a": ("/dev/ttyUSB2", PRESSED), "b": ("/dev/ttyUSB0", S3_PRESSED)}
    found = pair(["a", "b"], desk.said, lambda point: desk.press(*order[point]), open_port=desk.open)
    assert found == {"a": "/dev/ttyUSB2", "b": "/dev/ttyUSB0"}


def test_a_board_without_a_program_that_restarts_for_ever_is_not_taken_for_pressed() -> None:
    desk = Desk("/dev/ttyUSB0", "/dev/ttyUSB1")

    def ask(_point: str) -> None:
        desk.press("/dev/ttyUSB0", EMPTY_BOARD * 3)
        desk.press("/dev/ttyUSB1", EMPTY_BOARD + PRESSED)

    assert pair(["a"], desk.said, ask, open_port=desk.open) == {"a": "/dev/ttyUSB1"}


def test_what_was_said_before_the_question_does_not_count() -> None:
    desk = Desk("/dev/ttyUSB0", "/dev/ttyUSB1")
    desk.press("/dev/ttyUSB0")
    assert pair(["a"], desk.said, lambda _: desk.press("/dev/ttyUSB1"), open_port=desk.open) == {"a": "/dev/ttyUSB1"}


def test_nobody_pressed_or_a_busy_port_is_said_with_the_way_out() -> None:
    desk = Desk("/dev/ttyUSB0")
    desk.busy = {"/dev/ttyUSB0"}
    with pytest.raises(FlashError, match=r"No button seen for point a\. Press EN .* PORT="):
        pair(["a"], desk.said, lambda _: None, open_port=desk.open, limit_s=0.1)


def test_a_board_that_is_unplugged_meanwhile_is_read_no_more() -> None:
    desk = Desk("/dev/ttyUSB0", "/dev/ttyUSB1")

    def ask(_point: str) -> None:
        desk.unplugged.add("/dev/ttyUSB0")
        desk.press("/dev/ttyUSB1")

    assert pair(["a"], desk.said, ask, open_port=desk.open) == {"a": "/dev/ttyUSB1"}
    reads = desk.reads
    desk.unplugged.add("/dev/ttyUSB1")
    with pytest.raises(FlashError):
        pair(["a"], desk.said, lambda _: None, open_port=desk.open)
    assert desk.reads == reads + 2, "one look at each"
