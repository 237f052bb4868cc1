"""`paraat serve` and `paraat check`: the host of a site, and whether it could start."""

import argparse
import faulthandler
import sys
from pathlib import Path

from paraat.cli.parser import Commands
from paraat.cli.reaching import say_reach
from paraat.cli.shared import add_anyway, fail, say_let_through, stop_on_signal, tell
from paraat.runtime.host_probe import HostProbe
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

_LOOK_S = 1.0
# A thread that waits for the interpreter's lock gets it after so long, of Python's own 5 ms. Beside a thread that reckons, one
# that reads small messages from a socket reads 12,000 a second at 5 ms and 16,000 at 0.5 ms, and the other reckons no less
# (measured on two cores that much else ran on).
_SWITCH_S = 0.0005


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    serve = commands.add_parser("serve", help=Phrase("run the host: broker to journal, InfluxDB, alerts, status page"))
    serve.add_argument(
        "--site", type=Path, required=True, metavar="DIR", help=Phrase("folder with site.toml and points/")
    )
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help=Phrase("check a site's files and say what is wrong"))
    check.add_argument("--site", type=Path, required=True, metavar="DIR")
    add_anyway(check)
    check.set_defaults(run=_check)


def _serve(args: argparse.Namespace) -> int:
    stop = stop_on_signal()
    faulthandler.enable()  # a library in C that ends the process says in the log where; nothing else would
    sys.setswitchinterval(_SWITCH_S)
    from paraat.boards.node_config import check_points
    from paraat.cli.local_broker import BROKER
    from paraat.provision.pki.steward import Steward
    from paraat.runtime.clock import SystemClock
    from paraat.service import ServiceError, make_service

    site = load_site(args.site)
    check_points(site)
    while not stop.is_set():
        try:
            steward = Steward(site, BROKER)
            service = make_service(site, clock=SystemClock(), host_probe=_probe(site), works=[steward], hear_first=True)
            service.start()
        except ServiceError as error:
            return fail(args, error)
        try:
            while not service.damage and not stop.wait(_LOOK_S):
                pass
        finally:
            service.stop()
        if service.damage:
            try:
                service.set_aside()
            except ServiceError as error:
                return fail(args, error)
    return 0


def _probe(site: Site) -> HostProbe:
    backups = site.alerts.backup_old.path
    return HostProbe(
        site.path(site.region.journal).parent,
        backups=None if backups is None else site.path(backups),
        ups=site.alerts.on_battery.ups,
    )


def _check(args: argparse.Namespace) -> int:
    from paraat.alerts.links import reachable
    from paraat.boards.node_config import check_memory_of_points, check_points, limits_of_points, too_little_memory
    from paraat.boards.where import never_measured
    from paraat.journal.damage import find_damage
    from paraat.journal.peek import obstacle
    from paraat.service import check_files
    from paraat.site.broker import watching

    site = load_site(args.site)
    check_files(site)
    check_points(site)
    if not args.anyway:
        check_memory_of_points(site)  # not what keeps `serve` from starting: boards that are out there go on
    if found := obstacle(site.path(site.region.journal)):
        raise SettingsError(
            args.site / "site.toml", "site.journal", found, Phrase("a file in a folder that the service may write to")
        )
    if damage := find_damage(site.path(site.region.journal)):
        raise SettingsError(
            args.site / "site.toml",
            "site.journal",
            damage,
            Phrase("a journal that is whole; see `paraat journal check`"),
        )
    if watching(site.broker, site.directory, spare=site.region.standby) is None:
        tell(
            args,
            Phrase(
                "{site}: a second host on this broker is known only after it has put this one off the line twice, and there can"
                " be no spare one. `.venv/bin/paraat pki renew watch` mends that (docs/pki.md)",
                site=args.site,
            ),
        )
    for line in (*limits_of_points(site), *never_measured(site)):
        tell(args, line)
    site.check_own_key()
    if not reachable(site.web.base_url):
        tell(
            args,
            Phrase(
                "{site}: mails have no link to acknowledge with, because phones cannot reach the page. For links, set "
                "base_url under [web] (docs/alerts.md)",
                site=args.site,
            ),
        )
    unheard = say_reach(args, site)
    if not unheard:
        tell(
            args,
            Phrase(
                "{site}: {region}, {points} points: in order",
                site=args.site,
                region=site.region.region,
                points=len(site.points),
            ),
        )
    say_let_through(too_little_memory(site), args.language)
    return unheard
