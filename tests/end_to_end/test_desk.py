"""`paraat command` and `paraat configure` against a board that runs, from the command to what the board has done."""

import json
from pathlib import Path

import pytest

from end_to_end.updating import POINT, Scene
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.needs("micropython", "mosquitto")
def test_a_coordinator_asks_a_board_and_configures_it(tmp_path: Path) -> None:
    with Scene(tmp_path) as scene:
        wait_for(lambda: '"ready"' in scene.board.console(), "the board is online")

        def ask(*words: str) -> str:
            done = scene.run("command", "--site", str(scene.site), "--limit", "120", POINT, *words)
            assert done.returncode == 0, (done, scene.board.console())
            return done.stdout

        # The host tells a board the time within seconds of its birth; before, no board believes an expiry.
        identify = ("command", "--site", str(scene.site), POINT, "identify", "--seconds", "0")
        wait_for(lambda: scene.run(*identify).returncode == 0, "the board knows the time")
        assert ask("identify", "--seconds", "5") == "seconds: 5\n"
        assert "fuel: " in ask("sample-now")
        full = ask("calibrate", "full")
        assert full.startswith("full_mm: ")
        assert f"points/{POINT}.toml" in full
        measured = int(full.split()[1])
        refused = scene.run("command", "--site", str(scene.site), POINT, "resend", "999999")
        assert refused.returncode == 1
        assert f"{POINT} refuses: from: found 999999, expected a whole number from 1 to " in refused.stderr
        assert ask("reboot") == "start number: 1\n"

        wait_for(lambda: not scene.board.start_again() and scene.board.console().count('"ready"') == 2, "it is back")
        # A busy machine's board says so before the broker has it.
        wait_for(lambda: scene.run(*identify).returncode == 0, "it is online")

        def configure(*words: str) -> str:
            done = scene.run("configure", "--site", str(scene.site), "--wait", "120", *words)
            assert done.returncode == 0, (done, scene.board.console())
            return done.stdout

        assert configure("--dry-run") == f"{POINT}: version 2, new; the board runs 1\n"
        assert configure() == f"{POINT}: version 2, new; the board runs 1\n{POINT}: runs version 2\n"
        assert configure() == f"{POINT}: version 2, as before; the board runs 2\n{POINT}: runs version 2\n"
        flash = scene.board.directory
        confirmed = json.loads((flash / "config.json").read_text())
        assert confirmed["version"] == 2
        assert confirmed["interval_s"] == 60
        assert not (flash / "config.new.json").exists()
        rows = json.loads((flash / "calibration.json").read_text())
        assert [[row[2], row[4]] for row in rows] == [["full_mm", measured]]

        unknown = scene.run("command", "--site", str(scene.site), "nsp-9999", "reboot")
        assert unknown.returncode == 1
        assert "no point nsp-9999" in unknown.stderr
        assert "Traceback" not in scene.board.console()
