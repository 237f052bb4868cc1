"""`paraat journal`: look whether it is whole, copy it, and bring back what can be read of a damaged one or of a backup."""

import argparse
from pathlib import Path

from paraat.cli.parser import Commands
from paraat.cli.shared import fail, tell
from paraat.site.site import load_site
from paraat.texts import Phrase


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    journal = commands.add_parser("journal", help=Phrase("the journal: check it, copy it, bring back what can be read"))
    actions = journal.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help=Phrase("read all of it and say whether it is whole; `serve` may run"))
    check.add_argument("--site", type=Path, required=True, metavar="DIR")
    check.set_defaults(run=_check)
    backup = actions.add_parser("backup", help=Phrase("copy it whole into one file; `serve` may run"))
    backup.add_argument("--site", type=Path, required=True, metavar="DIR")
    backup.add_argument("to", type=Path, metavar="FILE")
    backup.set_defaults(run=_backup)
    restore = actions.add_parser(
        "restore", help=Phrase("bring back what can be read of the journals that were set aside; `serve` must not run")
    )
    restore.add_argument("--site", type=Path, required=True, metavar="DIR")
    restore.add_argument(
        "--from",
        type=Path,
        action="append",
        default=[],
        dest="sources",
        metavar="FILE",
        help=Phrase("also of a backup"),
    )
    restore.set_defaults(run=_restore)


def _check(args: argparse.Namespace) -> int:
    from paraat.journal.damage import find_damage

    path = _path(args)
    if found := find_damage(path):
        return fail(args, _damaged(path, found))
    tell(args, Phrase("{path}: whole", path=path))
    return 0


def _damaged(path: Path, found: str) -> Phrase:
    return Phrase(
        "{path}: damaged ({found}). `paraat serve` sets it aside and begins a new one; then `paraat journal restore` brings"
        " back what can be read. Look at the health of the disk",
        path=path,
        found=found,
    )


def _backup(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.journal.damage import back_up

    try:
        back_up(_path(args), args.to)
    except JournalError as error:
        return fail(args, error)
    tell(args, Phrase("{to}: the journal as it is now", to=args.to))
    return 0


def _restore(args: argparse.Namespace) -> int:
    from paraat.journal import Journal, JournalError
    from paraat.journal.damage import ASIDE, BROUGHT_BACK, bring_back, set_aside_files

    path = _path(args)
    aside = set_aside_files(path)
    if not aside and not args.sources:
        return fail(args, Phrase("{path}: no damaged journal lies beside it, and --from names none", path=path))
    try:
        journal = Journal(path)
    except JournalError as error:
        return fail(args, error)
    try:
        sources = (*reversed(aside), *args.sources)  # the newest first
        for source, found in zip(sources, bring_back(journal, *sources), strict=True):
            tell(
                args,
                Phrase(
                    "{source}: brought back {sets} sets, {facts} facts and {alerts} alerts; {unreadable} rows cannot be read",
                    source=source,
                    sets=found.rows["entry"],
                    facts=found.rows["fact"],
                    alerts=found.rows["alert"],
                    unreadable=found.unreadable,
                ),
            )
            if source in aside:
                for part in source.parent.glob(f"{source.name}*"):
                    part.rename(part.with_name(part.name.replace(ASIDE, BROUGHT_BACK)))
    except JournalError as error:
        return fail(args, error)
    finally:
        journal.close()
    return 0


def _path(args: argparse.Namespace) -> Path:
    site = load_site(args.site)
    return site.path(site.region.journal)
