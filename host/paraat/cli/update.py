"""`paraat bundle build` and `paraat update`."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.shared import EXIT_FAILED, add_passphrase_file, fail, unknown_points
from paraat.site.site import load_site

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from paraat.fleet.updater import Transfer
    from paraat.provision.bundle.bundle import Info


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands to those of `paraat`."""
    bundle = commands.add_parser("bundle", help="the firmware as one signed file")
    actions = bundle.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="compile the firmware and sign it with the site's update key")
    _common(build)
    build.add_argument("--out", type=Path, required=True, metavar="FILE")
    build.set_defaults(run=_build)

    update = commands.add_parser("update", help="send new firmware to boards over MQTT, and wait until it runs well")
    _common(update)
    update.add_argument("points", nargs="+", metavar="POINT")
    update.add_argument("--bundle", type=Path, metavar="FILE", help="what `paraat bundle build` made; else built now")
    update.set_defaults(run=_update)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    add_passphrase_file(parser)
    parser.add_argument(
        "--build", type=int, metavar="N",
        help="build number, higher than any before; without it SOURCE_DATE_EPOCH, else the time now in unix seconds",
    )  # fmt: skip


def _explained(error: Exception, site: Path) -> str:
    """In the site's language, where there are words for it."""
    from paraat.texts import explain, sentence

    return sentence(*explain(error, load_site(site).region.language))


def _make_bundle(args: argparse.Namespace, now: datetime) -> bytes:
    """Raises BundleError, CompileError, PkiError and SettingsError."""
    from paraat.provision.bundle import bundle
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import CA_KEY, Authority
    from paraat.site.inventory import FOLDER
    from paraat.texts import say

    key = args.site / FOLDER / CA_KEY
    asked = say("flash.passphrase", load_site(args.site).region.language, path=key)
    authority = Authority.open(args.site, passphrase.read(args.passphrase_file, question=asked), now)
    number = args.build or int(os.environ.get("SOURCE_DATE_EPOCH") or now.timestamp())
    return bundle.make(bundle.compile_firmware(), number, authority.update_key())


def _build(args: argparse.Namespace) -> int:
    from paraat.provision.bundle.mpy import CompileError
    from paraat.site.files import write_atomic
    from paraat.site.inventory import PkiError
    from paraat_wire.bundle import BundleError

    try:
        data = _make_bundle(args, datetime.now(UTC))
        write_atomic(args.out, data, mode=0o644)
    except (BundleError, CompileError, PkiError) as error:
        return fail(_explained(error, args.site))
    except OSError as error:
        return fail(f"{args.out}: {error.strerror}")
    info = _info(args.site, data)
    print(f"{args.out}: version {info.version}, build {info.build}, {info.files} files, {info.bytes} bytes")
    return 0


def _info(site: Path, data: bytes) -> "Info":
    from paraat.provision.bundle import bundle
    from paraat.provision.pki.authority import UPDATE_PUBLIC
    from paraat.site import inventory

    return bundle.read(data, (site / inventory.FOLDER / UPDATE_PUBLIC).read_bytes())


def _update(args: argparse.Namespace) -> int:
    from paraat.fleet import updater
    from paraat.fleet.desk import DeskError, connect
    from paraat.provision.bundle.mpy import CompileError
    from paraat.site.inventory import PkiError
    from paraat_wire.bundle import BundleError

    site = load_site(args.site)
    if wrong := unknown_points(site, args.points):
        return fail(wrong)
    try:
        data = args.bundle.read_bytes() if args.bundle else _make_bundle(args, datetime.now(UTC))
        info = _info(args.site, data)
    except (BundleError, CompileError, PkiError) as error:
        words = _explained(error, args.site)
        return fail(f"{args.bundle}: {words}" if args.bundle else words)
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    transfers = [updater.Transfer(point, data, info.build) for point in dict.fromkeys(args.points)]
    try:
        with connect(site) as client:
            print(f"version {info.version}, build {info.build}, {info.bytes} bytes, to {len(transfers)} boards")
            _run(client, transfers)
    except DeskError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        print("stopped; what the boards have they keep, and run only when it is whole", file=sys.stderr)
        return EXIT_FAILED
    for transfer in transfers:  # in full, which a terminal's width does not allow beside the bar
        print(": ".join(part for part in (transfer.point, transfer.phase, transfer.why) if part))
    return 0 if all(transfer.phase == "done" for transfer in transfers) else EXIT_FAILED


def _run(client: "mqtt.Client", transfers: "list[Transfer]") -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from paraat.fleet import updater

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns) as bars:
        tasks = {t.point: bars.add_task(t.point, total=len(t.data), phase=t.phase) for t in transfers}

        def progress(transfer: "Transfer") -> None:
            bars.update(tasks[transfer.point], completed=transfer.sent, phase=transfer.phase)

        updater.send(client, transfers, now=time.time, stopped=lambda: False, progress=progress)
