import gc
import os
import time

from bench import board_ticks, raises
from node import journal as journal_module
from node import journal_files
from node.journal import EVENT, TELEMETRY, Journal
from node.ranges import Ranges

KB64 = 65536
READING = [("fuel/level", 61.2), ("battery/voltage", 12.65), ("node/uptime", 86400), ("power/mains", True)]


def journal(max_bytes=KB64, boot=1):
    return Journal("journal", max_bytes, boot)


def fill(j, count, values=READING, kind=TELEMETRY):
    """Append so many; returns their seqs."""
    first = j.next
    for i in range(count):
        j.append(kind, 1000 + i, True, values, [])
    return range(first, j.next)


def drain(j, max_entries=20):
    """Send and acknowledge everything; the seqs in the order of sending."""
    seqs = []
    while True:
        entries = j.take(4096, max_entries)
        if not entries:
            return seqs
        seqs += [e.seq for e in entries]
        j.ack([(e.seq, e.seq) for e in entries])


def test_an_entry_comes_back_as_it_went_in():
    j = journal(boot=3)
    faults = [("climate/temperature", "crc"), ("people/in", "a-code-nobody-knew")]
    assert j.append(TELEMETRY, 1764000000, True, READING, faults) == 1
    assert j.append(EVENT, 17, False, [("event/refuel", 88.5)], []) == 2
    (event,) = j.take(4096, 20)
    (reading,) = j.take(4096, 20)
    assert event == (2, EVENT, 17, False, 3, [("event/refuel", 88.5)], [])
    assert reading[:5] == (1, TELEMETRY, 1764000000, True, 3)
    assert sorted(reading.values) == sorted(READING)
    assert sorted(reading.faults) == faults


def test_each_kind_comes_back_dated_or_not():
    j = journal()
    told = [(kind, dated) for kind in (TELEMETRY, EVENT) for dated in (True, False)]
    for kind, dated in told:
        j.append(kind, 17, dated, READING[:1], [])
    found = {}
    while len(found) < len(told):
        found.update({e.seq: (e.kind, e.dated) for e in j.take(4096, 20)})
    assert [found[seq] for seq in sorted(found)] == told


def test_a_name_that_comes_later_and_one_that_stays_away():
    j = journal()
    fill(j, 2)
    fill(j, 2, READING[:2])
    fill(j, 2, READING + [("climate/temperature/hall", 21.06)])
    found = {e.seq: sorted(e.values) for e in j.take(4096, 20)}
    assert found[1] == found[2] == sorted(READING)
    assert found[3] == found[4] == sorted(READING[:2])
    assert found[5] == found[6] == sorted(READING + [("climate/temperature/hall", 21.06)])


def test_a_name_that_is_not_in_the_table_keeps_nothing():
    j = journal()
    raises(KeyError, j.append, TELEMETRY, 1, True, [("fuel/colour", 1)], [])
    assert list(fill(j, 1)) == [1]
    assert len(drain(j)) == 1


def test_more_readings_than_a_set_can_name_are_refused_and_not_kept_unreadable():
    j = journal()
    fill(j, 1)
    raises(ValueError, j.append, TELEMETRY, 1, True, [("climate/temperature/s%d" % i, 20) for i in range(85)], [])
    fill(j, 1)
    assert drain(journal()) == [2, 1]


def test_each_boot_is_known_by_its_number():
    for boot in (1, 2, 70000):
        fill(journal(boot=boot), 2)
    j = journal(boot=70001)
    assert [(e.seq, e.boot) for e in j.take(4096, 20)] == [(6, 70000), (5, 70000), (4, 2), (3, 2), (2, 1), (1, 1)]


def test_a_board_that_starts_over_and_over_fills_no_ring():
    for boot in range(100):
        fill(journal(boot=boot), 1)
    assert len(os.listdir("journal")) <= 2
    j = journal()
    assert j.dropped == 0
    assert drain(j) == list(range(100, 0, -1))


def test_the_newest_goes_first_and_one_kind_at_a_time():
    j = journal()
    fill(j, 3)
    fill(j, 1, [("button/help", True)], EVENT)
    fill(j, 2)
    assert [e.seq for e in j.take(4096, 20)] == [6, 5]
    assert [e.seq for e in j.take(4096, 20)] == [4]
    fill(j, 1)
    assert [e.seq for e in j.take(4096, 20)] == [7, 3, 2, 1]
    assert j.take(4096, 20) == []


def test_a_pack_is_bounded_but_never_empty():
    j = journal()
    fill(j, 5)
    assert len(j.take(20, 20)) == 2
    assert len(j.take(1, 20)) == 1
    assert len(j.take(100000, 1)) == 1


