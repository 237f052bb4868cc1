"""`paraat alerts`: the alerts that fire, that somebody sees to one, and the rules."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from paraat.cli.asking import AskError, ask, ask_all, read
from paraat.cli.parser import Commands, Parser
from paraat.cli.saying import say_of_alert, say_of_point
from paraat.cli.shared import fail, unknown_points
from paraat.domain.model import ACKNOWLEDGED
from paraat.domain.subjects import POINT, Subject
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, Words, say

if TYPE_CHECKING:
    from paraat.web.api import Acknowledgement, Alerts

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

    silence = actions.add_parser(
        "silence",
        help=Phrase("have nobody told of a point for a while, with the reason; its alerts stay on the screen"),
    )
    _common(silence)
    silence.add_argument("--by", required=True, metavar="NAME", help=Phrase("who says so, as people there know them"))
    silence.add_argument("--role", default="", metavar="ROLE", help=Phrase('such as "lead"'))
    about = silence.add_mutually_exclusive_group(required=True)
    about.add_argument("point", nargs="?", metavar="POINT")
    about.add_argument(
        "--alert",
        type=int,
        metavar="ID",
        help=Phrase("what this alert is about, such as the broker, instead of a point"),
    )
    until = silence.add_mutually_exclusive_group(required=True)
    until.add_argument("--until", metavar="MOMENT", help=Phrase("2026-12-31 or 2026-12-31T14:00"))
    until.add_argument("--end", action="store_true", help=Phrase("people are told again from now on"))
    silence.add_argument("--reason", default="", metavar="TEXT", help=Phrase("why, such as work on the generator"))
    silence.set_defaults(run=_silence)

    test = actions.add_parser(
        "test", help=Phrase('send "DIT IS EEN TEST" down every rung of a point; print what each answered')
    )
    _common(test)
    test.add_argument("--point", required=True, metavar="POINT")
    test.set_defaults(run=_test)
    rules = actions.add_parser(
        "rules",
        help=Phrase("every rule: for which role, its thresholds on this site, what it says and what is to be done"),
    )
    _common(rules)
    rules.set_defaults(run=_rules)


def _common(parser: Parser) -> None:
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")


def _list(args: argparse.Namespace) -> int:
    from paraat.journal import JournalError
    from paraat.texts.printable import printable
    from paraat.web.cards import Writer
    from paraat.web.texts import Words

    site = load_site(args.site)
    try:
        found = firing_now(site)
    except (JournalError, AskError) as error:
        return fail(args, error)
    words = Words(args.language)
    writer = Writer(words, ZoneInfo(site.region.timezone), site.alerts.point_silent.after_s)
    now = time.time()
    said = {one.subject: writer.silenced(one.by, one.until.timestamp(), one.reason, now) for one in found.silences}
    for alert in found.alerts:
        point = site.points.get(alert.point)
        about = ": ".join(filter(None, (words("own") if point is None else point.name, alert.subject.which)))
        since = words("alert.firing", time=writer.time(alert.since.timestamp(), now))
        line = ", ".join(
            filter(None, (f"{alert.id:>5}  {words.code('rule', alert.rule)}", about, since, writer.stage(alert.state)))
        )
        if seen := alert.acknowledged:
            line += f", {words('alert.seen', name=seen.by, time=writer.time(seen.at.timestamp(), now))}"
        if alert.held_by:
            silenced = next((said[one] for one in (alert.subject, Subject(POINT, alert.point)) if one in said), "")
            line += f", {writer.held(alert.held_by, silenced)}"
        print(printable(line))
        for one in alert.told:
            at = writer.time((one.at or one.due_at).timestamp(), now)
            state = words.code("told", one.state)
            print(
                printable(
                    f"       {at}  {one.name} ({words.code('rung', one.rung)}), {one.channel}: {state} {one.answer}".rstrip()
                )
            )
    if not found.alerts:
        print(words("alerts.none"))
    for subject, silenced in said.items():
        name = site.points[subject.id].name if subject.point in site.points else subject.id
        print(printable(f"{name}: {silenced}"))
    return 0


def _rules(args: argparse.Namespace) -> int:
    from paraat.alerts.rule_table import lines

    for line in lines(load_site(args.site).alerts, args.language):
        print(line)
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


def _silence(args: argparse.Namespace) -> int:
    asked: dict[str, object] = {"end": True} if args.end else {"reason": args.reason}
    return say_of_point(args, "silence", asked) if args.alert is None else say_of_alert(args, "silence", asked)


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


def firing_now(site: Site) -> "Alerts":
    """The alerts that fire, and what is silenced; from the service, or from its journal while it does not run.

    Raises JournalError, AskError.
    """
    from paraat.domain.facts import STANDING_KINDS, Standing
    from paraat.domain.told import told
    from paraat.journal import Journal
    from paraat.web import api
    from paraat.web.cards import rfc3339

    answered: Alerts | None = ask_all(site, "/api/v1/alerts", api.Alerts)
    if answered is not None:
        firing = [alert for alert in answered.alerts if alert.state in ("firing", ACKNOWLEDGED)]
        return msgspec.structs.replace(answered, alerts=firing)
    path, now = site.path(site.region.journal), time.time()
    none = api.Alerts(now=rfc3339(now), region=site.region.region, alerts=[])
    if not path.exists():  # a look makes none
        return none
    journal = Journal(path)
    try:
        standing = Standing()
        for fact in journal.facts(*STANDING_KINDS):
            standing.apply(fact)
        stored = [alert for alert in journal.open_alerts() if alert.state == "firing"]
        tellings = {alert.id: told(journal.deliveries(alert.id), site.roster) for alert in stored}
    finally:
        journal.close()
    alerts = [api.alert(alert, standing.acknowledged(alert.id), tellings[alert.id]) for alert in stored]
    return msgspec.structs.replace(none, alerts=alerts, silences=api.silences(standing.silenced(now).values()))


def _keep(site: Site, alert_id: int, asked: dict[str, str]) -> "Acknowledgement | None":
    """Keep an acknowledgement, as firing_now finds alerts; None: no alert of that id fires."""
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
