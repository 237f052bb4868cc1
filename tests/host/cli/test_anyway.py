"""A board with too little memory: refused by every command that would bring one into the field, and let through aloud."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flashing import PASSPHRASE, make_site
from paraat.boards.boards import load_board
from paraat.cli.main import main
from paraat.provision.bundle import daybundle
from paraat.site import inventory
from virtual_board import VirtualBoard, micropython, talks_without_psram

pytestmark = pytest.mark.usefixtures("english")

POINT = "nsp-0101"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_site(tmp_path_factory.mktemp("plain") / "site", datetime.now(UTC))  # the commands look at the clock
    point = folder / "points" / f"{POINT}.toml"
    point.write_text(point.read_text().replace('"esp32_devkitc_ve"', '"esp32_devkitc"'))
    (folder / "firmware/ESP32_GENERIC-20260101-v1.28.0.bin").write_bytes(micropython(load_board("esp32_devkitc")))
    (folder / "pass").write_text(PASSPHRASE)
    (folder / "pass").chmod(0o600)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


def words(command: str, site: Path, tmp_path: Path, port: str) -> list[str]:
    own = {
        "check": [],
        "doctor": ["--point", POINT],
        "day-bundle": ["--out", str(tmp_path / "day")],
        "image": ["--out", str(tmp_path / "image"), "--passphrase-file", str(site / "pass"), POINT],
        "flash": ["--port", port, "--passphrase-file", str(site / "pass"), POINT],
    }
    language = [] if command == "check" else ["--language", "en"]
    return [command, "--site", str(site), *language, *own[command]]


@pytest.mark.parametrize("command", ["check", "doctor", "day-bundle", "image", "flash"])
def test_it_is_refused_with_the_board_to_take_and_let_through_in_the_last_line(
    command: str, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daybundle, "pip_wheels", lambda _lock, target: target.mkdir())
    with VirtualBoard(console=talks_without_psram) as board:
        asked = words(command, site, tmp_path, board.port)
        assert main(asked) != 0
        refused = capsys.readouterr()
        said = " ".join((refused.out + refused.err).split())
        assert "too little memory" in said
        assert "esp32_devkitc_ve" in said
        assert "LET THROUGH" not in said
        assert POINT not in inventory.boards(site)

        main([*asked, "--anyway"])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"LET THROUGH with ANYWAY=1 for {POINT}: ESP32-DevKitC V4 has too little memory")
    assert last.endswith("For the bench only: this board must not leave the hall.")
    if command in ("image", "flash"):
        assert "too little memory" in (inventory.boards(site)[POINT].anyway or "")
        main(["pki", "list", "--site", str(site)])
        assert "ANYWAY=1: ESP32-DevKitC V4 has too little memory" in capsys.readouterr().out
