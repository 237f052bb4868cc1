"""Where a reading comes from, in the words of the wiring picture."""

import ast
from typing import Any

import msgspec
import pytest

from paraat.boards import readings, where, wiring
from paraat.boards.boards import board_names, load_board
from paraat.boards.parts import GIVES, PARTS
from paraat.domain.points import Tank
from paraat.site import paths
from paraat.site.site import load_site
from paraat_wire import metrics


def test_each_driver_says_what_its_firmware_says() -> None:
    assert GIVES.keys() == PARTS.keys()
    for driver, given in GIVES.items():
        source = (paths.firmware_dir() / "drivers" / f"{driver}.py").read_text()
        if "climate_names" in source:
            source = (paths.firmware_dir() / "drivers" / "_sensirion.py").read_text()
        words = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
        assert {name for name in given if not name.startswith("power/")} <= words, driver
        for name in given:
            assert metrics.lookup(name) is not None


def test_a_reading_has_its_part_its_pins_and_the_colours_of_the_picture() -> None:
    found = where.wires(load_site(paths.example_site_dir()), "nsp-0101", "nl")
    assert found["fuel/level"].startswith("Brandstof: A02YYUW, ultrasoon: TX naar GPIO 18 (")
    assert "GPIO 34" in found["power/mains"]
    picture = wiring.render(load_board("esp32_devkitc_ve"), "nl")
    colour = found["power/mains"].rpartition("(")[2].rstrip(")")
    assert f"34 {colour}" in picture.replace("GPIO ", "").replace(" · ", " ") or colour in picture


def test_what_a_point_is_judged_by_and_nothing_there_measures_is_said() -> None:
    site = load_site(paths.example_site_dir())
    assert where.never_measured(site) == []
    point = site.points["nsp-0101"]
    hall = {"driver": "sht31", "bus": "i2c0", "name": "hal"}
    for sensors, expected in (((), 'by = "word"'), ((hall,), 'metric = "climate/temperature/hal"')):
        board = msgspec.structs.replace(point.board, without=("ds18b20",))
        changed = msgspec.structs.replace(point, board=board, sensors=(*point.sensors, *sensors))
        (line,) = where.never_measured(msgspec.structs.replace(site, points=site.points | {"nsp-0101": changed}))
        assert str(line).startswith(
            "resources.heat: no sensor of nsp-0101 gives climate/temperature, so it is never known"
        )
        assert expected in str(line)


@pytest.mark.parametrize(
    ("tank", "sensors", "without", "metric"),
    [
        (Tank(capacity_l=400, burn_l_per_h=10), (), (), "fuel/level"),
        (
            Tank(capacity_l=400, burn_l_per_h=10),
            ({"driver": "a02yyuw", "bus": "uart2", "name": "a"},),
            (),
            "fuel/level",
        ),
        (
            Tank(capacity_l=400, burn_l_per_h=10, by="distance"),
            ({"driver": "tank_sender", "pin": 36},),
            (),
            "fuel/distance",
        ),
        (
            Tank(capacity_l=400, burn_l_per_h=10),
            ({"driver": "tank_sender", "pin": 36},),
            ("power/mains",),
            "power/mains",
        ),
        (None, ({"driver": "tank_sender", "pin": 36},), (), "battery/charge"),
        (None, ({"driver": "ve_direct", "bus": "uart2"},), (), None),
        (None, ({"driver": "ve_direct", "bus": "uart2", "device": "mppt"},), (), "battery/charge"),
        (
            None,
            ({"driver": "ve_direct", "bus": "uart2"}, {"driver": "pzem004t", "bus": "uart1"}),
            ("power/mains",),
            None,
        ),
        (
            None,
            ({"driver": "ve_direct", "bus": "uart2"}, {"driver": "pzem004t", "bus": "uart1", "feeds": "generator"}),
            ("power/mains",),
            "power/mains",
        ),
    ],
)
def test_a_tank_or_battery_that_nothing_measures_is_said(
    tank: Tank | None, sensors: tuple[dict[str, Any], ...], without: tuple[str, ...], metric: str | None
) -> None:
    """Their power would be unknown for ever. Of two tanks, each with a name of its own, neither is the tank."""
    site = load_site(paths.example_site_dir())
    point = site.points["nsp-0101"]
    board = msgspec.structs.replace(point.board, without=without)
    changed = msgspec.structs.replace(point, tank=tank, board=board, sensors=sensors)
    found = [str(line) for line in where.never_measured(msgspec.structs.replace(site, points={"nsp-0101": changed}))]
    expected = (
        [] if metric is None else [f"resources.power: no sensor of nsp-0101 gives {metric}, so it is never known there"]
    )
    assert [line.partition(";")[0] for line in found] == expected


@pytest.mark.parametrize("board", board_names())
def test_every_wire_of_every_board_has_a_colour(board: str) -> None:
    assert wiring.colours(load_board(board))


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("fuel/level", 61.237, "brandstof 61,2 %"),
        ("battery/voltage", 12.4, "accu, spanning 12,400 V"),
        ("climate/temperature/hal", -3.0, "temperatuur (hal) -3,00 °C"),
        ("power/mains", True, "netstroom ja"),
        ("people/in", 12, "naar binnen 12"),
        ("new/thing", 1.0, "new/thing 1,00"),
    ],
)
def test_a_reading_is_said_as_people_say_it(metric: str, value: float, said: str) -> None:
    assert f"{readings.name(metric, 'nl')} {readings.value(metric, value, 'nl')}" == said


def test_every_metric_of_a_sensor_has_its_name() -> None:
    for given in (*GIVES.values(), ("power/mains", "power/generator")):
        for name in given:
            for language in ("nl", "en"):
                assert readings.name(name, language) != name
