"""InfluxQL for Grafana: the one query language of InfluxDB 1.x, 2.x and 3. Names of measurements and fields come from the metrics table.

Two shapes of query: `newest` (how every point stands now, a row a point) and `course` (a line over time, a gap a gap).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from paraat.sinks import schema
from paraat.sinks.server import MEANS
from paraat_wire import metrics

DATASOURCE = DataSourceRef(type_val="influxdb", uid="${datasource}")

# A panel whose targets have a data source each: InfluxDB's, and Grafana's own for words that are always there.
MIXED = DataSourceRef(type_val="datasource", uid="-- Mixed --")
SAID = "Z"  # the letter of those words
_BEFORE_MS, _AFTER_MS = 1_767_225_600_000, 4_102_444_800_000  # from 2026 to 2100: every time that a dashboard shows

# "Now" means the last minutes, not the dashboard's time range: when the host falls silent its figures go away, and no old green
# stays on the wall. Not ahead either: what a host wrote whose clock was an hour fast would be the newest for an hour after that.
NOW = "time > now() - 5m AND time < now() + 5m"  # of the host's rows, one a minute
# Of rows that are written when they change, and at least each quarter of an hour (sinks/slow.py).
LATELY = "time > now() - 20m AND time < now() + 5m"

REGION = '"region" =~ /^$region$/'
CHOSEN = f'{REGION} AND "municipality" =~ /^$municipality$/'  # of the host's rows, which carry these tags
ONE = '"point" =~ /^$point$/'  # of any row
MEANT = f"{CHOSEN} AND {ONE}"  # by all three variables
MOST = 12  # lines that one can tell apart


def those(variable: str) -> str:
    """Of any row: those of the points that a variable of `first_of` names."""
    return f'"point" =~ /^${variable}$/'


def first_of(name: str, which: Literal["bottom", "top"], where: str = MEANT) -> str:
    """The MOST points where a metric is least, or largest: what a graph of all of 500 points asks for and nobody reads, a graph of
    these answers. Of the host's rows their labels, of a board's their ids."""
    source = measurement(name)
    found = f'{which}({field(name)}, "point", {MOST}) AS "found"'
    rows = f"FROM {source} WHERE {NOW} AND {where}"
    if source == f'"{schema.POINT}"':
        return f'SELECT "label" FROM (SELECT {found}, "label" {rows})'
    # A tag is given with a field alone; Grafana may take the figure for a point too, and no point is called so.
    return f'SELECT "point", "found" FROM (SELECT {found} {rows})'


def field(name: str) -> str:
    """The quoted InfluxDB field of a metric, such as "level_percent". Raises KeyError for an unknown metric."""
    return f'"{metrics.row_of(name)[metrics.FIELD]}"'


def measurement(name: str) -> str:
    """The quoted InfluxDB measurement of a metric. Raises KeyError for an unknown metric."""
    return f'"{metrics.row_of(name)[metrics.MEASUREMENT]}"'


def newest(
    columns: Mapping[str, str],
    where: str = CHOSEN,
    tags: Iterable[str] = (),
    reckoned: Mapping[str, str] | None = None,
) -> str:
    """The newest whole row that the host wrote of each point: what it lacks is not known, and no older value fills it in.

    columns: by alias, metrics of the host's row. tags: those of its tags, and its fields that are no metric, that are columns too;
    "point" always is. reckoned: by alias, sums of fields.
    """
    sums = [f'{made} AS "{alias}"' for alias, made in (reckoned or {}).items()]
    selected = [f'"{tag}"' for tag in tags] + [f'{field(name)} AS "{alias}"' for alias, name in columns.items()] + sums
    return (
        f"SELECT {', '.join(selected)} FROM {measurement('point/verdict')} WHERE {NOW} AND {where} "
        'GROUP BY "point" ORDER BY time DESC LIMIT 1'
    )


def total(name: str, where: str = CHOSEN) -> str:
    """Over all points, of the newest value that the host wrote. No rows when the host is silent: that is not zero."""
    return (
        f'SELECT sum("value") AS "value" FROM (SELECT last({field(name)}) AS "value" FROM {measurement(name)} '
        f'WHERE {NOW} AND {where} GROUP BY "point")'
    )


def course(
    name: str,
    where: str = ONE,
    *,
    how: Literal["mean", "min", "max", "last", "sum"] = "mean",
    by: Iterable[str] = ("point",),
    long: bool = False,
) -> str:
    """A metric over time, a line for each of the tags `by`. A stretch without values is a gap.

    long: over weeks, from the means of five minutes, which are kept for years.
    """
    grouped = ", ".join(["time($__interval)", *(f'"{tag}"' for tag in by)])
    source = f'"{MEANS}".{measurement(name)}' if long else measurement(name)
    return f"SELECT {how}({field(name)}) FROM {source} WHERE $timeFilter AND {where} GROUP BY {grouped} fill(null)"


def standing(
    measurement: str, columns: Iterable[str], by: Iterable[str], where: str = CHOSEN, within: str = LATELY
) -> str:
    """The newest row of a table of the schema for each of the tags `by`, such as every alert. columns: fields and further tags."""
    selected, grouped = (", ".join(f'"{name}"' for name in names) for names in (columns, by))
    return f'SELECT {selected} FROM "{measurement}" WHERE {within} AND {where} GROUP BY {grouped} ORDER BY time DESC LIMIT 1'


def listing(measurement: str, columns: Iterable[str], where: str, most: int = 100) -> str:
    """The newest rows of a table of the schema in the dashboard's time range, the newest first."""
    selected = ", ".join(f'"{name}"' for name in columns)
    return f'SELECT {selected} FROM "{measurement}" WHERE $timeFilter AND {where} ORDER BY time DESC LIMIT {most}'


