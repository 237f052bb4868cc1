"""`paraat bundle build` and `paraat update`."""

import argparse
import contextlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_FAILED, add_passphrase_file, fail, tell, tell_ended, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, Words, reason

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from paraat.fleet.orders import Progress
    from paraat.fleet.rollout import Rollout, Row
    from paraat.provision.bundle.bundle import Info

_LOOK_S = 0.5


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    bundle = commands.add_parser("bundle", help=Phrase("the firmware as one signed file"))
    actions = bundle.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help=Phrase("compile the firmware and sign it with the site's update key"))
    _common(build)
    build.add_argument("--out", type=Path, required=True, metavar="FILE")
    build.set_defaults(run=_build)

    update = commands.add_parser(
        "update", help=Phrase("send new firmware to boards over MQTT, and wait until it runs well")
    )
    _common(update)
    update.add_argument("points", nargs="*", metavar="POINT")
    update.add_argument("--all", action="store_true", help=Phrase("every point that has a board"))
    update.add_argument(
        "--canary", metavar="POINT", help=Phrase("who is first; without it the first one that is on the network")
    )
    update.add_argument("--downgrade", action="store_true", help=Phrase("an older version is meant"))
    update.add_argument(
        "--no-wait",
        action="store_true",
        help=Phrase("end when all that are on the network have it; the others next time"),
    )
    update.add_argument("--status", action="store_true", help=Phrase("how the rollout of the running host stands"))
    update.add_argument("--stop", action="store_true", help=Phrase("the running host begins no other board any more"))
    update.add_argument(
        "--bundle", type=Path, metavar="FILE", help=Phrase("what `paraat bundle build` made; else built now")
    )
    update.set_defaults(run=_update)


def _common(parser: Parser) -> None:
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    add_passphrase_file(parser)
    parser.add_argument(
        "--build", type=int, metavar="N",
        help=Phrase("build number, higher than any before; without it SOURCE_DATE_EPOCH, else the time now in unix seconds"),
    )  # fmt: skip


def _make_bundle(args: argparse.Namespace, now: datetime, left: bytes | None = None) -> bytes:
    """left: of a rollout that is not done; the same firmware is not signed anew, or boards that have it would get it again.

    Raises BundleError, CompileError, PkiError and SettingsError.
    """
    from paraat.provision.bundle import bundle
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import CA_KEY
    from paraat.site.inventory import FOLDER
    from paraat.texts import say

    firmware = bundle.compile_firmware()
    if left is not None and args.build is None and _is_ours(args.site, left) and bundle.holds(left, firmware):
        return left
    asked = say("flash.passphrase", args.language, path=args.site / FOLDER / CA_KEY)
    authority = passphrase.opened(args.site, args.passphrase_file, now, language=args.language, question=asked)
    number = args.build or int(os.environ.get("SOURCE_DATE_EPOCH") or now.timestamp())
    return bundle.make(firmware, number, authority.update_key())


def _build(args: argparse.Namespace) -> int:
    from paraat.provision.bundle.mpy import CompileError
    from paraat.site.files import write_atomic
    from paraat.site.inventory import PkiError
    from paraat_wire.bundle import BundleError

    try:
        data = _make_bundle(args, datetime.now(UTC))
        write_atomic(args.out, data, mode=0o644)
    except (BundleError, CompileError, PkiError) as error:
        return fail(args, error)
    except OSError as error:
        return fail(args, Phrase("{path}: {error}", path=args.out, error=reason(error)))
    info = _info(args.site, data)
    tell(
        args,
        Phrase(
            "{out}: version {version}, build {build}, {files} files, {bytes} bytes",
            out=args.out,
            version=info.version,
            build=info.build,
            files=info.files,
            bytes=info.bytes,
        ),
    )
    return 0


def _is_ours(site: Path, data: bytes) -> bool:
    from paraat_wire.bundle import BundleError

    try:
        _info(site, data)
    except (BundleError, OSError):
        return False
    return True


