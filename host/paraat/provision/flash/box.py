"""Which board is where: the list of a region's boards, for a screen, a spreadsheet and the box that leaves the hall."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from paraat.site import inventory
from paraat.site.site import Site
from paraat.texts import say


class Check(NamedTuple):
    """When a point was last checked on the spot (unix seconds), by whom, and whether every step was seen."""

    t: float
    by: str
    whole: bool


class Row(NamedTuple):
    """One board, or a point without one. state: a key of "box.state". heard_at: unix seconds, where the host knows it.

    zone: in which people there read a moment.
    """

    point: str
    name: str
    board: str = ""
    label: str = ""
    since: datetime | None = None
    firmware: str = ""
    state: str = "none"
    until: datetime | None = None
    heard_at: float | None = None
    checked: Check | None = None
    zone: tzinfo = UTC


def rows(
    site: Site,
    now: datetime,
    heard: Mapping[str, float] | None = None,
    checked: Mapping[str, Check] | None = None,
) -> list[Row]:
    """Every point with its board, and after them every board that counts no longer. Raises InventoryError.

    now: aware. heard, checked: by point, where the journal knows it.
    """
    counting = inventory.boards(site.directory)
    found = [
        _row(site, now, point, counting.get(point), (heard or {}).get(point))._replace(
            checked=(checked or {}).get(point)
        )
        for point in sorted(site.points)
    ]
    macs = {record.board.mac for record in counting.values() if record.board is not None}
    gone: dict[str, inventory.Record] = {}
    for record in inventory.load(site.directory).certificates:
        if record.board is not None and record.board.mac not in macs:
            gone[record.board.mac] = record  # the newest of a board is the last
    return found + [_row(site, now, record.cn, record, None) for record in gone.values()]


def _row(site: Site, now: datetime, point: str, record: inventory.Record | None, heard_at: float | None) -> Row:
    known = site.points.get(point)
    row = Row(point, known.name if known is not None else "", heard_at=heard_at, zone=ZoneInfo(site.region.timezone))
    if record is None:
        return row
    counts = "valid" if record.not_after > now else "ended"
    state = counts if record.state == "valid" else record.reason or "revoked"
    row = row._replace(state=state, until=record.not_after)
    board = record.board
    if board is None:
        return row
    return row._replace(board=board.type, label=board.serial, since=board.flashed_at, firmware=board.firmware or "")


def columns(language: str) -> list[str]:
    """What stands above the list."""
    return say("box.columns", language).split("|")


def cells(row: Row, language: str) -> list[str]:
    """A row as people read it."""
    known = ("none", "valid", "ended", "superseded", "abandoned", "discarded", "revoked")
    state = say(f"box.state-{row.state}", language) if row.state in known else row.state
    heard = "" if row.heard_at is None else _moment(datetime.fromtimestamp(row.heard_at, UTC), row.zone)
    checked = "" if row.checked is None else _check(row.checked, row.zone, language)
    known_of_board = [row.label, row.board, _moment(row.since, row.zone), row.firmware, state, _day(row.until)]
    return [row.point, row.name, *known_of_board, heard, checked]


def screen_columns(language: str) -> list[str]:
    """What stands above the list on a screen, which is narrower than a sheet."""
    point, _, label, _, since, _, state, *_ = columns(language)
    return [point, label, state, since]


def screen_cells(row: Row, language: str) -> list[str]:
    """A row in four cells of several lines each."""
    point, name, label, board, since, firmware, state, until, heard, checked = cells(row, language)
    heads = columns(language)
    dated = [f"{head}: {value}" for head, value in ((heads[8], heard), (heads[9], checked)) if value]
    ends = [f"{heads[7]} {until}"] if until else []
    lines = ([point, name], [label, board, firmware], [state, *ends], [since, *dated])
    return ["\n".join(filter(None, each)) for each in lines]


def as_csv(found: Iterable[Row], language: str) -> str:
    """For a spreadsheet: semicolons, as one of a Dutch machine reads them."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(columns(language))
    writer.writerows(cells(row, language) for row in found)
    return out.getvalue()


def box_list(found: Iterable[Row], language: str) -> str:
    """What lies in the box, to tick off by hand: one line a board that counts."""
    lines = [say("box.title", language), ""]
    for row in found:
        if row.state == "valid":
            lines.append(f"[ ] {row.point:<14} {row.label:<19} {row.board:<28} {row.name}")
    return "\n".join(lines) + "\n"


def _check(check: Check, zone: tzinfo, language: str) -> str:
    told = f"{_moment(datetime.fromtimestamp(check.t, UTC), zone)} {check.by}"
    return told if check.whole else f"{told} ({say('box.check-partly', language)})"


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"
