import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paraat.boards import boards
from paraat.boards.boards import board_names
from paraat.boards.node_config import check_memory_of_points, check_points, node_config
from paraat.cli import main as cli
from paraat.domain.points import PointBoard
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site

pytestmark = pytest.mark.usefixtures("english")


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
    assert config["buses"]["uart2"] == {"kind": "uart", "rx": 18, "tx": 19, "baud": 9600}
    assert config["pins"]["buzzer"] == 25
    drivers = [sensor["driver"] for sensor in config["sensors"]]
    assert drivers == ["ina226", "ds18b20", "light_beam", "digital_input", "digital_input", "a02yyuw"]
    assert config["alarm"] == {"fuel_low_percent": 20.0, "hysteresis_percent": 5.0, "battery_low_v": 11.8}
    json.dumps(config)


def test_the_broker_of_the_boards_may_differ(site: Site) -> None:
    assert node_config(site, "nsp-0101", broker={"host": "10.1.2.3"})["broker"] == {"host": "10.1.2.3", "port": 1883}


def test_a_points_sensor_goes_over_the_boards_key_by_key(site: Site) -> None:
    own = ({"driver": "ina226", "shunt_milliohm": 0.5}, {"driver": "sht31", "bus": "i2c0", "name": "hall"})
    sensors = node_config(changed(site, sensors=own), "nsp-0101")["sensors"]
    assert {"driver": "ina226", "bus": "i2c0", "address": 0x40, "shunt_milliohm": 0.5} in sensors
    assert {"driver": "sht31", "bus": "i2c0", "name": "hall"} in sensors
    assert [sensor["driver"] for sensor in sensors].count("ina226") == 1