def _info(site: Path, data: bytes) -> "Info":
    from paraat.provision.bundle import bundle
    from paraat.provision.pki.authority import UPDATE_PUBLIC
    from paraat.site import inventory

    return bundle.read(data, (site / inventory.FOLDER / UPDATE_PUBLIC).read_bytes())


def _points(args: argparse.Namespace, site: Site) -> list[str]:
    """Whom it is for. Raises InventoryError."""
    from paraat.site import inventory

    if not args.all:
        return list(dict.fromkeys(args.points))
    boards = inventory.boards(site.directory)
    return [point for point in sorted(site.points) if point in boards]


def _update(args: argparse.Namespace) -> int:
    from paraat.fleet import orders
    from paraat.fleet.desk import DeskError, connect
    from paraat.fleet.rollout import Rollout
    from paraat.provision.bundle.mpy import CompileError
    from paraat.site import inventory
    from paraat.site.inventory import PkiError
    from paraat_wire.bundle import BundleError

    site = load_site(args.site)
    folder = orders.folder_of(site)
    if args.status or args.stop:
        return _look(args, folder)
    try:
        points = _points(args, site)
        if wrong := unknown_points(site, [*points, *filter(None, [args.canary])]):
            return fail(args, wrong)
        if not points or (args.canary and args.canary not in points):
            return fail(args, Phrase("Say for which points, or --all; the canary is one of them"))
        data = args.bundle.read_bytes() if args.bundle else _make_bundle(args, datetime.now(UTC), orders.left(folder))
        info = _info(args.site, data)
    except (BundleError, CompileError, PkiError) as error:
        return fail(args, Phrase("{path}: {error}", path=args.bundle, error=error) if args.bundle else error)
    except OSError as error:
        return fail(args, Phrase("{path}: {error}", path=error.filename, error=reason(error)))
    with contextlib.suppress(inventory.InventoryError):
        tell_ended(args, inventory.load(args.site), points)
    if orders.is_held(folder):
        return _order(args, folder, points, data, info)
    tell(args, Phrase("No host runs on this machine, so this command does it, and only as long as it runs."))
    orders.keep(folder, data)
    rollout = Rollout(
        points, data, info.build, info.version, now=time.time(), canary=args.canary, downgrade=args.downgrade
    )
    try:
        with connect(site) as client:
            _tell_what(args, info, points)
            _run(args, client, rollout)
    except DeskError as error:
        return fail(args, error)
    except KeyboardInterrupt:
        tell(args, Phrase("stopped; what the boards have they keep, and run only when it is whole"), file=sys.stderr)
        _show(args, rollout.rows(), rollout.stopped_by)
        return EXIT_FAILED
    _show(args, rollout.rows(), rollout.stopped_by)
    if not all(row.stands == "done" for row in rollout.rows()):
        return EXIT_FAILED
    orders.drop(folder)
    return 0


def _tell_what(args: argparse.Namespace, info: "Info", points: list[str]) -> None:
    tell(
        args,
        Phrase(
            "version {version}, build {build}, {bytes} bytes, to {boards} boards",
            version=info.version,
            build=info.build,
            bytes=info.bytes,
            boards=len(points),
        ),
    )


def _order(args: argparse.Namespace, folder: Path, points: list[str], data: bytes, info: "Info") -> int:
    """Order it at the running host, and follow."""
    from paraat.fleet import orders

    try:
        order = orders.place(
            folder,
            points,
            data,
            info.build,
            info.version,
            canary=args.canary,
            downgrade=args.downgrade,
            now=time.time(),
        )
    except orders.OrderError as error:
        return fail(args, error)
    _tell_what(args, info, points)
    tell(args, Phrase("The running host does it, and goes on by itself; Ctrl-C ends only that you look on."))
    shown: dict[str, str] = {}
    try:
        while True:
            found = orders.progress(folder)
            if found is not None and found.id == order.id:
                _show_new(args, [line.row() for line in found.lines], shown)
                if found.over or (args.no_wait and found.idle):
                    break
            if not orders.is_held(folder):
                return fail(args, Phrase("The host has stopped meanwhile; once it runs again it goes on"))
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        tell(
            args,
            Phrase("The host goes on; make update STATUS=1 says how it stands, make update STOP=1 ends it"),
            file=sys.stderr,
        )
        return EXIT_FAILED
    return _tell_progress(args, found)


