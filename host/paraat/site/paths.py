"""Where the parts are that are no Python of the host: firmware, boards, wire, example site.

In a clone they are the repository's own folders; in an installed wheel they are copies under paraat/_data.
"""

from pathlib import Path

import paraat_wire

_PACKAGE = Path(__file__).resolve().parent.parent
_REPOSITORY = _PACKAGE.parent.parent


def _find(in_repository: str, in_wheel: str) -> Path:
    for path in (_PACKAGE / "_data" / in_wheel, _REPOSITORY / in_repository):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"{in_repository} is neither in {_REPOSITORY} nor in {_PACKAGE}: install Paraat again")


def firmware_dir() -> Path:
    """The firmware's sources."""
    return _find("firmware", "firmware")


def boards_dir() -> Path:
    """One folder per board, each with a board.toml."""
    return _find("boards", "boards")


def wire_dir() -> Path:
    """The folder that holds the package paraat_wire: the board imports the very files that the host imports."""
    return Path(paraat_wire.__file__).resolve().parent.parent


def example_site_dir() -> Path:
    """A site with five points, to copy."""
    return _find("deploy/site.example", "site.example")


def mosquitto_dir() -> Path:
    """The broker's configuration and access list, as templates."""
    return _find("deploy/mosquitto", "mosquitto")


def hal_dir() -> Path:
    """The simulated hardware, MicroPython modules."""
    return _PACKAGE / "simulate" / "hal"
