"""`paraat influx`: get InfluxDB ready for a site, look what is wrong with it, and write a period once more from the journal."""

import argparse
import threading
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_FAILED, EXIT_USAGE, complain, fail, tell
from paraat.site.site import Site, load_site
from paraat.texts import Count, Phrase, catalogue

if TYPE_CHECKING:
    from paraat.sinks.replay import Progress

_SIGNS = {"there": "=", "made": "+", "to-do": "?", "note": "!"}
_REFUSED_SHOWN = 3
_DAY_BEGINS = "T00:00"


def add_commands(commands: Commands) -> None:
    """Add this command to those of `paraat`."""
    influx = commands.add_parser(
        "influx", help=Phrase("InfluxDB: get it ready, look what is wrong, write a period once more")
    )
    actions = influx.add_subparsers(required=True, metavar="ACTION")
    setup = _action(actions, "setup", Phrase("database or buckets, how long they keep rows, tokens; safe to run again"))
    setup.add_argument("--dry-run", action="store_true", help=Phrase("only say what would be done"))
    setup.add_argument(
        "--admin-file",
        type=Path,
        metavar="FILE",
        help=Phrase("of mode 0600: a token of an administrator, of InfluxDB 1 <name>:<password>"),
    )
    setup.add_argument(
        "--shorten", action="store_true", help=Phrase("also keep rows shorter than now; older ones are thrown away")
    )
    setup.set_defaults(run=_setup)
    check = _action(actions, "check", Phrase("look whether rows are written and can be read, and say what is wrong"))
    check.set_defaults(run=_check)
    replay = _action(actions, "replay", Phrase("write a period once more from the journal; twice does no harm"))
    replay.add_argument(
        "--from", dest="since", metavar="MOMENT", help=Phrase("a day or a moment, such as 2026-11-28T14:00")
    )
    replay.add_argument("--until", metavar="MOMENT", help=Phrase("a day or a moment; without it: now"))
    replay.add_argument("--refused", action="store_true", help=Phrase("the lines that were refused and kept aside"))
    replay.set_defaults(run=_replay)


def _action(actions: Commands, name: str, said: Phrase) -> Parser:
    parser = actions.add_parser(name, help=said)
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    return parser


def _site(args: argparse.Namespace) -> Site | None:
    site = load_site(args.site)
    if site.influx is not None:
        return site
    said = Phrase(
        '{path} has no table [influx]: add the two lines\n[influx]\nurl = "http://127.0.0.1:8086"',
        path=site.directory / "site.toml",
    )
    complain(args.language, said)
    return None


def _setup(args: argparse.Namespace) -> int:
    from paraat.sinks.server import Http, InfluxError, RefusedError, identify
    from paraat.sinks.setup import Files, Setup
    from paraat.site.private import read_secret

    site = _site(args)
    if site is None or site.influx is None:
        return EXIT_USAGE
    admin = read_secret(args.admin_file, "--admin-file") if args.admin_file else ""
    files = Files(site)
    link = None
    try:
        ca_file = None if site.influx.ca_file is None else site.path(site.influx.ca_file)
        link = Http(site.influx.url, site.influx.timeout_s, ca_file)
        found = identify(link, admin or files.read(files.admin) or files.read(files.host))
        tell(args, Phrase("InfluxDB {version} at {url}", version=found.version, url=site.influx.url))
        for step in Setup(site, link, found, admin=admin, dry_run=args.dry_run, shorten=args.shorten).run():
            words = catalogue.Words(args.language)
            print(f"  {_SIGNS[step.state]} {words.say(step.said)}", flush=True)
    except InfluxError as error:
        return fail(args, error.said)
    except RefusedError as error:
        return fail(args, Phrase("InfluxDB {url} would not do it: {why}", url=site.influx.url, why=str(error)))
    finally:
        if link is not None:
            link.close()
    tell(args, Phrase("= was so already   + done   ? would be done   ! to know"))
    if not args.dry_run:
        tell(
            args,
            Phrase("Start `paraat serve` again, then look with `paraat influx check --site {site}`", site=args.site),
        )
    return 0


