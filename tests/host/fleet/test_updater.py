"""The conversation with one board, without a board: what is said, again, and given up."""

import base64
from typing import Any

import pytest

from paraat.fleet import updater
from paraat.fleet.updater import Transfer
from paraat_wire.orders import Command, Reply

DATA = bytes(range(256)) * 10
OLD = {"online": True, "boot": 4, "build": 1, "update": ""}


@pytest.fixture
def transfer() -> Transfer:
    found = Transfer("nsp-0101", data=DATA, build=2)
    found.on_state(OLD, 0)
    return found


def say(transfer: Transfer, now: float = 1000.0) -> Command:
    command = transfer.next_command(now)
    assert command is not None
    assert command.expires > now
    return command


def answer(transfer: Transfer, result: dict[str, Any], now: float = 1000.0, error: str = "") -> Command:
    """Answer what it says now. Returns what that was."""
    command = say(transfer, now)
    transfer.on_reply(Reply(command.id, error, result), now)
    return command


def test_it_sends_what_the_board_wants_until_that_is_done(transfer: Transfer) -> None:
    command = answer(transfer, {"want": [0, 1024]})
    assert (command.do, command.args) == ("update", {"size": len(DATA), "build": 2})
    command = answer(transfer, {"want": [2000, 560]})
    assert command.do == "part"
    assert base64.b64decode(command.args["data"]) == DATA[:1024]
    assert (transfer.phase, transfer.sent) == ("sending", 2000)
    command = answer(transfer, {"done": "b"})
    assert base64.b64decode(command.args["data"]) == DATA[2000:2560]
    assert transfer.phase == "trial"
    assert transfer.next_command(1001) is None
    transfer.on_state({**OLD, "boot": 5, "build": 2, "update": "trial"}, 1010)
    assert not transfer.ended
    transfer.on_state({**OLD, "boot": 5, "build": 2}, 1100)
    assert (transfer.phase, transfer.why) == ("done", "")


def test_a_command_waits_for_its_answer_and_then_the_update_is_begun_again(transfer: Transfer) -> None:
    first = say(transfer)
    assert transfer.next_command(1005) is None
    second = say(transfer, 1031)
    assert second.do == "update"
    assert second.id != first.id
    transfer.on_reply(Reply(first.id, "", {"want": [0, 10]}), 1032)
    assert transfer.phase == "waiting", "an answer to what nobody asks any more"


def test_a_board_that_restarted_is_begun_with_again(transfer: Transfer) -> None:
    answer(transfer, {"want": [0, 1024]})
    answer(transfer, {}, error="no update of this build is under way; begin with `update`")
    assert say(transfer).do == "update"


def test_a_refusal_ends_it_with_the_boards_words(transfer: Transfer) -> None:
    answer(transfer, {}, error="build 2 is not newer than 5, which has run here")
    assert (transfer.phase, transfer.why) == ("failed", "it refuses: build 2 is not newer than 5, which has run here")
    assert transfer.next_command(1001) is None


def test_a_board_that_cannot_do_it_now_is_asked_again(transfer: Transfer) -> None:
    answer(transfer, {}, error="the board does not know the time yet, so it cannot tell whether this has expired")
    assert (transfer.phase, transfer.next_command(1002)) == ("waiting", None)
    assert say(transfer, 1005).do == "update"


@pytest.mark.parametrize(
    "error",
    [
        "update.pub: found no public key, expected the 384 bytes that `make flash` writes",
        "the signature is not that of this site's key (update.pub)",
    ],
)
def test_a_board_without_our_key_is_one_for_the_table(transfer: Transfer, error: str) -> None:
    answer(transfer, {}, error=error)
    assert transfer.phase == "failed"
    assert transfer.why.endswith("make flash POINT=nsp-0101")


@pytest.mark.parametrize("want", [None, [1], ["a", 2], [-1, 5], {"a": 1}])
def test_nonsense_ends_it(transfer: Transfer, want: object) -> None:
    answer(transfer, {"want": want})
    assert transfer.phase == "failed"


def test_silence_ends_it(transfer: Transfer) -> None:
    say(transfer)
    assert transfer.next_command(1000 + updater.SILENCE_S + 31) is None
    assert "no answer for 15 minutes" in transfer.why


def test_a_board_that_went_back_says_why(transfer: Transfer) -> None:
    answer(transfer, {"done": "b"})
    transfer.on_state({"online": False}, 1001)
    transfer.on_state({**OLD, "boot": 8, "update": "ImportError: no module named 'x'"}, 1060)
    assert (transfer.phase, transfer.why) == ("failed", "it went back to build 1: ImportError: no module named 'x'")


def test_a_board_that_never_comes_back_is_named(transfer: Transfer) -> None:
    answer(transfer, {"done": "b"})
    transfer.on_state(OLD, 1001)  # still from before the restart
    assert transfer.phase == "trial"
    assert transfer.next_command(1000 + updater.TRIAL_S + 1) is None
    assert "did not come back" in transfer.why


def test_a_board_that_has_it_already_is_left_alone() -> None:
    transfer = Transfer("nsp-0101", data=DATA, build=2)
    transfer.on_state({**OLD, "build": 2}, 0)
    assert (transfer.phase, transfer.why) == ("done", "it runs this build already")
    assert transfer.next_command(1) is None


def test_what_a_board_says_does_not_steer_the_terminal(transfer: Transfer) -> None:
    answer(transfer, {}, error="no \x1b[2J room")
    assert (transfer.phase, transfer.why) == ("failed", "it refuses: no \ufffd[2J room")
