"""New firmware for a board, over the air, from the command to the board that says it runs it."""

import json
from pathlib import Path

import pytest

from end_to_end.updating import Scene
from waiting import wait_for

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.needs("micropython", "mosquitto")
def test_a_board_updates_itself_and_says_so(tmp_path: Path) -> None:
    with Scene(tmp_path) as scene:
        # A broker keeps nothing for a board that never was there: the command would be said again half a minute later.
        wait_for(lambda: '"ready"' in scene.board.console(), "the board is online")
        done = scene.update("--build", "2")
        assert done.returncode == 0, (done, scene.board.console())
        assert "nsp-0101: done" in done.stdout
        state = json.loads((scene.board.directory / "slot.json").read_text())
        assert state == {"run": "b", "build": 2}
        console = scene.board.console()
        assert "slot b is good" in console
        assert "Traceback" not in console