def _check(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.journal.outbox import reading
    from paraat.sinks.check import look

    site = _site(args)
    if site is None:
        return EXIT_USAGE
    path = site.path(site.region.journal)
    words = catalogue.Words(args.language)
    wrong = 0
    try:
        if path.exists():
            with reading(path) as journal:
                findings = list(look(site, journal, time.time()))
        else:
            findings = list(look(site, None, time.time()))
    except JournalError as error:
        return fail(args, error)
    for finding in findings:
        sign = {True: "✓", False: "✗", None: " "}[finding.ok]
        wrong += finding.ok is False
        print(f"  {sign} {words.say(finding.said)}")
    return EXIT_FAILED if wrong else 0


def _replay(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.journal.outbox import reading
    from paraat.sinks.influx import SINK
    from paraat.sinks.replay import replay, replay_refused
    from paraat.sinks.server import Http, InfluxError
    from paraat.sinks.setup import Files
    from paraat.sinks.writer import Writer

    site = _site(args)
    if site is None or site.influx is None:
        return EXIT_USAGE
    span = _span(args, site)
    if span is None:
        return EXIT_USAGE
    settings, files, progress = site.influx, Files(site), None
    token = files.read(files.host)
    try:
        ca_file = None if settings.ca_file is None else site.path(settings.ca_file)
        with (
            reading(site.path(site.region.journal)) as journal,
            closing(Http(settings.url, settings.timeout_s, ca_file)) as link,
        ):
            writer = Writer(settings, link, token, threading.Event())
            if args.refused:
                progress = replay_refused(journal, writer, settings, SINK)
            else:
                language, now = site.region.language, time.time()
                steps = replay(journal, writer, settings, language, since=span[0], until=span[1], now=now)
                progress = next(iter(deque(steps, maxlen=1)), None)
    except InfluxError as error:
        return fail(args, error.said)
    except JournalError as error:
        return fail(args, error)
    if progress is None:
        tell(args, Phrase("the journal has nothing of that period"))
        return 0
    return _say_replayed(args, progress)


def _say_replayed(args: argparse.Namespace, progress: "Progress") -> int:
    tell(
        args,
        Phrase(
            "InfluxDB took {n} lines, and {means} lines of means of five minutes",
            n=progress.taken,
            means=progress.means,
        ),
    )
    if progress.too_old:
        said = Phrase("{n} lines are older than it keeps: of those only the means were written", n=progress.too_old)
        tell(args, said)
    if not progress.refused:
        return 0
    complain(args.language, Count(len(progress.refused), "InfluxDB refused one line", "InfluxDB refused {n} lines"))
    for line, why in progress.refused[:_REFUSED_SHOWN]:
        complain(
            args.language, Phrase("refused: {why}; the line: {line}", why=why, line=line[:200].decode(errors="replace"))
        )
    return EXIT_FAILED


def _span(args: argparse.Namespace, site: Site) -> tuple[float, float] | None:
    """From when until when, unix seconds; None after a complaint."""
    from paraat.texts.typed import typed_moment

    if args.refused:
        return 0.0, 0.0
    zone, now = ZoneInfo(site.region.timezone), time.time()
    if args.since is None:
        complain(args.language, Phrase("say from when with --from, or --refused"))
        return None
    since = typed_moment(args.since if "T" in args.since else args.since + _DAY_BEGINS, zone)
    until = typed_moment(args.until, zone) if args.until else None
    for given, moment in ((args.since, since), (args.until, until)):
        if given and moment is None:
            complain(args.language, Phrase("{given}: no day and no moment such as 2026-11-28T14:00", given=given))
            return None
    assert since is not None
    return since.timestamp(), now if until is None else until.timestamp() + 1.0
