from types import SimpleNamespace

import pytest

from paraat.provision.ports import PortError, SerialPort, board_ports, only_port


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
    ("ports", "words"), [([MODEM], "No board found"), ([DEVKIT, OLIMEX], "/dev/ttyUSB1 (CP210x, USB 1-2.3)")]
)
def test_none_or_several_is_an_error_that_says_what_to_do(ports: list[SimpleNamespace], words: str) -> None:
    with pytest.raises(PortError) as caught:
        only_port(board_ports(ports))
    assert words in str(caught.value)
    assert "PORT=" in str(caught.value)


def test_this_machine_is_asked_by_default() -> None:
    assert all(port.device for port in board_ports())
