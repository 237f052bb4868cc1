"""points/*.toml of a site, read and checked. The records themselves are domain/points.py's."""

from collections.abc import Iterator
from pathlib import Path

from paraat.domain import tanks
from paraat.domain.points import Point
from paraat.domain.thresholds import Silent
from paraat.site.broker import CLIENTS
from paraat.site.errors import SettingsError
from paraat.site.tables import read_table
from paraat.texts import Phrase, phrase_of
from paraat_wire import topics

SETS_UNTIL_SILENT = 2

# What the domain says of a tank; it knows no languages.
_OF_TANKS = (
    Phrase("nothing"),
    Phrase("one row"),
    Phrase("at least two rows"),
    Phrase("[reading, litres], two plain numbers"),
    Phrase('a table of [metres, litres], or a shape, because by = "distance"'),
    Phrase("more litres than the row before"),
    Phrase("fewer litres than the row before"),
    Phrase("0 l, or a row at 0 % before it"),
    Phrase("0 l: the distance to the bottom of the tank"),
    Phrase("no shape, because there is a calibration table: one of the two"),
    Phrase('metres from the sensor face, because by = "distance" and there is a shape'),
    Phrase('nothing: it is for a shape by = "distance"'),
    Phrase("[W, l/h], two plain numbers, the second above 0"),
    Phrase("more W, and not fewer l/h, than the row before: sort the rows"),
    Phrase("less than capacity_l ({n})", n=""),
    Phrase("more than reserve_l ({n})", n=""),
    Phrase("a reading above {n}: sort the rows", n=""),
    Phrase("0 to capacity_l ({n})", n=""),
    Phrase("{n} l", n=""),
    Phrase("{n} l, the lowest row", n=""),
    Phrase("{percent} % ({n} l)", percent="", n=""),
    Phrase("more than full_m ({n}): the bottom is farther away", n=""),
)


def read_points(directory: Path) -> Iterator[tuple[Path, Point]]:
    """Each point with its file. Raises SettingsError."""
    names = sorted(path.name for path in directory.glob("*"))  # as text: a Path is slow to compare
    for name in names:
        # A point that nobody sees missing: Windows may hide the end of a name, or write it in capitals.
        if not name.endswith(".toml") and name.lower().endswith((".toml", ".toml.txt")):
            raise SettingsError(
                directory / name,
                "",
                Phrase("a name that does not end in .toml"),
                f"{name.split('.')[0]}.toml",
            )
    paths = [directory / name for name in names if name.endswith(".toml")]
    if not paths:
        raise SettingsError(
            directory, "", Phrase("no *.toml"), Phrase("one file a point, such as points/nsp-0101.toml")
        )
    for path in paths:
        point = read_table(path, Point)
        if not topics.is_point_id(point.id):
            raise SettingsError(path, "id", repr(point.id), Phrase("2 to 31 of a-z, 0-9 and -, not starting with -"))
        if point.id in CLIENTS.values():
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
        for key, found, expected in () if point.tank is None else tanks.mistakes(point.tank):
            raise SettingsError(path, f"tank.{key}", phrase_of(found), phrase_of(expected))
        yield path, point


def check_interval(path: Path, point: Point, silent: Silent) -> None:
    """One set that is late or lost must not make a point silent. Raises SettingsError."""
    most = silent.after_s / SETS_UNTIL_SILENT
    if point.board.interval_s > most:
        raise SettingsError(
            path,
            "board.interval_s",
            str(point.board.interval_s),
            Phrase(
                "at most {most}, half of alerts.point_silent.after_s ({after_s}): with more, one set that is late or lost"
                " makes the point silent. A longer interval wants a longer after_s in site.toml",
                most=f"{most:g}",
                after_s=f"{silent.after_s:g}",
            ),
        )
