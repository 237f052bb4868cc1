"""A power cut at every write and erase of updates, with small files and with as many as the firmware has."""

from update_cuts import every_cut


def test_every_write_and_erase_of_many_updates():
    counts = every_cut(8)
    print("updates: cuts at every change: %(cuts)d; then the old firmware ran %(old)d times, the new %(new)d" % counts)
    assert counts["cuts"] == counts["changes"]


def test_every_write_and_erase_of_a_whole_firmware():
    files = tuple("part%d/n%d.mpy" % (i % 3, i) for i in range(40))
    counts = every_cut(2, files, size=600)
    print("of 40 files: cuts at every change: %(cuts)d; old %(old)d, new %(new)d" % counts)
    assert counts["cuts"] == counts["changes"]
