"""`paraat pki renew boards` and `paraat pki replace-authority`: what boards are given over the broker, without a visit."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from paraat.cli.local_broker import tell_broker
from paraat.cli.shared import EXIT_FAILED, fail, now, tell, tell_ended, unknown_points
from paraat.fleet.renewing import PHASES, Renewals
from paraat.provision.pki import succession
from paraat.provision.pki.authority import Authority
from paraat.provision.pki.succession import Standing
from paraat.site import fingerprint, inventory
from paraat.site.site import load_site
from paraat.texts import Phrase, Words


def _left(found: Standing) -> Phrase | None:
    """What the next step waits for, or does."""
    values: dict[str, object] = {"n": len(found.left), "of": found.boards, "names": succession.names(found.left)}
    if found.phase == "boards":
        return Phrase("{n} of {of} boards are of the old authority still: {names}", **values)
    if found.phase == "services":
        return Phrase("All {of} boards are of the new authority. These are of the old one: {names}", **values)
    if found.phase == "forget":
        return Phrase("{n} of {of} boards believe the old authority still: {names}", **values)
    return None


def _next(found: Standing, site: Path) -> Phrase:
    """What is to be done next."""
    if found.phase == "boards":
        return Phrase(
            "Next: .venv/bin/paraat broker-config --site {site} --out /etc/mosquitto, restart mosquitto, then make renew, until no board"
            " is left; a host that has the passphrase goes on with it by itself (docs/pki.md)",
            site=site,
        )
    if found.phase == "services":
        return Phrase("Next: .venv/bin/paraat pki replace-authority services --site {site}", site=site)
    if found.phase == "finish":
        return Phrase(
            "Next: .venv/bin/paraat broker-config --site {site} --out /etc/mosquitto, restart mosquitto, then .venv/bin/paraat pki"
            " replace-authority finish --site {site}",
            site=site,
        )
    if found.phase == "forget":
        return Phrase(
            "Next: .venv/bin/paraat broker-config --site {site} --out /etc/mosquitto, restart mosquitto, then make renew, so that no board"
            " believes the old authority any more",
            site=site,
        )
    return Phrase("No authority takes another's place; .venv/bin/paraat pki replace-authority begin would begin it.")


def replace_authority(args: argparse.Namespace, opened: Callable[[argparse.Namespace], Authority]) -> int:
    """One step, and how far it is then. Raises PkiError, SettingsError."""
    site = load_site(args.site)
    if args.step == "begin":
        succession.begin(opened(args), site.region.region, now())
    elif args.step == "services":
        succession.move_services(opened(args), now())
    elif args.step == "finish":
        succession.finish(opened(args), site, now())
    _tell_standing(args, succession.standing(args.site))
    return 0


def _tell_standing(args: argparse.Namespace, found: Standing) -> None:
    known = fingerprint.known(args.site)
    new, *others = map(fingerprint.words, known)
    if others:
        tell(
            args, Phrase("The authority {new} takes the place of {old}; both count for a time.", new=new, old=others[0])
        )
    else:
        tell(args, Phrase("The authority's four words are {new}.", new=new))
    if left := _left(found):
        tell(args, left)
    tell(args, _next(found, args.site))


def renew_boards(args: argparse.Namespace, authority: Authority) -> int:
    """Give boards new certificates, in waves, and say what became of each. Raises PkiError, SettingsError."""
    from paraat.fleet import updater
    from paraat.fleet.desk import DeskError, connect

    site = load_site(args.site)
    if wrong := unknown_points(site, args.points):
        return fail(args, wrong)
    known = inventory.load(args.site)
    over = tell_ended(args, known, args.points)
    due = succession.due(known, authority.authorities(), now())
    for each in due:
        if not args.points or each.record.cn in args.points:
            tell(args, Phrase("{point}: due: {why}", point=each.record.cn, why=each.why))
    points = [point for point in args.points if point not in over] or [each.record.cn for each in due]
    if args.points and over.issuperset(args.points):
        return EXIT_FAILED
    if not points:
        tell(
            args,
            Phrase("No other board is due for a new certificate.")
            if over
            else Phrase("No board is due for a new certificate."),
        )
        return EXIT_FAILED if over else 0
    succession.shown_by_broker(site)  # a broker that does not know our newest authority would refuse what boards get
    talk = Renewals(points, succession.BoardIssuer(authority, now), now=time.time())
    shown: dict[str, str] = {}
    try:
        with connect(site) as client:
            updater.send(
                client, talk, now=time.time, stopped=lambda: talk.idle, progress=lambda: _show(args, talk, shown)
            )
    except DeskError as error:
        return fail(args, error)
    except KeyboardInterrupt:
        tell(args, Phrase("stopped; a board that has its new certificate goes on with it by itself"), file=sys.stderr)
        return EXIT_FAILED
    _show(args, talk, shown)
    if talk.changed:
        tell_broker(args)
    if talk.stopped_by is not None:
        tell(
            args,
            Phrase(
                "Stopped at {point}: no other board was begun after it. Look at that one first; the same command then goes on.",
                point=talk.stopped_by,
            ),
            file=sys.stderr,
        )
    return 0 if not over and all(row.stands == "done" for row in talk.rows()) else EXIT_FAILED


def _show(args: argparse.Namespace, talk: Renewals, shown: dict[str, str]) -> None:
    """A line for each board that stands otherwise than it did."""
    words = Words(args.language)
    for row in talk.rows():
        line = ": ".join(
            filter(None, [row.point, words.say(PHASES[row.stands]), words.say(row.why) if row.why else ""])
        )
        if shown.get(row.point) != line:
            shown[row.point] = line
            print(line, flush=True)
