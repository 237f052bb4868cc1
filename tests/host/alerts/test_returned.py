"""What came back of a message is kept once, with all that it carried, and by nothing that is half written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from paraat.alerts.returned import KEPT, KNOWN, LATER, Returned, lately
from paraat.domain.facts import CameBack, Fact, Standing
from paraat.domain.model import AlertState, Delivery
from paraat.domain.subjects import Subject
from paraat.journal import Journal, JournalError

NOW = 1764000000.0
WAY = ("email", "anna@example.org")


class Bench:
    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.standing = Standing()
        self.learnt: list[Fact] = []
        self.returned = Returned(self.journal, language="nl", learn=self.learn)

    def learn(self, fact: Fact) -> None:
        self.learnt.append(fact)
        self.standing.apply(fact)

    def alert(self) -> int:
        return self.journal.save_alert(
            AlertState(
                rule="low_fuel", subject=Subject("point", "nsp-0101"), state="firing", since=NOW, severity="critical", fired_at=NOW,
                turned_at=NOW, detail={},
            )
        ).id  # fmt: skip

    def sent(self, message: str, *alerts: int, settled: bool | None = True) -> list[int]:
        """A message that carries one row of each alert. settled: None while it is being sent."""
        rows = [
            Delivery(
                alert_id=one, reason="turn-1", rung="lead", person="anna", channel=WAY[0], address=WAY[1], created_at=NOW,
                due_at=NOW, first_due_at=NOW,
            )
            for one in alerts
        ]  # fmt: skip
        self.journal.add_deliveries(rows)
        ids = [row.id for one in alerts for row in self.journal.deliveries(one)]
        self.journal.claim_deliveries(ids, message, [], NOW)
        if settled is not None:
            self.journal.settle_deliveries(ids, settled, "250 queued", NOW, NOW + 30)
        return ids

    def states(self, *alerts: int) -> list[tuple[str, str]]:
        return [(row.state, row.answer) for row in self.journal.deliveries(*alerts)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "journal.sqlite")
    yield made
    made.journal.close()


def test_a_list_that_came_back_was_told_of_none_of_its_alerts_and_counts_once(bench: Bench) -> None:
    one, other = bench.alert(), bench.alert()
    bench.sent("digest/anna/email/2/0", one, other)
    assert bench.returned.came_back("digest/anna/email/2/0", "5.1.1: no\x1b such user", NOW + 60) == KEPT
    assert bench.states(one, other) == [("returned", "kwam terug: 5.1.1: no\ufffd such user")] * 2
    assert [bench.standing.lost(alert) for alert in (one, other, 99)] == [{WAY}, {WAY}, ()]
    assert bench.returned.came_back("digest/anna/email/2/0", "5.1.1", NOW + 90) == KNOWN
    assert len(bench.learnt) == len(bench.journal.facts(CameBack)) == 1
    assert bench.journal.sent_since(NOW - 60) == [], "it is none of the six of the hour"


def test_what_is_being_sent_waits_and_what_is_tried_again_is_not_any_more(bench: Bench) -> None:
    one, other = bench.alert(), bench.alert()
    (row,) = bench.sent("1/turn-1", one, settled=None)
    assert bench.returned.came_back("1/turn-1", "5.1.1", NOW) == LATER
    bench.journal.settle_deliveries([row], True, "250 queued", NOW, NOW)
    assert bench.returned.came_back("1/turn-1", "5.1.1", NOW) == KEPT
    bench.sent("2/turn-1", other, settled=False)  # its answer was late, so we took it for lost
    assert bench.returned.came_back("2/turn-1", "5.1.1", NOW) == KEPT
    assert bench.journal.due_deliveries("email") == []


def test_nothing_is_half_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bench.alert()
    bench.sent("1/turn-1", one)

    def fails(*_: object) -> None:
        raise JournalError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(bench.journal, "note_returned", fails)
        with pytest.raises(JournalError):
            bench.returned.came_back("1/turn-1", "5.1.1", NOW)
    assert (bench.learnt, bench.journal.facts(CameBack), bench.states(one)) == ([], [], [("sent", "250 queued")])
    assert bench.returned.came_back("1/turn-1", "5.1.1", NOW) == KEPT


@pytest.mark.parametrize("message", ["", "7/turn-1/anna/email/3", "test/", "test/1/email", "digest/"])
def test_a_key_that_names_nothing_changes_nothing(bench: Bench, message: str) -> None:
    bench.sent("1/turn-1", bench.alert())
    assert bench.returned.came_back(message, "5.1.1", NOW) == KNOWN
    assert bench.learnt == []


def test_a_way_comes_last_for_so_long_after_the_last_that_came_back(bench: Bench) -> None:
    assert bench.returned.came_back("test/1764000000/email/anna@example.org", "5.1.1", NOW) == KEPT
    assert bench.returned.came_back("test/1764000000/email/anna@example.org", "5.1.1", NOW + 9) == KNOWN
    assert bench.returned.came_back("test/1764604800/email/anna@example.org", "5.1.1", NOW + 50) == KEPT
    came_back = bench.standing.came_back()
    assert lately(came_back, NOW + 149, 100.0) == {WAY}
    assert lately(came_back, NOW + 150, 100.0) == set()
    assert lately(came_back, NOW + 49, 100.0) == set(), "the clock was set back"
