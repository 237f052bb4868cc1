"""A board's config.json, made from the site's files and boards/<board>/board.toml."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from paraat.boards.boards import Board, TooLittleMemoryError, UnknownBoardError, load_board, memory_error
from paraat.boards.driver_limits import shunts
from paraat.boards.pins import Sensor, check, sensors_of
from paraat.domain.points import Point
from paraat.site.errors import SettingsError
from paraat.site.site import Site
from paraat.texts import Amount, Count, Phrase

CONFIG_VERSION = 1


def node_config(site: Site, point_id: str, *, broker: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of one point's board, ready for json.dumps.

    broker: keys that differ from the site's [broker], such as the address under which the boards reach it or the
    time limits of a demo in faster time. Raises SettingsError, for the first pin that cannot do what it is asked to too.
    """
    point = site.points[point_id]
    path = point_path(site, point_id)
    board = board_of(path, point)
    link, sensors = _hardware(board, path, point)
    fuel = site.alerts_of(point.id).low_fuel
    return {
        "point": point.id,
        "version": CONFIG_VERSION,
        "board": board.id,
        "interval_s": point.board.interval_s,
        "link": link,
        "broker": {"host": site.broker.host, "port": site.broker.port, **(broker or {})},
        "buses": bus_tables(board),
        "pins": _table(board.pins),
        "sensors": [sensor.table for sensor in sensors],
        "alarm": {
            "fuel_low_percent": fuel.raise_percent,
            "hysteresis_percent": fuel.clear_percent - fuel.raise_percent,
            "battery_low_v": point.board.battery_low_v,
        },
    }


def check_points(site: Site) -> None:
    """Check what every point asks of its board, as node_config does, with each board read once. Raises SettingsError."""
    boards: dict[str, Board] = {}
    in_order: set[tuple[object, ...]] = set()  # most points of a country ask the same
    for point in site.points.values():
        asked = (point.board.type, point.board.link, point.board.without, repr(point.sensors))
        if asked in in_order:
            continue
        path = point_path(site, point.id)
        board = boards[point.board.type] = boards.get(point.board.type) or board_of(path, point)
        _hardware(board, path, point)
        in_order.add(asked)


def limits_of_points(site: Site) -> list[Phrase]:
    """What the sensors of checked points cannot measure, a line for each kind. Raises SettingsError."""
    points: dict[tuple[float, float], list[str]] = {}
    for point in site.points.values():
        path = point_path(site, point.id)
        sensors = point_sensors(board_of(path, point), path, point)
        for shunt in sorted(set(shunts(sensor.table for sensor in sensors))):
            points.setdefault(shunt, []).append(point.id)
    return [
        Phrase(
            "battery/current: up to {most_a} A with shunt_milliohm = {milliohm}; beyond it is a fault, beside the "
            "voltage ({points})",
            most_a=Amount(most_a, 2),
            milliohm=f"{milliohm:g}",
            points=ids[0] if len(ids) == 1 else Count(len(ids), "{n} point", "{n} points"),
        )
        for (milliohm, most_a), ids in sorted(points.items())
    ]


def too_little_memory(site: Site) -> dict[str, tuple[TooLittleMemoryError, list[str]]]:
    """The boards of checked points that are not offered: (why, the points that have one), by the board's folder."""
    kinds: dict[str, list[str]] = {}
    for point in site.points.values():
        kinds.setdefault(point.board.type, []).append(point.id)
    errors = {kind: memory_error(load_board(kind)) for kind in sorted(kinds)}
    return {kind: (error, kinds[kind]) for kind, error in errors.items() if error is not None}


def check_memory_of_points(site: Site) -> None:
    """Check that each point's board is one on which the firmware runs. Raises SettingsError."""
    for kind, (error, points) in too_little_memory(site).items():
        expected = Phrase("a board with enough memory: {board}. {error}", board=error.board, error=error)
        raise SettingsError(point_path(site, points[0]), "board.type", repr(kind), expected)


def _hardware(board: Board, path: Path, point: Point) -> tuple[dict[str, Any], list[Sensor]]:
    """(link table, sensors) of one point's board, checked against its pins. Raises SettingsError."""
    kind = link_kind(point, board)
    sensors = point_sensors(board, path, point)
    check(board, sensors, wifi=kind == "wifi")
    return link_table(board, path, kind), sensors


def point_path(site: Site, point_id: str) -> Path:
    """The point's file, for messages."""
    return site.directory / "points" / f"{point_id}.toml"


def board_of(path: Path, point: Point) -> Board:
    """The point's board, checked. Raises SettingsError."""
    try:
        return load_board(point.board.type)
    except UnknownBoardError as error:
        known = ", ".join(error.known)
        raise SettingsError(
            path, "board.type", repr(point.board.type), Phrase("one of: {known}", known=known)
        ) from error


def point_sensors(board: Board, path: Path, point: Point) -> list[Sensor]:
    """The board's standard sensors, less those the point is without, with the point's own over them.

    Raises SettingsError for an unknown driver, and for one that the board has not.
    """
    standard = sensors_of(board.path, board.sensors)
    for row, name in enumerate(point.board.without):
        kept = [sensor for sensor in standard if name not in (sensor.table["driver"], sensor.table.get("metric"))]
        if len(kept) == len(standard):
            known = sorted({sensor.table.get("metric", sensor.table["driver"]) for sensor in standard})
            raise SettingsError(
                path, f"board.without[{row}]", repr(name), Phrase("one of: {known}", known=", ".join(known))
            )
        standard = kept
    return merge_sensors(standard, sensors_of(path, point.sensors))


def merge_sensors(standard: Iterable[Sensor], own: Iterable[Sensor]) -> list[Sensor]:
    """A sensor of the point replaces the standard one of the same driver, name and metric key by key; others are added."""
    merged = {_identity(sensor.table): sensor for sensor in standard}
    for sensor in own:
        key = _identity(sensor.table)
        below = merged.get(key, Sensor({}, {}, sensor.place))
        merged[key] = Sensor(below.table | sensor.table, below.places | sensor.places, sensor.place)
    return list(merged.values())


def link_kind(point: Point, board: Board) -> str:
    """ "wifi" or "ethernet": what the point says, else what its board does."""
    return point.board.link or board.link.kind


def link_table(board: Board, path: Path, kind: str) -> dict[str, Any]:
    """How the board reaches the network, as firmware/node/link.py reads it. Raises SettingsError."""
    if kind == "wifi":
        return {"kind": kind}
    if board.ethernet is None:
        raise SettingsError(path, "board.link", repr(kind), Phrase("wifi: the {name} has no Ethernet", name=board.name))
    return {"kind": kind, **_table(board.ethernet)}


def bus_tables(board: Board) -> dict[str, dict[str, Any]]:
    """The buses and the battery clock on one of them, as firmware/node/hardware.py reads them."""
    buses = {name: _table(bus) for name, bus in board.buses.items()}
    return buses if board.rtc is None else buses | {"rtc": _table(board.rtc)}


def _identity(sensor: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sensor.get(key) for key in ("driver", "name", "metric"))


def _table(part: msgspec.Struct) -> dict[str, Any]:
    """What is known of a table."""
    return {key: value for key, value in msgspec.structs.asdict(part).items() if value is not None}
