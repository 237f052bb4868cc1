"""`paraat status`, `paraat attest` and `paraat point`: how the points stand, and what people say of them."""

import argparse
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from paraat.cli.alerts import firing_now
from paraat.cli.asking import ask
from paraat.cli.listing import list_out
from paraat.cli.parser import Commands
from paraat.cli.saying import add_who, say_of_point
from paraat.cli.shared import complain
from paraat.domain.activation import Activation, Phase
from paraat.domain.model import ACKNOWLEDGED
from paraat.domain.readiness import Verdict
from paraat.domain.urgency import Place, as_urgent, place
from paraat.site.site import Site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.journal import Past
    from paraat.texts.readiness import Words
    from paraat.web.api import Alert, Point, Points


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    status = commands.add_parser("status", help=Phrase("how every point stands, the worst first, and what to do"))
    status.add_argument("--site", type=Path, required=True, metavar="DIR")
    status.add_argument("--json", action="store_true", help=Phrase("as /api/v1/points answers"))
    status.set_defaults(run=_status)

    attest = commands.add_parser(
        "attest", help=Phrase("keep that somebody says that a resource is there, and until when")
    )
    add_who(attest)
    attest.add_argument("resource", metavar="RESOURCE", help=Phrase("as in the point's profile, such as water"))
    attest.add_argument(
        "--until", metavar="DATE", help=Phrase("the last day on which it can be relied on, such as 2026-12-31")
    )
    kind = attest.add_mutually_exclusive_group()
    kind.add_argument("--absent", action="store_true", help=Phrase("that it is not there"))
    kind.add_argument("--revoke", action="store_true", help=Phrase("what was attested no longer holds"))
    attest.set_defaults(run=_attest)

    point = commands.add_parser(
        "point", help=Phrase("keep where in its life a point is: alerted, opening, operational, ...")
    )
    add_who(point)
    point.add_argument("phase", choices=[phase.value for phase in Phase], metavar="STATE", help=", ".join(Phase))
    point.add_argument("--until", metavar="DATE", help=Phrase("the last day of out-of-use"))
    point.set_defaults(run=_point)


def _attest(args: argparse.Namespace) -> int:
    asked = {"resource": args.resource, "there": not args.absent, "revoke": args.revoke}
    return say_of_point(args, "attest", asked)


def _point(args: argparse.Namespace) -> int:
    return say_of_point(args, "phase", {"phase": args.phase})


def _status(args: argparse.Namespace) -> int:
    from paraat.web import api

    alerts: list[api.Alert] = []

    def from_past(site: Site, past: "Past", now: float) -> api.Points:
        return api.points(past.views, now, site.region.region, args.language, ZoneInfo(site.region.timezone))

    def begin(site: Site) -> None:
        _say_troubles(args, site)
        if not args.json:
            alerts.extend(firing_now(site).alerts)

    return list_out(
        args,
        "/api/v1/points",
        api.Points,
        from_past,
        lambda found, words: table(found, words, alerts),
        first=begin,
    )


def _say_troubles(args: argparse.Namespace, site: Site) -> None:
    """What is wrong with the host itself, for people and not for a script. Raises AskError."""
    import msgspec

    from paraat.runtime.typed import decode
    from paraat.texts import catalogue
    from paraat.web import api

    answer = ask(site, "GET", "/healthz")
    if answer is None:
        return
    try:
        health = decode(answer[1], api.Health)
    except msgspec.MsgspecError:
        return  # what else answers there, the list says
    words = catalogue.Words(args.language, "web")
    for check in health.checks:
        if not check.ok:
            complain(args.language, words.code("check", check.name))


def table(found: "Points", words: "Words", alerts: "Iterable[Alert]" = ()) -> list[str]:
    """What `paraat status` prints: a head, and a line a point, in the order of the page. alerts: those that fire."""
    from paraat.texts import catalogue

    if not found.points:
        return [words("table.none")]
    rows = [words("table.head").split("|")]
    named = catalogue.Words(words.language, "web")
    critical: dict[str, list[str]] = {}
    for alert in alerts:
        if alert.severity == "critical" and alert.state in ("firing", ACKNOWLEDGED):
            critical.setdefault(alert.point, []).append(named.code("rule", alert.rule))
    now = found.now.timestamp()
    for point in sorted(found.points, key=lambda point: _worst_first(point, point.point in critical)):
        verdict = words(f"verdict.{point.verdict}")
        if point.verdict == "silent":
            verdict = words("table.was", verdict=verdict, last=words(f"verdict.{point.last_verdict}"))
        # What is not fine and changes no verdict, such as 10.9 V, must not look like fine either.
        life = _life(point)
        clock = words.clock(life, now) if life.late or life.opened_at is None else ""
        told = [*filter(None, [clock]), *point.why[:1], *(remark.what for remark in point.remarks if not remark.in_why)]
        if point.point in critical:
            told.append(words("table.alerts", what=", ".join(critical[point.point])))
        to_do = [point.to_do, *(remark.to_do for remark in point.remarks if remark.bad and not remark.in_why)]
        if not any(to_do):
            to_do = [remark.to_do for remark in point.remarks[:1]]
        rows.append(
            [
                point.point,
                verdict,
                words.life(life, now) if life.phase is Phase.OUT_OF_USE else words.phase(life.phase),
                "; ".join(told),
                "; ".join(filter(None, to_do)),
            ]
        )
    return words.columns(rows)


def _life(point: "Point") -> Activation:
    """Where a point is, of what the API tells of it."""
    told = point.life

    def unix(at: datetime | None) -> float | None:
        return None if at is None else at.timestamp()

    return Activation(
        phase=Phase(told.phase),
        since=unix(told.since),
        until=unix(told.until),
        opened_at=unix(told.opened_at),
        due_at=unix(told.due_at),
        forecast_at=unix(told.forecast_at),
        late=told.late,
    )


def _worst_first(point: "Point", critical: bool) -> Place:
    left = point.fuel_left if point.has_tank else point.off_grid
    hours = None if left is None else left.hours
    life = point.life
    in_use = Phase(life.phase).in_use
    verdict = as_urgent(Verdict.of(point.verdict), critical)
    return place(verdict, hours, point.name, point.point, in_use=in_use, late=life.late)