def test_only_the_hosts_ack_drops_an_entry():
    j = journal()
    fill(j, 10)
    j.take(4096, 20)
    assert j.backlog == 10
    j.ack([(9, 10), (3, 4)])
    assert j.backlog == 6
    assert j.send_again() == 6
    assert sorted(e.seq for e in j.take(4096, 20)) == [1, 2, 5, 6, 7, 8]


def test_an_ack_for_what_was_not_sent_since_the_start_is_not_believed():
    j = journal()
    fill(j, 3)
    j.ack([(1, 3)])
    assert j.backlog == 3
    assert drain(j) == [3, 2, 1]
    assert j.backlog == 0


def test_a_new_board_begins_above_what_an_earlier_one_has_used_and_goes_on_from_there():
    j = Journal("journal", KB64, 1, 813)
    assert list(fill(j, 2)) == [813, 814]
    assert j.backlog == 2
    again = Journal("journal", KB64, 2, 813)
    assert again.next == 815
    assert drain(again) == [814, 813]


def test_an_ack_tells_whether_something_of_ours_was_stored():
    j = journal()
    fill(j, 2)
    assert not j.ack([(1, 2)]), "the host speaks of an earlier board"
    j.take(4096, 20)
    assert j.ack([(2, 2)])


def test_what_is_offered_again_is_counted_where_it_is_still_here_and_comes_once_more():
    j = journal()
    fill(j, 600)
    segments = [(first, last) for first, last, _ in j.segments]
    assert len(segments) > 2
    first, last = segments[1]
    assert j.offer_again(first + 2, first + 4) == 3, "of one segment"
    assert j.offer_again(last, last + 1) == 2
    assert j.offer_again(last, j.next + 100) == j.next - last
    assert j.offer_again(j.next, j.next + 100) == 0
    sent = [e.seq for e in j.take(4096, 20)]
    j.ack([(seq, seq) for seq in sent])
    assert j.backlog == 600 - len(sent)
    assert j.offer_again(min(sent), max(sent)) == len(sent)
    assert j.backlog == 600
    assert [e.seq for e in j.take(4096, 20)] == sent


def test_seq_goes_on_over_restarts_also_when_all_is_acknowledged():
    j = journal()
    fill(j, 7)
    drain(j)
    j = journal()
    assert j.next == 8
    assert list(fill(j, 1)) == [8]
    assert journal().next == 9


def test_after_a_restart_all_that_is_not_acknowledged_is_there():
    j = journal()
    fill(j, 500)
    j.take(4096, 20)
    j = journal()
    assert j.backlog == 500
    assert drain(j) == list(range(500, 0, -1))


def test_acknowledged_segments_leave_the_disk():
    j = journal()
    fill(j, 1000)
    before = len(os.listdir("journal"))
    drain(j)
    assert before > 5, before
    assert len(os.listdir("journal")) == 1  # the newest stays: it knows the last seq


def test_a_host_that_knows_a_higher_seq_makes_a_new_board_jump():
    j = journal()
    fill(j, 5)
    j.ack([(1, 812)])
    assert j.backlog == 5  # ours, not the earlier board's: the host will tell
    assert list(fill(j, 2)) == [813, 814]
    assert drain(j) == [814, 813, 5, 4, 3, 2, 1]
    assert journal().next == 815


def test_a_torn_tail_is_left_behind_and_nothing_else():
    j = journal()
    sizes = []
    for _ in range(5):
        fill(j, 1)
        sizes.append(os.stat(segment_file())[6])
    name = segment_file()
    with open(name, "rb") as f:
        whole = f.read()
    for cut in (1, 6, 7, 8, sizes[4] - sizes[3] - 1):
        with open(name, "wb") as f:
            f.write(whole[: sizes[3] + cut])
        j = journal()
        assert j.torn == 1, cut
        assert j.next == 5, cut
        assert list(fill(j, 1)) == [5]
        assert drain(j) == [5, 4, 3, 2, 1]
        assert journal().torn == 0, "said once; nothing was written behind it"
        for other in os.listdir("journal"):
            os.remove("journal/" + other)


def test_a_segment_that_was_cut_in_its_head_costs_what_is_in_it_and_no_more():
    whole_ring = journal()
    fill(whole_ring, 500)
    newest = sorted([name for name in os.listdir("journal") if name.endswith(".seg")])[-1]
    with open("journal/" + newest, "rb") as f:
        whole = f.read(7 + 24 + 4)  # a record's header, the three numbers of a head, the checksum
    for cut in range(1, len(whole)):
        with open("journal/" + newest, "wb") as f:
            f.write(whole[:cut])
        j = journal()
        assert not j.problem, cut
        assert j.torn == 1, cut
        assert j.next == int(newest[:-4], 16), cut


