"""The region at a glance: how many points are ready, which need what first, and how the fuel goes.

Grafana shows and does not judge. "Now" means the last minutes, not the dashboard's time range: when the host falls
silent the figures go to "onbekend", and no old green stays on the wall.
"""

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from dashboards.influxql import DATASOURCE, Query, field, measurement
from paraat.texts import Words

# Not ahead either: what a host wrote whose clock was an hour fast would be the newest for an hour after that.
_NOT_AHEAD = "time < now() + 5m"
NOW = f"time > now() - 5m AND {_NOT_AHEAD}"  # of the host's own rows, one a minute
RECENT = f"time > now() - 1h AND {_NOT_AHEAD}"  # of the sensors; the age column says how old

# In the order of the table; the words are "column.<key>" of the catalogues' context "dashboard".
_COLUMNS = (
    "point", "verdict", "percent", "hours", "volts", "celsius", "people", "capacity", "age", "firing", "lacking",
)  # fmt: skip

# Each verdict has a sign and a word beside its colour.
_VERDICT_SIGNS = (("?", "purple"), ("~", "#808080"), ("✓", "green"), ("!", "yellow"), ("✗", "red"))


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, "dashboard")
    board = (
        Dashboard(words("title"))
        .uid(f"paraat-region-{language}")
        .description(words("description"))
        .tags(["paraat"])
        .timezone("Europe/Amsterdam")
        .refresh("1m")
        .time("now-24h", "now")
        .readonly()
        .with_variable(DatasourceVariable("datasource").label(words("source")).type("influxdb"))
    )
    red, purple = (("green", None), ("red", 1)), (("green", None), ("purple", 1))
    board.with_panel(_stat(language, "points", _sum("point/in-use"), ()))
    board.with_panel(_stat(language, "not_ready", _sum("point/not-ready"), red))
    board.with_panel(_stat(language, "not_known", _sum("point/unknown"), purple))
    board.with_panel(_stat(language, "silent", _sum("point/quiet"), purple))
    board.with_panel(_stat(language, "limited", _sum("point/limited"), (("green", None), ("yellow", 1))))
    board.with_panel(_stat(language, "ready", _sum("point/ready"), ()))
    board.with_panel(_stat(language, "alerts", _sum("point/alerts"), red))
    board.with_panel(_stat(language, "low_fuel", _sum("point/low-fuel"), red))
    board.with_panel(_table(language))
    board.with_panel(_lines(language, "level", "fuel/level", "percent").min(0).max(100))
    board.with_panel(_lines(language, "hours", "fuel/hours", "h").min(0))
    return board


def _sum(name: str) -> str:
    """Over all points, of the newest value that the host wrote. No rows when the host is silent: that is not zero."""
    return (
        f'SELECT sum("value") FROM (SELECT last({field(name)}) AS "value" FROM {measurement(name)} '
        f'WHERE {NOW} GROUP BY "point")'
    )


def _stat(language: str, key: str, query: str, steps: tuple[tuple[str, float | None], ...]) -> stat.Panel:
    words = Words(language, "dashboard")
    colours = steps or (("blue", None),)
    return (
        stat.Panel()
        .title(words(key))
        .datasource(DATASOURCE)
        .with_target(Query(query))
        .height(4)
        .span(3)
        .no_value(words("unknown"))
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(
            ThresholdsConfig()
            .mode(ThresholdsMode.ABSOLUTE)
            .steps([Threshold(value=value, color=colour) for colour, value in colours])
        )
    )


def _table(language: str) -> table.Panel:
    words = Words(language, "dashboard")
    columns = {key: words(f"column.{key}") for key in _COLUMNS}
    queries = (
        f'SELECT last({field("point/verdict")}) AS "verdict", last({field("point/age")}) AS "age", '
        f'last({field("point/alerts")}) AS "firing", last({field("point/missing")}) AS "lacking", '
        f'last({field("point/capacity")}) AS "capacity" FROM {measurement("point/verdict")} '
        f'WHERE {NOW} GROUP BY "point"',
        f'SELECT last({field("fuel/hours")}) AS "hours" FROM {measurement("fuel/hours")} WHERE {NOW} GROUP BY "point"',
        _latest("fuel/level", "percent"),
        _latest("battery/voltage", "volts"),
        _latest("climate/temperature", "celsius"),
        _latest("people/present", "people"),
    )
    panel = (
        table.Panel()
        .title(words("table"))
        .datasource(DATASOURCE)
        .height(11)
        .span(24)
        .no_value(words("unknown"))
        .with_transformation(DataTransformerConfig(id_val="joinByField", options={"byField": "point", "mode": "outer"}))
        .with_transformation(DataTransformerConfig(id_val="organize", options=_organize(columns)))
        .with_transformation(
            DataTransformerConfig(id_val="sortBy", options={"sort": [{"field": columns["hours"], "desc": False}]})
        )
    )
    for number, query in enumerate(queries):
        panel.with_target(Query(query).ref_id("ABCDEF"[number]))
    for key, unit, decimals in (
        ("percent", "percent", 0), ("hours", "h", 1), ("volts", "volt", 1), ("celsius", "celsius", 1), ("age", "s", 0),
    ):  # fmt: skip
        panel.override_by_name(
            columns[key],
            [DynamicConfigValue(id_val="unit", value=unit), DynamicConfigValue(id_val="decimals", value=decimals)],
        )
    panel.override_by_name(
        columns["verdict"],
        [
            DynamicConfigValue(id_val="mappings", value=_verdict_words(language)),
            DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}),
        ],
    )
    return panel


def _latest(name: str, alias: str) -> str:
    """The newest value a point, of the sensor without a name of its own."""
    return (
        f'SELECT last({field(name)}) AS "{alias}" FROM {measurement(name)} '
        f'WHERE {RECENT} AND "sensor" = \'\' GROUP BY "point"'
    )


def _organize(columns: dict[str, str]) -> dict[str, object]:
    times = {f"Time {number}": True for number in range(1, 7)}
    return {
        "excludeByName": {"Time": True, **times},
        "indexByName": {key: number for number, key in enumerate(columns)},
        "renameByName": columns,
    }


def _verdict_words(language: str) -> list[ValueMapping]:
    words = Words(language, "dashboard")
    mapping: list[ValueMapping] = [
        ValueMap(
            options={
                str(number): ValueMappingResult(text=f"{sign} {words(f'verdict.{number}')}", color=colour, index=number)
                for number, (sign, colour) in enumerate(_VERDICT_SIGNS)
            }
        ),
        SpecialValueMap(
            options=DashboardSpecialValueMapOptions(
                match=SpecialValueMatch.NULL,
                result=ValueMappingResult(text=f"? {words('unknown')}", color="purple", index=len(_VERDICT_SIGNS)),
            )
        ),
    ]
    return mapping


def _lines(language: str, key: str, name: str, unit: str) -> timeseries.Panel:
    query = (
        f"SELECT mean({field(name)}) FROM {measurement(name)} "
        f'WHERE $timeFilter GROUP BY time($__interval), "point" fill(null)'
    )
    return (
        timeseries.Panel()
        .title(Words(language, "dashboard")(key))
        .datasource(DATASOURCE)
        .with_target(Query(query).time_series("$tag_point"))
        .interval("1m")
        .unit(unit)
        .height(9)
        .span(12)
        .no_value(Words(language, "dashboard")("unknown"))
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    )
