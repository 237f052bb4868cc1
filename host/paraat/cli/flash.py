"""`paraat flash`, `replace`, `image` and `erase`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import (
    EXIT_FAILED,
    EXIT_STOPPED,
    EXIT_USAGE,
    Run,
    add_anyway,
    add_passphrase_file,
    fail,
    now,
    say_let_through,
)
from paraat.site import copies, fingerprint
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site
from paraat.texts import Phrase

if TYPE_CHECKING:
    from paraat.provision.flash.screen import Screen
    from paraat.provision.flash.session import Job, Session
    from paraat.provision.pki.authority import Authority


def add_commands(commands: Commands) -> None:
    """Add them to those of `paraat`."""
    flash = _command(commands, "flash", Phrase("write boards, check them, record them, make their labels"), _flash)
    replace = _command(
        commands, "replace", Phrase("as flash, with a new board for a point: the old one is refused"), _flash
    )
    for parser, is_replacement in ((flash, False), (replace, True)):
        parser.add_argument("points", nargs="+", metavar="POINT")
        parser.add_argument(
            "--port", action="append", default=[], metavar="DEVICE",
            help=Phrase("of each point, in their order; without it the one board on USB, or the button that you press"),
        )  # fmt: skip
        parser.set_defaults(replace=is_replacement)

    image = _command(
        commands, "image", Phrase("write what `flash` would write into a folder, flash.bin and files"), _image
    )
    image.add_argument("points", nargs=1, metavar="POINT")
    image.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help=Phrase("the board's private key will be in it")
    )
    image.add_argument("--replace", action="store_true", help=Phrase("the point has a board; that one will be refused"))

    erase = commands.add_parser("erase", help=Phrase("erase a board's whole flash, with everything secret on it"))
    erase.add_argument("--site", type=Path, required=True, metavar="DIR")
    erase.add_argument("--port", metavar="DEVICE", help=Phrase("without it the one board on USB"))
    erase.add_argument("--board", required=True, help=Phrase("its type, a folder of boards/"))
    erase.add_argument("--yes", action="store_true", help=Phrase("do not ask"))
    erase.set_defaults(run=_guarded(_erase))


def _command(commands: Commands, name: str, text: str, run: Run) -> Parser:
    parser = commands.add_parser(name, help=text)
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")
    parser.add_argument("--board", help=Phrase("stop when the point's file says another type"))
    parser.add_argument(
        "--firmware", type=Path, metavar="FILE", help=Phrase("image of MicroPython; without it the pinned one")
    )
    add_passphrase_file(parser)
    add_anyway(parser)
    parser.set_defaults(run=_guarded(run))
    return parser


def _guarded(run: Run) -> Run:
    """Expected failures become one line in the technician's language, and Ctrl-C its exit code."""

    def guarded(args: argparse.Namespace) -> int:
        from paraat.provision.bundle.mpy import CompileError
        from paraat.texts import SpokenError
        from paraat_wire.bundle import BundleError

        try:
            return run(args)
        except KeyboardInterrupt:
            return EXIT_STOPPED
        except (BundleError, CompileError, SettingsError, SpokenError) as error:
            code = fail(args, error)
            return EXIT_USAGE if isinstance(error, SettingsError) else code

    return guarded


def _flash(args: argparse.Namespace) -> int:
    site, session, screen = _open(args)
    jobs = _jobs(args.points, args.port, site, screen)
    with screen:
        try:
            outcomes = session.run(jobs, lambda: screen.say("flash.stopping"))
        except KeyboardInterrupt:
            screen.show(session.outcomes)  # some may be ready
            _say_left(session, screen, args.site)
            _say_let_through(args, site, [one.job.point for one in session.outcomes if one.error is None])
            raise
    screen.show(outcomes)
    _say_left(session, screen, args.site)
    _say_let_through(args, site, [one.job.point for one in outcomes if one.error is None])
    return EXIT_FAILED if any(outcome.error is not None for outcome in outcomes) else 0


def _image(args: argparse.Namespace) -> int:
    from paraat.provision.image.image import FLASH

    site, session, screen = _open(args)
    [point] = args.points
    try:
        _, issued = session.save(point, args.out)
    finally:
        _say_left(session, screen, args.site)
    screen.say("image.done", point=point, path=args.out / FLASH, serial=issued.serial)
    _say_let_through(args, site, [point])
    return 0


def _say_let_through(args: argparse.Namespace, site: Site, points: Sequence[str]) -> None:
    """In the last line: which of the points got a board that nobody should get."""
    from paraat.boards.node_config import too_little_memory
    from paraat.provision.pki import outlook

    theirs = {
        kind: (error, [point for point in having if point in points])
        for kind, (error, having) in too_little_memory(site).items()
    }
    say_let_through(theirs, args.language, [(error, points) for error in outlook.impossible(site, now())])


