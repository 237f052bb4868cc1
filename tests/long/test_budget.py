"""No board may leave the hall that cannot connect: the firmware as it is, in the memory of every board that we offer."""

import dataclasses

import firmware_size
import pytest
from firmware_size import Budget

from paraat.boards import heaps
from paraat.boards.board_file import Board
from paraat.boards.boards import TooLittleMemoryError, board_names, check_memory, load_board, offered

pytestmark = [pytest.mark.needs("micropython"), pytest.mark.needs("mosquitto")]


@pytest.fixture(scope="module")
def budget() -> Budget:
    return firmware_size.measure_all()


def left_at_the_fullest(budget: Budget, board: Board) -> list[heaps.Left]:
    """By the firmware as it runs now, whatever boards/memory.toml says of it."""
    memory = dataclasses.replace(budget.memory, live_bytes=budget.fullest.live)
    return [memory.left(image) for image in memory.of(board.firmware.image)]


def test_every_board_that_we_offer_fits(budget: Budget) -> None:
    for board in offered():
        found = left_at_the_fullest(budget, board)
        assert found, f"{board.id}: boards/memory.toml does not know {board.firmware.image}"
        assert not [left.short for left in found if not left.fits], board.id


def test_boards_without_psram_do_not_fit_and_are_refused(budget: Budget) -> None:
    for name in ("esp32_devkitc", "olimex_esp32_poe_iso", "esp32_s3_devkitc"):
        board = load_board(name)
        assert not all(left.fits for left in left_at_the_fullest(budget, board)), f"{name} fits: offer it"
        with pytest.raises(TooLittleMemoryError):
            check_memory(board)


def test_the_model_says_of_the_plain_board_what_the_emulated_chip_showed(budget: Budget) -> None:
    """What lived in its Python heap of 98 KB in steady state."""
    [seen] = [seen for seen in budget.memory.seen if seen.what.endswith("steady")]
    steady = [moment.live for moment in budget.moments if moment.phase == "steady"]
    assert max(steady) == pytest.approx(98 * 1024 - seen.python_free, rel=0.1)


def test_every_limit_is_kept(budget: Budget) -> None:
    assert not [row for row in firmware_size.limits(budget) if not row.kept]


def test_what_is_lent_is_given_back(budget: Budget) -> None:
    """A steady minute holds what the first one held, and nothing of the start's."""
    steady = [moment for moment in budget.moments if moment.phase == "steady"]
    assert {"node/config.mpy", "node/update.mpy"}.isdisjoint(frozenset.intersection(*[m.files for m in steady]))
    assert steady[-1].live <= 1.05 * min(moment.live for moment in steady)


def test_the_report_has_every_file(budget: Budget) -> None:
    text = firmware_size.report(budget)
    assert all(f"| {path} |" in text for path in budget.files)


def test_the_report_has_every_board_and_whether_it_is_offered(budget: Budget) -> None:
    rows = [line for line in firmware_size.report(budget).splitlines() if line.startswith("| ")]
    for name in board_names():
        verdicts = {row.split(" | ")[-1].rstrip(" |") for row in rows if row.startswith(f"| {name} | ")}
        wanted = "offered" if name in {board.id for board in offered()} else "**not offered**: take "
        assert verdicts, name
        assert all(verdict.startswith(wanted) for verdict in verdicts), name
