"""`paraat alerts`: the alerts that fire, and that somebody sees to one."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, ask_all, read
from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import fail, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, Words, say

if TYPE_CHECKING:
    from paraat.web.api import Acknowledgement, Alert

_TEST_S = 900.0  # the slowest channel, one person after the other


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    alerts = commands.add_parser("alerts", help=Phrase("the alerts that fire: list them, acknowledge one"))
    actions = alerts.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help=Phrase("the alerts that fire now, with their ids, and who sees to them"))
    _common(listing)
    listing.set_defaults(run=_list)
    acknowledge = actions.add_parser("acknowledge", help=Phrase("keep that somebody has seen an alert, and sees to it"))
    _common(acknowledge)
    acknowledge.add_argument(
        "id", type=int, metavar="ID", help=Phrase("as the message about it says, or `paraat alerts list`")
    )
    acknowledge.add_argument(
        "--by", required=True, metavar="NAME", help=Phrase("who sees to it, as people there know them")
    )
    acknowledge.add_argument("--role", default="", metavar="ROLE", help=Phrase('such as "lead"'))
    acknowledge.set_defaults(run=_acknowledge)

    test = actions.add_parser(
        "test", help=Phrase('send "DIT IS EEN TEST" down every rung of a point; print what each answered')
    )
    _common(test)
    test.add_argument("--point", required=True, metavar="POINT")
    test.set_defaults(run=_test)


def _common(parser: Parser) -> None:
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")


def _list(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.texts.printable import printable
    from paraat.web.cards import Writer
    from paraat.web.texts import Words

    site = load_site(args.site)
    try:
        alerts = _firing(site)
    except (JournalError, AskError) as error:
        return fail(args, error)
    words = Words(args.language)
    writer = Writer(words, ZoneInfo(site.region.timezone), site.alerts.point_silent.after_s)
    now = time.time()
    for alert in alerts:
        point = site.points.get(alert.point)
        about = ": ".join(filter(None, (words("own") if point is None else point.name, alert.subject.which)))
        since = words("alert.firing", time=writer.time(alert.since.timestamp(), now))
        line = f"{alert.id:>5}  {words.code('rule', alert.rule)}, {about}, {since}"
        if seen := alert.acknowledged:
            line += f", {words('alert.seen', name=seen.by, time=writer.time(seen.at.timestamp(), now))}"
        if alert.held_by:
            line += f", {writer.held(alert.held_by)}"
        print(printable(line))
        for one in alert.told:
            at = writer.time((one.at or one.due_at).timestamp(), now)
            state = words.code("told", one.state)
            print(
                printable(
                    f"       {at}  {one.name} ({words.code('rung', one.rung)}), {one.channel}: {state} {one.answer}".rstrip()
                )
            )
    if not alerts:
        print(words("alerts.none"))
    return 0


def _test(args: argparse.Namespace) -> int:
    from paraat.texts import readiness
    from paraat.texts.printable import printable
    from paraat.web import api

    site = load_site(args.site)
    if wrong := unknown_points(site, [args.point]):
        return fail(args, wrong)
    try:
        answer = ask(site, "POST", f"/api/v1/points/{args.point}/test-alerts", b"{}", limit_s=_TEST_S)
        if answer is None:
            return fail(args, Phrase("{site}: `paraat serve` does not run; start it, then test", site=args.site))
        found = read(answer, api.AlertTest)
    except AskError as error:
        return fail(args, error)
    words = readiness.Words(args.language, ZoneInfo(site.region.timezone))
    told = Words(args.language, "screen")
    rows = [told("test.head").split("|")]
    rows += [
        [told(f"test.rung.{one.rung}"), one.who, one.channel, told("test.ok" if one.ok else "test.failed"), one.answer]
        for one in found.tried
    ]
    for line in words.columns(rows):
        print(printable(line))
    failed = sum(not one.ok for one in found.tried)
    return fail(args, told("test.some-failed", n=failed, of=len(found.tried))) if failed else 0


def _acknowledge(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.texts.printable import printable
    from paraat.web import api

    site = load_site(args.site)
    asked = {"by": args.by, "role": args.role, "way": "cli"}
    try:
        api.author(msgspec.json.encode(asked))
    except ValueError as error:
        return fail(args, error)
    try:
        found = _keep(site, args.id, asked)
    except (JournalError, AskError) as error:
        return fail(args, error)
    if found is None:
        return fail(args, say("alerts.not-firing", args.language, id=args.id, site=args.site))
    print(printable(say("alerts.acknowledged", args.language, id=args.id, by=found.by)))
    return 0


def _firing(site: Site) -> "list[Alert]":
    """The alerts that fire, from the service, or from its journal while it does not run. Raises JournalError, AskError."""
    from paraat.domain.facts import PEOPLE_KINDS, Standing
    from paraat.domain.told import told
    from paraat.journal import Journal
    from paraat.web import api

    answered = ask_all(site, "/api/v1/alerts", api.Alerts)
    if answered is not None:
        return [alert for alert in answered.alerts if alert.state == "firing"]
    path = site.path(site.region.journal)
    if not path.exists():  # a look makes none
        return []
    journal = Journal(path)
    try:
        standing = Standing()
        for fact in journal.facts(*PEOPLE_KINDS):
            standing.apply(fact)
        found = [alert for alert in journal.open_alerts() if alert.state == "firing"]
        tellings = {alert.id: told(journal.deliveries(alert.id), site.roster) for alert in found}
    finally:
        journal.close()
    return [api.alert(alert, standing.acknowledged(alert.id), tellings[alert.id]) for alert in found]


def _keep(site: Site, alert_id: int, asked: dict[str, str]) -> "Acknowledgement | None":
    """Keep an acknowledgement, as _firing finds alerts; None: no alert of that id fires."""
    from paraat.domain.facts import Acknowledged
    from paraat.journal import Journal
    from paraat.web import api

    body = msgspec.json.encode(asked)
    answer = ask(site, "POST", f"/api/v1/alerts/{alert_id}/acknowledge", body)
    if answer is not None:
        return None if answer[0] == 404 else read(answer, api.Acknowledgement)
    path = site.path(site.region.journal)
    if not path.exists():
        return None
    journal = Journal(path)
    try:
        if not any(alert.id == alert_id and alert.state == "firing" for alert in journal.open_alerts()):
            return None
        now = time.time()
        return api.acknowledgement(journal.record(Acknowledged(alert=alert_id), api.author(body), t=now, now=now))
    finally:
        journal.close()
