"""Grafana dashboards, one file each; `make dashboards` builds the JSON beside them, in Dutch and in English."""

import json
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import fuel_round, national, regional_overview, standby, support_point, telemetry, wall

FOLDER = Path(__file__).parent
BUILDERS: dict[str, Callable[[str], Dashboard]] = {
    "regional_overview": regional_overview.build,
    "wall": wall.build,
    "support_point": support_point.build,
    "fuel_round": fuel_round.build,
    "standby": standby.build,
    "telemetry": telemetry.build,
    "national": national.build,
}
# What the SDK writes at every variable and @grafana/schema does not know: one "id" for all of them, of which Grafana 9.4 then keeps
# a single one, and what an interval alone has.
_NOT_A_VARIABLES = ("id", "auto", "auto_min", "auto_count")
LANGUAGES = {"nl": "", "en": ".en"}


def render(name: str, language: str) -> str:
    """The JSON of a dashboard."""
    board = BUILDERS[name](language).build()
    for number, one in enumerate(board.panels or (), start=1):
        one.id_val = number  # the SDK gives none, and Grafana would give others at each import
    made = json.loads(JSONEncoder().encode(board))
    made["annotations"].setdefault("list", [])  # the wall marks nothing, and Grafana looks for a list
    del made["style"]  # @grafana/schema of 10 to 13 has none
    for panel in made["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)  # nor this from 12 on: there it belongs to a field
    for variable in made["templating"]["list"]:
        for key in _NOT_A_VARIABLES:
            variable.pop(key, None)
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


def files() -> dict[Path, str]:
    """What each JSON file must hold."""
    return {
        FOLDER / f"{name}{suffix}.json": render(name, language)
        for name in BUILDERS
        for language, suffix in LANGUAGES.items()
    }
