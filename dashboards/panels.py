"""The panels that our dashboards are made of. Each says in words why it is empty, and draws nothing old as new."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import geomap, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders.common import (
    FrameGeometrySource,
    MapLayerOptions,
    ReduceDataOptions,
    VizLegendOptions,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.geomap import ControlsOptions, MapViewConfig, TooltipOptions
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    FrameGeometrySourceMode,
    LegendDisplayMode,
    LegendPlacement,
    TimelineValueAlignment,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    ValueMapping,
)
from grafana_foundation_sdk.models.geomap import TooltipMode
from grafana_foundation_sdk.models.text import TextMode

from dashboards import looks
from dashboards.influxql import DATASOURCE, MIXED, SAID, Query, Said
from paraat.domain.readiness import Verdict
from paraat.sinks.server import MEANS
from paraat.texts import Words

# The host writes once a minute, and some seconds late: of each two minutes there is a row, of each one not always.
FINEST = "2m"
MEANT_FINEST = "5m"  # of the means of five minutes
COARSE, COARSE_GAP_MS = "30m", 2 * 1_800_000  # of what is added up over many hosts
GAP_MS = 300_000  # what is longer is a gap; so long a point may be quiet before it counts as silent
MEANT_GAP_MS = 360_000  # Grafana joins what lies nearer than this: two means that follow each other, and no others
# Grafana's own units of time turn 72 hours into "3 days", and say so in English.
HOURS, AGE, LITRES, BURN = "suffix:h", "dtdhms", "suffix:l", "suffix:l/h"
_WIDTH = 92  # of a column in pixels, so that all of them stand on a wall
# One grey dot for every tile: without an address Grafana would fetch tiles from the internet, and tell it where the points are.
_NO_TILE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_AGE_WIDTH = 118
_NEAREST = 11  # to which a map zooms in at most
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

P = TypeVar("P", stat.Panel, table.Panel, timeseries.Panel, statetimeline.Panel, geomap.Panel)


def override(**properties: Any) -> list[DynamicConfigValue]:
    """Properties of a field; custom_<name> are the panel's own."""
    return [
        DynamicConfigValue(id_val=name.replace("custom_", "custom.", 1), value=value)
        for name, value in properties.items()
    ]


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def _begin(panel: P, words: Words, key: str, width: int, height: int, why_empty: str) -> P:
    """Title, description, and what is said where there is nothing: "why.<why_empty>" of the words."""
    panel.title(words(key)).description(words(f"{key}.description")).datasource(DATASOURCE)
    panel.height(height).span(width).no_value(words(f"why.{why_empty}"))
    return panel


def number(
    words: Words,
    key: str,
    query: str,
    *,
    width: int = 3,
    height: int = 4,
    colours: ThresholdsConfig | None = None,
    mappings: list[ValueMapping] | None = None,
    unit: str = "locale",
    decimals: int = 0,
    why_empty: str = "unknown",
) -> stat.Panel:
    """One figure or word, as large as it can be."""
    panel = _begin(stat.Panel(), words, key, width, height, why_empty).with_target(Query(query))
    panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.BACKGROUND).decimals(decimals)
    panel.text_mode(BigValueTextMode.VALUE)
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).fields("/^value$/").values(False))
    panel.thresholds(colours or looks.steps((None, looks.PLAIN)))
    return panel.mappings(mappings or looks.absent(words)).unit(unit)


class Figure(NamedTuple):
    """One of several figures of a panel, in its own look. key: of its words."""

    key: str
    colours: ThresholdsConfig
    unit: str = "locale"


def numbers(
    words: Words,
    key: str,
    figures: Sequence[Figure],
    queries: Sequence[str],
    *,
    width: int = 24,
    height: int = 5,
    type_px: tuple[float, float] | None = None,
) -> stat.Panel:
    """Several figures beside each other. One panel: on a phone they stay together, and do not push all else off the screen.

    queries: one for each, with a column "value"; or a single one, with a column for each under its words. type_px: how large
    words and figures are; None: as Grafana sees fit, which is 30 at most for words.
    """
    panel = _begin(stat.Panel(), words, key, width, height, "unknown")
    for letter, query in zip(_LETTERS, queries, strict=False):
        panel.with_target(Query(query).ref_id(letter))
    for letter, figure in zip(_LETTERS, figures, strict=False):
        looked = override(unit=figure.unit, thresholds=figure.colours.build())
        if len(queries) == 1:
            panel.override_by_name(words(figure.key), looked)
        else:
            panel.override_by_query(letter, [*override(displayName=words(figure.key)), *looked])
    panel.override_by_name("Time", override(displayName="Time"))
    panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.BACKGROUND).decimals(0)
    panel.text_mode(BigValueTextMode.VALUE_AND_NAME)
    # Also a figure that is not known: such a column has no type, and would not count as one of numbers.
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).fields("/^(?!Time$).+/").values(False))
    if type_px is not None:
        panel.text(VizTextDisplayOptions().title_size(type_px[0]).value_size(type_px[1]))
    return panel.thresholds(looks.steps((None, looks.PLAIN))).mappings(looks.absent(words))


