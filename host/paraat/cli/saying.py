"""What a command says of a point: by the service, or straight into its journal while it does not run."""

import argparse
import time
from collections.abc import Callable
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, read
from paraat.cli.parser import Parser
from paraat.cli.shared import EXIT_USAGE, complain, fail, unknown_points
from paraat.domain.subjects import POINT, Subject
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.domain.facts import Acknowledged, Author, Fact, SaidOfPoint
    from paraat.domain.passages import Tally
    from paraat.journal import Journal


_SETS_LOOKED_AT = 600


def add_who(parser: Parser) -> None:
    """Of which site and point, and who says so."""
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    parser.add_argument("--by", required=True, metavar="NAME", help=Phrase("who says so, as people there know them"))
    parser.add_argument("--role", default="", metavar="ROLE", help=Phrase('such as "lead"'))
    parser.add_argument("point", metavar="POINT")


def say_of_point(args: argparse.Namespace, action: str, asked: dict[str, object], *, moment: str = "until") -> int:
    """Have it kept, and say so. action: of /api/v1/points/<id>/; moment: the option that holds a day or a moment."""
    site = load_site(args.site)
    if wrong := unknown_points(site, [args.point]):
        return fail(args, wrong)
    return _say(args, site, _Place(args.point, f"points/{args.point}/{action}", action), asked, moment)


def say_of_alert(args: argparse.Namespace, action: str, asked: dict[str, object], *, moment: str = "until") -> int:
    """The same of what an alert is about, which may be the coordination point itself. action: of /api/v1/alerts/<id>/."""
    return _say(
        args, load_site(args.site), _Place(str(args.alert), f"alerts/{args.alert}/{action}", action), asked, moment
    )


class _Place(NamedTuple):
    """What something is said of: a point, or the number of an alert; and where the API takes it."""

    name: str
    path: str
    action: str


def _say(args: argparse.Namespace, site: Site, place: _Place, asked: dict[str, object], moment: str) -> int:
    from paraat.journal import JournalError
    from paraat.texts import say
    from paraat.texts.printable import printable
    from paraat.texts.typed import typed_moment

    given = getattr(args, moment, None)
    if given is not None:
        at = typed_moment(given, ZoneInfo(site.region.timezone))
        if at is None:
            wrong = Phrase("--{option} {given}: expected 2026-12-31 or 2026-12-31T14:00", option=moment, given=given)
            complain(args.language, wrong)
            return EXIT_USAGE
        asked[moment] = at.isoformat()
    body = msgspec.json.encode(asked | {"by": args.by, "role": args.role, "way": "cli"})
    try:
        told, now = _keep(site, place, body)
    except (ValueError, JournalError, AskError) as error:
        return fail(args, error)
    print(printable(say("points.kept", args.language, point=place.name, by=args.by)))
    ends_at = _ends_sooner(site, told, now)
    if ends_at is not None:
        from paraat.texts.readiness import Words

        zone = ZoneInfo(site.region.timezone)
        print(say("points.kept.sooner", args.language, day=Words(args.language, zone).day(ends_at)))
    return 0


def _ends_sooner(site: Site, told: "SaidOfPoint", now: float) -> float | None:
    """When a word that was just kept ends, where its profile lets it hold for less long than it says itself."""
    from paraat.domain.facts import Attested
    from paraat.domain.readiness import holds_until

    if not isinstance(told, Attested):
        return None
    ends_at = holds_until(site.profiles[told.point].resources[told.resource], now, told.until)
    return ends_at if ends_at < told.until else None


def _keep(site: Site, place: _Place, body: bytes) -> "tuple[SaidOfPoint, float]":
    """What was kept, and when. Raises ValueError for what cannot be said, JournalError, AskError."""
    from paraat.domain.facts import Silenced
    from paraat.journal import Journal
    from paraat.web import actions

    kinds: dict[str, Callable[[bytes, str, float], tuple[SaidOfPoint, Author]]] = {
        "attest": lambda body, point, now: actions.attested(body, point, site.profiles, now),
        "phase": actions.phase_changed,
        "count": actions.counted,
        "delivery": lambda body, point, _now: actions.delivered(body, site.points[point]),
        "plan": lambda body, point, now: actions.delivery_planned(body, site.points[point], now),
        "gaps": actions.gap_accepted,
        # Of an alert the service knows what it is about, and else the journal.
        "silence": lambda body, name, now: actions.silenced(body, Subject(POINT, name), now, most_s),
    }
    now, most_s = time.time(), 3600 * site.telling.silence_most_h
    told, author = kinds[place.action](body, place.name, now)
    answer = ask(site, "POST", f"/api/v1/{place.path}", body)
    if answer is not None:
        if answer[0] == HTTPStatus.NOT_FOUND and place.path.startswith("alerts/"):
            raise ValueError(_no_alert(place.name))
        read(answer, dict[str, Any])
        return told, now
    journal = Journal(site.path(site.region.journal))
    try:
        if isinstance(told, Silenced) and place.path.startswith("alerts/"):
            alert = journal.alert(int(place.name))
            if alert is None:
                raise ValueError(_no_alert(place.name))
            told = msgspec.structs.replace(told, subject=alert.subject)
        keep_in_journal(journal, told, author, now)
    finally:
        journal.close()
    return told, now


def _no_alert(number: str) -> Phrase:
    return Phrase("no alert {id}; `paraat alerts list` has them", id=number)


def keep_in_journal(journal: "Journal", told: "SaidOfPoint | Acknowledged", author: "Author", now: float) -> "Fact":
    """As the service keeps it while it runs. Raises JournalError."""
    from paraat.domain.facts import Counted

    if isinstance(told, Counted):
        tally, shown = _last_counters(journal, told.point)
        told = msgspec.structs.replace(told, tally=tally, shown=shown)
    return journal.record(told, author, t=now, now=now)


def _last_counters(journal: "Journal", point: str) -> tuple["Tally | None", int | None]:
    """How the counters of the doors were last told, and how many people were shown; None what the newest sets do not tell."""
    from paraat.domain.passages import PRESENT, tally_of

    newest = list(islice(journal.replay(point), _SETS_LOOKED_AT))
    shown = next((int(one.values[PRESENT]) for one in newest if PRESENT in one.values), None)
    return next(filter(None, (tally_of(one.values, one.faults, one.t) for one in newest)), None), shown
