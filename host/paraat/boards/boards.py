"""The boards there are: boards/<board>/board.toml, read and checked against the chip."""

from collections.abc import Mapping
from pathlib import Path

from paraat.boards import heaps
from paraat.boards.board_file import Board as Board
from paraat.boards.board_file import Flash as Flash
from paraat.boards.board_file import read_board
from paraat.boards.parts import part_of
from paraat.boards.pins import check_board, claims, kit
from paraat.site import paths
from paraat.texts import SpokenError


class UnknownBoardError(SpokenError):
    """Raised for a board that is not there. known: those that are."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__("board.unknown", name=name, known=", ".join(known))
        self.known = known


class TooLittleMemoryError(SpokenError):
    """Raised for a board that is not offered, because the firmware is not known to run on it.

    board: the folder of the one that can stand in its place. about: as the words in texts/ take it.
    """

    def __init__(self, board: Board, verdict: heaps.Verdict) -> None:
        other, moved = stand_in(board)
        self.board = other.id
        self.about: Mapping[str, object] = {
            "board": board.name,
            "missing": -(-verdict.missing_bytes // 1024),
            "other": other.id,
            "wires": ", ".join(moved),
        }
        code = "flash.memory" if verdict.kind == "short" else f"flash.memory-{verdict.kind}"
        super().__init__(code + ("-moved" if moved and verdict.kind != "unknown" else ""), **self.about)


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
    """Raises TooLittleMemoryError unless this board is offered."""
    error = memory_error(board)
    if error is not None:
        raise error


def memory_error(board: Board) -> TooLittleMemoryError | None:
    """Why a board is not offered, with the one to take instead; None: it has the memory (boards/memory.toml)."""
    verdict = heaps.load().verdict(board.firmware.image)
    return TooLittleMemoryError(board, verdict) if verdict.kind else None


def offered() -> list[Board]:
    """The boards that have enough memory."""
    known = heaps.load()
    return [board for board in map(load_board, board_names()) if not known.verdict(board.firmware.image).kind]


def stand_in(board: Board) -> tuple[Board, list[str]]:
    """(the offered board that can take a board's place with the fewest changes, the keys whose wires move)."""

    def moved(other: Board) -> list[str]:
        return sorted({key for key, _ in _wires(board) ^ _wires(other)})

    def changes(other: Board) -> tuple[bool, bool, int]:
        return other.link != board.link, other.chip != board.chip, len(moved(other))

    other = min(offered(), key=changes)
    return other, moved(other)


def _wires(board: Board) -> set[tuple[str, int]]:
    """(key, pin) of all that is connected by hand; the Ethernet PHY is soldered on."""
    sensors = {
        (f"{sensor.table.get('metric', sensor.table['driver'])}.{key}", sensor.table[key])
        for sensor in kit(board)
        for key in part_of(sensor.table).pins
        if key in sensor.table
    }
    own = ((claim.place.key, claim.pin) for claim in claims(board, ()))
    return sensors | {(key, pin) for key, pin in own if not key.startswith("ethernet")}
