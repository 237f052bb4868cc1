"""The command `paraat`."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from paraat import desk_cli
from paraat.provision import flash_cli, pki_cli, update_cli, usb_cli
from paraat.settings import SettingsError, load_site
from paraat.shared_cli import EXIT_USAGE, fail


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, 1 when the command failed, 2 when it was asked wrongly."""
    args = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        code: int = args.run(args)
    except SettingsError as error:
        print(f"paraat: {error}", file=sys.stderr)
        return EXIT_USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="paraat", description="Telemetry and alerts for noodsteunpunten (local emergency support points)."
    )
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the host: broker to journal, InfluxDB, alerts, status board")
    serve.add_argument("--site", type=Path, required=True, metavar="DIR", help="folder with site.toml and points/")
    serve.set_defaults(run=_serve)

    check = commands.add_parser("check", help="check a site's files and say what is wrong")
    check.add_argument("--site", type=Path, required=True, metavar="DIR")
    check.set_defaults(run=_check)

    simulate = commands.add_parser("simulate", help="publish made-up telemetry, for load or to see a site live")
    simulate.add_argument("--broker", type=_address, required=True, metavar="HOST:PORT")
    who = simulate.add_mutually_exclusive_group(required=True)
    who.add_argument("--points", type=_positive_int, metavar="N", help="so many made-up points: sim-00001 and on")
    who.add_argument("--site", type=Path, metavar="DIR", help="the points of this site, as if they had boards")
    simulate.add_argument(
        "--interval", type=_positive, required=True, metavar="S", help="seconds between sets of a point"
    )
    simulate.add_argument("--duration", type=_positive, metavar="S", help="seconds; without it until Ctrl-C")
    simulate.add_argument("--seed", type=int, default=1, metavar="K", help="the same seed makes up the same points")
    simulate.set_defaults(run=_simulate)

    demo = commands.add_parser("demo", help="play a blackout on this machine: real firmware, broker, host, board")
    demo.add_argument("--duration", type=_positive, metavar="S", help="seconds; without it until Ctrl-C")
    demo.add_argument("--json", action="store_true", help="print only the summary, as one JSON object")
    demo.add_argument("--language", choices=("nl", "en"), default="nl")
    demo.add_argument(
        "--port", type=_port, default=8080, help="of the status board; the next free one when it is taken"
    )
    demo.add_argument("--broker", choices=("auto", "mosquitto", "embedded"), default="auto")
    demo.add_argument(
        "--boards",
        choices=("auto", "firmware", "made-up"),
        default="auto",
        help="the firmware under MicroPython, or points made up by this process; auto: the firmware where it runs",
    )
    demo.add_argument("--keep", type=Path, metavar="DIR", help="keep the journal, the consoles and the logs here")
    demo.set_defaults(run=_demo)
    pki_cli.add_commands(commands)
    flash_cli.add_commands(commands)
    usb_cli.add_commands(commands)
    update_cli.add_commands(commands)
    desk_cli.add_commands(commands)
    return parser


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _positive_int(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, 1 to 65535")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    try:
        number = _port(port)
    except argparse.ArgumentTypeError:
        number = 0
    if not colon or not host or not number:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:1883")
    return host.strip("[]"), number


def stop_on_signal() -> threading.Event:
    """An event that Ctrl-C or a polite kill sets. Call it in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


# Each command imports what it needs by itself: `paraat check` must not wait for the rest to load. Those that run until
# Ctrl-C listen for it before, because loading may take seconds.


def _serve(args: argparse.Namespace) -> int:
    stop = stop_on_signal()
    from paraat.clock import SystemClock
    from paraat.provision.node_config import check_points
    from paraat.service import Service, ServiceError

    site = load_site(args.site)
    check_points(site)
    try:
        service = Service(site, clock=SystemClock())
        service.start()
    except ServiceError as error:
        return fail(str(error))
    try:
        stop.wait()
    finally:
        service.stop()
    return 0


def _check(args: argparse.Namespace) -> int:
    from paraat.journal.peek import obstacle
    from paraat.provision.node_config import check_memory_of_points, check_points, limits_of_points
    from paraat.service import check_files

    site = load_site(args.site)
    check_files(site)
    check_points(site)
    check_memory_of_points(site)  # not what keeps `serve` from starting: boards that are out there go on
    if found := obstacle(site.path(site.region.journal)):
        raise SettingsError(
            args.site / "site.toml", "site.journal", found, "a file in a folder that the service may write to"
        )
    for line in limits_of_points(site):
        print(line)
    print(f"{args.site}: {site.region.region}, {len(site.points)} points: in order")
    return 0


def _simulate(args: argparse.Namespace) -> int:
    stop = stop_on_signal()
    from paraat.simulate import fleet

    host, port = args.broker
    return fleet.run(
        host,
        port,
        point_ids=fleet.made_up_ids(args.points) if args.site is None else list(load_site(args.site).points),
        interval_s=args.interval,
        duration_s=args.duration,
        seed=args.seed,
        stop=stop,
    )


def _demo(args: argparse.Namespace) -> int:
    stop = stop_on_signal()
    from paraat.simulate import demo

    return demo.run(
        duration_s=args.duration,
        as_json=args.json,
        language=args.language,
        board_port=args.port,
        broker_kind=args.broker,
        boards_kind=args.boards,
        keep=args.keep,
        stop=stop,
    )
