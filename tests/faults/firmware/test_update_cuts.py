"""A power cut at every write and erase of updates, with small files and with as many as the firmware has."""

from update_cuts import every_cut


def say(counts):
    print("= power cuts of an update: %(cuts)d" % counts)
    print("= after which the old firmware ran: %(old)d" % counts)
    print("= after which the new firmware ran: %(new)d" % counts)


def test_every_write_and_erase_of_many_updates():
    counts = every_cut(8)
    assert counts["cuts"] == counts["changes"]
    say(counts)


def test_every_write_and_erase_of_a_whole_firmware():
    files = tuple("part%d/n%d.mpy" % (i % 3, i) for i in range(40))
    counts = every_cut(2, files, size=600)
    assert counts["cuts"] == counts["changes"]
    say(counts)
