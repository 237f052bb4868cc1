"""The whole story of `paraat demo`: nothing may be missing, whatever plays the points and carries the messages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from waiting import LIMIT_S

pytestmark = pytest.mark.usefixtures("english")

PARAAT = str(Path(sys.executable).parent / "paraat")
# The firmware's takes longer: three boards must keep up with it on a busy machine.
DURATION_S = {"firmware": 40, "made-up": 25}

Demo = tuple[subprocess.CompletedProcess[str], dict[str, Any], Path]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Demo]:
    """Two demos beside each other: the firmware, and made-up points, both with the broker that needs no installation."""
    folders = {kind: tmp_path_factory.mktemp("demo") / kind for kind in DURATION_S}
    running = {
        kind: subprocess.Popen(
            [PARAAT, "demo", "--duration", str(DURATION_S[kind]), "--json", "--broker", "embedded", "--boards", kind,
             "--port", "18080", "--keep", str(folders[kind])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
        )
        for kind in DURATION_S
    }  # fmt: skip
    found = {}
    for kind, process in running.items():
        out, err = process.communicate(timeout=5 * LIMIT_S)
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        found[kind] = (done, json.loads(out) if out.startswith("{") else {}, folders[kind])
    return found


def check(demo: Demo) -> dict[str, Any]:
    done, summary, folder = demo
    log = (folder / "host.log").read_text(encoding="utf-8")
    assert done.returncode == 0, (done.stdout, done.stderr, log[-2000:])
    assert summary["missing"] == 0
    assert summary["duplicates_stored"] == 0
    assert summary["sets_stored"] == summary["sets_made"]
    for counts in summary["points"].values():
        assert counts["made"] == counts["stored"] > 100
    assert summary["problems"] == []
    assert summary["broker"] == "embedded"
    return summary


@pytest.mark.needs("micropython")
def test_the_firmware_loses_nothing_while_the_broker_is_away(demos: dict[str, Demo]) -> None:
    summary = check(demos["firmware"])
    assert summary["boards"] == "firmware"
    # The tank of the first point runs low by hours, that of the third by level; both are filled again.
    assert summary["alerts_fired"] >= 2
    assert summary["alerts_resolved"] >= 2
    for console in (demos["firmware"][2] / "boards").glob("*/console.txt"):
        text = console.read_text(encoding="utf-8")
        assert "Traceback" not in text
        assert "exception" not in text.lower()


def test_made_up_points_lose_nothing_either(demos: dict[str, Demo]) -> None:
    summary = check(demos["made-up"])
    assert summary["boards"] == "made-up"
    assert summary["alerts_fired"] >= 2
    assert summary["alerts_resolved"] >= 2


def test_the_taken_port_of_the_page_is_left_for_another(demos: dict[str, Demo]) -> None:
    urls = set()
    for _, _, folder in demos.values():
        log = (folder / "host.log").read_text(encoding="utf-8")
        urls |= {line.split()[-1] for line in log.splitlines() if "status page: http" in line}
    assert len(urls) == 2