def firsts(
    words: Words,
    key: str,
    queries: Sequence[str],
    *,
    join: str,
    sort: str,
    said: Mapping[str, list[ValueMapping]],
    coloured: str,
    most: int,
    mappings: list[ValueMapping],
    links: list[dict[str, Any]],
    height: int,
    type_px: float,
) -> stat.Panel:
    """The first rows of the queries, joined by the column `join`, as bars below each other that say each row in words.

    said: the columns that are said, in their order, each with what its texts become. sort: by which column. coloured: the column
    that colours the bar. type_px: how large the letters are; a line that is too long goes on below, where a size of Grafana's own
    would shrink all bars until the longest fits. Where there is no row the panel has no word, whatever it is told to say (9.4): so its
    title says what that means.

    One panel for name, verdict and reason: of panels beside each other one may be newer, and say the reason of another point.
    """
    panel = _begin(stat.Panel(), words, key, 24, height, "host-silent")
    for letter, query in zip(_LETTERS, queries, strict=False):
        panel.with_target(Query(query).ref_id(letter))
    panel.with_transformation(DataTransformerConfig(id_val="joinByField", options={"byField": join, "mode": "inner"}))
    panel.with_transformation(sorted_by(sort))
    # Grafana calls a row by its texts, in their order.
    times = {f"Time {n}": True for n in range(1, len(queries) + 1)}
    order = {name: place for place, name in enumerate((*said, join, coloured))}
    options = {"excludeByName": {"Time": True, **times, sort: True}, "indexByName": order, "renameByName": {}}
    panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))
    panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.BACKGROUND)
    panel.text_mode(BigValueTextMode.NAME).orientation(VizOrientation.HORIZONTAL)
    panel.text(VizTextDisplayOptions().value_size(type_px))
    panel.reduce_options(ReduceDataOptions().values(True).limit(most).calcs([]).fields(""))
    panel.thresholds(looks.steps((None, looks.PLAIN))).mappings(mappings)
    for name, texts in said.items():
        panel.override_by_name(name, override(mappings=texts))
    panel.override_by_name(join, override(mappings=looks.unsaid()))
    return panel.override_by_name(coloured, override(links=links))


def sorted_by(column: str, descending: bool = False) -> DataTransformerConfig:
    """Rows by a column."""
    return DataTransformerConfig(id_val="sortBy", options={"sort": [{"field": column, "desc": descending}]})


def _by_value(column: str, value: int, kind: Literal["include", "exclude"]) -> DataTransformerConfig:
    """Rows with this value alone, or all but those."""
    wanted = {"fieldName": column, "config": {"id": "equal", "options": {"value": value}}}
    return DataTransformerConfig(id_val="filterByValue", options={"filters": [wanted], "type": kind, "match": "all"})


