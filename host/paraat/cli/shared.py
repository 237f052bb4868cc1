"""What the commands of `paraat` share: exit codes, options, and how they complain."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from paraat.site.site import Site

EXIT_FAILED = 1
EXIT_USAGE = 2  # asked wrongly, or the site's files are wrong
EXIT_STOPPED = 130  # as a shell says it after Ctrl-C

Run = Callable[[argparse.Namespace], int]  # one command; returns the exit code


def add_passphrase_file(parser: argparse.ArgumentParser) -> None:
    """Where the passphrase of the CA comes from; never an argument, which every user sees in the process list."""
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="of mode 0600, one line; without it you are asked"
    )


def now() -> datetime:
    """The moment at which a command is called, aware."""
    return datetime.now(UTC)


def fail(text: str) -> int:
    """Complain, and return the exit code for that."""
    print(f"paraat: {text}", file=sys.stderr)
    return EXIT_FAILED


def unknown_points(site: Site, points: Iterable[str]) -> str:
    """A complaint about points that the site does not have; empty when there is none."""
    unknown = sorted(set(points) - set(site.points))
    if not unknown:
        return ""
    return f"{site.directory}: no point {', '.join(unknown)}; known are {', '.join(sorted(site.points))}"


def stop_on_signal() -> threading.Event:
    """An event that Ctrl-C or a polite kill sets. Call it in the main thread, before imports that may take seconds."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
