"""The boards there are: boards/<board>/board.toml, read and checked against the chip."""

from pathlib import Path

from paraat.boards.board_file import Board as Board
from paraat.boards.board_file import Flash as Flash
from paraat.boards.board_file import read_board
from paraat.boards.pins import check_board
from paraat.site import paths
from paraat.texts import SpokenError


class UnknownBoardError(SpokenError):
    """Raised for a board that is not there. known: those that are."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__("board.unknown", name=name, known=", ".join(known))
        self.known = known


def board_names() -> list[str]:
    """The boards there are."""
    return sorted(path.parent.name for path in paths.boards_dir().glob("*/board.toml"))


def load_board(name: str) -> Board:
    """Read and check a board. Raises UnknownBoardError, and SettingsError that names the pin, the file and the key."""
    known = board_names()
    if name not in known:
        raise UnknownBoardError(name, known)
    return load_checked(paths.boards_dir() / name / "board.toml")


def load_checked(path: Path) -> Board:
    """Read and check one board.toml. Raises SettingsError."""
    board = read_board(path)
    check_board(board)
    return board
