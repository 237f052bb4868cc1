"""The folder for a day without internet, made for real, carried elsewhere and used with the network off.

It fetches 26 MB of packages from PyPI, so it is run by `make faults`, and as root, who may take the network away.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import flashing
from flashing import PASSPHRASE, make_site
from paraat.boards.boards import load_board
from paraat.cli.main import main
from virtual_board import micropython

OFFLINE = ["unshare", "--net"]
BOARD = load_board("esp32_devkitc_ve")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may take the network away (unshare --net)")


def make(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "PIP_NO_INDEX": "1", "COLUMNS": "100"}
    command = [*OFFLINE, "make", f"PYTHON={sys.executable}", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@needs_root
def test_make_works_from_the_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(flashing, "NOW", datetime.now(UTC))  # the commands look at the clock
    site = make_site(tmp_path / "site")
    image = tmp_path / f"{BOARD.firmware.image}-20260101-v1.28.0.bin"
    image.write_bytes(micropython(BOARD))
    made = tmp_path / "made"
    assert main(["day-bundle", "--site", str(site), "--out", str(made), "--firmware", str(image)]) == 0
    print(capsys.readouterr().out)
    elsewhere = tmp_path / "elsewhere"
    made.rename(elsewhere)

    tools = make(elsewhere, "tools")
    assert tools.returncode == 0, tools.stderr
    doctor = make(elsewhere, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "alle pakketten zijn er" in doctor.stdout
    assert "zonder het net van het CP is dit goed" in " ".join(doctor.stdout.split()), "a hall has no other"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    out = tmp_path / "image"
    flash = make(elsewhere, "image", "POINT=nsp-0101", f"OUT={out}", f"PASSPHRASE_FILE={passphrase}")
    assert flash.returncode == 0, flash.stderr
    assert (out / "flash.bin").stat().st_size == BOARD.flash.size_bytes
