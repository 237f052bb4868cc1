"""points/*.toml of a site, read and checked. The records themselves are domain/points.py's."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

from paraat.domain.points import Point, Tank
from paraat.domain.thresholds import Silent
from paraat.site.broker import DESK_NAME, HOST_NAME
from paraat.site.errors import SettingsError
from paraat.site.tables import read_table
from paraat_wire import topics


def read_points(directory: Path) -> Iterator[tuple[Path, Point]]:
    """Each point with its file. Raises SettingsError."""
    paths = sorted(directory.glob("*.toml"))
    for path in sorted(directory.glob("*")):
        # A point that nobody sees missing: Windows may hide the end of a name, or write it in capitals.
        if path not in paths and path.name.lower().endswith((".toml", ".toml.txt")):
            raise SettingsError(path, "", "a name that does not end in .toml", f"{path.name.split('.')[0]}.toml")
    if not paths:
        raise SettingsError(directory, "", "no *.toml", "one file a point, such as points/nsp-0101.toml")
    for path in paths:
        point = read_table(path, Point)
        if not topics.is_point_id(point.id):
            raise SettingsError(path, "id", repr(point.id), "2 to 31 of a-z, 0-9 and -, not starting with -")
        if point.id in (HOST_NAME, DESK_NAME):
            raise SettingsError(
                path, "id", repr(point.id), "another id; the broker knows one of our programs by this one"
            )
        if path.stem != point.id:  # the name of the file says it too, so that no two points can have one id
            other = path.with_name(f"{point.id}.toml")
            raise SettingsError(
                path,
                "id",
                repr(point.id),
                f"an id of its own; {other} has it already"
                if other.exists()
                else f"{path.stem!r}, as the file is called; or call the file {other.name}",
            )
        _check_tank(path, point.tank)
        yield path, point


def check_interval(path: Path, point: Point, silent: Silent) -> None:
    if point.board.interval_s >= silent.after_s:
        raise SettingsError(
            path,
            "board.interval_s",
            str(point.board.interval_s),
            f"less than alerts.point_silent.after_s ({silent.after_s:g}), or the point is silent between two sets",
        )


def _check_tank(path: Path, tank: Tank) -> None:
    table = tank.calibration
    if tank.by == "distance" and not table:
        raise SettingsError(path, "tank.calibration", "nothing", 'a table of [metres, litres], because by = "distance"')
    if len(table) == 1:
        raise SettingsError(path, "tank.calibration", "one row", "at least two rows")
    for row, pair in enumerate(table):
        if not all(math.isfinite(value) for value in pair):
            raise SettingsError(
                path, f"tank.calibration[{row}]", str(list(pair)), "[reading, litres], two plain numbers"
            )
    for row, (a, b) in enumerate(itertools.pairwise(table), start=1):
        if b[0] <= a[0]:
            raise SettingsError(
                path, f"tank.calibration[{row}]", str(list(b)), f"a reading above {a[0]}: sort the rows"
            )
    for row, (_, litres) in enumerate(table):
        if not 0 <= litres <= tank.capacity_l:
            raise SettingsError(path, f"tank.calibration[{row}]", f"{litres} l", f"0 to capacity_l ({tank.capacity_l})")
    rises = [b[1] - a[1] for a, b in itertools.pairwise(table)]
    wanted = 1 if tank.by == "level" else -1
    for row, rise in enumerate(rises, start=1):
        if rise * wanted < 0:
            word = "more" if wanted > 0 else "fewer"
            raise SettingsError(
                path, f"tank.calibration[{row}]", f"{table[row][1]} l", f"{word} litres than the row before"
            )
    if table:
        _check_bottom(path, tank)
    if tank.reserve_l >= tank.capacity_l:
        raise SettingsError(path, "tank.reserve_l", str(tank.reserve_l), f"less than capacity_l ({tank.capacity_l})")


def _check_bottom(path: Path, tank: Tank) -> None:
    """Below the lowest row litres stay what they are there: a tank that runs dry would never be seen to be empty."""
    by_level = tank.by == "level"
    row = 0 if by_level else len(tank.calibration) - 1
    reading, litres = tank.calibration[row]
    if litres > 0 and not (by_level and reading <= 0):
        at = "0 l, or a row at 0 % before it" if by_level else "0 l: the distance to the bottom of the tank"
        raise SettingsError(path, f"tank.calibration[{row}]", f"{litres} l, the lowest row", at)
