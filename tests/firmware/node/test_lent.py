"""A module that is lent is there while it is needed, and leaves nothing behind."""

import sys

import node
from node.lent import lent


def test_it_is_there_and_then_it_is_not():
    with lent("node.dns", "node.udp") as dns:
        assert dns.query
        assert "node.dns" in sys.modules
        assert "node.udp" in sys.modules
    assert "node.dns" not in sys.modules
    assert "node.udp" not in sys.modules
    assert not hasattr(node, "dns")
    assert not hasattr(node, "udp")
    with lent("node.dns", "node.udp") as dns:
        assert dns.query


def test_what_was_there_before_stays():
    from node import udp

    with lent("node.dns", "node.udp"):
        pass
    assert "node.dns" not in sys.modules
    assert sys.modules["node.udp"] is udp


def test_a_mistake_while_it_is_lent_gives_it_back():
    try:
        with lent("node.udp"):
            raise ValueError
    except ValueError:
        pass
    assert "node.udp" not in sys.modules


def test_without_room_nothing_of_it_stays():
    with open("greedy.py", "w") as f:
        f.write("from node import udp\nx = bytearray(100000000)\n")
    try:
        with lent("greedy", "node.udp"):
            raise AssertionError("loaded all the same")
    except MemoryError:
        pass
    assert "greedy" not in sys.modules
    assert "node.udp" not in sys.modules
