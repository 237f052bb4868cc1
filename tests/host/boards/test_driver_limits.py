import shutil
from pathlib import Path
from typing import Any

import pytest

from paraat.boards.driver_limits import shunts, unsafe
from paraat.cli.main import main
from paraat.site import paths

pytestmark = pytest.mark.usefixtures("english")

SENDER = {"driver": "tank_sender", "pin": 36}
ECHO = {"driver": "a02yyuw", "bus": "uart2", "empty_mm": 1050}
CONTACT = {"driver": "digital_input", "pin": 34, "metric": "power/generator"}


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        (SENDER | {"empty_ohm": 410, "full_ohm": 15}, "full_ohm", "of 15 ohm it is 85 mV"),
        (SENDER | {"empty_ohm": 73, "full_ohm": 3.2}, "full_ohm", "must not read as a full tank"),
        (SENDER | {"sender": "240-33", "full_ohm": 12}, "full_ohm", "from a short"),
        (SENDER | {"table": [[410, 0], [15, 100]]}, "table", "from a short"),
        (ECHO | {"full_mm": 40}, "full_mm", "at least 60"),
        (CONTACT | {"pull": "up"}, "pull", "active_low = true"),
        (CONTACT | {"pull": "down", "active_low": True}, "pull", "active_low = false"),
    ],
)
def test_a_failure_that_would_look_like_a_good_value_is_refused(table: dict[str, Any], key: str, words: str) -> None:
    wrong = unsafe(table)
    assert wrong is not None
    assert wrong.key == key
    assert words in wrong.expected


@pytest.mark.parametrize(
    "table",
    [
        SENDER | {"sender": "240-33"},
        SENDER | {"sender": "0-190"},  # its empty end is the low one: a short alarms
        SENDER | {"empty_ohm": 410, "full_ohm": 15, "reference_ohm": 220},
        SENDER,  # the driver says what is missing or wrong in these
        SENDER | {"table": ["full", [3, 100], []]},
        SENDER | {"sender": "240-33", "reference_ohm": 0, "series_ohm": 0},
        ECHO | {"full_mm": 60},
        CONTACT,
        CONTACT | {"pull": "up", "active_low": True},
        CONTACT | {"pull": "down"},
        {"driver": "ds18b20", "bus": "w1"},
    ],
)
def test_what_can_be_told_from_a_failure_passes(table: dict[str, Any]) -> None:
    assert unsafe(table) is None


def test_up_to_where_a_shunt_measures() -> None:
    power = {"driver": "ina226", "bus": "i2c0"}
    tables = [power | {"shunt_milliohm": milliohm} for milliohm in (2.0, 100)]
    assert [(milliohm, round(amperes, 2)) for milliohm, amperes in shunts(tables)] == [(2.0, 40.96), (100, 0.82)]


def test_check_names_the_limit_of_a_shunt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--site", str(paths.example_site_dir())]) == 0
    assert "battery/current: up to 40.96 A with shunt_milliohm = 2; beyond it is a fault" in capsys.readouterr().out


def test_check_refuses_what_would_read_as_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), site)
    point = next((site / "points").glob("*.toml"))
    point.write_text(point.read_text() + '\n[[sensors]]\ndriver = "a02yyuw"\nfull_mm = 40\n')
    assert main(["check", "--site", str(site)]) == 2
    assert "full_mm" in capsys.readouterr().err
