"""The broker of this machine, as a command tells it what it must refuse."""

import argparse
from pathlib import Path

from paraat.cli.parser import Parser
from paraat.cli.shared import tell
from paraat.texts import Phrase

BROKER = Path("/etc/mosquitto")  # where `paraat broker-config --out` writes on a CP


def add_broker(parser: Parser) -> None:
    """Where the broker of this machine keeps its list of what it must refuse."""
    parser.add_argument(
        "--broker", type=Path, default=BROKER, metavar="DIR",
        help=Phrase("the broker's folder on this machine, where there is one; default: {folder}", folder=BROKER),
    )  # fmt: skip


def tell_broker(args: argparse.Namespace) -> int:
    """Have the broker of this machine take the newest list of what it must refuse, and say so. Raises ListError."""
    from paraat.provision.pki import revoked

    given = revoked.give_to_broker(args.site, args.broker)
    if given == "no-broker":
        path = args.site / "pki" / "crl.pem"
        tell(
            args,
            Phrase(
                "No broker on this machine: it refuses what is revoked once it has {path} (docs/pki.md, Revoke).",
                path=path,
            ),
        )
    elif given == "given":
        tell(args, Phrase("The broker of this machine has the new list of what it must refuse."))
    return 0
