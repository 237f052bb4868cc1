"""The configuration that each board should run, as it was last published: SITE/desired/<point>.json.

Versions rise by one when the content changes, and stay when it does not, so that publishing again disturbs no board. A
board takes only a version above the one that it runs, and never one that has failed there; what it says in `state` counts.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paraat.boards.node_config import CONFIG_VERSION, node_config
from paraat.site.errors import SettingsError
from paraat.site.files import write_atomic
from paraat.site.site import Site
from paraat.texts import Phrase, reason
from paraat_wire import orders

FOLDER = "desired"
MAX_VERSIONS_AHEAD = 100_000  # of orders.MAX_VERSION: for a host that has lost its memory

# What a board has from its own image and no message may change (firmware/node/desired.py) is not in it.


def content(site: Site, point: str) -> dict[str, Any]:
    """What the site's files say now, without a version. Raises SettingsError."""
    table = node_config(site, point, broker={"host": site.broker.boards_host or site.broker.host})
    del table["version"]
    return table


def path_of(site: Site, point: str) -> Path:
    """Where the point's last published configuration is kept."""
    return site.directory / FOLDER / f"{point}.json"


def read(path: Path) -> dict[str, Any] | None:
    """What was published last; None when nothing was. Raises SettingsError for a file that is not ours."""
    try:
        return orders.read_config(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SettingsError(
            path, "", str(error), Phrase("what `paraat configure` wrote; delete it to begin anew")
        ) from error


def choose(
    wanted: Mapping[str, Any], last: Mapping[str, Any] | None, state: Mapping[str, Any], *, again: bool = False
) -> dict[str, Any]:
    """The configuration to publish. state: the board's, empty when it is not known. again: also what failed once."""
    ours = last["version"] if last else CONFIG_VERSION
    runs, refused = (_believed(state.get(key, 0), ours) for key in ("config", "config_refused"))
    same = last is not None and {**wanted, "version": 0} == {**last, "version": 0}
    if last is not None and same and last["version"] >= runs and not again:
        return dict(last)
    return {**wanted, "version": max(ours, runs, refused) + 1}


def _believed(told: int, ours: int) -> int:
    """The version that a board tells; 0 for one so far above ours that no host has ever given it out."""
    return told if told <= ours + MAX_VERSIONS_AHEAD else 0


def save(path: Path, config: Mapping[str, Any]) -> None:
    """Keep it, before it is published. Raises SettingsError."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, json.dumps(config, indent=1).encode() + b"\n", mode=0o644)
    except OSError as error:
        raise SettingsError(path, "", reason(error), Phrase("a folder that can be written")) from error


def outcome(version: int, state: Mapping[str, Any]) -> str | None:
    """What a state says about this version: "" when the board runs it, why it does not, None while that is open."""
    if not state.get("online") or state.get("config_trial"):
        return None
    if state.get("config_refused") == version:
        why: str = state.get("config_error") or Phrase("refused")
        return why
    return "" if state.get("config") == version else None
