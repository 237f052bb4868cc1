"""`paraat bring-back`: what a day of flashing elsewhere brings home."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.local_broker import add_broker, tell_broker
from paraat.cli.parser import Commands
from paraat.cli.shared import EXIT_FAILED, EXIT_STOPPED, EXIT_USAGE, add_passphrase_file, fail, now, tell
from paraat.site.errors import SettingsError
from paraat.texts import Phrase, say

if TYPE_CHECKING:
    from paraat.provision.pki import bring_back


def add_commands(commands: Commands) -> None:
    """Add it to those of `paraat`."""
    back = commands.add_parser(
        "bring-back", help=Phrase("join a copy of the site with this one: its boards, its labels, what it revoked")
    )
    back.add_argument("--site", type=Path, required=True, metavar="DIR")
    back.add_argument(
        "--from", dest="source", required=True, metavar="FOLDER", help=Phrase("a folder, or user@machine:folder")
    )
    for option, text in (
        ("--keep", Phrase("of a conflict: as it is here; a point or a file, may be given again")),
        ("--take", Phrase("of a conflict: as it is there")),
    ):
        back.add_argument(option, action="append", default=[], metavar="NAME", help=text)
    add_broker(back)
    add_passphrase_file(back)
    back.set_defaults(run=_guarded)


def _guarded(args: argparse.Namespace) -> int:
    from paraat.site.inventory import PkiError

    try:
        return _bring_back(args)
    except SettingsError as error:
        fail(args, error)
        return EXIT_USAGE
    except PkiError as error:
        return fail(args, error)
    except KeyboardInterrupt:
        return EXIT_STOPPED


def _bring_back(args: argparse.Namespace) -> int:
    from paraat.provision.pki import bring_back, passphrase
    from paraat.provision.pki.authority import CA_KEY
    from paraat.site.inventory import FOLDER

    with bring_back.copy_of(args.source) as other:
        plan = bring_back.plan(args.site, other, keep=args.keep, take=args.take)
        if plan.conflicts:
            return _conflicts(args, plan)
        if plan.changes or plan.coming.files:
            asked = say("flash.passphrase", args.language, path=args.site / FOLDER / CA_KEY)
            bring_back.carry_out(
                plan,
                lambda: passphrase.opened(
                    args.site, args.passphrase_file, now(), language=args.language, question=asked
                ),
                now(),
            )
    for change in plan.changes:
        tell(args, Phrase("- {change}", change=change))
    if plan.changes:
        tell(args, Phrase("{site} has it all. The other copy is old now: erase it.", site=args.site))
    else:
        tell(args, Phrase("Nothing new in {source}: {site} has it all.", source=args.source, site=args.site))
    return tell_broker(args)


def _conflicts(args: argparse.Namespace, plan: "bring_back.Plan") -> int:
    for conflict in plan.conflicts:
        tell(args, Phrase("- {conflict}", conflict=conflict.said))
        tell(
            args,
            Phrase(
                "  KEEP={name}: as it is here. TAKE={name}: as it is in {source}.",
                name=conflict.name,
                source=args.source,
            ),
        )
    fail(args, Phrase("Nothing was changed. Give the same command again, with KEEP= or TAKE= for each of these."))
    return EXIT_FAILED
