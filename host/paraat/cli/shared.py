"""What the commands of `paraat` share: exit codes, options, and how they complain."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from paraat import texts
from paraat.site.site import Site, phone_of
from paraat.texts import Phrase, Words

if TYPE_CHECKING:
    from paraat.boards.boards import TooLittleMemoryError
    from paraat.site.inventory import Inventory

EXIT_FAILED = 1
EXIT_USAGE = 2  # asked wrongly, or the site's files are wrong
EXIT_STOPPED = 130  # as a shell says it after Ctrl-C

Run = Callable[[argparse.Namespace], int]  # one command; returns the exit code


def add_passphrase_file(parser: argparse.ArgumentParser) -> None:
    """Where the passphrase of the CA comes from; never an argument, which every user sees in the process list."""
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help=Phrase("of mode 0600, one line; without it you are asked")
    )


def add_anyway(parser: argparse.ArgumentParser) -> None:
    """For the bench: what would be refused is let through, and said."""
    parser.add_argument(
        "--anyway",
        action="store_true",
        help=Phrase("let through what would be refused, for the bench: it is said and kept"),
    )


def say_let_through(
    boards: "Mapping[str, tuple[TooLittleMemoryError, Sequence[str]]]",
    language: str,
    others: Sequence[tuple[Exception, Sequence[str]]] = (),
) -> None:
    """In red, what --anyway let through: (why it should not, the points that have it), of boards by their folder."""
    from rich.console import Console
    from rich.text import Text

    for error, points in (*boards.values(), *others):
        if points:
            found, _ = texts.explain(error, language)
            said = texts.say("anyway.let-through", language, points=", ".join(points), found=found)
            Console().print(Text(said, style="bold red"), soft_wrap=True)


def now() -> datetime:
    """The moment at which a command is called, aware."""
    return datetime.now(UTC)


def tell(args: argparse.Namespace, what: str, *, file: TextIO | None = None) -> None:
    """Say a Phrase in the language of the command."""
    print(Words(args.language).say(what), file=file, flush=True)


def tell_ended(args: argparse.Namespace, known: "Inventory", points: Collection[str]) -> set[str]:
    """Say which boards the broker refuses because their certificate has ended, and return their points. points: of these; empty for all."""
    over = [record for record in known.ended(now()) if not points or record.cn in points]
    for record in over:
        tell(
            args,
            Phrase(
                "{point}: its certificate ended on {day}, and the broker refuses the board: make flash POINT={point}",
                point=record.cn,
                day=f"{record.not_after:%Y-%m-%d}",
            ),
        )
    return {record.cn for record in over}


def fail(args: argparse.Namespace, what: object) -> int:
    """Complain, with a Phrase or an error, and return the exit code for that."""
    complain(args.language, what)
    phone = phone_of(args.site) if getattr(args, "site", None) is not None else None
    if called := texts.whom_to_call(Words(args.language).say(what), phone, args.language):
        print(called, file=sys.stderr)
    return EXIT_FAILED


def complain(language: str, what: object) -> None:
    """One line for the person at the keyboard."""
    print(f"paraat: {Words(language).say(what)}", file=sys.stderr)


def unknown_points(site: Site, points: Iterable[str]) -> Phrase | None:
    """A complaint about points that the site does not have; None when there is none."""
    unknown = sorted(set(points) - set(site.points))
    if not unknown:
        return None
    return Phrase(
        "{site}: no point {unknown}; known are {known}",
        site=site.directory,
        unknown=", ".join(unknown),
        known=", ".join(sorted(site.points)),
    )


def stop_on_signal() -> threading.Event:
    """An event that Ctrl-C or a polite kill sets. Call it in the main thread, before imports that may take seconds."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
