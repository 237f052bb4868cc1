"""Firmware that is signed and bad, over the air: the board is back with the old one, and the command says why."""

from pathlib import Path

import pytest

from end_to_end.updating import Scene
from paraat.provision.bundle.bundle import Firmware
from paraat.provision.bundle.mpy import compile_tree

pytestmark = pytest.mark.usefixtures("english")


def with_app(firmware: Firmware, source: str, folder: Path) -> Firmware:
    """The firmware with another node/app.py."""
    (folder / "source").mkdir()
    (folder / "source" / "app.py").write_text(source)
    (compiled,) = compile_tree(folder / "source", folder / "compiled")
    return firmware._replace(files=firmware.files | {"node/app.mpy": compiled.read_bytes()})


@pytest.mark.needs("micropython", "mosquitto")
@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import nothing_like_it\n", "ImportError: no module named 'nothing_like_it'"),
        ("async def main():\n    raise ValueError('no luck')\n", "ValueError: no luck"),
        ("import time\nasync def main():\n    while True:\n        time.sleep(1)\n", "3 starts, none of them good"),
    ],
    ids=["import", "crash", "hang"],
)
def test_bad_firmware_is_given_up(tmp_path: Path, source: str, why: str) -> None:
    with Scene(tmp_path) as scene:
        bad = scene.write_bundle(with_app(scene.firmware, source, tmp_path), 2)
        done = scene.update("--bundle", str(bad), limit_s=400)
        assert done.returncode == 1, (done, scene.board.console()[-2000:])
        assert f"it went back to build 1: {why}" in done.stdout
        good = scene.update("--build", "3")
        assert good.returncode == 0, (good, scene.board.console()[-2000:])
