"""`paraat bundle build` and `paraat update`."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_FAILED, add_passphrase_file, fail, tell, unknown_points
from paraat.site.site import load_site
from paraat.texts import Phrase, Words, reason

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from paraat.fleet.updater import Transfer
    from paraat.provision.bundle.bundle import Info


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
    update.add_argument("points", nargs="+", metavar="POINT")
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


def _make_bundle(args: argparse.Namespace, now: datetime) -> bytes:
    """Raises BundleError, CompileError, PkiError and SettingsError."""
    from paraat.provision.bundle import bundle
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import CA_KEY
    from paraat.site.inventory import FOLDER
    from paraat.texts import say

    asked = say("flash.passphrase", args.language, path=args.site / FOLDER / CA_KEY)
    authority = passphrase.opened(args.site, args.passphrase_file, now, language=args.language, question=asked)
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
        return fail(args, wrong)
    try:
        data = args.bundle.read_bytes() if args.bundle else _make_bundle(args, datetime.now(UTC))
        info = _info(args.site, data)
    except (BundleError, CompileError, PkiError) as error:
        return fail(args, Phrase("{path}: {error}", path=args.bundle, error=error) if args.bundle else error)
    except OSError as error:
        return fail(args, Phrase("{path}: {error}", path=error.filename, error=reason(error)))
    words = Words(args.language)
    transfers = [updater.Transfer(point, data, info.build) for point in dict.fromkeys(args.points)]
    try:
        with connect(site) as client:
            tell(
                args,
                Phrase(
                    "version {version}, build {build}, {bytes} bytes, to {boards} boards",
                    version=info.version,
                    build=info.build,
                    bytes=info.bytes,
                    boards=len(transfers),
                ),
            )
            _run(client, transfers, words)
    except DeskError as error:
        return fail(args, error)
    except KeyboardInterrupt:
        tell(args, Phrase("stopped; what the boards have they keep, and run only when it is whole"), file=sys.stderr)
        return EXIT_FAILED
    for transfer in transfers:  # in full, which a terminal's width does not allow beside the bar
        said = (transfer.point, updater.PHASES[transfer.phase], transfer.why)
        print(": ".join(words.say(part) for part in said if part))
    return 0 if all(transfer.phase == "done" for transfer in transfers) else EXIT_FAILED


def _run(client: "mqtt.Client", transfers: "list[Transfer]", words: Words) -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from paraat.fleet import updater

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns) as bars:
        tasks = {
            t.point: bars.add_task(t.point, total=len(t.data), phase=words.say(updater.PHASES[t.phase]))
            for t in transfers
        }

        def progress(transfer: "Transfer") -> None:
            bars.update(tasks[transfer.point], completed=transfer.sent, phase=words.say(updater.PHASES[transfer.phase]))

        updater.send(client, transfers, now=time.time, stopped=lambda: False, progress=progress)
