"""The board's certificate through a renewal, and through power cuts at every write of one."""

import os

from bundles import write
from devices.flash import Flash
from node import pair
from power_cuts import Board

OLD = (pair.CA, pair.CERTIFICATE, pair.KEY)


def lay_out(n=1):
    os.mkdir("tls")
    for path, kind in zip(OLD, ("ca", "cert", "key")):
        write(path, b"%s %d" % (kind.encode(), n))


def renew(n):
    """As it comes: the key is made, then the rest is staged for it."""
    pair.keep_key(b"key %d" % n)
    pair.stage(b"cert %d" % n, b"ca %d" % n)


def counts():
    """(numbers in the three files of the next connection, whether it is a trial)."""
    paths, on_trial = pair.choose()
    return [int(pair.read(path).split()[1]) for path in paths], on_trial


def test_without_a_renewal_the_flashed_ones_count():
    lay_out()
    for _ in range(5):
        assert pair.choose() == (OLD, False)
    assert not pair.is_staged()


def test_a_key_alone_changes_nothing():
    lay_out()
    pair.keep_key(b"key 2")
    assert not pair.is_staged()
    assert counts() == ([1, 1, 1], False)


def test_the_new_ones_are_tried_and_count_once_the_broker_let_us_in():
    lay_out()
    renew(2)
    assert pair.is_staged()
    assert counts() == ([2, 2, 2], True)
    pair.confirm()
    assert counts() == ([2, 2, 2], False)
    assert pair.choose()[0] == OLD
    assert sorted(os.listdir("tls")) == ["ca.der", "cert.der", "key.der"]


def test_after_three_tries_the_old_ones_are_back_and_it_is_said():
    lay_out()
    renew(2)
    for _ in range(3):
        assert counts() == ([2, 2, 2], True)
    for _ in range(2):
        assert counts() == ([1, 1, 1], False)
    assert "did not let" in pair.read(pair.WHY).decode()
    renew(3)  # the next time begins anew
    for _ in range(3):
        assert counts() == ([3, 3, 3], True)
    pair.confirm()
    assert sorted(os.listdir("tls")) == ["ca.der", "cert.der", "key.der"]


def test_a_flash_that_takes_nothing_tries_nothing():
    lay_out()
    renew(2)
    pair.flash.keep = lambda *_: False
    assert counts() == ([1, 1, 1], False)


def test_what_is_no_certificate_tells_nothing():
    assert pair.told() == {}
    lay_out()
    assert pair.told() == {}


def test_a_cut_anywhere_leaves_a_set_that_belongs_together_and_the_renewal_can_go_on():
    flash = Flash(64)
    board = Board(flash)
    board.on()
    lay_out()
    seen = {"old": 0, "new": 0}
    busy = [False]
    may_be = [(1,)]

    def before_change(kind, block, at, data):
        if busy[0]:
            return
        busy[0] = True
        after = flash.copy()
        after.half(kind, block, at, data)
        other = Board(after, "/cut")
        other.on()
        found, on_trial = counts()
        # A certificate and its key, always; and those authorities, or the newer ones which include what worked.
        assert found[1] == found[2], found
        assert found[0] >= found[1], found
        assert found[1] in may_be[0], (found, may_be)
        seen["new" if found[1] == may_be[0][-1] else "old"] += 1
        if on_trial:
            pair.confirm()
        elif found[1] != may_be[0][-1]:
            renew(may_be[0][-1])
            assert counts() == ([may_be[0][-1]] * 3, True)
            pair.confirm()
        assert counts() == ([may_be[0][-1]] * 3, False)
        other.off()
        os.chdir("/flash")
        busy[0] = False

    flash.before_change = before_change
    for n in (2, 3):
        may_be[0] = (n - 1, n)
        renew(n)
        assert counts() == ([n] * 3, True)
        pair.confirm()
        assert counts() == ([n] * 3, False)
    flash.before_change = None
    board.off()
    assert seen["old"] > 10, seen
    assert seen["new"] > 10, seen
