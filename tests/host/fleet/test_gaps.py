"""When a board is asked for what is missing, and what is made of its answer."""

from pathlib import Path
from typing import Any

import pytest

from paraat.domain.facts import Author, GapAccepted
from paraat.domain.model import NodeState, SampleSet
from paraat.domain.thresholds import Alerts
from paraat.domain.tracker import Tracker
from paraat.fleet.asking import AskError, NoConnectionError
from paraat.fleet.gaps import AGAIN_S, DRAINS_S, REASON, STANDS_S, Gaps
from paraat.site.site import load_site

POINT = "nsp-0101"
SITE = load_site(Path(__file__).parents[3] / "deploy" / "site.example")
T0 = 1764000000.0


class Bench:
    """One board behind, and its answers."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.missing: list[tuple[int, int]] = [(1, 100)]
        self.answer: dict[str, Any] | AskError = {"again": 0, "oldest": 101, "newest": 120}
        self.asked: list[dict[str, Any]] = []
        self.accepted: list[tuple[GapAccepted, Author]] = []
        self.tracker = Tracker(SITE.points, Alerts(), profiles=SITE.profiles, since=T0, counts=lambda _: (20, 100))
        self.hear(backlog=1)
        self.gaps = Gaps(
            ask=self.ask,
            gaps=lambda point: self.missing if point == POINT else [],
            accept=lambda told, author: self.accepted.append((told, author)),
            view=lambda point: self.tracker.view(point, T0),
            silent_after_s=Alerts().point_silent.after_s,
            uptime_s=lambda: self.now_s,
        )

    def hear(self, *, backlog: int, online: bool = True) -> None:
        self.tracker.apply_state(NodeState(point=POINT, received_at=T0, retained=False, online=online))
        self.tracker.apply(
            SampleSet(
                point=POINT,
                kind="telemetry",
                seq=120,
                t=T0,
                received_at=T0,
                values={"node/backlog": backlog},
                faults={},
            )
        )

    def ask(self, point: str, do: str, args: dict[str, Any], *, limit_s: float) -> dict[str, Any]:
        assert (point, do) == (POINT, "resend")
        self.asked.append(args)
        if isinstance(self.answer, AskError):
            raise self.answer
        return self.answer

    def look(self, after_s: float) -> None:
        self.now_s += after_s
        self.gaps.look([POINT, "nsp-0102"])


def test_what_the_board_has_no_longer_is_waited_for_no_longer() -> None:
    bench = Bench()
    bench.look(0.0)
    assert bench.asked == [], "newest first: the gap may fill in a moment"
    bench.look(STANDS_S)
    assert bench.asked == [{"from": 1, "to": 100}]
    board = Author(name=POINT, way="board")
    assert bench.accepted == [(GapAccepted(point=POINT, reason=REASON, first=1, last=100), board)]


@pytest.mark.parametrize(("oldest", "last"), [(50, 49), (1, None), (None, None), (True, None), ("9", None), (500, 100)])
def test_what_it_still_has_comes_again_and_is_waited_for(oldest: object, last: int | None) -> None:
    bench = Bench()
    bench.answer = {"again": 51, "oldest": oldest, "newest": 120}
    bench.look(0.0)
    bench.look(STANDS_S)
    assert [told.last for told, _ in bench.accepted] == ([] if last is None else [last])


def test_a_board_that_sends_a_backlog_that_is_away_or_that_was_asked_is_left_alone() -> None:
    bench = Bench()
    bench.hear(backlog=500)
    bench.look(0.0)
    bench.look(STANDS_S)
    assert bench.asked == []
    bench.hear(backlog=500, online=False)
    bench.look(DRAINS_S)
    assert bench.asked == []
    bench.hear(backlog=500)
    bench.look(0.0)
    assert len(bench.asked) == 1, "so long a backlog fills it no more"
    bench.look(AGAIN_S - 1)
    assert len(bench.asked) == 1
    bench.look(1.0)
    assert len(bench.asked) == 2


def test_no_answer_changes_nothing_and_without_a_connection_nobody_was_asked() -> None:
    bench = Bench()
    bench.answer = AskError("the board refuses: expired")
    bench.look(0.0)
    bench.look(STANDS_S)
    bench.look(STANDS_S)
    assert (len(bench.asked), bench.accepted) == (1, [])
    bench = Bench()
    bench.answer = NoConnectionError("no connection to the broker")
    bench.look(0.0)
    bench.look(STANDS_S)
    bench.look(1.0)
    assert len(bench.asked) == 2
    bench.missing = []
    bench.look(1.0)
    bench.missing = [(7, 7)]
    bench.look(1.0)
    assert len(bench.asked) == 2, "a new gap gets its time too"
