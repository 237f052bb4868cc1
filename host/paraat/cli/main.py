"""The command `paraat`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from paraat.cli import (
    alerts,
    box,
    bring_back,
    clock,
    command,
    commission,
    flash,
    gaps,
    influx,
    journal,
    paper,
    pki,
    points,
    refuel,
    serve,
    simulate,
    update,
    upkeep,
    usb,
)
from paraat.cli.parser import Parser, language_asked, speak
from paraat.cli.shared import EXIT_USAGE, complain
from paraat.site.errors import SettingsError
from paraat.texts import Phrase, Words
from paraat.texts.catalogue import DEFAULT

_CLOSED_PIPE = 128 + 13  # as a shell tells of SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, 1 when the command failed, 2 when it was asked wrongly."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    language = DEFAULT
    try:
        language = language_asked(arguments)
        words = Words(language)
        speak(words)
        args = _parser(words).parse_args(arguments, argparse.Namespace(language=language))
        logging.basicConfig(
            level=logging.DEBUG if args.verbose else logging.INFO,
            format="%(asctime)s %(levelname)s %(name)s %(message)s",
            stream=sys.stderr,
        )
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads it, such as `head`, has enough. What is still to be written at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLOSED_PIPE
    except SettingsError as error:
        complain(language, error)
        return EXIT_USAGE
    return code


def _parser(words: Words) -> Parser:
    parser = Parser(
        words=words,
        prog="paraat",
        description=Phrase("Telemetry and alerts for noodsteunpunten (local emergency support points)."),
    )
    parser.add_argument("--verbose", action="store_true", help=Phrase("log more"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for group in (
        serve,
        simulate,
        pki,
        bring_back,
        flash,
        box,
        usb,
        commission,
        update,
        command,
        alerts,
        clock,
        paper,
        points,
        upkeep,
        refuel,
        gaps,
        journal,
        influx,
    ):
        group.add_commands(commands)
    return parser