def _say_left(session: "Session", screen: "Screen", site: Path) -> None:
    """Which certificates nobody may use, and the broker takes all the same."""
    for issued in session.left_pending:
        screen.say("flash.left-pending", point=issued.name, serial=issued.serial, site=site)


def _erase(args: argparse.Namespace) -> int:
    from rich.console import Console

    from paraat.boards.boards import load_board
    from paraat.provision.flash.flash import Flasher
    from paraat.provision.flash.screen import Screen
    from paraat.provision.usb.ports import only_port
    from paraat.site import inventory
    from paraat.texts import say

    site = load_site(args.site)
    screen = Screen(site, (), Console(), args.language)
    port = args.port or only_port()
    if not args.yes and _answer(say("erase.ask", args.language, port=port)) != say("erase.yes", args.language):
        screen.say("erase.not")
        return EXIT_FAILED
    with Flasher(port, load_board(args.board)) as chip:
        chip.erase()
        screen.say("erase.done", port=port, mac=chip.mac)
    if (args.site / inventory.FOLDER).is_dir():
        for point, record in inventory.boards(args.site).items():
            if record.board is not None and record.board.mac == chip.mac:
                screen.say("erase.certificate", point=point, site=args.site)
    return 0


def _answer(question: str) -> str:
    """What is typed; empty without a keyboard."""
    try:
        return input(question).strip().lower()
    except EOFError:
        print()
        return ""


def _open(args: argparse.Namespace) -> "tuple[Site, Session, Screen]":
    """The session that the arguments ask for, checked, and its screen."""
    from rich.console import Console

    from paraat.provision.bundle.bundle import compile_firmware
    from paraat.provision.flash.screen import Screen
    from paraat.provision.flash.session import Session

    site = load_site(args.site)
    screen = Screen(site, args.points, Console(), args.language)
    authority = _authority(args, site)
    session = Session(
        site,
        authority,
        compile_firmware(),
        screen,
        now=now,
        language=args.language,
        micropython=args.firmware,
        replace=args.replace,
        anyway=args.anyway,
    )
    session.check(args.points, args.board)
    _warn(site, session, screen, args.points)
    return site, session, screen


def _authority(args: argparse.Namespace, site: Site) -> "Authority":
    from paraat.provision.pki import passphrase
    from paraat.provision.pki.authority import CA_KEY
    from paraat.site import inventory
    from paraat.texts import say

    asked = say("flash.passphrase", args.language, path=site.directory / inventory.FOLDER / CA_KEY)
    return passphrase.opened(site.directory, args.passphrase_file, now(), language=args.language, question=asked)


def _warn(site: Site, session: "Session", screen: "Screen", points: Sequence[str]) -> None:
    """Whose boards these are, and what is no mistake for sure and may be one."""
    about = {"region": site.region.region, "words": fingerprint.words(session.authority.fingerprint())}
    screen.say("flash.authority", **about)
    made = copies.taken(site.directory)
    if made is not None:
        screen.say("flash.copy", day=f"{made.made_at:%Y-%m-%d}", n=(now() - made.made_at).days)
    if not site.path(site.region.journal).exists():
        screen.say("flash.no-history", path=site.path(site.region.journal))
    images = {point: session.micropython(point) for point in points}
    for kind, image in {site.points[point].board.type: image for point, image in images.items()}.items():
        screen.say("flash.micropython", board=kind, file=image.path.name)
        if image.too_old:
            screen.say("flash.old-micropython", version=image.version)


def _jobs(points: Sequence[str], ports: Sequence[str], site: Site, screen: "Screen") -> "list[Job]":
    """Which point's board is behind which port. Raises PortError, FlashError."""
    from paraat.provision.flash.flash import FlashError
    from paraat.provision.flash.pairing import pair
    from paraat.provision.flash.session import Job
    from paraat.provision.usb.ports import board_ports, few_ports, only_port

    if ports and len(ports) != len(points):
        raise FlashError("flash.port-count", ports=len(ports), points=len(points))
    if not ports and len(points) == 1:
        ports = [only_port()]
    if not ports:
        attached = board_ports()
        if len(attached) < len(points):
            raise few_ports(attached, len(points))
        found = pair(
            points,
            [port.device for port in attached],
            lambda point: screen.say("flash.press", point=point, name=site.points[point].name),
        )
        ports = [found[point] for point in points]
        for point, port in zip(points, ports, strict=True):
            screen.say("flash.paired", point=point, port=port)
    return [Job(point, port) for point, port in zip(points, ports, strict=True)]
