"""`paraat sheet` and `paraat code`: what works when everything else is down, paper and the voice radio."""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, no_service, read
from paraat.cli.parser import Commands
from paraat.cli.saying import keep_in_journal
from paraat.cli.shared import EXIT_USAGE, complain, fail, tell, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.domain.facts import Author, Fact
    from paraat.domain.radio import Code, Said
    from paraat.web.api import Entered
    from paraat.web.cards import Writer

_KINDS = ("count", "litres", "help", "acknowledge")


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    sheet = commands.add_parser(
        "sheet",
        help=Phrase("make the runner sheet of points as PDF, with their codes; needs no network and no service"),
    )
    sheet.add_argument("--site", type=Path, required=True, metavar="DIR")
    which = sheet.add_mutually_exclusive_group(required=True)
    which.add_argument("--point", action="append", dest="points", metavar="POINT", help=Phrase("may be given again"))
    which.add_argument("--all", action="store_true", help=Phrase("of every point, each in a file of its own"))
    sheet.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help=Phrase("the folder for POINT.pdf; made when missing"),
    )
    sheet.set_defaults(run=_sheet)

    code = commands.add_parser("code", help=Phrase("short codes for the voice radio: enter what was heard, make one"))
    actions = code.add_subparsers(required=True, metavar="ACTION")
    enter = actions.add_parser("enter", help=Phrase("keep what a code says that was read aloud over the radio"))
    enter.add_argument("--site", type=Path, required=True, metavar="DIR")
    enter.add_argument("--by", required=True, metavar="NAME", help=Phrase("who says so, as people there know them"))
    enter.add_argument("--role", default="", metavar="ROLE", help=Phrase('such as "lead"'))
    enter.add_argument("code", nargs="+", metavar="CODE", help=Phrase("with or without blanks"))
    enter.set_defaults(run=_enter)
    make = actions.add_parser(
        "make", help=Phrase("say a code to read aloud, its words, and what the coordination point answers")
    )
    make.add_argument("--site", type=Path, required=True, metavar="DIR")
    make.add_argument("kind", choices=_KINDS, metavar="KIND", help=", ".join(_KINDS))
    make.add_argument("about", metavar="POINT", help=Phrase("of acknowledge: the number of the alert"))
    make.add_argument("number", type=int, nargs="?", metavar="N", help=Phrase("people, or litres"))
    make.set_defaults(run=_make)


# --- sheets


def _sheet(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.site.files import write_atomic
    from paraat.texts import reason

    site = load_site(args.site)
    points = sorted(site.points) if args.all else list(dict.fromkeys(args.points))
    if wrong := unknown_points(site, points):
        return fail(args, wrong)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for point, made in _sheets(site, points, args):
            path = args.out / f"{point}.pdf"
            write_atomic(path, made, mode=0o600)  # the codes on it are for who holds the paper
            tell(args, Phrase("{path}: made", path=path))
    except (JournalError, AskError) as error:
        return fail(args, error)
    except OSError as error:
        return fail(args, Phrase("{path}: cannot be written ({why})", path=args.out, why=reason(error)))
    return 0


def _sheets(site: Site, points: list[str], args: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    """Each point with its sheet, by the service, or from its journal while it does not run. Raises JournalError, AskError."""
    for n, point in enumerate(points):
        answer = ask(site, "GET", f"/points/{point}/sheet.pdf")
        if answer is None:
            yield from _sheets_from_journal(site, points[n:], args)
            return
        status, made = answer
        if status != 200 or not made.startswith(b"%PDF-"):
            read((status if status != 200 else 500, made), dict)  # says why
        yield point, made


def _sheets_from_journal(site: Site, points: list[str], args: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    from paraat.alerts.radio import book_of
    from paraat.journal import Journal
    from paraat.service import past_of
    from paraat.web.sheet import Sheets

    no_service(args)
    now = time.time()
    journal = Journal(site.path(site.region.journal))
    try:
        views = {view.point: view for view in past_of(site, journal, now).views}
        alerts = journal.open_alerts()
    finally:
        journal.close()
    book = book_of(site)
    sheets = Sheets(site.region.region, args.language, ZoneInfo(site.region.timezone))
    for point in points:
        yield point, sheets.pdf(views[point], alerts, site.points[point], book, now)


# --- codes


def _make(args: argparse.Namespace) -> int:
    from paraat.alerts.radio import book_of, moment_of
    from paraat.domain.radio import COUNT, HELP, LITRES, MOST, Kind, spelled

    site = load_site(args.site)
    if args.kind in ("count", "litres") and (args.number is None or not 0 <= args.number <= MOST):
        complain(args.language, Phrase("a number from 0 to {most} is missing behind the point", most=MOST))
        return EXIT_USAGE
    book = book_of(site)
    code: Code
    if args.kind == "acknowledge":
        if not args.about.isdecimal():
            complain(args.language, Phrase("{found} is no number of an alert; paraat alerts list", found=args.about))
            return EXIT_USAGE
        code = book.of_alert(int(args.about))
    else:
        if wrong := unknown_points(site, [args.about]):
            return fail(args, wrong)
        kinds: dict[str, Kind] = {"count": COUNT, "litres": LITRES, "help": HELP}
        kind = kinds[args.kind]
        code = book.of_point(
            kind, args.about, moment_of(site, time.time()).date(), None if kind == HELP else args.number
        )
    print(code)
    print(" ".join(spelled(str(code))))
    tell(args, Phrase("The coordination point answers: {answer}", answer=" ".join(book.answer(code))))
    return 0


def _enter(args: argparse.Namespace) -> int:
    from paraat.domain.radio import RadioError
    from paraat.journal import JournalError
    from paraat.texts.printable import printable
    from paraat.web import api
    from paraat.web.cards import Writer
    from paraat.web.texts import Words

    site = load_site(args.site)
    body = msgspec.json.encode({"code": " ".join(args.code), "by": args.by, "role": args.role})
    words = Words(args.language)
    writer = Writer(words, ZoneInfo(site.region.timezone), site.alerts.point_silent.after_s)
    try:
        text, author = api.code_and_author(body)
        answer = ask(site, "POST", "/api/v1/codes", body)
        found: Entered = _enter_in_journal(site, text, author, writer) if answer is None else read(answer, api.Entered)
    except RadioError as error:
        return fail(args, writer.radio_error(error, time.time()))
    except (ValueError, JournalError, AskError) as error:
        return fail(args, error)
    print(printable(found.said))
    if found.again:
        print(words("code.again"))
    print(words("code.answer", answer=" ".join(found.answer)))
    return 0


def _enter_in_journal(site: Site, text: str, author: "Author", writer: "Writer") -> "Entered":
    """As the service does while it runs. Raises RadioError, JournalError."""
    from paraat.alerts import radio
    from paraat.journal import Journal
    from paraat.web import api

    now = time.time()
    book = radio.book_of(site)
    journal = Journal(site.path(site.region.journal))

    def keep(said: "Said", author: "Author") -> "Fact":
        return keep_in_journal(journal, said, author, now)

    try:
        firing = [alert for alert in journal.open_alerts() if alert.state == "firing"]
        ids = [alert.id for alert in firing]
        found = radio.enter(text, author, book, journal, points=site.points, firing=ids, site=site, now=now, keep=keep)
    finally:
        journal.close()
    return api.entered(found, writer.entered(found, {point.id: point.name for point in site.points.values()}, firing))
