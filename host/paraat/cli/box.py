"""`paraat labels` and `paraat boards`: what leaves the hall in a box, and who has what."""

import argparse
import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paraat.cli.parser import Commands
from paraat.cli.shared import fail, now, tell, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, say

if TYPE_CHECKING:
    from paraat.provision.flash.box import Check


def add_commands(commands: Commands) -> None:
    """Add both to those of `paraat`."""
    labels = commands.add_parser(
        "labels", help=Phrase("the labels of boards on sheets of A4, and the list for the box")
    )
    labels.add_argument("--site", type=Path, required=True, metavar="DIR")
    labels.add_argument("points", nargs="*", metavar="POINT", help=Phrase("without it every point that has a board"))
    labels.set_defaults(run=_labels)

    boards = commands.add_parser("boards", help=Phrase("who has which board, since when, with which firmware"))
    boards.add_argument("--site", type=Path, required=True, metavar="DIR")
    boards.add_argument("--csv", type=Path, metavar="FILE", help=Phrase("write it for a spreadsheet"))
    boards.set_defaults(run=_boards)


def _labels(args: argparse.Namespace) -> int:
    from paraat.provision.flash import box, label
    from paraat.site import fingerprint, inventory
    from paraat.site.files import write_atomic

    site = load_site(args.site)
    if wrong := unknown_points(site, args.points):
        return fail(args, wrong)
    try:
        found = [
            row
            for row in box.rows(site, now())
            if row.state == "valid" and row.label and (not args.points or row.point in args.points)
        ]
    except inventory.InventoryError as error:
        return fail(args, error)
    if not found:
        return fail(args, Phrase("None of these points has a board in the list: make flash first"))
    known = fingerprint.here(args.site)
    words, board = fingerprint.words(known) if known is not None else "", label.word(args.language)
    made = [label.Label(row.point, row.name, row.label, board, words) for row in found]
    folder = args.site / "labels"
    folder.mkdir(exist_ok=True)
    for one in made:
        label.save(one, folder)
    write_atomic(folder / "sheet.pdf", label.sheets(made), mode=0o644)
    write_atomic(folder / "box.txt", box.box_list(found, args.language).encode(), mode=0o644)
    about = {"sheet": folder / "sheet.pdf", "box": folder / "box.txt", "n": len(made)}
    tell(args, Phrase("{sheet}: {n} labels, to print on A4 at 100 %. {box}: the list for the box.", **about))
    return 0


def _boards(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from paraat.provision.flash import box
    from paraat.site import inventory
    from paraat.site.files import write_atomic

    site = load_site(args.site)
    try:
        found = box.rows(site, now(), _heard(site), _checked(site))
    except inventory.InventoryError as error:
        return fail(args, error)
    if args.csv is not None:
        write_atomic(args.csv, ("\ufeff" + box.as_csv(found, args.language)).encode(), mode=0o644)
        tell(args, Phrase("{path}: written", path=args.csv))
        return 0
    table = Table(title=say("box.who-has-what", args.language, region=site.region.region), title_justify="left")
    for column in box.screen_columns(args.language):
        table.add_column(column, overflow="fold")
    for row in found:
        table.add_row(*box.screen_cells(row, args.language))
    Console().print(table)
    return 0


def _heard(site: Site) -> dict[str, float]:
    """When each point was last heard, of the journal on this machine; empty where there is none."""
    return dict(_asked(site, "SELECT point, MAX(received_at) FROM entry WHERE seq IS NOT NULL GROUP BY point"))


def _checked(site: Site) -> "dict[str, Check]":
    """How each point was last checked on the spot, of the same journal."""
    from paraat.domain.facts import Author, Commissioned
    from paraat.provision.flash.box import Check
    from paraat.runtime.typed import decode

    found = {}
    for t, author, body in _asked(
        site, "SELECT t, author, body FROM fact WHERE kind = 'commissioned/1' ORDER BY t, id"
    ):
        told = decode(body, Commissioned)
        found[told.point] = Check(t, decode(author, Author).name, not told.left)
    return found


def _asked(site: Site, query: str) -> list[tuple[Any, ...]]:
    path = site.path(site.region.journal)
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db,
    ):
        return db.execute(query).fetchall()
    return []
