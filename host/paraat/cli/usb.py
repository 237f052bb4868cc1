"""`paraat doctor`, `paraat usb ...` and `paraat day-bundle`: the technician's tools beside flashing."""

import argparse
import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from paraat import texts
from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_STOPPED, EXIT_USAGE, Run, add_anyway, fail, say_let_through
from paraat.texts import Phrase, reason

LOGS = Path("build/logs")


def add_commands(commands: Commands) -> None:
    """Add these commands to those of `paraat`."""
    doctor = commands.add_parser(
        "doctor", help=Phrase("find what keeps this laptop from working, and say the next step")
    )
    _site(doctor)
    doctor.add_argument(
        "--point", metavar="POINT", help=Phrase("also: is the attached board the right one for this point?")
    )
    _port(doctor)
    add_anyway(doctor)
    doctor.set_defaults(run=_guarded(_doctor))

    day = commands.add_parser("day-bundle", help=Phrase("put all that a day without internet takes into one folder"))
    _site(day)
    day.add_argument("--out", type=Path, required=True, metavar="DIR")
    day.add_argument(
        "--firmware",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=Phrase("an image of MicroPython; repeatable"),
    )
    day.add_argument(
        "--without-keys", action="store_true", help=Phrase("leave the CA's keys at home: verify, logs, no flash")
    )
    add_anyway(day)
    day.set_defaults(run=_guarded(_day_bundle))

    usb = commands.add_parser("usb", help=Phrase("a board on the cable: verify, console, logs, identify, update"))
    actions = usb.add_subparsers(required=True, metavar="ACTION")
    verify = _action(actions, "verify", Phrase("compare what lies on the board with what should"), _verify)
    _site(verify)
    verify.add_argument("--point", required=True, metavar="POINT")
    _action(actions, "console", Phrase("talk to the board's MicroPython"), _console)
    logs = _action(actions, "logs", Phrase("follow the console, with the time, and keep it"), _logs)
    logs.add_argument("--point", metavar="POINT", help=Phrase("names the file that is kept"))
    logs.add_argument("--keep", type=Path, default=LOGS, metavar="DIR", help=Phrase("default: {logs}", logs=LOGS))
    _action(actions, "identify", Phrase("let the board's lamp blink"), _identify)
    update = _action(actions, "update", Phrase("bring signed firmware to the board"), _update)
    update.add_argument(
        "--bundle", type=Path, required=True, metavar="FILE", help=Phrase("what `paraat bundle build` made")
    )


def _action(
    actions: Commands,
    name: str,
    text: str,
    run: Run,
) -> Parser:
    parser: Parser = actions.add_parser(name, help=text)
    _port(parser)
    parser.set_defaults(run=_guarded(run))
    return parser


def _site(parser: Parser) -> None:
    parser.add_argument(
        "--site", type=Path, required=True, metavar="DIR", help=Phrase("folder with site.toml and points/")
    )


def _port(parser: Parser) -> None:
    parser.add_argument(
        "--port", metavar="DEVICE", help=Phrase("such as /dev/ttyUSB0; without it the one board that is attached")
    )


def _guarded(run: Run) -> Run:
    """What can go wrong becomes one line and an exit code."""

    def guarded(args: argparse.Namespace) -> int:
        from paraat.provision.bundle.mpy import CompileError
        from paraat.site.errors import SettingsError

        try:
            return run(args)
        except OSError as error:
            return fail(args, texts.SpokenError("remote.file", path=error.filename, why=reason(error)))
        except (CompileError, SettingsError, texts.SpokenError) as error:
            code = fail(args, error)
            return EXIT_USAGE if isinstance(error, SettingsError) else code
        except KeyboardInterrupt:
            return EXIT_STOPPED

    return guarded


def _say(key: str, args: argparse.Namespace, **values: object) -> None:
    print(texts.say(key, args.language, **values), flush=True)


def _the_port(args: argparse.Namespace) -> str:
    from paraat.provision.usb.ports import only_port

    return str(args.port) if args.port else only_port()


def _doctor(args: argparse.Namespace) -> int:
    from rich.console import Console

    from paraat.provision.doctor import doctor
    from paraat.site.site import phone_of

    about = {"point": args.point, "port": args.port, "anyway": args.anyway}
    machine = doctor.this_machine(args.site, now=datetime.now(UTC), **about)
    code = doctor.show(doctor.examine(machine), Console(), args.language, phone=phone_of(args.site))
    if args.anyway:
        _let_through(args)
    return code


