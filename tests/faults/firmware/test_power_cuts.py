"""A power cut at every write and erase of a long run, and a long row of cuts on one flash."""

from power_cuts import cuts_in_a_row, every_cut


def test_every_write_and_erase():
    counts = every_cut(1500)
    assert counts["cuts"] == counts["changes"]
    print("= power cuts of a board, one at each write and erase: %(cuts)d" % counts)


def test_a_row_of_cuts():
    for seed in range(1, 6):
        cuts, promised = cuts_in_a_row(400, seed)
        print("= power cuts of a board, in a row: %d" % cuts)
        print("= sets that it promised and had afterwards: %d" % promised)