def _look(args: argparse.Namespace, folder: Path) -> int:
    """How what the host holds stands; with --stop it begins no other board any more."""
    from paraat.fleet import orders

    if args.stop:
        try:
            stopped = orders.halt(folder)
        except orders.OrderError as error:
            return fail(args, error)
        said = Phrase("Stopped: no other board is begun. What boards have they keep, and run only when it is whole.")
        tell(args, said if stopped else Phrase("There was nothing to stop."))
        return 0
    found, order = orders.progress(folder), orders.ordered(folder)
    if not orders.is_held(folder):
        tell(args, Phrase("No host runs on this machine; what was ordered goes on once it does."))
    if found is None:
        told = Phrase("No rollout was ordered here.") if order is None else Phrase("It is ordered, and not begun yet.")
        tell(args, told)
        return 0
    return _tell_progress(args, found)


def _tell_progress(args: argparse.Namespace, found: "Progress") -> int:
    rows = [line.row() for line in found.lines]
    _show(args, rows, found.stopped_by)
    if found.halted:
        tell(args, Phrase("Somebody has stopped it."))
    return 0 if all(row.stands == "done" for row in rows) else EXIT_FAILED


def _show_new(args: argparse.Namespace, rows: "list[Row]", shown: dict[str, str]) -> None:
    """A line for each board that stands otherwise than it did."""
    from paraat.fleet import rollout as waves
    from paraat.fleet import updater

    words = Words(args.language)
    for row in rows:
        if shown.get(row.point) != row.stands:
            shown[row.point] = row.stands
            print(f"{row.point}: {words.say({**updater.PHASES, **waves.STANDS}[row.stands])}", flush=True)


def _show(args: argparse.Namespace, rows: "list[Row]", stopped_by: str | None) -> None:
    """Who runs what, in full, which a terminal's width does not allow beside a bar."""
    from paraat.fleet import rollout as waves
    from paraat.fleet import updater

    words = Words(args.language)
    for row in rows:
        stands = words.say({**updater.PHASES, **waves.STANDS}[row.stands])
        runs = words.say(Phrase("runs {version}, build {build}", version=row.runs or "?", build=row.build or "?"))
        print(": ".join(part for part in (row.point, stands, words.say(row.why) if row.why else "", runs) if part))
    if stopped_by is not None:
        told = Phrase(
            "Stopped at {point}: no other board was begun after it. Look at that one first; the same command then goes on.",
            point=stopped_by,
        )
        tell(args, told, file=sys.stderr)


def _run(args: argparse.Namespace, client: "mqtt.Client", rollout: "Rollout") -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from paraat.fleet import rollout as waves
    from paraat.fleet import updater

    words = Words(args.language)
    phases = {key: words.say(phrase) for key, phrase in {**updater.PHASES, **waves.STANDS}.items()}
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns) as bars:
        tasks = {t.point: bars.add_task(t.point, total=len(t.data), phase=phases[t.phase]) for t in rollout.transfers}
        sent = {t.point: t for t in rollout.transfers}

        def progress() -> None:
            for row in rollout.rows():
                bars.update(tasks[row.point], completed=sent[row.point].sent, phase=phases[row.stands])

        def stopped() -> bool:
            return rollout.idle if args.no_wait else rollout.ended

        updater.send(client, rollout, now=time.time, stopped=stopped, progress=progress)
