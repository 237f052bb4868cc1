"""The boards there are: boards/<board>/board.toml, read and checked against the chip."""

from pathlib import Path

from paraat.boards.board_file import Board as Board
from paraat.boards.board_file import ChipName, PsramKind, read_board
from paraat.boards.board_file import Flash as Flash
from paraat.boards.chips import LEFT, NEEDED_KB
from paraat.boards.pins import check_board
from paraat.site import paths
from paraat.texts import SpokenError


class UnknownBoardError(SpokenError):
    """Raised for a board that is not there. known: those that are."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__("board.unknown", name=name, known=", ".join(known))
        self.known = known


class TooLittleMemoryError(SpokenError):
    """Raised for a board on which the firmware would not run. others: boards with enough."""

    def __init__(self, board: Board, others: list[str]) -> None:
        left = LEFT.get(_memory_of(board))
        about = {"board": board.name, "needed": NEEDED_KB, "others": ", ".join(others)}
        if left is None:
            super().__init__("flash.memory-unknown", **about)
        else:
            super().__init__("flash.memory", left=left.kb, **about)
        self.others = others


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


def check_memory(board: Board) -> None:
    """Raises TooLittleMemoryError, which names the boards that have enough, unless this one is known to."""
    if not has_memory(board):
        raise TooLittleMemoryError(board, [name for name in board_names() if has_memory(load_board(name))])


def has_memory(board: Board) -> bool:
    """True when the board is known to leave the firmware what it needs (boards/chips.py)."""
    left = LEFT.get(_memory_of(board))
    return left is not None and left.kb >= NEEDED_KB


def _memory_of(board: Board) -> tuple[ChipName, PsramKind | None]:
    return board.chip, board.psram.kind if board.psram is not None else None
