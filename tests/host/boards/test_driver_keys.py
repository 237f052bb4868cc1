import ast
import re
from typing import Any

import msgspec
import pytest

from paraat.boards.driver_keys import driver_keys, first_wrong
from paraat.boards.node_config import node_config
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import load_site

DRIVERS = paths.firmware_dir() / "drivers"
POWER = {"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 2.0}


def test_every_sensor_is_there_and_what_is_none_is_not() -> None:
    drivers = driver_keys()
    assert {"a02yyuw", "ads1115", "ds18b20", "ina226", "light_beam", "sht31", "tank_sender"} <= drivers.keys()
    assert "ds3231" not in drivers  # a clock
    assert not [name for name in drivers if name.startswith("_")]


@pytest.mark.parametrize("driver", driver_keys())
def test_a_driver_reads_the_keys_that_it_names_and_no_others(driver: str) -> None:
    source = (DRIVERS / f"{driver}.py").read_text(encoding="utf-8")
    shared = "".join(path.read_text(encoding="utf-8") for path in DRIVERS.glob("_*.py"))
    read = r'config(?:\[|\.get\()"([a-z_]+)"'
    keys = driver_keys()[driver]
    assert set(re.findall(read, source)) <= keys.keys() <= set(re.findall(read, source + shared))
    kinds = {kind.rstrip("?") for kind in keys.values()}
    assert kinds <= {"i2c", "uart", "onewire", "pin", "int", "number", "bool", "text", "list", "name"}


@pytest.mark.parametrize("driver", driver_keys())
def test_the_guide_tells_every_key_and_which_may_be_left_out(driver: str) -> None:
    guide = (paths.firmware_dir().parent / "docs" / "sensors.md").read_text(encoding="utf-8")
    (section,) = [part for part in guide.split("\n## ")[1:] if driver in part.partition(" – ")[0].split(", ")]
    for key, kind in driver_keys()[driver].items():
        assert (f"*{key}*" if kind.endswith("?") else f"`{key}`") in section, key


def test_keys_are_plain_tables() -> None:
    for path in DRIVERS.glob("[a-z]*.py"):
        names = {
            node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
        }
        assert ("setup" in names) == (path.stem in driver_keys()), path


@pytest.mark.parametrize("changes", [{}, {"address": 65, "name": "aux"}, {"shunt_milliohm": 1}])
def test_a_right_one_passes(changes: dict[str, Any]) -> None:
    assert first_wrong(POWER | changes) is None


@pytest.mark.parametrize(
    ("changes", "key", "found", "expected"),
    [
        ({"shunt_milohm": 2.0}, "shunt_milohm", "2.0", "shunt_milliohm"),
        ({"shunt_milliohm": "2"}, "shunt_milliohm", "'2'", "a number"),
        ({"shunt_milliohm": True}, "shunt_milliohm", "True", "a number"),
        ({"address": 64.5}, "address", "64.5", "a whole number"),
        ({"name": 7}, "name", "7", "1 to 20"),
        ({"name": "Grote zaal"}, "name", "'Grote zaal'", "1 to 20"),
        ({"name": "fault"}, "name", "'fault'", "1 to 20"),
        ({"name": ""}, "name", "''", "1 to 20"),
        ({"bus": 0}, "bus", "0", "the name of an i2c bus"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], key: str, found: str, expected: str) -> None:
    wrong = first_wrong(POWER | changes)
    assert wrong is not None
    assert (wrong.key, wrong.found) == (key, found)
    assert expected in wrong.expected


def test_what_is_missing_is_named() -> None:
    assert first_wrong({"driver": "ina226", "bus": "i2c0"}) == ("shunt_milliohm", "nothing", "a number")


def test_a_points_file_is_named_with_the_key() -> None:
    site = load_site(paths.example_site_dir())
    point = site.points["nsp-0101"]
    wrong = msgspec.structs.replace(point, sensors=({**point.sensors[0], "empty_cm": 105},))
    with pytest.raises(SettingsError) as caught:
        node_config(msgspec.structs.replace(site, points=site.points | {"nsp-0101": wrong}), "nsp-0101")
    assert caught.value.key == "sensors[0].empty_cm"
    assert caught.value.path == site.directory / "points" / "nsp-0101.toml"
    assert "empty_mm" in caught.value.expected
