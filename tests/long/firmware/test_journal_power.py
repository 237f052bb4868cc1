"""The journal on littlefs: power cuts in its own writes (`make faults` tries every one of them), and a full flash."""

from devices.flash import Flash
from node.journal import TELEMETRY, Journal
from power_cuts import Board, cuts_in_a_row, every_cut, reading


def test_a_cut_anywhere_loses_nothing_that_was_promised():
    counts = every_cut(450, step=23)
    assert counts["cuts"] > 60, counts
    assert counts["least"] > 50, counts


def test_cut_after_cut_on_one_flash():
    cuts, promised = cuts_in_a_row(25)
    assert cuts == 25
    assert promised > 100


def test_a_flash_that_others_have_filled_is_used_to_its_end():
    flash = Flash(32)
    board = Board(flash)
    board.on()
    with open("big", "wb") as f:
        for _ in range(17):
            f.write(b"\x55" * 4096)
    journal = Journal("journal", 65536, 1)  # 16 blocks, of which there are some 10
    for i in range(1, 1601):
        assert journal.append(TELEMETRY, i, True, *reading(i)) == i  # not one that the flash refuses
    assert 700 < journal.backlog < 1600, journal.backlog
    assert journal.backlog + journal.dropped == 1600
    board.off(journal)
    board.on()
    again = Journal("journal", 65536, 2)
    assert again.next == 1601
    assert again.dropped == journal.dropped
    board.off(again)
