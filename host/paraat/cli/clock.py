"""`paraat clock`: somebody says that the host's clock is right."""

import argparse
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, read
from paraat.cli.parser import Commands
from paraat.cli.shared import fail, tell
from paraat.site.site import load_site
from paraat.texts import Phrase


def add_commands(commands: Commands) -> None:
    """Add the command to those of `paraat`."""
    clock = commands.add_parser(
        "clock",
        help=Phrase("say that the clock of this machine is right, where the boards that contradict it are wrong"),
    )
    clock.add_argument("--site", type=Path, required=True, metavar="DIR")
    clock.add_argument("--by", required=True, metavar="NAME", help=Phrase("who says so, as people there know them"))
    clock.add_argument("--role", default="", metavar="ROLE", help=Phrase('such as "lead"'))
    clock.set_defaults(run=_confirm)


def _confirm(args: argparse.Namespace) -> int:
    from paraat.texts.printable import printable
    from paraat.web import api

    site = load_site(args.site)
    body = msgspec.json.encode({"by": args.by, "role": args.role, "way": "cli"})
    try:
        answer = ask(site, "POST", "/api/v1/clock", body)
        if answer is None:
            return fail(args, Phrase("{site}: `paraat serve` does not run; start it, then say so", site=args.site))
        found = read(answer, api.Acknowledgement)
    except AskError as error:
        return fail(args, error)
    at = found.at.astimezone(ZoneInfo(site.region.timezone)).strftime("%Y-%m-%d %H:%M:%S")
    tell(args, Phrase("{at}: this clock is right, says {by}. Boards are told the time.", at=at, by=printable(found.by)))
    return 0
