"""A board's config.json, made from the site's files and boards/<board>/board.toml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paraat import paths
from paraat.settings import SettingsError, Site, read_toml

CONFIG_VERSION = 1


def node_config(site: Site, point_id: str, *, broker: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of one point's board, ready for json.dumps.

    broker: keys that differ from the site's [broker], such as the address under which the boards reach it or the
    time limits of a demo in faster time. Raises SettingsError for an unknown board, bus, driver or a pin used twice.
    """
    point = site.points[point_id]
    point_path = site.directory / "points" / f"{point_id}.toml"
    board_path = paths.boards_dir() / point.board.type / "board.toml"
    if not board_path.is_file():
        known = ", ".join(sorted(p.parent.name for p in paths.boards_dir().glob("*/board.toml")))
        raise SettingsError(point_path, "board.type", repr(point.board.type), f"one of: {known}")
    board = read_toml(board_path)
    standard = board.get("sensors", [])
    for path, rows in ((board_path, standard), (point_path, point.sensors)):
        for row, sensor in enumerate(rows):
            _check_sensor(path, row, sensor, board)
    sensors = merge_sensors(standard, point.sensors)
    fuel = site.alerts.low_fuel
    return {
        "point": point.id,
        "version": CONFIG_VERSION,
        "board": point.board.type,
        "interval_s": point.board.interval_s,
        "broker": {"host": site.broker.host, "port": site.broker.port, **(broker or {})},
        "buses": board.get("buses", {}),
        "pins": board.get("pins", {}),
        "sensors": sensors,
        "alarm": {
            "fuel_low_percent": fuel.raise_percent,
            "hysteresis_percent": fuel.clear_percent - fuel.raise_percent,
        },
    }


def merge_sensors(standard: list[dict[str, Any]], own: tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    """The board's standard sensors with the point's own over them.

    A sensor of the point replaces the standard one of the same driver, name and metric key by key; others are added.
    """
    merged = {_identity(sensor): dict(sensor) for sensor in standard}
    for sensor in own:
        merged.setdefault(_identity(sensor), {}).update(sensor)
    return list(merged.values())


def _identity(sensor: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sensor.get(key) for key in ("driver", "name", "metric"))


def _check_sensor(path: Path, row: int, sensor: Mapping[str, Any], board: Mapping[str, Any]) -> None:
    key = f"sensors[{row}]"
    drivers = sorted(p.stem for p in (paths.firmware_dir() / "drivers").glob("[a-z]*.py"))
    if sensor.get("driver") not in drivers:
        raise SettingsError(path, f"{key}.driver", repr(sensor.get("driver")), f"one of: {', '.join(drivers)}")
    buses = board.get("buses", {})
    if "bus" in sensor and sensor["bus"] not in buses:
        raise SettingsError(path, f"{key}.bus", repr(sensor["bus"]), f"one of: {', '.join(sorted(buses))}")
