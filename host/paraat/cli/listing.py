"""What commands list: asked of the service, or told from its journal while it does not run."""

import argparse
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask_all, no_service
from paraat.cli.shared import fail
from paraat.site.site import Site, load_site

if TYPE_CHECKING:
    from paraat.journal import Past
    from paraat.texts.readiness import Words

FromPast = Callable[[Site, "Past", float], Any]


def list_out(
    args: argparse.Namespace,
    path: str,
    shape: type[Any],
    from_past: FromPast,
    lines: Callable[[Any, "Words"], Iterable[str]],
    *,
    first: Callable[[Site], None] = lambda _: None,
) -> int:
    """Print what the API answers at `path` as `lines` says, or as JSON where args.json. Returns the exit code.

    shape: of the answer. from_past: makes the same of a journal (site, past, now in unix seconds). first: what is said before it.
    """
    from paraat.journal import JournalError
    from paraat.texts import readiness
    from paraat.texts.printable import printable

    site = load_site(args.site)
    try:
        first(site)
        found = _found(site, args, path, shape, from_past)
    except (JournalError, AskError) as error:
        return fail(args, error)
    if args.json:
        print(msgspec.json.encode(found).decode())
        return 0
    for line in lines(found, readiness.Words(args.language, ZoneInfo(site.region.timezone))):
        print(printable(line))
    return 0


def _found(site: Site, args: argparse.Namespace, path: str, shape: type[Any], from_past: FromPast) -> Any:
    """Raises JournalError, AskError."""
    from paraat.journal import Journal
    from paraat.service import past_of

    # In the site's own language it is what the page's asking has made ready.
    asked = "" if args.language == site.region.language else f"?language={args.language}"
    found = ask_all(site, f"{path}{asked}", shape)
    if found is not None:
        return found
    no_service(args)
    now = time.time()
    journal = Journal(site.path(site.region.journal))
    try:
        return from_past(site, past_of(site, journal, now), now)
    finally:
        journal.close()
