"""A region on a wall, to be read at five metres: how many points stand how, and which five need somebody first, and why.

Nobody touches a wall, so there is no table on it and nothing to scroll. At five metres a letter wants to be 23 mm high (ISO
9241-303: 16 minutes of arc): 50 pixels of type on a screen of 55 inches with 1920 x 1080. Grafana itself goes to 30 at most.
"""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import frame, parts
from dashboards.influxql import CHOSEN
from paraat.texts import Words

_TYPE_PX, _FIGURE_PX = 50, 100


def build(language: str) -> Dashboard:
    """The dashboard in a language that has a catalogue. Its panels are 28 rows high: 1080 pixels with Grafana's bars away."""
    words = Words(language, frame.CONTEXT)
    board = frame.begin("wall", language, since="now-24h", chooses="towns")
    stand = ("not_ready", "not_known", "silent", "limited", "ready")
    board.with_panel(parts.figures(words, "counts", stand, CHOSEN, height=7, type_px=(_TYPE_PX, _FIGURE_PX)))
    return board.with_panel(parts.first(words, CHOSEN, height=21, type_px=_TYPE_PX))
