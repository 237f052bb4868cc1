import gc
import os
import time

from bench import raises
from node.journal import EVENT, TELEMETRY, Journal
from node.ranges import Ranges

KB64 = 65536


def journal(max_bytes=KB64):
    return Journal("journal", max_bytes)


def fill(j, count, body="x" * 100, kind=TELEMETRY):
    return [j.append(kind, 1000 + i, True, 1, body) for i in range(count)]


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
    j = journal()
    assert j.append(TELEMETRY, 1764000000, True, 3, '{"n":"x"}') == 1
    assert j.append(EVENT, 17, False, 3, "é") == 2
    (event,) = j.take(4096, 20)
    (reading,) = j.take(4096, 20)
    assert event == (2, EVENT, 17, False, 3, "é")
    assert reading == (1, TELEMETRY, 1764000000, True, 3, '{"n":"x"}')


def test_the_newest_goes_first_and_one_kind_at_a_time():
    j = journal()
    fill(j, 3)
    fill(j, 1, kind=EVENT)
    fill(j, 2)
    assert [e.seq for e in j.take(4096, 20)] == [6, 5]
    assert [e.seq for e in j.take(4096, 20)] == [4]
    j.append(TELEMETRY, 1, True, 1, "new")
    assert [e.seq for e in j.take(4096, 20)] == [7, 3, 2, 1]
    assert j.take(4096, 20) == []


def test_a_pack_is_bounded_but_never_empty():
    j = journal()
    fill(j, 5, body="y" * 1500)
    assert len(j.take(4096, 20)) == 2
    assert len(j.take(10, 20)) == 1
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


def test_seq_goes_on_over_restarts_also_when_all_is_acknowledged():
    j = journal()
    fill(j, 7)
    drain(j)
    j = journal()
    assert j.next == 8
    assert fill(j, 1) == [8]
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
    fill(j, 400)
    before = len(os.listdir("journal"))
    drain(j)
    assert before > 5
    assert len(os.listdir("journal")) == 1  # the newest stays: it knows the last seq


def test_a_host_that_knows_a_higher_seq_makes_a_new_board_jump():
    j = journal()
    fill(j, 5)
    j.ack([(1, 812)])
    assert j.backlog == 5  # ours, not the earlier board's: the host will tell
    assert fill(j, 2) == [813, 814]
    assert drain(j) == [814, 813, 5, 4, 3, 2, 1]
    assert journal().next == 815


def test_a_torn_tail_is_left_behind_and_nothing_else():
    j = journal()
    fill(j, 5)
    name = "journal/" + os.listdir("journal")[0]
    with open(name, "rb") as f:
        whole = f.read()
    record = len(whole) // 5
    for cut in (1, 16, 17, 18, record - 1):
        with open(name, "wb") as f:
            f.write(whole[: 4 * record + cut])
        j = journal()
        assert j.torn == 1, cut
        assert j.next == 5, cut
        assert fill(j, 1) == [5]
        assert drain(j) == [5, 4, 3, 2, 1]
        for other in os.listdir("journal"):
            os.remove("journal/" + other)


def test_a_record_that_rots_later_costs_itself_only():
    j = journal()
    fill(j, 5)
    name = "journal/" + os.listdir("journal")[0]
    with open(name, "rb") as f:
        whole = bytearray(f.read())
    j.take(1, 1)  # the index is made
    whole[2 * len(whole) // 5 + 30] ^= 1
    with open(name, "wb") as f:
        f.write(whole)
    assert [e.seq for e in j.take(4096, 20)] == [4, 2, 1]
    assert j.torn == 1


def test_a_full_ring_drops_the_oldest_and_counts_them():
    j = journal()
    fill(j, 2000)
    size = sum((os.stat("journal/" + n)[6] + 4095) // 4096 * 4096 for n in os.listdir("journal") if n.endswith(".seg"))
    assert size <= KB64
    assert j.dropped > 0
    assert j.dropped + j.backlog == 2000
    assert drain(j)[0] == 2000
    dropped = j.dropped
    assert journal().dropped == dropped


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
    assert gc.mem_alloc() - before < first + 1000, (first, gc.mem_alloc() - before)
    assert first < 6000, first


def test_what_waits_too_long_is_offered_again():
    j = journal()
    fill(j, 2)
    j.take(1, 1)
    time.sleep(40)
    j.take(1, 1)
    assert j.send_again(30000) == 1
    assert [e.seq for e in j.take(4096, 20)] == [2]
    assert j.in_flight == 2


def test_a_set_that_is_too_long_is_refused():
    j = journal()
    raises(ValueError, j.append, TELEMETRY, 1, True, 1, "x" * 5000)
    assert fill(j, 1) == [1]


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
