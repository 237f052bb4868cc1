"""An entry of the journal as InfluxDB's line protocol: the same entry gives the same bytes, today and when it is written again."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from paraat.domain.facts import Fact, Named
from paraat.domain.model import Entry, Row, Value
from paraat.sinks import schema
from paraat.sinks.happenings import of_board
from paraat_wire import metrics

Field = tuple[str, str, Value | str]

LATE_S = 60.0


class Places:
    """What each point was called at any entry. Of before the first name that is known: that one."""

    def __init__(self, named: Iterable[Fact] = ()) -> None:
        self._named: dict[str, list[tuple[int, Named]]] = {}
        for fact in named:
            self.add(fact)

    def add(self, fact: Fact) -> None:
        """Take in a fact, in the order of the journal."""
        if isinstance(fact.told, Named):
            self._named.setdefault(fact.told.point, []).append((fact.after, fact.told))

    def at(self, point: str, entry_id: int) -> Named | None:
        """What a point was called when the journal wrote that entry; None: nobody ever said."""
        known = self._named.get(point)
        if not known:
            return None
        return next((named for after, named in reversed(known) if after < entry_id), known[0][1])


@lru_cache(maxsize=8192)
def _place(name: str) -> tuple[tuple[str, str], str, str]:
    """((measurement, sensor's own name), field, type) of a metric name. Raises KeyError."""
    found = metrics.lookup(name)
    if found is None:
        raise KeyError(name)
    row, instance, _ = found
    return (row[metrics.MEASUREMENT], instance), row[metrics.FIELD], row[metrics.TYPE]


class Line(NamedTuple):
    """One line. tags: name and value, none of them empty; fields: name, type and value; stamp: nanoseconds."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    stamp: int

    def encoded(self) -> bytes:
        """As line protocol."""
        tags = "".join(f",{name}={_escaped(value)}" for name, value in self.tags)
        fields = ",".join(f"{name}={_written(kind, value)}" for name, kind, value in self.fields)
        return f"{self.measurement}{tags} {fields} {self.stamp}".encode()


def lines(entry: Entry, places: Places, language: str) -> list[bytes]:
    """An entry as line protocol. Raises KeyError for a name that is not in the tables."""
    return [line.encoded() for line in lines_of(entry, places, language)]


def lines_of(entry: Entry, places: Places, language: str) -> list[Line]:
    """What an entry says in InfluxDB. Raises KeyError for a name that is not in the tables.

    The timestamp is in nanoseconds, with the seq below the millisecond, or of a row its id: two events of one second would
    otherwise be one point, and the second would overwrite the first. language: of the texts.
    """
    named = places.at(entry.point, entry.id)
    if entry.row is not None:
        return [_row_line(entry.row, named, _stamp(entry.t, entry.id))]
    stamp = _stamp(entry.t, entry.seq)
    if entry.kind == "derived":
        return [_point_line(entry, named, stamp)] if entry.values else []
    found = _measured(entry, stamp)
    if (late_s := entry.received_at - entry.t) > LATE_S:
        found.append(_line(schema.LATE, {"point": entry.point}, [("late_s", schema.FLOAT, late_s)], stamp))
    if entry.kind == "event":
        found += [_row_line(row, named, stamp) for row in of_board(entry, language)]
    return found


def _measured(entry: Entry, stamp: int) -> list[Line]:
    """What a board read: a line for each measurement and sensor, and one for each fault."""
    fields: dict[tuple[str, str], list[Field]] = {}
    for name, value in entry.values.items():
        series, field, kind = _place(name)
        fields.setdefault(series, []).append((field, kind, value))
    found = [
        _line(measurement, {"point": entry.point, schema.SENSOR: sensor}, parts, stamp)
        for (measurement, sensor), parts in fields.items()
    ]
    for name, code in entry.faults.items():
        (_, sensor), _, _ = _place(name)
        metric = "/".join(name.split("/")[:2])
        tags = {"point": entry.point, schema.SENSOR: sensor, "metric": metric}
        found.append(_line(schema.FAULT, tags, [("code", schema.TEXT, code)], stamp))
    return found


def _point_line(entry: Entry, named: Named | None, stamp: int) -> Line:
    parts: list[Field] = []
    for name, value in entry.values.items():
        _, field, kind = _place(name)
        parts.append((field, kind, value))
    if named is not None:
        parts.append(_label(named))
        if named.position is not None:
            at = zip(("latitude", "longitude"), named.position, strict=True)
            parts += [(name, schema.FLOAT, part) for name, part in at]
    return _line(schema.POINT, _tags(entry.point, named), parts, stamp)


def _label(named: Named) -> Field:
    return "label", schema.TEXT, f"{named.name} ({named.point})"


def _row_line(row: Row, named: Named | None, stamp: int) -> Line:
    types = schema.ROWS[row.measurement].types
    parts = [(name, types[name], value) for name, value in row.fields.items()]
    if row.measurement == schema.WHY and named is not None:
        parts.append(_label(named))
    return _line(row.measurement, {**_tags(row.point, named), **row.tags}, parts, stamp)


def _tags(point: str, named: Named | None) -> dict[str, str]:
    if named is None:
        return {"point": point}
    return {"point": point, "name": named.name, "municipality": named.municipality, "region": named.region}


def _stamp(t: float, below: int) -> int:
    return round(t * 1000) * 1_000_000 + below % 1_000_000


def _line(measurement: str, tags: Mapping[str, str], parts: Iterable[Field], stamp: int) -> Line:
    """An empty tag is none: InfluxDB has no other."""
    return Line(measurement, tuple((name, value) for name, value in tags.items() if value), tuple(parts), stamp)


def _escaped(tag: str) -> str:
    """A tag's value. A backslash at its end would take the comma behind it with it, and cannot be escaped."""
    text = tag.rstrip("\\")
    for sign in (",", "=", " "):
        text = text.replace(sign, f"\\{sign}")
    return text


def _written(kind: str, value: Value | str) -> str:
    if kind == schema.TEXT:
        text = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if kind == schema.FLOAT:
        return repr(float(value))
    if kind == schema.INT:
        return f"{int(value)}i"
    return "true" if value else "false"
