"""`paraat command` and `paraat configure`: what a coordinator or technician asks of boards over MQTT."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paraat.cli.parser import Commands, Parser
from paraat.cli.shared import EXIT_FAILED, fail, tell, unknown_points
from paraat.site.site import Site, load_site
from paraat.texts import Phrase, Words

if TYPE_CHECKING:
    from paraat.fleet.desk import Desk

_STATES_S = 2.0  # the retained ones come at once
_PUBLISH_S = 10.0
_FAULTS = "faults"  # the table of a board's reply


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    command = commands.add_parser("command", help=Phrase("have a board do something, and print its answer"))
    _common(command)
    command.add_argument(
        "--limit", type=float, default=30.0, metavar="S", help=Phrase("seconds to wait for the answer (30)")
    )
    command.add_argument("point", metavar="POINT")
    command.set_defaults(run=_command)
    actions = command.add_subparsers(required=True, dest="do", metavar="ACTION")
    identify = actions.add_parser("identify", help=Phrase("lamp and buzzer show which board it is"))
    identify.add_argument("--seconds", type=int, default=10, metavar="S", help=Phrase("0 ends it"))
    call = actions.add_parser("call", help=Phrase("lamp and buzzer call people, until somebody presses the button"))
    call.add_argument("--seconds", type=int, default=60, metavar="S", help=Phrase("0 ends it"))
    actions.add_parser("sample-now", help=Phrase("read all sensors and show the values"))
    calibrate = actions.add_parser(
        "calibrate", help=Phrase("take the level as it is now for that of an empty or a full tank")
    )
    calibrate.add_argument("at", choices=("empty", "full"))
    calibrate.add_argument("--name", metavar="SENSOR", help=Phrase("where a board has several level sensors"))
    resend = actions.add_parser("resend", help=Phrase("send sets again that the board still has"))
    resend.add_argument("first", type=int, metavar="FROM")
    resend.add_argument("last", type=int, nargs="?", metavar="TO")
    actions.add_parser("reset-count", help=Phrase("everybody is out: count people anew"))
    actions.add_parser("reboot", help=Phrase("start the board anew"))

    configure = commands.add_parser("configure", help=Phrase("publish what the site's files say to the boards"))
    _common(configure)
    configure.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help=Phrase("until the boards run it or refuse it")
    )
    configure.add_argument(
        "--again", action="store_true", help=Phrase("under a new version, also what a board has refused")
    )
    configure.add_argument("--dry-run", action="store_true", help=Phrase("only say what would change"))
    configure.add_argument("points", nargs="*", metavar="POINT", help=Phrase("without one: all points of the site"))
    configure.set_defaults(run=_configure)


def _common(parser: Parser) -> None:
    parser.add_argument("--site", type=Path, required=True, metavar="DIR")


def _command(args: argparse.Namespace) -> int:
    from paraat.fleet.desk import Desk, DeskError
    from paraat.texts.printable import printable
    from paraat_wire.codec import WireError

    site = load_site(args.site)
    if wrong := unknown_points(site, [args.point]):
        return fail(args, wrong)
    try:
        with Desk(site, [args.point]) as desk:
            reply = desk.ask(args.point, args.do, _arguments(args), now=time.time(), limit_s=args.limit)
    except (DeskError, WireError) as error:
        return fail(args, error)
    if reply is None:
        return fail(
            args,
            Phrase(
                "{point} has not answered within {limit} s; it will not do it later. Is it online?",
                point=args.point,
                limit=f"{args.limit:g}",
            ),
        )
    if reply.error:
        return fail(args, Phrase("{point} refuses: {error}", point=args.point, error=printable(reply.error)))
    for line in _lines(reply.result, args.language):
        print(printable(line))
    if args.do == "calibrate":
        keys = printable(", ".join(f"{key} = {value}" for key, value in reply.result.items()))
        tell(
            args,
            Phrase(
                "The board keeps it. Write {keys} into points/{point}.toml too: a new board begins with that file.",
                keys=keys,
                point=args.point,
            ),
        )
    return 0


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    given = {
        "identify": lambda: {"seconds": args.seconds},
        "call": lambda: {"seconds": args.seconds},
        "calibrate": lambda: {"at": args.at, "name": args.name},
        "resend": lambda: {"from": args.first, "to": args.last},
    }
    table = given.get(args.do, dict)()
    return {key: value for key, value in table.items() if value is not None}


def _lines(result: dict[str, Any], language: str) -> list[str]:
    """A result as people read it: readings as in the self-test, faults in words; names of settings stay as the file has them."""
    from paraat.boards import readings

    web, screen = Words(language, "web"), Words(language, "screen")
    lines = []
    for key, value in result.items():
        if key == "values" and isinstance(value, dict):
            said = {
                readings.name(metric, language): readings.value(metric, found, language)
                for metric, found in value.items()
            }
            lines += [f"{name}: {found}" for name, found in sorted(said.items())]
        elif key == _FAULTS and isinstance(value, dict):
            fault = screen.say(Phrase("fault"))
            lines += [
                f"{readings.name(metric, language)}: {web.code('fault', str(code))} ({fault})"
                for metric, code in value.items()
            ]
        else:
            lines.append(f"{screen.known(f'answer.{key}') or key}: {_short(value)}")
    return lines


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _configure(args: argparse.Namespace) -> int:
    from paraat.fleet.desk import Desk, DeskError
    from paraat_wire.codec import WireError

    site = load_site(args.site)
    points = list(dict.fromkeys(args.points)) or sorted(site.points)
    if wrong := unknown_points(site, points):
        return fail(args, wrong)
    try:
        with Desk(site, points) as desk:
            return _publish(site, desk, points, args)
    except (DeskError, WireError) as error:
        return fail(args, error)


def _publish(site: Site, desk: "Desk", points: list[str], args: argparse.Namespace) -> int:
    """Raises DeskError, WireError and SettingsError; what was published before stands, and can be published again."""
    from paraat.fleet import desired
    from paraat_wire import host_codec, topics

    states: dict[str, dict[str, Any]] = {}
    for point, state in desk.states(_STATES_S):
        states[point] = state
        if len(states) == len(points):
            break
    versions = {}
    for point in points:
        path = desired.path_of(site, point)
        last = desired.read(path)
        config = desired.choose(desired.content(site, point), last, states.get(point, {}), again=args.again)
        payload = host_codec.encode_config(config)
        versions[point] = config["version"]
        change = Phrase("as before") if config == last else Phrase("new")
        tell(
            args,
            Phrase(
                "{point}: version {version}, {change}; the board runs {runs}",
                point=point,
                version=config["version"],
                change=change,
                runs=states.get(point, {}).get("config", "?"),
            ),
        )
        if not args.dry_run:
            desired.save(path, config)
            desk.publish(point, topics.CONFIG, payload, retain=True, limit_s=_PUBLISH_S)
    return 0 if args.dry_run or not args.wait else _wait(desk, versions, states, args)


def _wait(desk: "Desk", versions: dict[str, int], states: dict[str, dict[str, Any]], args: argparse.Namespace) -> int:
    """Say what became of it at each board. Returns the exit code."""
    from paraat.fleet import desired
    from paraat.texts.printable import printable

    waiting = dict(versions)
    failed = False

    def look(point: str, state: dict[str, Any]) -> None:
        nonlocal failed
        found = desired.outcome(waiting[point], state) if point in waiting else None
        if found is not None:
            refused = Phrase("{point}: refuses: {why}", point=point, why=printable(found))
            runs = Phrase("{point}: runs version {version}", point=point, version=waiting[point])
            tell(args, refused if found else runs)
            failed = failed or bool(found)
            del waiting[point]

    for point, state in states.items():
        look(point, state)
    if waiting:
        for point, state in desk.states(args.wait):
            look(point, state)
            if not waiting:
                break
    for point in waiting:
        tell(
            args,
            Phrase(
                "{point}: not yet after {limit_s} s; it takes it when it is online",
                point=point,
                limit_s=f"{args.wait:g}",
            ),
            file=sys.stderr,
        )
    return EXIT_FAILED if failed or waiting else 0
