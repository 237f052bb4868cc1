"""The host asks boards over its own connection."""

import threading
from typing import Any

import msgspec
import pytest

from paraat.fleet.asking import AskError, Boards
from paraat_wire import orders, topics
from waiting import LIMIT_S, wait_for

NOW = 1764000000.0


class Line:
    """A broker that hands each command to `board`, which may answer."""

    def __init__(self, *, connected: bool = True) -> None:
        self.connected = connected
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.boards = Boards(self.publish, lambda: NOW)
        self.answers = True
        self.error = ""

    def publish(self, topic: str, payload: bytes) -> bool:
        command = msgspec.json.decode(payload)
        self.sent.append((topic, command))
        if self.connected and self.answers:
            self.reply(topic.split("/")[2], command["id"])
        return self.connected

    def reply(self, point: str, command_id: str) -> None:
        payload = orders.encode_reply(orders.Reply(command_id, self.error, {} if self.error else {"seconds": 5}))
        self.boards.heard(topics.topic(point, topics.REPLY), payload)


def test_a_board_is_asked_and_its_results_come_back() -> None:
    line = Line()
    assert line.boards.ask("nsp-0101", "call", {"seconds": 5}, limit_s=LIMIT_S) == {"seconds": 5}
    ((topic, command),) = line.sent
    assert topic == "paraat/v1/nsp-0101/command"
    assert (command["do"], command["args"], command["expires"]) == ("call", {"seconds": 5}, int(NOW + LIMIT_S))


def test_why_it_was_not_done_is_said() -> None:
    line = Line()
    line.error = "expired 3 s ago"
    with pytest.raises(AskError, match="the board refuses: expired 3 s ago"):
        line.boards.ask("nsp-0101", "call", {}, limit_s=LIMIT_S)
    with pytest.raises(AskError, match="no connection to the broker"):
        Line(connected=False).boards.ask("nsp-0101", "call", {}, limit_s=LIMIT_S)


def test_an_answer_of_another_board_or_to_another_program_is_none() -> None:
    line = Line()
    line.answers = False
    ended: list[str] = []

    def ask() -> None:
        try:
            line.boards.ask("nsp-0101", "call", {}, limit_s=0.3)
        except AskError as error:
            ended.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: line.sent)
    command_id = line.sent[0][1]["id"]
    line.reply("nsp-0102", command_id)
    line.reply("nsp-0101", "of-the-desk")
    line.boards.heard("paraat/v1/nsp-0101/reply", b"\xff nonsense")
    thread.join(LIMIT_S)
    assert ended == ["the board has not answered within 0.3 s"]
    line.reply("nsp-0101", command_id)  # late: nobody waits for it
    assert line.boards._replies == {}


def test_who_waits_is_let_go_at_the_end() -> None:
    line = Line()
    line.answers = False
    ended: list[str] = []

    def ask() -> None:
        try:
            line.boards.ask("nsp-0101", "call", {}, limit_s=600.0)
        except AskError as error:
            ended.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: line.sent)
    line.boards.close()
    thread.join(LIMIT_S)
    assert ended == ["the service stops"]
    with pytest.raises(AskError, match="the service stops"):
        line.boards.ask("nsp-0101", "call", {}, limit_s=600.0)
