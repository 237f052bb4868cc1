"""Panels that more than one dashboard has."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import ValueMapping

from dashboards import looks, panels
from dashboards.frame import uid
from dashboards.influxql import CHOSEN, ONE, REGION, field, listing, newest, standing, total
from dashboards.panels import AGE, HOURS, Column, Figure
from paraat.sinks import schema
from paraat.sinks.server import MEANS
from paraat.texts import Words

# What many points have in common to mark on a graph: of all that happened there would be more marks than graph.
TURNS = '"kind" =~ /^(alerted|opened|closed)$/'
_FIRST = 5  # whose reasons can be read from afar
_LAST = 1_000_000  # more than any place in the order of the page
_SEVERITIES = ("critical", "warning")


def point_links(words: Words, column: str) -> list[dict[str, Any]]:
    """From a row to its point's own dashboard, and to its page. column: where the id stands, as it is called then."""
    chosen = f"var-point=${{__data.fields[{column}]}}&var-datasource=${{datasource}}&var-page=${{page}}"
    return [
        {"title": words("to.point"), "url": f"/d/{uid('point', words.language)}?{chosen}"},
        {"title": words("to.page"), "url": f"${{page}}/points/${{__data.fields[{column}]}}", "targetBlank": True},
    ]


_FIGURES = {
    "not_ready": ("point/not-ready", looks.none_is_fine(looks.ALARM)),
    "not_known": ("point/unknown", looks.none_is_fine(looks.UNKNOWN)),
    "silent": ("point/quiet", looks.none_is_fine(looks.STALE)),
    "limited": ("point/limited", looks.none_is_fine(looks.ATTENTION)),
    "ready": ("point/ready", looks.steps((None, looks.STALE), (1, looks.FINE))),
    "low_fuel": ("point/low-fuel", looks.none_is_fine(looks.ALARM)),
    "alerts": ("point/alerts", looks.none_is_fine(looks.ALARM)),
    "mains_out": ("point/mains-out", looks.none_is_fine(looks.ALARM)),
    "points": ("point/in-use", looks.steps((None, looks.PLAIN))),
    "standby": ("point/standby", looks.steps((None, looks.PLAIN))),
    "opening": ("point/opening", looks.steps((None, looks.PLAIN), (1, looks.ATTENTION))),
    "operational": ("point/operational", looks.steps((None, looks.PLAIN))),
    "late": ("point/late", looks.none_is_fine(looks.ALARM)),
    "people": ("people/likely", looks.steps((None, looks.PLAIN))),
    "capacity": ("point/capacity", looks.steps((None, looks.PLAIN))),
    "overdue": ("upkeep/overdue", looks.none_is_fine(looks.ATTENTION)),
}


def figures(
    words: Words,
    key: str,
    shown: Sequence[str],
    where: str,
    *,
    height: int,
    type_px: tuple[float, float] | None = None,
) -> stat.Panel:
    """Some of these figures, over all points that are chosen."""
    chosen = [Figure(one, _FIGURES[one][1]) for one in shown]
    queries = [total(_FIGURES[one][0], where) for one in shown]
    return panels.numbers(words, key, chosen, queries, height=height, type_px=type_px)


def counts(words: Words, where: str) -> tuple[stat.Panel, stat.Panel]:
    """How many points stand how, and what they do."""
    stand = ("not_ready", "not_known", "silent", "limited", "ready", "low_fuel", "alerts", "mains_out")
    do = ("points", "standby", "opening", "operational", "late", "people", "capacity", "overdue")
    return figures(words, "counts", stand, where, height=5), figures(words, "doing", do, where, height=5)


def first(words: Words, where: str, *, height: int, type_px: float) -> stat.Panel:
    """The points that need somebody first, in the order of the page, each with its verdict and its reason.

    Those that are ready come after all others: where fewer need somebody they fill it, and it is not empty where all is well. To leave
    them out would be wrong too: InfluxDB would go on with the row before the newest of a point that has just become ready.
    """
    columns = {"verdict": "point/verdict"}
    order = {"rank": f"{field('point/rank')} + {field('point/ready')} * {_LAST}"}
    return panels.firsts(
        words,
        "first",
        [
            newest(columns, where, tags=("name",), reckoned=order),
            standing(schema.WHY, ("judged", "text"), ("point",), where),
        ],
        join="point",
        sort="rank",
        said={"judged": looks.judged(words), "name": looks.after("·"), "text": looks.after("·", none="")},
        coloured="verdict",
        most=_FIRST,
        mappings=looks.verdicts(words),
        links=point_links(words, "point"),
        height=height,
        type_px=type_px,
    )


