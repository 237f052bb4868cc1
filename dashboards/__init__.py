"""Grafana dashboards, one file each; `make dashboards` builds the JSON beside them, in Dutch and in English."""

from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import fuel_round, national, regional_overview, standby, support_point, telemetry

FOLDER = Path(__file__).parent
BUILDERS: dict[str, Callable[[str], Dashboard]] = {
    "regional_overview": regional_overview.build,
    "support_point": support_point.build,
    "fuel_round": fuel_round.build,
    "standby": standby.build,
    "telemetry": telemetry.build,
    "national": national.build,
}
LANGUAGES = {"nl": "", "en": ".en"}


def render(name: str, language: str) -> str:
    """The JSON of a dashboard."""
    board = BUILDERS[name](language).build()
    for number, panel in enumerate(board.panels or (), start=1):
        panel.id_val = number  # the SDK gives none, and Grafana would give others at each import
    return JSONEncoder(indent=2, sort_keys=True).encode(board) + "\n"


def files() -> dict[Path, str]:
    """What each JSON file must hold."""
    return {
        FOLDER / f"{name}{suffix}.json": render(name, language)
        for name in BUILDERS
        for language, suffix in LANGUAGES.items()
    }
