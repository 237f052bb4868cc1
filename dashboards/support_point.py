"""One noodsteunpunt: how it stands and why, its power, its fuel and how long that lasts, its people, and what happened there."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards import frame, looks, panels, parts
from dashboards.influxql import NOW, ONE, Query, course, field, measurement, newest, standing
from dashboards.panels import AGE, HOURS, LITRES, Column, Figure
from paraat.domain.profiles import RESOURCES
from paraat.sinks import schema
from paraat.texts import Words


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("point", language, since="now-48h", chooses="point")
    for panel in _now(words):
        board.with_panel(panel)
    board.with_panel(_why(words))
    board.with_panel(parts.alerts(words, ONE, width=14, height=7))
    board.with_panel(_bands(words))
    board.with_panel(_fuel(words)).with_panel(_cone(words)).with_panel(_hours(words))
    board.with_panel(_people(words)).with_panel(_battery(words))
    board.with_panel(_climate(words)).with_panel(_load(words))
    board.with_panel(_resources(words)).with_panel(parts.events(words, ONE))
    board.with_panel(parts.faults(words, named=False, height=7)).with_panel(_late(words))
    return frame.mark(board, words, ONE, all_on=True)


def _newest(columns: Mapping[str, str]) -> str:
    """The newest whole row of the one point. columns: by alias, metrics of the host's row."""
    return newest(columns, ONE).replace('GROUP BY "point" ', "")


def _value(name: str) -> str:
    return _newest({"value": name})


def _now(words: Words) -> list[stat.Panel]:
    """How it stands, for a wall and for a phone."""
    plain = looks.steps((None, looks.PLAIN))
    urgent = looks.steps((None, looks.ALARM), (2, looks.ATTENTION), (8, looks.FINE))
    old = looks.steps((None, looks.FINE), (300, looks.STALE))

    named = f'SELECT "label" AS "value" FROM {measurement("point/verdict")} WHERE {NOW} AND {ONE} ORDER BY time DESC LIMIT 1'
    lasts = (
        ("hours_low", "off-grid/hours-low", plain, HOURS),
        ("hours_likely", "off-grid/hours", plain, HOURS),
        ("target", "off-grid/target", plain, HOURS),
    )
    then = (
        ("refuel_in", "fuel/refuel-in", urgent, HOURS),
        ("heard", "point/age", old, AGE),
    )

    def numbers(key: str, shown: Sequence[tuple[str, str, ThresholdsConfig, str]], width: int) -> stat.Panel:
        """Of more than three beside each other on a phone none can be read."""
        figures = [Figure(name, colours, unit) for name, _, colours, unit in shown]
        query = _newest({words(name): metric for name, metric, _, _ in shown})
        return panels.numbers(words, key, figures, [query], width=width, height=4)

    return [
        panels.number(words, "name", named, width=6),
        panels.number(words, "verdict", _value("point/verdict"), width=4, mappings=looks.verdicts(words)),
        panels.number(words, "phase", _value("point/phase"), width=4, mappings=looks.phases(words)),
        numbers("hours_now", lasts, 6),
        numbers("next_now", then, 4),
    ]


def _why(words: Words) -> table.Panel:
    """In one sentence what keeps it from being ready, and what to do."""
    return panels.rows(
        words,
        "why",
        [standing(schema.WHY, ("text", "to_do"), ("point",), ONE)],
        [
            Column("text", key="why", width=None, mappings=looks.sentence(words, words("nothing-lacks"))),
            Column("to_do", width=None),
        ],
        sort="text",
        drop=("point",),
        width=10,
        height=7,
        why_empty="nothing-wrong",
    )


def _bands(words: Words) -> statetimeline.Panel:
    """Verdict, phase, mains and generator as bands, as they were known at each moment."""
    shown = {
        words("verdict"): ("point/verdict", looks.verdicts(words)),
        words("phase"): ("point/phase", looks.phases(words)),
        words("mains"): ("now/mains", looks.yes_or_no(words, "mains", looks.FINE, looks.ALARM)),
        words("generator"): ("now/generator", looks.yes_or_no(words, "generator", looks.PLAIN, looks.FAINT)),
    }
    return panels.bands(
        words,
        "bands",
        {title: course(name, how="last") for title, (name, _) in shown.items()},
        {title: looked for title, (_, looked) in shown.items()},
        height=8,
    )


def _fuel(words: Words) -> timeseries.Panel:
    """What is in the tank, as the page says it: by volume, and nothing while nobody can read it."""
    queries = {words("percent"): course("fuel/percent")}
    return panels.lines(words, "fuel", queries, unit="percent", width=8, height=9, low=0, high=100, legend=False)


def _hours(words: Words) -> timeseries.Panel:
    """How long it holds out, with its range, against the target."""
    queries = {
        words("low"): course("off-grid/hours-low"),
        words("likely"): course("off-grid/hours"),
        words("high"): course("off-grid/hours-high"),
        words("target"): course("off-grid/target"),
    }
    panel = panels.lines(words, "hours", queries, unit=HOURS, width=8, height=9, low=0, decimals=0)
    return _as_cone(panel, words)


def _as_cone(panel: timeseries.Panel, words: Words) -> timeseries.Panel:
    """The likely line within the range, and the target dashed."""
    edge = panels.override(custom_lineWidth=1, color={"mode": "fixed", "fixedColor": looks.PLAIN})
    panel.override_by_name(words("low"), edge)
    panel.override_by_name(
        words("high"), [*edge, *panels.override(custom_fillBelowTo=words("low"), custom_fillOpacity=25)]
    )
    panel.override_by_name(
        words("likely"), panels.override(custom_lineWidth=3, color={"mode": "fixed", "fixedColor": looks.PLAIN})
    )
    dashed = {"fill": "dash", "dash": [10, 10]}
    return panel.override_by_name(
        words("target"),
        panels.override(
            custom_lineStyle=dashed, custom_lineWidth=2, color={"mode": "fixed", "fixedColor": looks.ATTENTION}
        ),
    )