def segment_file():
    return "journal/" + sorted(os.listdir("journal"))[0]


def test_a_record_that_rots_later_costs_itself_only():
    j = journal()
    sizes = []
    for _ in range(5):
        fill(j, 1)
        sizes.append(os.stat(segment_file())[6])
    with open(segment_file(), "rb") as f:
        whole = bytearray(f.read())
    whole[sizes[1] + 9] ^= 1
    with open(segment_file(), "wb") as f:
        f.write(whole)
    assert [e.seq for e in j.take(4096, 20)] == [5, 4, 2, 1]
    assert j.torn == 1


def test_a_segment_that_the_flash_does_not_give_holds_up_nothing():
    for which in (0, 1, -1):
        directory = "journal%d" % which
        fill(Journal(directory, KB64, 1), 500)
        bad = sorted([name for name in os.listdir(directory) if name.endswith(".seg")])[which]

        def refusing(path, mode="r", bad=bad):
            if path.endswith(bad) and "r" in mode:
                raise OSError(5)
            return open(path, mode)

        journal_module.open = journal_files.open = refusing
        try:
            j = Journal(directory, KB64, 2)
            assert j.next >= 501
            seqs = drain(j)
        finally:
            del journal_module.open, journal_files.open
        assert j.torn > 0
        assert j.backlog == 0
        first = int(bad[:-4], 16)
        lost = [seq for seq in range(1, 501) if seq not in seqs]
        assert lost == list(range(first, first + max(1, len(lost)))), which  # that segment, and no other


def test_files_that_are_not_ours_keep_no_board_from_starting():
    j = journal()
    fill(j, 500)
    whole = os.listdir("journal")
    for name in ("._000000000001.seg", "copy.seg", "1.seg", "-00000000001.seg", "00000000001A.seg", "notes.txt"):
        with open("journal/" + name, "w") as f:
            f.write("not ours")
    os.mkdir("journal/0000000000ff.seg")
    j = journal()
    assert j.next == 501
    assert j.torn == 0
    assert drain(j) == list(range(500, 0, -1))
    left = os.listdir("journal")
    assert len(left) == 8, "all that is not ours, and the newest segment"
    assert not [name for name in whole if name in left and name != max(whole)]


def test_an_ack_for_what_no_board_can_have_sent_is_not_believed():
    j = journal()
    fill(j, 3)
    j.take(4096, 20)
    assert j.ack([(1, 9007199254740991)])
    assert j.backlog == 0
    assert j.next == 4, "beyond 31 bits the board cannot even count through a segment"


def test_a_segment_in_the_middle_may_go_or_rot_and_the_others_tell_the_same():
    j = journal()
    fill(j, 1000)
    names = sorted(os.listdir("journal"))
    firsts = [int(name[:-4], 16) for name in names]
    os.remove("journal/" + names[1])
    rot(names[3])
    j = journal()
    assert j.next == 1001
    gone = set(range(firsts[1], firsts[2])) | set(range(firsts[3], firsts[4]))
    assert drain(j) == [seq for seq in range(1000, 0, -1) if seq not in gone]


def rot(name):
    with open("journal/" + name, "r+b") as f:
        f.write(b"\xff" * 40)


def test_seqs_that_may_have_been_sent_do_not_come_again_when_the_newest_segment_rots():
    j = journal()
    fill(j, 1000)
    rot(sorted(os.listdir("journal"))[-1])
    j = journal()
    assert 1000 < j.next < 1400, j.next
    assert list(fill(j, 1)) == [j.next - 1]


