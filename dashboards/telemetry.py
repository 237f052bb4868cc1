"""Whether what is shown can be relied on: gaps, backlogs, clocks, boards, versions, and the coordination point's own machine."""

from collections.abc import Iterator
from typing import Literal

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, looks, panels, parts
from dashboards.influxql import MEANT, NOW, ONE, REGION, course, first_of, newest, standing, those, total
from dashboards.panels import AGE, HOURS, Column
from paraat.sinks import schema
from paraat.texts import Words


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("telemetry", language, since="now-24h", chooses="points")
    for panel in _host(words):
        board.with_panel(panel)
    board.with_panel(_boards(words))
    _first_lines(board, words, "gaps", "point/missing", "max", "short", MEANT)
    late = (
        f'SELECT max("late_s") FROM "{schema.LATE}" WHERE $timeFilter AND {ONE} GROUP BY time($__interval) fill(null)'
    )
    board.with_panel(
        panels.lines(words, "lateness", {words("worst"): late}, unit=AGE, low=0, decimals=0, why_empty="nothing-late")
    )
    _first_lines(board, words, "backlog", "node/backlog", "max", "short", ONE)
    _first_lines(board, words, "signal", "node/rssi", "min", "dBm", ONE)
    _first_lines(board, words, "heap", "node/heap", "min", "bytes", ONE)
    _first_lines(board, words, "chip_heap", "node/idf-largest", "min", "bytes", ONE)
    board.with_panel(parts.faults(words, named=True, height=8))
    board.with_panel(_host_lines(words))
    return frame.mark(board, words, MEANT, f'{REGION} AND "kind" =~ /^(host-started|clock-set-back)$/')


def _first_lines(
    board: Dashboard, words: Words, key: str, name: str, how: Literal["max", "min"], unit: str, where: str
) -> None:
    """The points of which a metric is worst now, each with its line."""
    frame.choose_first(board, key, words(key), first_of(name, "top" if how == "max" else "bottom", where))
    queries = {"$tag_point": course(name, those(key), how=how, long=True)}
    low = 0 if unit == "short" else None
    board.with_panel(panels.lines(words, key, queries, unit=unit, low=low, decimals=0, why_empty="not-measured"))


def _of_host(name: str, how: str = "last") -> str:
    """A figure of the hosts of the chosen regions, the worst of them."""
    return (
        f'SELECT {how}("value") AS "value" FROM (SELECT last("{name}") AS "value" FROM "{schema.HOST}" '
        f'WHERE {NOW} AND {REGION} GROUP BY "region")'
    )


def _host(words: Words) -> Iterator[stat.Panel]:
    """The coordination point's own machine."""
    none = looks.absent(words)
    trouble = looks.none_is_fine(looks.ALARM)
    filling = looks.steps((None, looks.ALARM), (72, looks.ATTENTION), (144, looks.FINE))
    behind = looks.steps((None, looks.FINE), (120, looks.ATTENTION), (900, looks.ALARM))
    yield panels.number(
        words, "missing_all", total("point/missing", MEANT), colours=looks.none_is_fine(looks.ATTENTION)
    )
    yield panels.number(words, "silent", total("point/quiet", MEANT), colours=looks.none_is_fine(looks.STALE))
    broker = looks.yes_or_no(words, "broker", looks.FINE, looks.ALARM)
    yield panels.number(words, "broker", _of_host("broker"), mappings=broker)
    yield panels.number(words, "behind", _of_host("influx_late_s", "max"), unit=AGE, mappings=none, colours=behind)
    yield panels.number(words, "poison", _of_host("poison_lines", "sum"), colours=looks.none_is_fine(looks.ATTENTION))
    yield panels.number(words, "disk_free", _of_host("disk_free_b", "min"), unit="bytes", decimals=1, mappings=none)
    yield panels.number(
        words, "disk_full", _of_host("disk_full_in_h", "min"), unit=HOURS, colours=filling, why_empty="does-not-fill"
    )
    yield panels.number(words, "channels", _of_host("channels_failing", "sum"), colours=trouble)
    supply = looks.yes_or_no(words, "supply", looks.ALARM, looks.FINE)
    yield panels.number(words, "supply", _of_host("on_battery"), mappings=supply, why_empty="not-measured")
    clock = looks.yes_or_no(words, "clock", looks.FINE, looks.ALARM)
    yield panels.number(words, "clock", _of_host("clock_synchronised"), mappings=clock, why_empty="not-measured")
    yield panels.number(words, "backup", _of_host("backup_age_s", "max"), unit=AGE, why_empty="no-backup")
    yield panels.number(words, "points", total("point/in-use", MEANT))
    yield panels.number(words, "version", _of_host("version"), width=12, why_empty="unknown")


def _boards(words: Words) -> table.Panel:
    """Every board, the longest silent first."""
    columns = {"age": "point/age", "lacking": "point/missing", "verdict": "point/verdict"}
    said = (
        "online",
        "firmware",
        "hardware",
        "config",
        "config_refused",
        "boot",
        "reset",
        "clock",
        "certificate_left_s",
    )
    online = looks.yes_or_no(words, "online", looks.FINE, looks.STALE)
    ending = looks.steps((None, looks.ALARM), (14 * 86_400, looks.ATTENTION), (60 * 86_400, "transparent"))
    quiet = looks.steps((None, "transparent"), (300, looks.STALE))
    none = looks.absent(words)
    return panels.rows(
        words,
        "boards",
        [newest(columns, MEANT, tags=("name",)), standing(schema.BOARD, said, ("point",), MEANT)],
        [
            Column("name", links=parts.point_links(words, words("column.point")), width=190),
            Column("age", unit=AGE, decimals=0, mappings=none, coloured=True, steps=quiet),
            Column("online", mappings=online, coloured=True, width=120),
            Column("lacking", coloured=True, steps=looks.steps((None, "transparent"), (1, looks.ATTENTION))),
            Column("clock", key="clock_source", mappings=none),
            Column("firmware", mappings=none),
            Column("config", mappings=none, decimals=0),
            Column("config_refused", decimals=0),
            Column("hardware", mappings=none, width=None),
            Column("boot", mappings=none, decimals=0),
            Column("reset", mappings=none),
            Column(
                "certificate_left_s",
                key="certificate",
                unit=AGE,
                decimals=0,
                mappings=none,
                coloured=True,
                steps=ending,
            ),
            Column("point", hidden=True),
        ],
        sort="age",
        descending=True,
        join="point",
        drop=("verdict",),
        height=11,
    )


def _host_lines(words: Words) -> timeseries.Panel:
    """What InfluxDB had not got, and the disk."""
    of_region = f'FROM "{schema.HOST}" WHERE $timeFilter AND {REGION} GROUP BY time($__interval), "region" fill(null)'
    queries = {
        f"{words('backlog_entries')} $tag_region": f'SELECT max("influx_backlog") {of_region}',
        f"{words('disk_free')} $tag_region": f'SELECT min("disk_free_b") {of_region}',
    }
    panel = panels.lines(words, "host_lines", queries, unit="short", low=0, decimals=0)
    return panel.override_by_query("B", panels.override(unit="bytes", custom_axisPlacement="right"))