class Column:
    """A column of a table. name: of the query; key: of its words; hidden: there for a link to use; width: None takes what is left.

    Of a column that has no value at all Grafana does not know what it is, and writes "null" (9.4), but in cells that have a colour, be
    it that of all text. To tell it that these are numbers would make each null among them a 0.
    """

    def __init__(
        self,
        name: str,
        *,
        key: str = "",
        unit: str = "",
        decimals: int | None = None,
        mappings: list[ValueMapping] | None = None,
        coloured: bool = False,
        hidden: bool = False,
        width: int | None = _WIDTH,
        links: list[dict[str, Any]] | None = None,
        steps: ThresholdsConfig | None = None,
    ) -> None:
        self.name, self.key, self.hidden = name, key or name, hidden
        bare = not (coloured or hidden or links)
        texts = looks.or_nothing(mappings or [])
        self.properties = override(
            noValue="–",  # else what stands in for an empty panel stands in each empty cell
            **({"custom_width": max(width, _AGE_WIDTH if unit == AGE else 0)} if width else {}),
            **({"unit": unit} if unit else {}),
            **({"decimals": decimals} if decimals is not None else {}),
            mappings=texts if coloured else looks.uncoloured(texts),
            **({"custom_cellOptions": {"type": "color-background", "mode": "basic"}} if coloured else {}),
            **({"custom_cellOptions": {"type": "color-text"}} if bare else {}),
            **({"thresholds": looks.steps((None, "text")).build()} if bare else {}),
            **({"thresholds": steps.build()} if steps else {}),
            **({"custom_hidden": True} if hidden else {}),
            **({"links": links} if links else {}),
        )


def rows(
    words: Words,
    key: str,
    queries: Iterable[str],
    columns: Iterable[Column],
    *,
    sort: str,
    descending: bool = False,
    width: int = 24,
    height: int = 10,
    why_empty: str = "host-silent",
    join: str = "",
    drop: Iterable[str] = (),
    keep: tuple[str, int] | None = None,
    time: bool = False,
) -> table.Panel:
    """A table, a row for each row of the query; of several queries those rows are joined whose column `join` is alike.

    drop: columns of the query that are not shown. keep: only rows with this value in this column. time: the moment of a row
    is one of the columns, "Time".
    """
    columns = list(columns)
    titles = {column.name: words(f"column.{column.key}") for column in columns}
    panel = _begin(table.Panel(), words, key, width, height, why_empty)
    asked = list(queries)
    for letter, query in zip(_LETTERS, asked, strict=False):
        panel.with_target(Query(query).ref_id(letter))
    if join:
        panel.with_transformation(
            DataTransformerConfig(id_val="joinByField", options={"byField": join, "mode": "outer"})
        )
    if keep is not None:
        panel.with_transformation(_by_value(*keep, kind="include"))
    times = {f"Time {n}": True for n in range(1, len(asked) + 1)} if join else {}
    organise = {
        "excludeByName": {**({} if time else {"Time": True}), **times, **dict.fromkeys(drop, True)},
        "indexByName": {column.name: place for place, column in enumerate(columns)},
        "renameByName": titles,
    }
    panel.with_transformation(sorted_by(sort, descending))
    panel.with_transformation(DataTransformerConfig(id_val="organize", options=organise))
    panel.show_header(True)
    for column in columns:
        panel.override_by_name(titles[column.name], column.properties)
    return panel


def _finest(queries: Iterable[str]) -> tuple[str, int]:
    """Of what these ask, rows or means of five minutes: the finest stretch that always has one, and from how long on there is a gap, ms."""
    means = any(f'"{MEANS}".' in query for query in queries)
    return (MEANT_FINEST, MEANT_GAP_MS) if means else (FINEST, GAP_MS)


def lines(
    words: Words,
    key: str,
    queries: Mapping[str, str],
    *,
    unit: str,
    width: int = 12,
    height: int = 8,
    low: float | None = None,
    high: float | None = None,
    decimals: int = 1,
    legend: bool = True,
    why_empty: str = "period-empty",
) -> timeseries.Panel:
    """Lines over time, by the names of `queries`; a name may hold $tag_<tag>. A stretch without values stays empty."""
    panel = _begin(timeseries.Panel(), words, key, width, height, why_empty)
    for letter, (alias, query) in zip(_LETTERS, queries.items(), strict=False):
        panel.with_target(Query(query).ref_id(letter).time_series(alias))
    finest, gap_ms = _finest(queries.values())
    panel.interval(finest).unit(unit).decimals(decimals).line_width(2).fill_opacity(0).span_nulls(gap_ms)
    panel.show_points(VisibilityMode.AUTO).color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    panel.legend(
        VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(legend)
        .calcs([])
    )
    panel.thresholds(looks.steps((None, looks.PLAIN)))
    if low is not None:
        panel.min(low)
    return panel.max(high) if high is not None else panel


