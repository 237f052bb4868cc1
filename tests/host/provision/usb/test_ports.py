from types import SimpleNamespace

import pytest
import serial

from paraat.provision.usb import ports
from paraat.provision.usb.ports import PortError, SerialPort, board_ports, only_port


def listed(device: str, vid: int | None, pid: int | None, location: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(device=device, vid=vid, pid=pid, location=location)


DEVKIT = listed("/dev/ttyUSB1", 0x10C4, 0xEA60, "1-2.3")
OLIMEX = listed("/dev/ttyUSB0", 0x1A86, 0x7523)
MODEM = listed("/dev/ttyUSB2", 0x12D1, 0x1506)
MAINBOARD = listed("/dev/ttyS0", None, None)


def test_boards_are_known_by_their_bridge_and_others_are_left_alone() -> None:
    found = board_ports([DEVKIT, MODEM, OLIMEX, MAINBOARD])
    assert found == [SerialPort("/dev/ttyUSB0", "CH340", ""), SerialPort("/dev/ttyUSB1", "CP210x", "1-2.3")]
    assert str(found[1]) == "/dev/ttyUSB1 (CP210x, USB 1-2.3)"


def test_the_one_board_is_found() -> None:
    assert only_port(board_ports([MAINBOARD, OLIMEX])) == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("attached", "words"), [([MODEM], "No board found"), ([DEVKIT, OLIMEX], "/dev/ttyUSB1 (CP210x, USB 1-2.3)")]
)
def test_none_or_several_is_an_error_that_says_what_to_do(attached: list[SimpleNamespace], words: str) -> None:
    with pytest.raises(PortError) as caught:
        only_port(board_ports(attached))
    assert words in str(caught.value)
    assert "PORT=" in str(caught.value)


def test_this_machine_is_asked_by_default() -> None:
    assert all(port.device for port in board_ports())


def test_a_board_is_not_reset_by_listening_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, bool]] = []

    class Port:
        """As Linux and pyserial have it: both lines up at an open, then DTR and RTS set in that order."""

        dtr = rts = True

        def open(self) -> None:
            lines.extend([("dtr", self.dtr), ("rts", self.rts)])

        def __setattr__(self, name: str, value: bool) -> None:
            if lines:
                lines.append((name, value))
            super().__setattr__(name, value)

    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: Port())
    ports.open_console("/dev/ttyUSB0")
    up = {"dtr": True, "rts": True}
    for name, value in lines:
        up[name] = value
        assert up["dtr"] or not up["rts"], "RTS alone resets the board"
    assert up == {"dtr": False, "rts": False}
