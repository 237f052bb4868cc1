"""points/*.toml of a site, read and checked. The records themselves are domain/points.py's."""

from collections.abc import Iterator
from pathlib import Path

from paraat.domain import tanks
from paraat.domain.points import Point
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
        for key, found, expected in tanks.mistakes(point.tank):
            raise SettingsError(path, f"tank.{key}", found, expected)
        yield path, point


def check_interval(path: Path, point: Point, silent: Silent) -> None:
    if point.board.interval_s >= silent.after_s:
        raise SettingsError(
            path,
            "board.interval_s",
            str(point.board.interval_s),
            f"less than alerts.point_silent.after_s ({silent.after_s:g}), or the point is silent between two sets",
        )
