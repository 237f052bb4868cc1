"""Power cuts in an update; every one of them, with a firmware of the real size, is tried by `make faults`."""

from update_cuts import every_cut


def test_a_cut_anywhere_leaves_a_board_that_starts():
    counts = every_cut(3, step=2)
    assert counts["cuts"] > 20, counts
    assert counts["old"] > 10, counts
    assert counts["new"] > 0, counts