def test_a_full_ring_drops_the_oldest_and_counts_them():
    j = journal()
    fill(j, 6000)
    size = sum((os.stat("journal/" + n)[6] + 4095) // 4096 * 4096 for n in os.listdir("journal") if n.endswith(".seg"))
    assert size <= KB64
    assert j.dropped > 0
    assert j.dropped + j.backlog == 6000
    assert drain(j)[0] == 6000
    dropped = j.dropped
    assert journal().dropped == dropped


def test_a_power_cut_between_the_count_and_the_removal_counts_once():
    j = journal()
    fill(j, 3000)
    while not j.dropped:
        oldest = sorted(n for n in os.listdir("journal") if n.endswith(".seg"))[0]
        with open("journal/" + oldest, "rb") as f:
            content = f.read()
        fill(j, 1)
    with open("journal/" + oldest, "wb") as f:  # as if it had not gone yet
        f.write(content)
    again = journal(boot=2)
    assert oldest not in os.listdir("journal")
    assert again.dropped == j.dropped
    assert again.dropped + again.backlog == again.next - 1


def test_the_largest_ring_finds_all_sets_of_its_largest_segment():
    j = journal(2097152)
    while len(os.listdir("journal")) < 2:
        fill(j, 100, READING + [("people/in", 1000000), ("climate/temperature", 19.06), ("power/load", 100000)])
    assert drain(j, 60) == list(range(j.next - 1, 0, -1))
    assert j.torn == 0


def test_memory_does_not_grow_with_the_backlog():
    j = journal(262144)
    fill(j, 100)
    gc.collect()
    before = gc.mem_alloc()
    fill(j, 2000)
    for _ in range(3):
        j.take(4096, 20)
    gc.collect()
    first = gc.mem_alloc() - before
    for _ in range(50):
        fill(j, 100)
    j.send_again()
    for _ in range(3):
        j.take(4096, 20)
    gc.collect()
    grown = gc.mem_alloc() - before
    assert grown < 8000, (first, grown)


def test_what_waits_too_long_is_offered_again():
    j = journal()
    fill(j, 2)
    j.take(1, 1)
    time.sleep(40)
    j.take(1, 1)
    assert j.send_again(30000) == 1
    assert [e.seq for e in j.take(4096, 20)] == [2]
    assert j.in_flight == 2


def test_what_was_under_way_when_a_long_outage_began_goes_out_after_it():
    board_ticks()
    j = journal()
    fill(j, 3)
    j.take(4096, 20)
    time.sleep(8 * 86400)  # more than half of the ticks' period: the difference is below zero
    assert j.send_again() == 3
    assert [e.seq for e in j.take(4096, 20)] == [3, 2, 1]
    time.sleep(8 * 86400)
    assert j.send_again(30000) == 3


def test_72_hours_at_a_set_a_minute_fit_in_256_kb():
    kit = [
        ("fuel/distance", 0.843), ("fuel/level", 61.2), ("battery/voltage", 12.65), ("battery/current", -1.234),
        ("climate/temperature", 19.06), ("people/in", 120), ("people/out", 90), ("people/present", 30),
        ("power/mains", False), ("power/generator", True), ("node/uptime", 2592000), ("node/heap", 60000),
        ("node/backlog", 4320), ("node/dropped", 0), ("node/rssi", -67),
    ]  # fmt: skip
    j = journal(262144)
    fill(j, 4320, kit)
    fill(j, 100, [("alarm/low-fuel", True)], EVENT)
    assert j.dropped == 0
    # Also when the ring is full and its oldest segment has just gone.
    fill(j, 4000, kit)
    assert j.dropped > 0
    lowest = j.backlog
    for _ in range(500):
        fill(j, 1, kit)
        lowest = min(lowest, j.backlog)
    print("256 KB hold at least %d sets, %.1f hours" % (lowest, lowest / 60))
    assert lowest >= 4320, lowest


def test_ranges():
    r = Ranges()
    for first, last in ((5, 6), (1, 2), (8, 9), (7, 7), (3, 3)):
        r.add(first, last)
    assert list(r) == [[1, 3], [5, 9]]
    assert r.has(2)
    assert not r.has(4)
    assert r.has_all(5, 9)
    assert not r.has_all(3, 5)
    assert r.count(2, 6) == 4
    assert r.overlaps(3, 5) == [(3, 3), (5, 5)]
    r.forget_below(6)
    assert list(r) == [[6, 9]]


def test_one_that_cannot_be_opened_keeps_nothing_and_is_opened_later():
    fill(journal(), 3)
    os.rename("journal", "aside")
    with open("journal", "w"):
        pass  # a file where its folder should be
    j = journal(boot=2)
    assert j.problem
    assert j.take(1000, 10) == []
    assert "cannot be opened" in str(raises(OSError, j.append, TELEMETRY, 1, True, [("fuel/level", 5)], []))
    os.remove("journal")
    os.rename("aside", "journal")
    assert j.append(TELEMETRY, 1, True, [("fuel/level", 5)], []) == 4
    assert not j.problem


class HalfGone:
    """The os module over a flash that gives no more than the newest segment."""

    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        return getattr(os, name)

    def stat(self, path):
        self.asked += 1
        if self.asked > 1:
            raise OSError(5)
        return os.stat(path)


def test_one_of_which_the_flash_gives_half_is_not_half_opened():
    last = fill(journal(), 500)[-1]
    journal_files.os = HalfGone()
    j = journal(boot=2)
    assert journal_files.os.asked == 2
    journal_files.os = os
    assert j.problem
    assert j.segments == []
    assert j.take(1000, 10) == []
    assert j.append(TELEMETRY, 1, True, [("fuel/level", 5)], []) == last + 1
    assert j.backlog == last + 1
