"""`paraat simulate` and `paraat demo`: points that are made up, and a whole blackout on this machine."""

import argparse
from functools import partial
from pathlib import Path

from paraat.cli.parser import Commands
from paraat.cli.shared import stop_on_signal
from paraat.site.site import load_site
from paraat.texts import Phrase, Words


def add_commands(commands: Commands) -> None:
    """Add both commands to those of `paraat`."""
    simulate = commands.add_parser("simulate", help=Phrase("publish made-up telemetry, for load or to see a site live"))
    simulate.add_argument("--broker", type=partial(_address, simulate.words), required=True, metavar="HOST:PORT")
    who = simulate.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--points",
        type=partial(_positive_int, simulate.words),
        metavar="N",
        help=Phrase("so many made-up points: sim-00001 and on"),
    )
    who.add_argument("--site", type=Path, metavar="DIR", help=Phrase("the points of this site, as if they had boards"))
    simulate.add_argument(
        "--interval",
        type=partial(_positive, simulate.words),
        required=True,
        metavar="S",
        help=Phrase("seconds between sets of a point"),
    )
    simulate.add_argument(
        "--duration",
        type=partial(_positive, simulate.words),
        metavar="S",
        help=Phrase("seconds; without it until Ctrl-C"),
    )
    simulate.add_argument(
        "--seed", type=int, default=1, metavar="K", help=Phrase("the same seed makes up the same points")
    )
    simulate.set_defaults(run=_simulate)

    demo = commands.add_parser(
        "demo", help=Phrase("play a blackout on this machine: real firmware, broker, host, status page")
    )
    demo.add_argument(
        "--duration", type=partial(_positive, demo.words), metavar="S", help=Phrase("seconds; without it until Ctrl-C")
    )
    demo.add_argument("--json", action="store_true", help=Phrase("print only the summary, as one JSON object"))
    demo.add_argument(
        "--port",
        type=partial(_port, demo.words),
        default=8080,
        help=Phrase("of the status page; the next free one when it is taken"),
    )
    demo.add_argument("--broker", choices=("auto", "mosquitto", "embedded"), default="auto")
    demo.add_argument(
        "--boards",
        choices=("auto", "firmware", "made-up"),
        default="auto",
        help=Phrase(
            "the firmware under MicroPython, or points made up by this process; auto: the firmware where it runs"
        ),
    )
    demo.add_argument(
        "--keep", type=Path, metavar="DIR", help=Phrase("keep the journal, the consoles and the logs here")
    )
    demo.set_defaults(run=_demo)


def _positive(words: Words, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(words.say(Phrase("{text} is no number above 0", text=repr(text))))
    return value


def _positive_int(words: Words, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(words.say(Phrase("{text} is no whole number of at least 1", text=repr(text))))
    return int(text)


def _port(words: Words, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(words.say(Phrase("{text} is no port, 1 to 65535", text=repr(text))))
    return int(text)


def _address(words: Words, text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    try:
        number = _port(words, port)
    except argparse.ArgumentTypeError:
        number = 0
    if not colon or not host or not number:
        raise argparse.ArgumentTypeError(
            words.say(Phrase("{text} is no HOST:PORT, such as 127.0.0.1:1883", text=repr(text)))
        )
    return host.strip("[]"), number


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
        web_port=args.port,
        broker_kind=args.broker,
        boards_kind=args.boards,
        keep=args.keep,
        stop=stop,
    )
