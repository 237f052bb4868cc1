"""What a board answers, as who asked reads it."""

import re
from pathlib import Path

from paraat.cli import command
from paraat.cli.main import _parser
from paraat.site import paths
from paraat.texts import Words

DOCS = paths.firmware_dir().parent / "docs"


def test_readings_are_in_the_readers_words_and_figures() -> None:
    answer = {"seq": 67, "values": {"power/mains": True, "fuel/level": 59.0323}, "faults": {"battery/current": "crc"}}
    assert command._lines(answer, "nl") == [
        "meting nummer: 67",
        "brandstof: 59,0 %",
        "netstroom: ja",
        "accu, stroom: gestoord signaal (storing)",
    ]
    assert command._lines({"full_mm": 501}, "nl") == ["full_mm: 501"], "as points/*.toml has it"


def actions(page: Path) -> set[str]:
    """What stands first in the rows of the table of actions."""
    table = page.read_text(encoding="utf-8").split("paraat command --site")[1].split("\n\n")[1]
    return set(re.findall(r"^\| `([a-z-]+)", table, re.MULTILINE))


def test_both_pages_have_every_action_that_the_command_knows() -> None:
    parser = _parser(Words("en"))
    known = {"identify", "call", "sample-now", "calibrate", "resend", "reset-count", "reboot"}
    for action in known:
        more = {"calibrate": ["full"], "resend": ["1"]}.get(action, [])
        assert parser.parse_args(["command", "--site", ".", "nsp-0101", action, *more]).do == action
    for name in ("commands.md", "commands.nl.md"):
        assert actions(DOCS / name) == known
