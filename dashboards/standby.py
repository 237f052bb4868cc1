"""Ready while nothing happens: test runs, the age of the fuel, the batteries, checks, and words that end."""

from grafana_foundation_sdk.builders import statetimeline, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, looks, panels, parts
from dashboards.influxql import MEANT, course, field, first_of, newest, standing, those, total
from dashboards.panels import AGE, Column
from paraat.domain.profiles import RESOURCES
from paraat.sinks import schema
from paraat.texts import Words


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("standby", language, since="now-30d", chooses="points")
    trouble, doubt = looks.none_is_fine(looks.ALARM), looks.none_is_fine(looks.UNKNOWN)
    for key, name, colours in (
        ("overdue", "upkeep/overdue", trouble),
        ("upkeep_unknown", "upkeep/unknown", doubt),
        ("ready", "point/ready", looks.steps((None, looks.STALE), (1, looks.FINE))),
        ("points", "point/in-use", None),
    ):
        board.with_panel(panels.number(words, key, total(name, MEANT), width=6, colours=colours))
    board.with_panel(_upkeep(words))
    frame.choose_first(board, "expiring", words("expiring"), first_of("upkeep/word-ends", "bottom"))
    board.with_panel(_expiring(words))
    frame.choose_first(board, "overdue", words("runs"), first_of("upkeep/overdue", "top"))
    board.with_panel(_runs(words))
    frame.choose_first(board, "weakest", words("rest_lines"), first_of("upkeep/rest-voltage", "bottom"))
    queries = {"$tag_name": course("upkeep/rest-voltage", those("weakest"), how="min", by=("point", "name"), long=True)}
    board.with_panel(panels.lines(words, "rest_lines", queries, unit="volt", decimals=2, why_empty="not-measured"))
    board.with_panel(
        parts.events(words, f'{MEANT} AND "kind" =~ /^(attested|absent|word-withdrawn|counted|refuel)$/', key="checks")
    )
    return frame.mark(board, words, MEANT, f"{MEANT} AND {parts.TURNS}")


def _upkeep(words: Words) -> table.Panel:
    """Every point: how long ago each thing was done. What nobody knows is said."""
    columns = {
        "overdue": "upkeep/overdue", "unknown": "upkeep/unknown", "test": "upkeep/test-age", "fuel": "upkeep/fuel-age",
        "check": "upkeep/check-age", "volts": "upkeep/rest-voltage", "drop": "upkeep/rest-drop", "phase": "point/phase",
    }  # fmt: skip
    none = looks.absent(words)

    def age(name: str, attention_days: float) -> Column:
        steps = looks.steps((None, "transparent"), (attention_days * 86_400, looks.ATTENTION))
        return Column(name, key=f"age_{name}", unit=AGE, decimals=0, mappings=none, coloured=True, steps=steps)

    return panels.rows(
        words,
        "upkeep",
        [newest(columns, MEANT, tags=("name", "municipality"))],
        [
            Column("name", links=parts.point_links(words, words("column.point")), width=190),
            Column("municipality", width=140),
            Column("phase", mappings=looks.phases(words), width=110),
            Column("overdue", coloured=True, steps=looks.steps((None, "transparent"), (1, looks.ALARM))),
            Column("unknown", key="unknown_tasks", coloured=True, steps=looks.steps((None, "transparent"), (1, looks.UNKNOWN))),
            age("test", 31),
            age("fuel", 365),
            age("check", 31),
            Column("volts", key="rest_volts", unit="volt", decimals=2, mappings=none),
            Column("drop", unit="percent", decimals=1, mappings=none, coloured=True, steps=looks.steps((None, "transparent"), (2, looks.ATTENTION))),
            Column("point"),
        ],
        sort="overdue",
        descending=True,
        height=12,
    )  # fmt: skip


def _expiring(words: Words) -> table.Panel:
    """What somebody's word holds up, and until when: what ends first comes first, of the twelve points where that is soonest. Of all of
    them the panel of upkeep counts what is overdue; their resources are 500 times fifteen rows."""
    said = Words(words.language, "readiness")
    names = looks.mapping({name: (said(f"resource.{name}"), "transparent") for name in RESOURCES})
    ends = looks.steps((None, looks.ALARM), (0, looks.ATTENTION), (7 * 86_400, "transparent"))
    return panels.rows(
        words,
        "expiring",
        [
            standing(
                schema.RESOURCE,
                ("name", "standing", "age_s", "ends_in_s"),
                ("point", "resource"),
                f'{those("expiring")} AND "by_word" = true',
            )
        ],
        [
            Column("name", links=parts.point_links(words, words("column.point")), width=170),
            Column("resource", mappings=names, width=None),
            Column("standing", mappings=looks.standings(words), coloured=True, width=120),
            Column(
                "ends_in_s", key="ends", unit=AGE, decimals=0, mappings=looks.absent(words), coloured=True, steps=ends
            ),
            Column("age_s", key="since", unit=AGE, decimals=0, mappings=looks.absent(words)),
            Column("point"),
        ],
        sort="ends_in_s",
        width=12,
        height=11,
    )


def _runs(words: Words) -> statetimeline.Panel:
    """When the generators ran of those whose upkeep is most overdue. A run is short: the last moment of an hour would not show it."""
    running = f"{those('overdue')} AND {field('now/generator')} = true"
    ran = course("now/generator", running, how="last", by=("point", "name"), long=True)
    looked = looks.yes_or_no(words, "generator", looks.PLAIN, looks.FAINT)
    return panels.bands(words, "runs", {"$tag_name": ran}, looked, width=12, height=11, no_band="bands-runs")