class InfluxQL(variants.Dataquery):
    """A target with a query as text."""

    def __init__(self, query: str, result: Literal["table", "time_series"], ref_id: str, alias: str) -> None:
        self.query = query
        self.result = result
        self.ref_id = ref_id
        self.alias = alias

    def to_json(self) -> dict[str, Any]:
        target: dict[str, Any] = {
            "refId": self.ref_id,
            "datasource": DATASOURCE.to_json(),
            "rawQuery": True,
            "query": self.query,
            "resultFormat": self.result,
        }
        if self.alias:
            target["alias"] = self.alias
        return target


class Query(cogbuilder.Builder[InfluxQL]):
    """Builds an InfluxQL target."""

    def __init__(self, query: str) -> None:
        self._target = InfluxQL(query, "table", "A", "")

    def time_series(self, alias: str) -> Self:
        """As lines over time; alias names them, with $tag_<tag>."""
        self._target.result = "time_series"
        self._target.alias = alias
        return self

    def ref_id(self, ref_id: str) -> Self:
        """The letter of the target in its panel."""
        self._target.ref_id = ref_id
        return self

    def build(self) -> InfluxQL:
        return self._target


class Sentence(variants.Dataquery):
    """A target that asks nobody: a sentence that holds at every time, from Grafana's own data source."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_json(self) -> dict[str, Any]:
        fields = [{"name": "time", "type": "time", "config": {}}, {"name": "text", "type": "string", "config": {}}]
        values = [[_BEFORE_MS, _AFTER_MS], [self.text, self.text]]
        return {
            "refId": SAID,
            "datasource": {"type": "datasource", "uid": "grafana"},
            "queryType": "snapshot",
            "snapshot": [{"schema": {"refId": SAID, "fields": fields}, "data": {"values": values}}],
        }


class Said(cogbuilder.Builder[Sentence]):
    """Builds such a target."""

    def __init__(self, text: str) -> None:
        self._target = Sentence(text)

    def build(self) -> Sentence:
        return self._target
