"""The region at a glance: how many points are ready, which need what first, who was reached, and where they are.

Grafana shows and does not judge. The first three rows are for a wall: they can be read at five metres.
"""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, looks, panels, parts
from dashboards.influxql import CHOSEN, newest
from paraat.texts import Words

_MOST = 6  # tiles that can be read from afar


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("region", language, since="now-24h", chooses="towns")
    for panel in parts.counts(words, CHOSEN):
        board.with_panel(panel)
    board.with_panel(_first(words))
    board.with_panel(parts.points(words))
    board.with_panel(parts.alerts(words, CHOSEN, width=15, height=11))
    board.with_panel(
        panels.chart(
            words,
            "map",
            newest({"verdict": "point/verdict"}, tags=("name", "latitude", "longitude")),
            width=9,
            height=11,
        )
    )
    board.with_panel(parts.course_of_counts(words, width=15))
    board.with_panel(panels.note(words, "no-alerting", width=9, height=8))
    return frame.mark(board, words, CHOSEN)


def _first(words: Words) -> stat.Panel:
    """The points that need somebody first, in the order of the page."""
    columns = {"rank": "point/rank", "verdict": "point/verdict"}
    return panels.tiles(
        words,
        "first",
        newest(columns, f"{CHOSEN} AND \"judged\" != 'ready'", tags=("name",)),
        shown="verdict",
        named="name",
        most=_MOST,
        mappings=looks.verdicts(words),
        sort="rank",
        links=parts.point_links(words, "point"),
        width=24,
        height=6,
    )
