"""`paraat demo` as a script calls it; its whole story is in tests/long."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.usefixtures("english")

PARAAT = str(Path(sys.executable).parent / "paraat")


@pytest.mark.needs("micropython")
def test_kill_9_of_the_demo_leaves_no_board_and_no_server_behind(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    demo = subprocess.Popen(
        [PARAAT, "demo", "--json", "--duration", "60", "--port", "18080", "--keep", str(keep)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: len(list(keep.glob("boards/*/console.txt"))) == 3, "the boards run")
        assert running_below(keep)
    finally:
        demo.kill()
        demo.wait()
    wait_for(lambda: not running_below(keep), "all that it started has ended")


def running_below(folder: Path) -> list[str]:
    """The processes that work in a folder, or below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is somebody else's
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
    return found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--duration", "5"], "at least 20"),
        (["--duration", "0"], "'0' is no number above 0"),
        (["--duration", "1m"], "'1m' is no number above 0"),
        (["--port", "0"], "'0' is no port"),
        (["--port", "70000"], "'70000' is no port"),
        (["--keep", "/proc/none"], "expected a folder to write into"),
        (["--keep", "/proc"], "found a folder with files in it"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], words: str) -> None:
    done = subprocess.run([PARAAT, "demo", *arguments], capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_script_is_told_in_json_why_there_is_no_summary() -> None:
    done = subprocess.run(
        [PARAAT, "demo", "--json", "--duration", "5"], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert done.returncode == 2
    assert "at least 20" in json.loads(done.stdout)["error"]
