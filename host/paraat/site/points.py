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
from paraat.texts import Phrase
from paraat_wire import topics


def read_points(directory: Path) -> Iterator[tuple[Path, Point]]:
    """Each point with its file. Raises SettingsError."""
    paths = sorted(directory.glob("*.toml"))
    for path in sorted(directory.glob("*")):
        # A point that nobody sees missing: Windows may hide the end of a name, or write it in capitals.
        if path not in paths and path.name.lower().endswith((".toml", ".toml.txt")):
            raise SettingsError(
                path,
                "",
                Phrase("a name that does not end in .toml"),
                f"{path.name.split('.')[0]}.toml",
            )
    if not paths:
        raise SettingsError(
            directory, "", Phrase("no *.toml"), Phrase("one file a point, such as points/nsp-0101.toml")
        )
    for path in paths:
        point = read_table(path, Point)
        if not topics.is_point_id(point.id):
            raise SettingsError(path, "id", repr(point.id), Phrase("2 to 31 of a-z, 0-9 and -, not starting with -"))
        if point.id in (HOST_NAME, DESK_NAME):
            raise SettingsError(
                path, "id", repr(point.id), Phrase("another id; the broker knows one of our programs by this one")
            )
        if path.stem != point.id:  # the name of the file says it too, so that no two points can have one id
            other = path.with_name(f"{point.id}.toml")
            raise SettingsError(
                path,
                "id",
                repr(point.id),
                Phrase("an id of its own; {other} has it already", other=other)
                if other.exists()
                else Phrase(
                    "{stem}, as the file is called; or call the file {name}", stem=repr(path.stem), name=other.name
                ),
            )
        _check_tank(path, point.tank)
        yield path, point


def check_interval(path: Path, point: Point, silent: Silent) -> None:
    if point.board.interval_s >= silent.after_s:
        raise SettingsError(
            path,
            "board.interval_s",
            str(point.board.interval_s),
            Phrase(
                "less than alerts.point_silent.after_s ({after_s}), or the point is silent between two sets",
                after_s=f"{silent.after_s:g}",
            ),
        )


def _check_tank(path: Path, tank: Tank) -> None:
    table = tank.calibration
    if tank.by == "distance" and not table:
        raise SettingsError(
            path, "tank.calibration", Phrase("nothing"), Phrase('a table of [metres, litres], because by = "distance"')
        )
    if len(table) == 1:
        raise SettingsError(path, "tank.calibration", Phrase("one row"), Phrase("at least two rows"))
    for row, pair in enumerate(table):
        if not all(math.isfinite(value) for value in pair):
            raise SettingsError(
                path, f"tank.calibration[{row}]", str(list(pair)), Phrase("[reading, litres], two plain numbers")
            )
    for row, (a, b) in enumerate(itertools.pairwise(table), start=1):
        if b[0] <= a[0]:
            raise SettingsError(
                path,
                f"tank.calibration[{row}]",
                str(list(b)),
                Phrase("a reading above {least}: sort the rows", least=a[0]),
            )
    for row, (_, litres) in enumerate(table):
        if not 0 <= litres <= tank.capacity_l:
            raise SettingsError(
                path,
                f"tank.calibration[{row}]",
                f"{litres} l",
                Phrase("0 to capacity_l ({capacity_l})", capacity_l=tank.capacity_l),
            )
    rises = [b[1] - a[1] for a, b in itertools.pairwise(table)]
    wanted = 1 if tank.by == "level" else -1
    for row, rise in enumerate(rises, start=1):
        if rise * wanted < 0:
            more = Phrase("more litres than the row before")
            raise SettingsError(
                path,
                f"tank.calibration[{row}]",
                f"{table[row][1]} l",
                more if wanted > 0 else Phrase("fewer litres than the row before"),
            )
    if table:
        _check_bottom(path, tank)
    if tank.reserve_l >= tank.capacity_l:
        raise SettingsError(
            path,
            "tank.reserve_l",
            str(tank.reserve_l),
            Phrase("less than capacity_l ({capacity_l})", capacity_l=tank.capacity_l),
        )


def _check_bottom(path: Path, tank: Tank) -> None:
    """Below the lowest row litres stay what they are there: a tank that runs dry would never be seen to be empty."""
    by_level = tank.by == "level"
    row = 0 if by_level else len(tank.calibration) - 1
    reading, litres = tank.calibration[row]
    if litres > 0 and not (by_level and reading <= 0):
        level = Phrase("0 l, or a row at 0 % before it")
        at = level if by_level else Phrase("0 l: the distance to the bottom of the tank")
        raise SettingsError(path, f"tank.calibration[{row}]", Phrase("{litres} l, the lowest row", litres=litres), at)