def points(words: Words, *, where: str = CHOSEN, height: int = 12) -> table.Panel:
    """Every point: how it stands, why, for how long, and what is known of it. The worst first, as on the page."""
    columns = {
        "rank": "point/rank", "verdict": "point/verdict", "phase": "point/phase", "low": "off-grid/hours-low",
        "likely": "off-grid/hours", "high": "off-grid/hours-high", "target": "off-grid/target",
        "refuel": "fuel/refuel-in", "percent": "fuel/percent", "people": "people/likely", "capacity": "point/capacity",
        "volts": "now/voltage", "celsius": "now/temperature", "age": "point/age", "firing": "point/alerts",
    }  # fmt: skip
    why = standing(schema.WHY, ("text",), ("point",), where)
    none = looks.absent(words)
    urgent = looks.steps((None, looks.ALARM), (2, looks.ATTENTION), (8, "transparent"))
    quiet = looks.steps((None, "transparent"), (300, looks.STALE))
    return panels.rows(
        words,
        "table",
        [newest(columns, where, tags=("name",)), why],
        [
            Column("rank", hidden=True),
            Column("name", links=point_links(words, words("column.point")), width=190),
            Column("verdict", mappings=looks.verdicts(words), coloured=True, width=125),
            Column("text", key="why", width=None, mappings=looks.sentence(words, words("nothing-lacks"))),
            Column("phase", mappings=looks.phases(words), width=105),
            *(Column(name, unit=HOURS, decimals=0, mappings=none) for name in ("low", "likely", "high", "target")),
            Column("refuel", width=125, unit=HOURS, decimals=1, coloured=True, steps=urgent, mappings=none),
            Column("percent", unit="percent", decimals=0, mappings=none),
            Column("people", decimals=0, mappings=none),
            Column("capacity", decimals=0),
            Column("volts", unit="volt", decimals=1, mappings=none),
            Column("celsius", unit="celsius", decimals=1, mappings=none),
            Column("age", unit=AGE, decimals=0, mappings=none, coloured=True, steps=quiet),
            Column("firing", decimals=0),
            Column("point", hidden=True),
        ],
        sort="rank",
        join="point",
        height=height,
    )  # fmt: skip


def alerts(words: Words, where: str, *, width: int, height: int) -> table.Panel:
    """The alerts that fire, and who was reached."""
    firing = standing(
        schema.ALERT,
        (
            "name",
            "severity",
            "text",
            "age_s",
            "acknowledged",
            "by",
            "reached",
            "waiting",
            "uncertain",
            "held_by",
            "firing",
        ),
        ("point", "rule"),
        where,
    )
    seen = looks.yes_or_no(words, "seen", looks.FINE, looks.ATTENTION)
    severity = looks.mapping(
        {
            key: (words(f"severity.{key}"), colour)
            for key, colour in zip(_SEVERITIES, (looks.ALARM, looks.ATTENTION), strict=True)
        }
    )
    return panels.rows(
        words,
        "alerts_table",
        [firing],
        [
            Column("severity", mappings=severity, coloured=True, width=110),
            Column("name", links=point_links(words, words("column.point")), width=160),
            Column("text", key="alert", width=None),
            Column("age_s", key="since", unit=AGE, decimals=0),
            Column("acknowledged", mappings=seen, coloured=True, width=165),
            Column("by"),
            Column("reached", width=110),
            Column("waiting", decimals=0, width=65),
            Column("uncertain", decimals=0, width=80),
            Column("held_by", key="held", width=95),
            Column("point", hidden=True),
        ],
        sort="age_s",
        width=width,
        height=height,
        why_empty="no-alerts",
        drop=("rule", "firing"),
        keep=("firing", 1),
    )


def course_of_counts(words: Words, *, width: int = 24, height: int = 8) -> timeseries.Panel:
    """How many points of the chosen regions stood how, over time, as each host counted them; it lags behind by five minutes at most.

    What takes InfluxDB its time is the number of stretches, and several figures in one query: so half hours at the finest, no more
    than 360 of them, and a query each.
    """
    shown = {
        "not_ready": ("not_ready", looks.ALARM), "not_known": ("unknown", looks.UNKNOWN),
        "limited": ("limited", looks.ATTENTION), "ready": ("ready", looks.FINE),
    }  # fmt: skip
    queries = {
        words(key): (
            f'SELECT sum("value") FROM (SELECT last("{name}") AS "value" FROM "{MEANS}"."{schema.HOST}" WHERE $timeFilter AND {REGION} '
            'GROUP BY time($__interval), "region") WHERE $timeFilter GROUP BY time($__interval) fill(null)'
        )
        for key, (name, _) in shown.items()
    }
    panel = panels.lines(words, "course", queries, unit="short", width=width, height=height, low=0, decimals=0)
    panel.interval(panels.COARSE).max_data_points(360).span_nulls(panels.COARSE_GAP_MS)
    for key, (_, colour) in shown.items():
        panel.override_by_name(words(key), panels.override(color={"mode": "fixed", "fixedColor": colour}))
    return panel


def events(
    words: Words, where: str, *, width: int = 12, height: int = 8, key: str = "events", most: int = 100
) -> table.Panel:
    """What happened, the newest first."""
    return panels.rows(
        words,
        key,
        [listing(schema.EVENT, ("name", "text", "way", "role", "point"), where, most)],
        [Column("Time", key="when", width=175), Column("name", width=170), Column("text", key="what", width=None), Column("way", mappings=ways(words)), Column("role", key="by"), Column("point", hidden=True)],
        sort="Time",
        descending=True,
        width=width,
        height=height,
        why_empty="nothing-happened",
        time=True,
    )  # fmt: skip


def faults(words: Words, *, named: bool, height: int) -> table.Panel:
    """Where a sensor gave no value, the newest first. named: with the point, where there may be several."""
    tags = ("point", "metric", "sensor") if named else ("metric", "sensor")
    return panels.rows(
        words,
        "faults",
        [listing(schema.FAULT, (*tags, "code"), ONE)],
        [
            Column("Time", key="when", width=175),
            *(Column(tag, width=None) for tag in tags),
            Column("code", key="fault", width=None),
        ],
        sort="Time",
        descending=True,
        width=12,
        height=height,
        why_empty="no-faults",
        time=True,
    )


def ways(words: Words) -> list[ValueMapping]:
    """By which way something was said."""
    return looks.codes(words, "way", ("board", "page", "cli", "sms", "link", "radio", "button", "host"))