@pytest.mark.parametrize(
    ("fields", "key", "found", "expected"),
    [
        ({"board": PointBoard(type="esp64")}, "board.type", "'esp64'", "esp32_devkitc"),
        (
            {"board": PointBoard(type="esp32_devkitc_ve", without=("light_bream",))},
            "board.without[0]",
            "'light_bream'",
            "light_beam",
        ),
        ({"board": PointBoard(type="esp32_devkitc_ve", link="ethernet")}, "board.link", "'ethernet'", "wifi"),
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


@pytest.mark.parametrize("board", board_names())
def test_every_example_point_fits_every_board(site: Site, board: str) -> None:
    for point in site.points:
        fitted = msgspec.structs.replace(site.points[point], board=PointBoard(type=board))
        config = node_config(msgspec.structs.replace(site, points=site.points | {point: fitted}), point)
        assert config["board"] == board
        assert config["buses"]["rtc"] == {"bus": "i2c0"}


def test_a_board_with_too_little_memory_is_wrong_in_the_points_file(site: Site) -> None:
    check_memory_of_points(site)
    site = changed(site, board=PointBoard(type="esp32_devkitc"))
    with pytest.raises(SettingsError) as caught:
        check_memory_of_points(site)
    error = caught.value
    assert error.path == Path(site.directory) / "points" / "nsp-0101.toml"
    assert (error.key, error.found) == ("board.type", "'esp32_devkitc'")
    assert error.expected.startswith("a board with enough memory: esp32_devkitc_ve. ESP32-DevKitC V4 has too little")


def test_check_refuses_it_and_serve_goes_on_with_the_boards_that_are_out_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(paths.example_site_dir(), tmp_path / "site"))
    assert cli.main(["check", "--site", str(folder)]) == 0
    assert "LET THROUGH" not in capsys.readouterr().out
    point = folder / "points" / "nsp-0101.toml"
    point.write_text(point.read_text().replace("esp32_devkitc_ve", "esp32_devkitc"))
    assert cli.main(["check", "--site", str(folder)]) == 2
    assert "a board with enough memory: esp32_devkitc_ve" in capsys.readouterr().err
    check_points(load_site(folder))  # all that `serve` asks
    assert cli.main(["check", "--site", str(folder), "--anyway"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("LET THROUGH with ANYWAY=1 for nsp-0101: ESP32-DevKitC V4 has too little memory")


def test_the_example_site_has_only_boards_that_are_offered(site: Site) -> None:
    assert {point.board.type for point in site.points.values()} <= {board.id for board in boards.offered()}


@pytest.mark.parametrize("table", ["", "[board]\ninterval_s = 60\n"])
def test_a_point_must_name_its_board(tmp_path: Path, table: str) -> None:
    folder = Path(shutil.copytree(paths.example_site_dir(), tmp_path / "site"))
    point = folder / "points" / "nsp-0101.toml"
    text = point.read_text()
    start, end = text.index("[board]"), text.index("[lead]")
    point.write_text(text[:start] + table + text[end:])
    with pytest.raises(SettingsError) as caught:
        load_site(folder)
    assert (caught.value.path.name, caught.value.key, caught.value.found) == ("nsp-0101.toml", "board.type", "nothing")
    assert caught.value.expected == "the folder of its board in boards/, such as esp32_devkitc_ve"


def test_the_wrover_of_olimex_counts_people_where_there_is_no_generator(site: Site) -> None:
    """As its README.md says."""
    kind, beams = "olimex_esp32_poe_iso_wrover", {"driver": "light_beam", "pin_a": 32, "pin_b": 15}
    point = changed(site, board=PointBoard(type=kind, without=("power/generator",)), sensors=(beams,))
    assert beams in node_config(point, "nsp-0101")["sensors"]
    with pytest.raises(SettingsError, match="GPIO 15"):
        node_config(changed(site, board=PointBoard(type=kind), sensors=(beams,)), "nsp-0101")


def test_a_board_with_ethernet_uses_it_and_a_point_may_say_otherwise(site: Site) -> None:
    olimex = node_config(changed(site, board=PointBoard(type="olimex_esp32_poe_iso")), "nsp-0101")
    assert olimex["link"] == {
        "kind": "ethernet",
        "phy": "LAN8720",
        "phy_addr": 0,
        "mdc": 23,
        "mdio": 18,
        "power": 12,
        "ref_clk": 17,
        "ref_clk_mode": "out",
    }
    wifi = node_config(changed(site, board=PointBoard(type="olimex_esp32_poe_iso", link="wifi")), "nsp-0101")
    assert wifi["link"] == {"kind": "wifi"}
    assert node_config(site, "nsp-0101")["link"] == {"kind": "wifi"}


def test_a_pin_of_the_board_is_not_free_for_a_point(site: Site) -> None:
    own = ({"driver": "light_beam", "name": "back", "pin_a": 32, "pin_b": 13},)
    with pytest.raises(SettingsError) as caught:
        node_config(changed(site, sensors=own), "nsp-0101")
    error = caught.value
    assert error.path == Path(site.directory) / "points" / "nsp-0101.toml"
    assert (error.key, error.found) == ("sensors[0].pin_a", "GPIO 32")
    assert "sensors[2].pin_a of" in error.expected
    assert "esp32_devkitc_ve/board.toml has it already" in error.expected


def test_a_point_may_be_without_a_standard_sensor_and_use_its_pins(site: Site) -> None:
    board = PointBoard(type="esp32_devkitc_ve", without=("light_beam", "power/generator"))
    own = ({"driver": "tank_sender", "sender": "240-33", "pin": 32},)
    sensors = node_config(changed(site, board=board, sensors=own), "nsp-0101")["sensors"]
    assert [sensor.get("metric", sensor["driver"]) for sensor in sensors] == [
        "ina226",
        "ds18b20",
        "power/mains",
        "tank_sender",
    ]


def test_a_point_with_a_battery_of_24_volts_alarms_at_its_own_voltage(site: Site) -> None:
    config = node_config(changed(site, board=PointBoard(type="esp32_devkitc_ve", battery_low_v=23.6)), "nsp-0101")
    assert config["alarm"]["battery_low_v"] == 23.6


def test_boards_of_which_the_same_is_asked_are_checked_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[object] = []
    monkeypatch.setattr("paraat.boards.node_config.check", lambda board, sensors, *, wifi: checked.append(board))
    one = site.points["nsp-0101"]
    alike = {f"nsp-x{n}": msgspec.structs.replace(one, id=f"nsp-x{n}") for n in range(5)}
    other = msgspec.structs.replace(
        one, id="nsp-other", board=msgspec.structs.replace(one.board, without=("light_beam",))
    )
    check_points(msgspec.structs.replace(site, points=alike | {"nsp-other": other}))
    assert len(checked) == 2


def test_a_wrong_board_among_many_is_found(site: Site) -> None:
    one = site.points["nsp-0101"]
    wrong = msgspec.structs.replace(one, id="nsp-wrong", sensors=({"driver": "nothing"},))
    with pytest.raises(SettingsError, match="nsp-wrong"):
        check_points(msgspec.structs.replace(site, points={"nsp-a": one, "nsp-b": one, "nsp-wrong": wrong}))
