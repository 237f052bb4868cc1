"""`paraat flash` as a technician calls it, until the host has stored what the written image sent over mutual TLS.

The chip's boot loader is a mock; all else is real: esptool, the image, littlefs mounted by MicroPython, the project's own
main.py from it, mosquitto as deploy/mosquitto sets it up, and `paraat serve`.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from paraat.boards.boards import load_board
from paraat.journal.peek import first_free_seq
from paraat.provision.image import littlefs
from paraat.simulate.image_board import ImageBoard
from paraat.simulate.servers import free_port
from paraat.site import inventory
from paraat.site.site import load_site
from site_broker import PASSPHRASE, SiteBroker, make_site
from virtual_board import VirtualBoard, micropython
from waiting import LIMIT_S, wait_for

PARAAT = str(Path(sys.executable).parent / "paraat")
POINT = "nsp-0101"
STORY = {"tank": {"capacity_l": 400}, "fuel_l": 244, "speed": 1}
LAYOUT = load_board("esp32_devkitc_ve").flash

pytestmark = pytest.mark.needs("mosquitto", "micropython")


class CoordinationPoint:
    """A site with its authority, its broker and its host."""

    def __init__(self, folder: Path) -> None:
        self.site = make_site(folder / "site", datetime.now(UTC)).directory
        self.broker = SiteBroker(load_site(self.site), folder / "broker")
        text = (self.site / "site.toml").read_text()
        keys = (
            f'port = {self.broker.port}\nca_file = "pki/ca.crt"\ncert_file = "pki/host.crt"\nkey_file = "pki/host.key"'
        )
        text = text.replace("port = 1883", keys).replace("port = 8080", f"port = {free_port()}")
        (self.site / "site.toml").write_text(text)
        for name, content in (
            ("secrets.toml", '[wifi]\nssid = "paraat"\npassword = "secret-word"\n'),
            ("pass", PASSPHRASE),
        ):
            (self.site / name).write_text(content)
            (self.site / name).chmod(0o600)
        self.micropython = folder / "micropython.bin"
        self.micropython.write_bytes(micropython(load_board("esp32_devkitc_ve")))
        self.broker.start()
        self.host = subprocess.Popen(
            [PARAAT, "serve", "--site", str(self.site)], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        wait_for((self.site / "journal.sqlite").exists, "the host has opened its journal")

    def call(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PARAAT, command, "--site", str(self.site), "--passphrase-file", str(self.site / "pass"),
             "--firmware", str(self.micropython), "--language", "en", "--anyway", *arguments, POINT],
            capture_output=True, text=True, check=False, timeout=5 * LIMIT_S,
            env={"PATH": "/usr/bin:/bin", "COLUMNS": "160"},
        )  # fmt: skip

    def stored(self) -> list[int]:
        with sqlite3.connect(f"{(self.site / 'journal.sqlite').as_uri()}?mode=ro", uri=True) as db:
            return [seq for (seq,) in db.execute("SELECT seq FROM entry WHERE point = ? ORDER BY seq", (POINT,))]

    def dead_letters(self) -> list[Any]:
        with sqlite3.connect(f"{(self.site / 'journal.sqlite').as_uri()}?mode=ro", uri=True) as db:
            return db.execute("SELECT reason, detail FROM dead_letter").fetchall()

    def close(self) -> None:
        self.host.terminate()
        self.host.wait(LIMIT_S)
        self.broker.stop()


@pytest.fixture(scope="module")
def cp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoordinationPoint]:
    found = CoordinationPoint(tmp_path_factory.mktemp("cp"))
    yield found
    found.close()


class Chip:
    """Starts what was written when the boot loader is left; its console goes to whoever listens on the port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.said: list[str] = []
        self.board: ImageBoard | None = None

    def run(self, flash: bytes) -> Iterator[bytes]:
        if self.board is not None:  # the plug is out
            return
        self.board = ImageBoard(self._folder, flash, LAYOUT, STORY | {"real0_unix": time.time()}, heap_kb=4096)
        console = self.board.start().stdout
        assert console is not None
        for line in console:
            self.said.append(line.decode())
            yield line.rstrip(b"\n")

    def off(self) -> None:
        if self.board is not None:
            self.board.stop()

    def answer(self, key: str) -> Any:
        return next(json.loads(line)[key] for line in self.said if line.startswith(f'{{"{key}"'))


def write(cp: CoordinationPoint, command: str, chip: Chip, number: int) -> subprocess.CompletedProcess[str]:
    with VirtualBoard(number=number, console=chip.run) as port:
        try:
            return cp.call(command, "--port", port.port)
        finally:
            chip.off()


def test_from_a_bare_board_to_a_stored_set_and_on_to_its_replacement(cp: CoordinationPoint, tmp_path: Path) -> None:
    first = Chip(tmp_path / "first")
    done = write(cp, "flash", first, 1)
    assert done.returncode == 0, (done.stdout, done.stderr, first.said)
    report = first.answer("selftest")
    assert report["ack"] is True
    assert report["broker"] == ""
    assert report["sensors"]["fuel/level"] == pytest.approx(61, abs=1)
    assert first.answer("ready")["point"] == POINT
    assert "stored at the coordination point" in done.stdout
    assert f"{POINT}: board" in done.stdout
    assert inventory.boards(cp.site)[POINT].board is not None
    files = littlefs.read(first.board.flash[LAYOUT.vfs_offset :])  # type: ignore[union-attr]
    assert any(name.startswith("journal/") for name in files), "the board writes into the image's own file system"
    before = cp.stored()
    assert before[0] == 1

    second = Chip(tmp_path / "second")
    done = write(cp, "replace", second, 2)
    assert done.returncode == 0, (done.stdout, done.stderr, second.said)
    assert second.answer("selftest")["ack"] is True
    after = cp.stored()
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert after == list(range(1, after[-1] + 1)), "seq goes on, without a gap and without a repetition"
    assert cp.dead_letters() == []
    assert first_free_seq(cp.site / "journal.sqlite", POINT) == after[-1] + 1
    states = [record.state for record in inventory.load(cp.site).of(POINT)]
    assert states == ["revoked", "valid"]
    for text in (done.stdout, done.stderr, *second.said):
        assert "secret-word" not in text
        assert PASSPHRASE not in text
