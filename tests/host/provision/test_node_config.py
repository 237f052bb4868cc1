import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paraat import paths
from paraat.provision.node_config import merge_sensors, node_config
from paraat.settings import PointBoard, SettingsError, Site, load_site


@pytest.fixture
def site() -> Site:
    return load_site(paths.example_site_dir())


def changed(site: Site, **fields: Any) -> Site:
    point = msgspec.structs.replace(site.points["nsp-0101"], **fields)
    return msgspec.structs.replace(site, points=site.points | {"nsp-0101": point})


def test_a_point_gets_its_boards_pins_and_its_own_sensors(site: Site) -> None:
    config = node_config(site, "nsp-0101")
    assert config["point"] == "nsp-0101"
    assert config["interval_s"] == 60
    assert config["buses"]["uart2"] == {"kind": "uart", "rx": 16, "tx": 17, "baud": 9600}
    assert config["pins"]["buzzer"] == 25
    drivers = [sensor["driver"] for sensor in config["sensors"]]
    assert drivers == ["ina226", "ds18b20", "light_beam", "digital_input", "digital_input", "a02yyuw"]
    assert config["alarm"] == {"fuel_low_percent": 20.0, "hysteresis_percent": 5.0}
    json.dumps(config)


def test_the_broker_of_the_boards_may_differ(site: Site) -> None:
    assert node_config(site, "nsp-0101", broker={"host": "10.1.2.3"})["broker"] == {"host": "10.1.2.3", "port": 1883}


def test_a_points_sensor_goes_over_the_boards_key_by_key() -> None:
    standard = [{"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 2.0}, {"driver": "ds18b20", "bus": "w1"}]
    own = ({"driver": "ina226", "shunt_milliohm": 0.5}, {"driver": "ds18b20", "bus": "w1", "name": "hall"})
    assert merge_sensors(standard, own) == [
        {"driver": "ina226", "bus": "i2c0", "shunt_milliohm": 0.5},
        {"driver": "ds18b20", "bus": "w1"},
        {"driver": "ds18b20", "bus": "w1", "name": "hall"},
    ]


@pytest.mark.parametrize(
    ("fields", "key", "found", "expected"),
    [
        ({"board": PointBoard(type="esp64")}, "board.type", "'esp64'", "esp32_devkitc"),
        ({"sensors": ({"driver": "a02yyux"},)}, "sensors[0].driver", "'a02yyux'", "a02yyuw"),
        ({"sensors": ({"driver": "ina226", "bus": "i2c9"},)}, "sensors[0].bus", "'i2c9'", "i2c0"),
        ({"sensors": ({"bus": "i2c0"},)}, "sensors[0].driver", "None", "a02yyuw"),
    ],
)
def test_what_is_wrong_is_named(site: Site, fields: dict[str, Any], key: str, found: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        node_config(changed(site, **fields), "nsp-0101")
    error = caught.value
    assert (error.key, error.found) == (key, found)
    assert expected in error.expected
    assert error.path == Path(site.directory) / "points" / "nsp-0101.toml"


def test_every_board_of_the_project_names_pins_once() -> None:
    for path in paths.boards_dir().glob("*/board.toml"):
        board = tomllib.loads(path.read_text(encoding="utf-8"))
        pins = [
            value
            for table in (*board["buses"].values(), board["pins"], *board["sensors"])
            for key, value in table.items()
            if key in ("scl", "sda", "rx", "tx", "led", "buzzer", "button") or key.startswith("pin")
        ]
        assert len(pins) == len(set(pins)), f"{path}: a pin is used twice: {sorted(pins)}"
