import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from paraat.provision.flash import selftest
from paraat.provision.flash.flash import CancelledError, FlashError
from paraat.provision.flash.selftest import Link, Report
from virtual_board import READY, REPORT


class Clock:
    """Stands in for the module time: it passes where somebody waits."""

    def __init__(self) -> None:
        self._t = 0.0

    def monotonic(self) -> float:
        return self._t

    def sleep(self, seconds: float) -> None:
        self._t += seconds


class Port:
    """A console that says these pieces, one a read, and then nothing; an exception among them is raised."""

    def __init__(self, pieces: Sequence[bytes | OSError], clock: Clock) -> None:
        self._pieces = list(pieces)
        self._clock = clock
        self.in_waiting = 1000

    def read(self, _count: int) -> bytes:
        if not self._pieces:
            self._clock.sleep(0.1)
            return b""
        piece = self._pieces.pop(0)
        if isinstance(piece, OSError):
            raise piece
        return piece

    def close(self) -> None:
        pass


def read(*pieces: bytes | OSError, **options: Any) -> Report:
    clock = Clock()
    port = Port(pieces, clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selftest, "time", clock)
        return selftest.read("/dev/ttyUSB0", limit_s=30, open_port=lambda _: port, **options)


def test_the_report_is_found_between_other_lines_and_cut_anywhere() -> None:
    text = b"rst:0x1\r\nI uplink connected\r\n" + REPORT + b"\r\n" + READY + b"\r\n"
    assert read(*(text[at : at + 7] for at in range(0, len(text), 7))).sensors["fuel/level"] == 61.2


def test_the_chips_own_usb_may_go_and_come_back() -> None:
    assert read(OSError(5, "gone"), REPORT + b"\n", READY + b"\n").ack


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (b"", "console.silent", "says nothing"),
        (b"I uplink connected\n", "selftest.none", "It said: I uplink connected"),
        (REPORT + b"\n", "selftest.none", "told nothing within 30 s"),
        (b"Brownout detector was triggered\n", "console.brownout", "/dev/ttyUSB0"),
        (b"Traceback (most recent call last):\nImportError: no module\n", "selftest.crashed", "ImportError: no module"),
        (b'{"selftest": {"board": 1}}\n{"ready": {}}\n', "selftest.none", ""),
    ],
)
def test_a_board_that_does_not_come_up_is_explained(said: bytes, code: str, words: str) -> None:
    with pytest.raises(FlashError) as caught:
        read(said)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_session_that_is_stopped_does_not_wait() -> None:
    with pytest.raises(CancelledError):
        read(cancelled=lambda: True)


def shown(report: Report, language: str) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(selftest.table(report, "nsp-0101", language))
    return out.getvalue()


def test_the_table_says_what_to_look_at() -> None:
    report = Report(
        board="240ac4000001", sensors={"fuel/level": 61.237, "power/mains": False, "battery/voltage": None},
        faults={"climate/temperature": "crc", "power/load": "new-code"}, link=Link(kind="wifi", up=False),
        clock="stored", broker="no Wi-Fi paraat in 20 s", ack=False, heap=100000,
    )  # fmt: skip
    dutch, english = shown(report, "nl"), shown(report, "en")
    for words in (
        "61,2 %",
        "brandstof",
        "nee",
        "gestoord bericht",
        "fout (new-code)",
        "zegt niets",
        "secrets.toml",
        "no Wi-Fi paraat",
    ):
        assert words in dutch
    for words in ("61.2 %", "no", "disturbed message", "error (new-code)", "says nothing", "nothing stored yet"):
        assert words in english
    assert not report.fine


def test_a_board_on_which_all_is_well_is_fine() -> None:
    told = json.loads(REPORT)["selftest"] | {"faults": {}, "link": Link(kind="wifi", up=True)}
    report = Report(**told)
    assert report.fine
    assert "!" not in shown(report, "en")
