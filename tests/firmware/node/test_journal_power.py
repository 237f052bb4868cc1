"""Power cuts in the journal's own writes; every one of them, and long rows, are tried by `make faults`."""

from power_cuts import cuts_in_a_row, every_cut


def test_a_cut_anywhere_loses_nothing_that_was_promised():
    counts = every_cut(450, step=23)
    assert counts["cuts"] > 60, counts
    assert counts["least"] > 50, counts


def test_cut_after_cut_on_one_flash():
    cuts, promised = cuts_in_a_row(25)
    assert cuts == 25
    assert promised > 100
