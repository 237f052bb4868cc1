"""The command `paraat`."""

import argparse
import logging
import sys
from collections.abc import Sequence

from paraat.cli import alerts, command, flash, pki, serve, simulate, update, usb
from paraat.cli.shared import EXIT_USAGE
from paraat.site.errors import SettingsError


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

    for group in (serve, simulate, pki, flash, usb, update, command, alerts):
        group.add_commands(commands)
    return parser
