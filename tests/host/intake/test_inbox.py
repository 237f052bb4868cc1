"""The queue between broker and journal: bounded, in order, and it never turns in circles."""

import threading
import time
from types import SimpleNamespace

import pytest

from paraat.intake import inbox as inbox_module
from paraat.intake.inbox import Inbox, Message
from waiting import LIMIT_S, wait_for

LINGER_S = 60.0


def a_message(n: int, size: int = 10) -> Message:
    return Message(topic=str(n), payload=b"x" * size, received_at=float(n))


def test_first_in_first_out_in_batches() -> None:
    inbox = Inbox()
    for n in range(25):
        assert inbox.put(a_message(n))
    assert [m.topic for m in inbox.take(10, 0.01)] == [str(n) for n in range(10)]
    assert [m.topic for m in inbox.take(100, 0.01)] == [str(n) for n in range(10, 25)]


def test_a_full_batch_is_taken_at_once() -> None:
    inbox = Inbox()
    for n in range(10):
        inbox.put(a_message(n))
    began = time.monotonic()
    assert len(inbox.take(10, LINGER_S)) == 10
    assert time.monotonic() - began < LINGER_S


def test_it_does_not_linger_when_nothing_follows() -> None:
    """A broker that hands over twenty at a time waits for us; we must not wait for it."""
    inbox = Inbox()
    inbox.put(a_message(1))
    began = time.monotonic()
    assert len(inbox.take(500, LINGER_S)) == 1
    assert time.monotonic() - began < LINGER_S


def test_half_full_it_wants_no_more_until_something_is_taken() -> None:
    inbox = Inbox(max_messages=4, patience_s=LIMIT_S)
    wanted = []
    for n in range(3):
        wanted.append(inbox.wants_more)
        assert inbox.put(a_message(n)), "what was read already is taken"
    assert (wanted, inbox.wants_more) == ([True, True, False], False)
    inbox.take(2, 0.0)
    assert inbox.wants_more


def test_bytes_count_for_what_is_wanted_too() -> None:
    inbox = Inbox(max_bytes=1000, patience_s=LIMIT_S)
    inbox.put(a_message(1, size=499))
    assert inbox.wants_more
    inbox.put(a_message(2, size=1))
    assert not inbox.wants_more


def test_where_nothing_is_taken_for_long_reading_goes_on_and_what_does_not_fit_is_left() -> None:
    inbox = Inbox(max_messages=2, patience_s=0.1)
    began = time.monotonic()
    assert inbox.put(a_message(1))
    wait_for(lambda: inbox.wants_more)
    assert time.monotonic() - began >= 0.1
    assert [inbox.put(a_message(n)) for n in range(200)] == [True] + [False] * 199
    inbox.take(1, 0.0)
    assert not inbox.wants_more, "it goes on: so long again it is waited for"


def test_a_full_inbox_takes_no_more() -> None:
    inbox = Inbox(max_messages=2)
    assert [inbox.put(a_message(n)) for n in range(4)] == [True, True, False, False]
    assert len(inbox.take(1, 0.0)) == 1
    assert inbox.put(a_message(4))
    assert [m.topic for m in inbox.take(5, 0.0)] == ["1", "4"]


def test_what_did_not_fit_is_asked_for_once_the_rest_is_dealt_with() -> None:
    inbox, asked = Inbox(max_messages=2), []
    inbox.when_drained(lambda left: asked.append((left, inbox.put(a_message(9)))))
    for n in range(5):
        inbox.put(a_message(n))
    assert (len(inbox.take(1, 0.0)), len(inbox.take(1, 0.0)), asked) == (1, 1, [])
    assert [m.topic for m in inbox.take(1, LINGER_S)] == ["9"]
    assert asked == [(3, True)]
    inbox.put(a_message(6))
    inbox.take(1, 0.0)
    inbox.close()
    assert inbox.take(1, 0.0) == []
    assert len(asked) == 1


def test_what_did_not_fit_is_not_asked_for_when_its_connection_is_gone() -> None:
    inbox, asked = Inbox(max_messages=1), []
    inbox.when_drained(asked.append)
    assert [inbox.put(a_message(n)) for n in range(2)] == [True, False]
    inbox.forget_left()
    inbox.take(1, 0.0)
    inbox.close()
    inbox.take(1, 0.0)
    assert asked == []