def _let_through(args: argparse.Namespace) -> None:
    """In the last line: the boards of the site that nobody should get."""
    from paraat.boards.node_config import check_points, too_little_memory
    from paraat.provision.pki import outlook
    from paraat.site.errors import SettingsError
    from paraat.site.inventory import InventoryError
    from paraat.site.site import load_site

    try:
        site = load_site(args.site)
        check_points(site)
    except SettingsError:
        return  # the table says so
    others = []
    with contextlib.suppress(InventoryError):  # the table says so
        others = [(error, sorted(site.points)) for error in outlook.impossible(site, datetime.now(UTC))]
    say_let_through(too_little_memory(site), args.language, others)


def _verify(args: argparse.Namespace) -> int:
    from rich.console import Console

    from paraat.provision.doctor import doctor, verify
    from paraat.provision.usb.remote import RemoteBoard
    from paraat.site import inventory
    from paraat.site.errors import SettingsError
    from paraat.site.site import load_site

    site = load_site(args.site)
    if args.point not in site.points:
        known = ", ".join(sorted(site.points)[:8])
        raise SettingsError(
            args.site / "points",
            args.point,
            Phrase("no point of this id"),
            Phrase("one of the site's: {known}", known=known),
        )
    wanted = verify.expected(site, args.point, datetime.now(UTC))  # first: what is wrong with the site needs no board
    port = _the_port(args)
    found = verify.ask(RemoteBoard(port))
    rows = [doctor.Row(check, finding) for check, finding in verify.compare(found, wanted)]
    code = doctor.show(rows, Console(), args.language, "verify", phone=site.region.phone, port=port, point=args.point)
    if code == 0 and wanted.record is not None and verify.carries_image(found, wanted):
        board = verify.board_of(found, site.points[args.point].board.type)
        inventory.attach(args.site, wanted.record.serial, board)
        _say("verify.attached", args, point=args.point, label=board.serial)
    return code


def _console(args: argparse.Namespace) -> int:
    from paraat.provision.usb import console

    port = _the_port(args)
    _say("console.how", args, port=port)
    return console.talk(port)


def _logs(args: argparse.Namespace) -> int:
    from paraat.provision.usb import console

    port = _the_port(args)
    with console.keep(args.keep, args.point or Path(port).name, datetime.now(UTC)) as kept:
        _say("logs.how", args, port=port, path=kept.name)
        lines = console.follow(port)
        console.write_log(lines, sys.stdout, kept, lambda: datetime.now().astimezone(), port, args.language)
    return 0


def _identify(args: argparse.Namespace) -> int:
    from paraat.provision.usb import attached
    from paraat.provision.usb.remote import RemoteBoard

    port = _the_port(args)
    _say("identify.usb", args, port=port, seconds=attached.IDENTIFY_S)
    attached.identify(RemoteBoard(port))
    return 0


def _update(args: argparse.Namespace) -> int:
    from paraat.provision.usb import attached
    from paraat.provision.usb.remote import RemoteBoard

    port = _the_port(args)
    _say("update.copy", args, path=args.bundle, size=args.bundle.stat().st_size, port=port)
    build, slot = attached.update(RemoteBoard(port), args.bundle)
    _say("update.done", args, built=f"{datetime.fromtimestamp(build, UTC):%Y-%m-%d %H:%M}", slot=slot)
    return 0


def _day_bundle(args: argparse.Namespace) -> int:
    from paraat.provision.bundle import daybundle
    from paraat.provision.micropython import micropython_image
    from paraat.provision.pki import outlook
    from paraat.site import paths
    from paraat.site.site import load_site

    site = load_site(args.site)
    if not args.anyway and not args.without_keys:
        for error in outlook.impossible(site, datetime.now(UTC)):
            raise error  # in the hall nobody can mend it
    _say("bundle.begin", args)
    made = daybundle.make(
        site,
        args.out,
        repository=paths.firmware_dir().parent,
        given=args.firmware,
        folders=micropython_image.folders(site),
        with_keys=not args.without_keys,
        anyway=args.anyway,
    )
    for board, image, source, first_seen in made.images:
        _say("bundle.first-seen" if first_seen else "bundle.image", args, board=board, file=image.path.name,
             source=source, sha256=image.sha256)  # fmt: skip
    if made.uncommitted:
        _say("bundle.uncommitted", args, n=made.uncommitted, commit=made.commit)
    _say("bundle.keys" if made.keys else "bundle.no-keys", args)
    megabytes = {part: texts.Amount(size / 1e6, 1) for part, size in made.sizes.items()}
    total = texts.Amount(sum(made.sizes.values()) / 1e6, 1)
    _say("bundle.done", args, folder=made.folder, total=total, wheels=megabytes["wheels"],
         images=megabytes["firmware-images"], site=megabytes["site"], software=megabytes["software"])  # fmt: skip
    _let_through(args)
    return 0
