"""The fuel of a region: where it must be brought first, how fast it burns, what was brought, and where it goes away."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, looks, panels, parts
from dashboards.influxql import MEANT, NOW, course, field, first_of, measurement, newest, those, total
from dashboards.panels import BURN, HOURS, LITRES, Column
from paraat.texts import Words

_LOSSES = '"kind" =~ /^(theft|leak|gauge-stuck|gauge-rises)$/'
_DELIVERIES = '"kind" =~ /^(refuel|refuel-seen|refuel-at-board|refuel-planned|refuel-off)$/'


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("fuel", language, since="now-48h", chooses="points")
    trouble = looks.none_is_fine(looks.ALARM)
    for panel in (
        panels.number(words, "low_fuel", total("point/low-fuel", MEANT), width=6, colours=trouble),
        panels.number(
            words,
            "fuel_unknown",
            total("point/fuel-unknown", MEANT),
            width=6,
            colours=looks.none_is_fine(looks.UNKNOWN),
        ),
        panels.number(words, "litres_all", total("fuel/litres", MEANT), width=6, unit=LITRES),
        panels.number(words, "burn_all", _burning(), width=6, unit=BURN, decimals=1, why_empty="none-burns"),
    ):
        board.with_panel(panel)
    board.with_panel(_round(words))
    frame.choose_first(board, "urgent", words("fuel_lines"), first_of("fuel/round", "bottom"))
    queries = {"$tag_name": course("fuel/percent", those("urgent"), by=("point", "name"), long=True)}
    board.with_panel(panels.lines(words, "fuel_lines", queries, unit="percent", low=0, high=100))
    queries = {"$tag_name": course("fuel/burn", those("urgent"), by=("point", "name"), long=True)}
    board.with_panel(panels.lines(words, "burn_lines", queries, unit=BURN, low=0))
    board.with_panel(parts.events(words, f"{MEANT} AND {_DELIVERIES}", key="deliveries"))
    board.with_panel(parts.events(words, f"{MEANT} AND {_LOSSES}", key="losses"))
    return frame.mark(board, words, f'{MEANT} AND "rule" =~ /fuel/', f"{MEANT} AND {_DELIVERIES}")


def _burning() -> str:
    """Litres an hour of all points whose generator runs now."""
    return (
        f'SELECT sum("burn") AS "value" FROM (SELECT last({field("fuel/burn")}) AS "burn", last({field("now/generator")}) AS "runs" '
        f'FROM {measurement("fuel/burn")} WHERE {NOW} AND {MEANT} AND {field("now/generator")} = true GROUP BY "point")'
    )


def _round(words: Words) -> table.Panel:
    """In the order of the page: where nothing is known somebody must go and look, and what is arranged in time comes last."""
    columns = {
        "turn": "fuel/round", "refuel": "fuel/refuel-in", "low": "fuel/hours-low", "likely": "fuel/hours",
        "high": "fuel/hours-high", "target": "off-grid/target", "percent": "fuel/percent", "litres": "fuel/litres",
        "to_target": "fuel/to-target", "to_full": "fuel/to-full", "burn": "fuel/burn", "planned": "fuel/planned",
        "planned_in": "fuel/planned-in", "runs": "now/generator", "verdict": "point/verdict",
    }  # fmt: skip
    in_use = f"{MEANT} AND {field('point/in-use')} = 1"
    none = looks.absent(words)
    urgent = looks.steps((None, looks.ALARM), (2, looks.ATTENTION), (8, "transparent"))
    overdue = looks.steps((None, looks.ALARM), (0, "transparent"))

    def figure(name: str, unit: str, decimals: int = 0) -> Column:
        return Column(name, unit=unit, decimals=decimals, mappings=none)

    return panels.rows(
        words,
        "round",
        [newest(columns, in_use, tags=("name", "municipality"))],
        [
            Column("turn", hidden=True),
            Column("name", links=parts.point_links(words, words("column.point")), width=190),
            Column("refuel", unit=HOURS, decimals=1, mappings=none, coloured=True, steps=urgent, width=125),
            Column("planned_in", unit=HOURS, decimals=1, coloured=True, steps=overdue, width=110),
            Column("planned", unit=LITRES, decimals=0),
            *(figure(name, HOURS) for name in ("low", "likely", "high", "target")),
            figure("percent", "percent"),
            *(figure(name, LITRES) for name in ("litres", "to_target", "to_full")),
            figure("burn", BURN, 1),
            Column("runs", mappings=looks.yes_or_no(words, "generator", looks.PLAIN, "transparent"), coloured=True),
            Column("verdict", mappings=looks.verdicts(words), coloured=True, width=125),
            Column("municipality", width=140),
            Column("point"),
        ],
        sort="turn",
        height=13,
    )