def bands(
    words: Words,
    key: str,
    queries: Mapping[str, str],
    mappings: Mapping[str, list[ValueMapping]] | list[ValueMapping],
    *,
    width: int = 24,
    height: int = 5,
    no_band: str = "bands",
    why_empty: str = "period-empty",
) -> statetimeline.Panel:
    """Bands over time, one for each of `queries`, with the state's word in them. Of what nobody knows there is no band.

    mappings: by band its looks, or those of all. no_band: "why.<no_band>" of the words. Below them is a band that says what it means where there is none: Grafana
    has words of its own for bands without data, which no setting replaces, and shows them only where there is no band at all.
    """
    panel = _begin(statetimeline.Panel(), words, key, width, height, why_empty).datasource(MIXED)
    meaning = words(f"why.{no_band}")
    finest, gap_ms = _finest(queries.values())
    panel.with_target(Said(meaning))
    # Its name says it: the text within a band stands where that begins, which is long before what the graph shows.
    panel.override_by_query(SAID, override(displayName=meaning, color=_fixed(looks.FAINT), mappings=[]))
    for letter, (alias, query) in zip(_LETTERS, queries.items(), strict=False):
        panel.with_target(Query(query).ref_id(letter).time_series(alias))
        # A minute without a row is no stripe: the host may have written late.
        panel.override_by_query(letter, override(custom_spanNulls=gap_ms))
    if isinstance(mappings, list):
        panel.mappings(mappings)
    else:
        for alias, looked in mappings.items():
            panel.override_by_name(alias, override(mappings=looked))
    panel.interval(finest).merge_values(True).show_value(VisibilityMode.AUTO).row_height(0.85)
    panel.align_value(TimelineValueAlignment.LEFT).fill_opacity(85).line_width(0)
    # By thresholds, Grafana would put all figures of one step into one band, in one colour, whatever word they have (9.4).
    panel.color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color(looks.PLAIN))
    panel.tooltip(VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
    return panel.legend(
        VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(False)
        .calcs([])
    )


def note(words: Words, key: str, *, width: int = 24, height: int = 3) -> text.Panel:
    """Words."""
    return (
        text.Panel()
        .title(words(key))
        .description(words(f"{key}.description"))
        .mode(TextMode.MARKDOWN)
        .content(words(f"{key}.text"))
        .height(height)
        .span(width)
    )


def chart(
    words: Words, key: str, query: str, *, without: Verdict | None = None, width: int = 12, height: int = 12
) -> geomap.Panel:
    """A map of what has a place, in the look of its verdict, on borders that Grafana itself brings: it needs no internet.

    without: a verdict that is left out. InfluxDB, told to, would go on with the row before the newest of a point that has just got it.
    """
    panel = _begin(geomap.Panel(), words, key, width, height, "no-positions").with_target(Query(query))
    if without is not None:
        panel.with_transformation(_by_value("verdict", int(without), "exclude"))
    field_of_verdict = {"field": "verdict", "fixed": looks.UNKNOWN}
    style = {
        "color": field_of_verdict,
        "opacity": 0.9,
        "rotation": {"fixed": 0, "max": 360, "min": -360, "mode": "mod"},
        "size": {"fixed": 9, "max": 15, "min": 2},
        "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        "text": {"field": "verdict", "fixed": "", "mode": "field"},  # its sign: words lie over each other
        "textConfig": {"fontSize": 16, "offsetX": 0, "offsetY": 16, "textAlign": "center", "textBaseline": "middle"},
    }
    place = FrameGeometrySource().mode(FrameGeometrySourceMode.COORDS).latitude("latitude").longitude("longitude")
    borders = {
        "src": "public/maps/countries.geojson",
        "rules": [],
        "style": {"color": {"fixed": looks.STALE}, "opacity": 0.15},
    }
    panel.layers(
        [
            MapLayerOptions().type("geojson").name(words("borders")).config(borders).tooltip(False),
            MapLayerOptions()
            .type("markers")
            .name(words("points"))
            .config({"showLegend": False, "style": style})
            .location(place)
            .tooltip(True),
        ]
    )
    panel.basemap(MapLayerOptions().type("xyz").name(words("empty")).config({"url": _NO_TILE, "attribution": ""}))
    panel.view(
        MapViewConfig().id("fit").all_layers(False).layer(words("points")).last_only(False).padding(10).zoom(_NEAREST)
    )
    panel.controls(ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(False).show_scale(True))
    panel.tooltip(TooltipOptions().mode(TooltipMode.DETAILS)).mappings(looks.signs(words))
    return panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).thresholds(
        looks.steps((None, looks.UNKNOWN))
    )
