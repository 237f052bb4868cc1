"""All regions: how many points stand how in each, and where."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, looks, panels, parts
from dashboards.influxql import NOW, REGION, newest
from dashboards.panels import HOURS, Column
from paraat.domain.readiness import Verdict
from paraat.sinks import schema
from paraat.texts import Words


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("national", language, since="now-24h", chooses="regions")
    for panel in parts.counts(words, REGION):
        board.with_panel(panel)
    board.with_panel(_regions(words))
    place = newest({"verdict": "point/verdict"}, REGION, tags=("name", "latitude", "longitude"))
    board.with_panel(panels.chart(words, "map_trouble", place, without=Verdict.READY, width=10, height=12))
    board.with_panel(parts.course_of_counts(words, width=14, height=12))
    return frame.mark(board, words, REGION, f"{REGION} AND \"kind\" = 'alerted'")


def _regions(words: Words) -> table.Panel:
    """A row a region, the most that are not ready first. A region whose host is silent has no row here: so it is missed, not fine."""
    shown = {
        "points": "in_use", "not_ready": "not_ready", "not_known": "unknown", "silent": "quiet", "limited": "limited",
        "ready": "ready", "operational": "operational", "low_fuel": "low_fuel", "firing": "alerts_firing",
        "people": "people", "capacity": "capacity", "short": "short", "hours_unknown": "hours_unknown",
        "low": "least_hours_low", "likely": "least_hours", "high": "least_hours_high", "target": "least_target_h",
    }  # fmt: skip
    selected = ", ".join(f'"{name}" AS "{key}"' for key, name in shown.items())
    query = (
        f'SELECT {selected} FROM "{schema.HOST}" WHERE {NOW} AND {REGION} GROUP BY "region" ORDER BY time DESC LIMIT 1'
    )
    chosen = (
        f"var-region=${{__data.fields[{words('column.region')}]}}&var-datasource=${{datasource}}&var-page=${{page}}"
    )
    to_region = [{"title": words("to.region"), "url": f"/d/{frame.uid('region', words.language)}?{chosen}"}]

    def count(key: str, colour: str, width: int = 85) -> Column:
        steps = looks.steps((None, "transparent"), (1, colour))
        return Column(key, coloured=True, width=width, decimals=0, steps=steps)

    def least(name: str, width: int) -> Column:
        return Column(name, key=f"least_{name}", unit=HOURS, decimals=0, mappings=looks.absent(words), width=width)

    return panels.rows(
        words,
        "regions",
        [query],
        [
            Column("region", links=to_region, width=None),
            Column("points", decimals=0, width=70),
            count("not_ready", looks.ALARM, 115),
            count("not_known", looks.UNKNOWN, 100),
            count("silent", looks.STALE, 70),
            count("limited", looks.ATTENTION),
            count("ready", looks.FINE),
            least("low", 112),
            least("likely", 130),
            least("high", 100),
            least("target", 105),
            count("short", looks.ALARM, 120),
            count("hours_unknown", looks.UNKNOWN, 75),
            count("low_fuel", looks.ALARM, 120),
            count("operational", looks.PLAIN, 110),
            Column("firing", decimals=0),
            Column("people", decimals=0, width=80),
            Column("capacity", decimals=0, width=80),
        ],
        sort="not_ready",
        descending=True,
        height=14,
    )  # fmt: skip