def test_large_messages_fill_it_too_but_one_always_passes() -> None:
    inbox = Inbox(max_bytes=1000)
    assert inbox.put(a_message(1, size=5000))
    assert not inbox.put(a_message(2, size=1))
    inbox.take(1, 0.0)
    assert inbox.put(a_message(2, size=1))


def test_a_full_inbox_wakes_a_reader_that_wants_more_than_fits() -> None:
    inbox = Inbox(max_messages=3)
    inbox.put(a_message(0))
    taken: list[list[Message]] = []
    reader = threading.Thread(target=lambda: taken.append(inbox.take(500, LINGER_S)))
    began = time.monotonic()
    reader.start()
    while inbox.put(a_message(1)):
        pass
    reader.join(LIMIT_S)
    assert taken
    assert time.monotonic() - began < LINGER_S


def test_closing_takes_no_more_and_what_is_inside_can_be_taken() -> None:
    inbox = Inbox(max_messages=1)
    inbox.put(a_message(1))
    inbox.close()
    assert [m.topic for m in inbox.take(10, 0.0)] == ["1"]
    assert inbox.take(10, LINGER_S) == []
    assert inbox.put(a_message(3)) is False, "not taken, so not acknowledged: the broker keeps it"


def test_closing_wakes_an_idle_reader() -> None:
    inbox = Inbox()
    taken: list[list[Message]] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take(10, LINGER_S)))
    thread.start()
    inbox.close()
    thread.join(LIMIT_S)
    assert taken == [[]]


def test_an_idle_inbox_costs_no_time() -> None:
    inbox = Inbox()
    spent: list[float] = []

    def read() -> None:
        inbox.take(10, 0.05)
        spent.append(time.thread_time())  # its own alone, whatever else this process does

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(0.3)
    inbox.close()
    thread.join(LIMIT_S)
    assert spent[0] < 0.1


def test_the_bytes_of_all_that_is_inside_count_and_of_nothing_else() -> None:
    """A counter that ran away would stop the host for good, or let it fill the memory."""
    inbox = Inbox(max_bytes=1000)
    for _ in range(20):
        assert inbox.put(a_message(1, size=400))
        assert inbox.put(a_message(2, size=400))
        assert not inbox.put(a_message(3, size=400)), "800 of 1000 are taken"
        assert len(inbox.take(1, 0.0)) == 1
        assert inbox.put(a_message(3, size=400))
        assert len(inbox.take(2, 0.0)) == 2
    assert inbox.put(a_message(4, size=1000)), "exactly as much as it may hold"
    assert len(inbox) == 1


def test_no_more_is_taken_than_was_asked_for_and_the_rest_stays() -> None:
    inbox = Inbox()
    for n in range(3):
        inbox.put(a_message(n))
    assert [m.topic for m in inbox.take(2, LINGER_S)] == ["0", "1"]
    assert len(inbox) == 1


class Scripted:
    """An inbox whose clock and waits are in a test's hands: in each wait one more message comes, so many seconds later."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, every_s: float) -> None:
        self.inbox = Inbox()
        self.waits: list[float | None] = []
        self.woken = 0
        now_s = [100.0]

        def wait(seconds: float | None = None) -> None:
            self.waits.append(seconds)
            now_s[0] += every_s
            woken = self.woken
            self.inbox.put(a_message(1))
            assert seconds is not None or self.woken > woken, "who waits for the first is woken by it"

        def notify() -> None:
            self.woken += 1

        monkeypatch.setattr(inbox_module, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
        monkeypatch.setattr(self.inbox._filled, "wait", wait)
        monkeypatch.setattr(self.inbox._filled, "notify", notify)


def test_who_takes_lingers_as_long_as_he_said_while_more_keeps_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(monkeypatch, every_s=0.004)
    assert len(scripted.inbox.take(100, 0.02)) == 6
    assert scripted.waits[0] is None
    assert scripted.waits[1:] == pytest.approx([0.005, 0.005, 0.005, 0.005, 0.004])


def test_who_has_as_many_as_he_wants_lingers_no_longer_and_is_woken_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = Scripted(monkeypatch, every_s=0.001)
    assert len(scripted.inbox.take(3, 0.02)) == 3
    assert scripted.waits == [None, 0.005, 0.005]
    assert scripted.woken == 2, "for the first, and when there were three"
    assert len(scripted.inbox.take(1, 0.02)) == 1
    assert scripted.waits[3:] == [None]
