"""The region at a glance: how many points are ready, which need what first, who was reached, and where they are.

Grafana shows and does not judge. What a wall needs of it is a dashboard of its own, wall.py.
"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, panels, parts
from dashboards.influxql import CHOSEN, newest
from paraat.texts import Words


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("region", language, since="now-24h", chooses="towns")
    stand, do = parts.counts(words, CHOSEN)
    board.with_panel(stand).with_panel(parts.first(words, CHOSEN, height=11, type_px=18)).with_panel(do)
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
    return frame.mark(board, words, CHOSEN, f"{CHOSEN} AND {parts.TURNS}")
