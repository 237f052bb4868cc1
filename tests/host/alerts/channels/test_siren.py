"""Lamp and buzzer at the point: what the host has a board do, and what it knows that the board does by itself."""

from typing import Any

import pytest

from paraat.alerts.channels import ChannelError, Message
from paraat.alerts.channels.siren import SirenChannel, by_itself
from paraat.domain.model import Latest, PointView
from paraat.domain.readiness import Verdict
from paraat.domain.roster import Person
from paraat.fleet.asking import AskError, NoConnectionError
from paraat.site.channels import Siren

NOW = 1764000000.0


def view(point: str = "nsp-0101", latest: dict[str, Latest] | None = None, *, online: bool | None = True) -> PointView:
    return PointView(
        point=point, name="De Linde", municipality="Voorbeeld", capacity=80, now=NOW, verdict=Verdict.UNKNOWN,
        last_verdict=Verdict.UNKNOWN, reasons=(), online=online, watched_since=NOW, heard_at=NOW, data_t=NOW, latest=latest or {},
        litres=None, fuel_percent=None, autonomy=None, stored=0, missing=0, node=None,
    )  # fmt: skip


def message(*, firing: bool = True, test: bool = False) -> Message:
    return Message(
        to="nsp-0101", subject="", body="", short="", severity="critical", key="7/turn-1", firing=firing, test=test
    )


class Board:
    """Answers what it is asked. answer: its results, or why not."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, Any], float]] = []

    def __call__(self, point: str, do: str, args: dict[str, Any], *, limit_s: float) -> dict[str, Any]:
        self.asked.append((point, do, args, limit_s))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def siren(board: Board, latest: dict[str, Latest] | None = None, *, online: bool | None = True) -> SirenChannel:
    channel = SirenChannel(Siren(seconds=90, answer_within_s=7.0))
    channel.connect(
        board,
        lambda point: view(point=point, latest=latest or {}, online=online),
        unconnected=NoConnectionError,
        refusals=AskError,
    )
    return channel


@pytest.mark.parametrize(
    ("buzzer", "said"),
    [(True, "the board sounds and flashes, for 90 s"), (False, "the board flashes, for 90 s; it has no buzzer")],
)
def test_the_board_calls_and_says_by_what(buzzer: bool, said: str) -> None:
    board = Board({"seconds": 90, "buzzer": buzzer})
    assert siren(board).send(message()) == said
    assert board.asked == [("nsp-0101", "call", {"seconds": 90}, 7.0)]


def test_what_is_over_ends_the_call() -> None:
    board = Board({"seconds": 0, "buzzer": True})
    assert siren(board).send(message(firing=False)) == "the board has stopped calling"
    assert board.asked == [("nsp-0101", "call", {"seconds": 0}, 7.0)]


@pytest.mark.parametrize("alarm", ["alarm/generator-down", "alarm/low-fuel", "alarm/low-battery"])
def test_a_board_that_alarms_by_itself_is_not_asked(alarm: str) -> None:
    board = Board({"seconds": 90, "buzzer": True})
    latest = {alarm: Latest(True, None, NOW - 60)}
    assert siren(board, latest).send(message()) == "the board sounds and flashes by itself"
    assert board.asked == []
    latest["button/ack"] = Latest(True, None, NOW - 30)
    assert by_itself(view(latest=latest)) == "the board alarmed by itself, and somebody pressed its button"
    latest["button/ack"] = Latest(True, None, NOW - 90)  # that was for another one
    assert by_itself(view(latest=latest)) == "the board sounds and flashes by itself"


def test_an_alarm_that_is_over_is_none() -> None:
    board = Board({"seconds": 90, "buzzer": True})
    siren(board, {"alarm/low-fuel": Latest(False, None, NOW)}).send(message())
    assert board.asked


def test_a_board_that_does_not_call_is_said_and_is_no_failure_of_the_channel() -> None:
    away = siren(Board(AskError("the board has not answered within 7 s")))
    assert away.send(message()) == "the board has not answered within 7 s"
    board = Board({"seconds": 90, "buzzer": True})
    assert siren(board, online=False).send(message()) == "the board is not connected; it alarms only by itself"
    assert board.asked == []


def test_without_the_broker_no_board_can_be_asked_and_it_is_tried_again() -> None:
    with pytest.raises(ChannelError, match="no connection to the broker"):
        siren(Board(NoConnectionError("no connection to the broker"))).send(message())
    with pytest.raises(ChannelError, match="no connection to the broker"):
        SirenChannel(Siren()).send(message())


def test_a_test_is_short() -> None:
    board = Board({"seconds": 3, "buzzer": True})
    assert siren(board).send(message(test=True)) == "the board sounds and flashes, for 3 s"


def test_who_is_reached_by_it_is_a_point_and_one_that_nobody_knows_sounds_nothing() -> None:
    found = SirenChannel(Siren()).addresses(Person(id="board/nsp-0101", name="", reach={"siren": ("nsp-0101",)}))
    assert found == ("nsp-0101",)
    assert by_itself(None) == ""
