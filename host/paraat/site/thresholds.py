"""[alerts] of site.toml, of a profile and of a point: what holds for each point. The nearer one wins, key by key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from paraat.domain.points import Point, PointBoard
from paraat.domain.thresholds import PER_POINT, Alerts
from paraat.site.errors import SettingsError
from paraat.site.tables import convert_table
from paraat.texts import Phrase

Tables = Mapping[str, Mapping[str, Any]]
_CLEAR, _RAISE = "clear_", "raise_"


def check(path: Path, alerts: Alerts, only: Tables | None = None) -> None:
    """Refuse what would flutter. only: the tables that `path` speaks of; None: all. Raises SettingsError."""
    for name, table in msgspec.structs.asdict(alerts).items():
        if only is not None and name not in only:
            continue
        found = msgspec.structs.asdict(table)
        for clear_key in (key for key in found if key.startswith(_CLEAR)):
            raise_key = _RAISE + clear_key.removeprefix(_CLEAR)
            if raise_key in found and found[clear_key] <= found[raise_key]:
                raise SettingsError(
                    path,
                    f"alerts.{name}.{clear_key}",
                    str(found[clear_key]),
                    Phrase(
                        "more than {raise_key} ({value}), or the alert would flutter",
                        raise_key=raise_key,
                        value=found[raise_key],
                    ),
                )


def alerts_of(site: Alerts, profile: tuple[Path, Tables], point: tuple[Path, Point]) -> Alerts:
    """The thresholds that hold for a point. Raises SettingsError."""
    path, described = point
    alerts = _changed(_for_battery(site, described.board), *profile)
    return _changed(alerts, path, described.alerts)


def check_profile(site: Alerts, path: Path, tables: Tables) -> None:
    """Refuse what a profile says wrong of the thresholds, also while no point has it. Raises SettingsError."""
    _changed(site, path, tables)


def _changed(alerts: Alerts, path: Path, tables: Tables) -> Alerts:
    for name, table in tables.items():
        if name not in PER_POINT:
            raise SettingsError(
                path, f"alerts.{name}", Phrase("an unknown key"), Phrase("one of: {known}", known=", ".join(PER_POINT))
            )
        before = getattr(alerts, name)
        merged = msgspec.to_builtins(before) | dict(table)
        alerts = msgspec.structs.replace(alerts, **{name: convert_table(path, merged, type(before), f"alerts.{name}")})
    check(path, alerts, tables)
    return alerts


def _for_battery(alerts: Alerts, board: PointBoard) -> Alerts:
    """Where a board's own alarm is set for another battery, of 24 V say, the volts of the rule move with it."""
    usual = PointBoard(type=board.type).battery_low_v
    if board.battery_low_v == usual:
        return alerts
    before, factor = alerts.battery_low, board.battery_low_v / usual
    limits = msgspec.structs.replace(before, raise_v=before.raise_v * factor, clear_v=before.clear_v * factor)
    return msgspec.structs.replace(alerts, battery_low=limits)