def _cone(words: Words) -> timeseries.Panel:
    """The coming hours: the tank from now on if the generator goes on, until it is empty at the earliest, likely and latest.

    Each query is one knot of the lines, of the newest row alone, which is five minutes old at most: the first knot stands five
    minutes after it, so that it never lies before the graph's beginning, where Grafana would not see it. The target is the tank
    that would hold out as long as is asked.
    """
    litres, burn, target, at = (field(name) for name in ("fuel/litres", "fuel/burn", "off-grid/target", "point/at"))
    edges = {words("low"): "fuel/hours-low", words("likely"): "fuel/hours", words("high"): "fuel/hours-high"}
    begun = f"- {burn} / 12"
    knots = [("1 / 12", {**dict.fromkeys(edges, f"{litres} {begun}"), words("target"): f"{burn} * {target} {begun}"})]
    for n, name in enumerate(edges.values(), start=1):
        knots.append((field(name), dict.fromkeys(list(edges)[:n], f"{litres} * 0")))
    knots.append((target, {words("target"): f"{burn} * 0"}))
    panel = panels.lines(words, "cone", {}, unit=LITRES, width=8, height=9, low=0, why_empty="no-forecast")
    for letter, (after_h, values) in zip("ABCDE", knots, strict=True):
        selected = [
            f'({at} + {after_h} * 3600) * 1000 AS "t"',
            *(f'{said} AS "{name}"' for name, said in values.items()),
        ]
        query = (
            f"SELECT {', '.join(selected)} FROM {measurement('point/verdict')} WHERE {NOW} AND {ONE} "
            f"AND {field('point/fuel-unknown')} = 0 ORDER BY time DESC LIMIT 1"
        )
        panel.with_target(Query(query).ref_id(letter))
    panel.time_from("+72h").span_nulls(True)
    for id_val, options in (
        ("merge", {}),
        ("organize", {"excludeByName": {"Time": True}, "indexByName": {"t": 0}, "renameByName": {}}),
        ("convertFieldType", {"fields": {}, "conversions": [{"targetField": "t", "destinationType": "time"}]}),
        ("sortBy", {"sort": [{"field": "t", "desc": False}]}),
    ):
        panel.with_transformation(DataTransformerConfig(id_val=id_val, options=options))
    return _as_cone(panel, words)


def _people(words: Words) -> timeseries.Panel:
    """The people inside, with their range, against what the point is meant for."""
    queries = {
        words("low"): course("people/low"),
        words("likely"): course("people/likely"),
        words("high"): course("people/high"),
        words("target"): course("point/capacity"),
    }
    return _as_cone(panels.lines(words, "people_line", queries, unit="short", low=0, decimals=0), words)


def _battery(words: Words) -> timeseries.Panel:
    """The battery as its sensor reads it."""
    queries = {words("volts"): course("battery/voltage"), words("charge"): course("battery/charge")}
    panel = panels.lines(words, "battery", queries, unit="volt")
    return panel.override_by_name(
        words("charge"), panels.override(unit="percent", custom_axisPlacement="right", min=0, max=100)
    )


def _climate(words: Words) -> timeseries.Panel:
    """The air, by each sensor."""
    queries = {
        f"{words('celsius')} $tag_sensor": course("climate/temperature", by=("sensor",)),
        f"{words('humidity')} $tag_sensor": course("climate/humidity", by=("sensor",)),
        f"{words('co2')} $tag_sensor": course("climate/co2", by=("sensor",)),
    }
    panel = panels.lines(words, "climate", queries, unit="celsius", why_empty="not-measured")
    panel.override_by_query("B", panels.override(unit="humidity", custom_axisPlacement="right"))
    return panel.override_by_query("C", panels.override(unit="ppm", custom_axisPlacement="right"))


def _load(words: Words) -> timeseries.Panel:
    """The power that it takes."""
    return panels.lines(
        words,
        "load",
        {words("load"): course("power/load")},
        unit="watt",
        low=0,
        decimals=0,
        legend=False,
        why_empty="not-measured",
    )


def _resources(words: Words) -> table.Panel:
    """Each resource of its profile."""
    said = Words(words.language, "readiness")
    names = looks.mapping({name: (said(f"resource.{name}"), "transparent") for name in RESOURCES})
    return panels.rows(
        words,
        "resources",
        [standing(schema.RESOURCE, ("standing", "text", "age_s", "ends_in_s"), ("resource",), ONE)],
        [
            Column("resource", mappings=names, width=150),
            Column("standing", mappings=looks.standings(words), coloured=True, width=130),
            Column("text", key="why", width=None),
            Column("age_s", key="since", unit=AGE, decimals=0, mappings=looks.absent(words)),
            Column("ends_in_s", key="ends", unit=AGE, decimals=0),
        ],
        sort="standing",
        descending=True,
        width=12,
        height=8,
        why_empty="host-silent",
    )


def _late(words: Words) -> timeseries.Panel:
    """Sets that came long after they were read, and those that are still missing."""
    queries = {
        words(
            "late_s"
        ): f'SELECT max("late_s") FROM "{schema.LATE}" WHERE $timeFilter AND {ONE} GROUP BY time($__interval) fill(null)',
        words("missing"): course("point/missing", how="max"),
    }
    panel = panels.lines(words, "late_line", queries, unit=AGE, low=0, decimals=0, height=7, why_empty="nothing-late")
    return panel.override_by_name(words("missing"), panels.override(unit="short", custom_axisPlacement="right"))
