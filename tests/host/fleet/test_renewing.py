"""The conversation of a renewal, without a broker: in waves, over lost answers and restarts, and what ends it."""

from collections.abc import Mapping

import pytest

from paraat.fleet import renewing
from paraat.fleet.renewing import Issued, Renewals
from paraat.fleet.talk import ANSWER_S
from paraat.site.inventory import PkiError
from paraat.texts import Phrase
from paraat_wire.orders import Command, Reply

POINTS = [f"nsp-{n:04}" for n in range(101, 109)]
OLD = {"online": True, "certificate": "01"}


class Desk:
    """An issuer that gives serial numbers from 100 on. refuses: the points to which it gives none."""

    def __init__(self, *refuses: str) -> None:
        self.pending: dict[str, str] = {}
        self.counts: list[str] = []
        self._refuses = refuses

    def issue(self, point: str, asked: Mapping[str, object]) -> Issued:
        assert asked == {"key": "of " + point}
        if point in self._refuses:
            raise PkiError(Phrase("not this one"))
        self.pending[point] = str(100 + len(self.pending))
        return Issued(self.pending[point], b"certificate", b"authorities", b"signature")

    def seen(self, point: str, serial: str) -> bool:
        if self.pending.get(point) != serial or point in self.counts:
            return False
        self.counts.append(point)
        return True


def begin(desk: Desk, points: list[str] = POINTS, away: tuple[str, ...] = ()) -> Renewals:
    talk = Renewals(points, desk, now=0.0)
    for point in points:
        if point not in away:
            talk.on_state(point, OLD, 0.0)
    assert list(talk.commands(1.0)) == [], "it waits for all that the broker keeps"
    return talk


def said(talk: Renewals, now: float) -> dict[str, Command]:
    return dict(talk.commands(now))


def stands(talk: Renewals) -> dict[str, str]:
    return {row.point: row.stands for row in talk.rows()}


def goes_over(talk: Renewals, desk: Desk, point: str, now: float) -> None:
    """All that a good board says."""
    order = said(talk, now)[point]
    assert order.do == "renew"
    assert order.expires > now
    talk.on_reply(point, Reply(order.id, "", {"key": "of " + point}), now)
    order = said(talk, now + 1)[point]
    assert order.do == "certificate"
    assert set(order.args) == {"certificate", "authorities", "signature"}
    talk.on_reply(point, Reply(order.id, "", {"serial": desk.pending[point]}), now + 1)
    talk.on_state(point, {"online": False}, now + 2)
    assert stands(talk)[point] == "trial"
    talk.on_state(point, {"online": True, "certificate": desk.pending[point]}, now + 3)


def test_one_first_then_waves_and_a_board_is_done_when_it_names_the_new_certificate() -> None:
    desk = Desk()
    talk = begin(desk, away=("nsp-0108",))
    said(talk, 6.0)
    goes_over(talk, desk, "nsp-0101", 7.0)
    assert stands(talk)["nsp-0101"] == "done"
    assert not talk.idle
    said(talk, 11.0)
    second = said(talk, 12.0)
    assert sorted(second) == POINTS[1:5]
    for point, order in second.items():
        talk.on_reply(point, Reply(order.id, "", {"key": "of " + point}), 13.0)
        order = said(talk, 13.0)[point]
        talk.on_reply(point, Reply(order.id, "", {"serial": desk.pending[point]}), 13.0)
        talk.on_state(point, {"online": True, "certificate": desk.pending[point]}, 14.0)
    said(talk, 15.0)
    assert sorted(said(talk, 16.0)) == POINTS[5:7]
    assert stands(talk)["nsp-0108"] == "away"
    assert desk.counts == POINTS[:5]
    assert talk.changed == 5


def test_one_that_goes_back_says_why_and_no_other_is_begun() -> None:
    desk = Desk()
    talk = begin(desk)
    said(talk, 6.0)
    order = said(talk, 7.0)["nsp-0101"]
    talk.on_reply("nsp-0101", Reply(order.id, "", {"key": "of nsp-0101"}), 7.0)
    order = said(talk, 8.0)["nsp-0101"]
    talk.on_reply("nsp-0101", Reply(order.id, "", {"serial": "100"}), 8.0)
    talk.on_state("nsp-0101", OLD | {"renewal": "the broker did not let the board in with it"}, 60.0)
    said(talk, 61.0)
    assert talk.stopped_by == "nsp-0101"
    assert said(talk, 70.0) == {}
    assert stands(talk) == {"nsp-0101": "failed"} | dict.fromkeys(POINTS[1:], "stopped")
    assert "did not let the board in" in talk.rows()[0].why
    assert talk.idle
    assert desk.counts == []


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("unknown command; known are call, identify", "its firmware cannot do that yet"),
        ("update.pub: found no public key", "make flash POINT=nsp-0101"),
        ("its key is no P-256 key", "it refuses: its key"),
    ],
)
def test_what_a_board_refuses_is_said(error: str, why: str) -> None:
    talk = begin(Desk())
    said(talk, 6.0)
    talk.on_reply("nsp-0101", Reply(said(talk, 7.0)["nsp-0101"].id, error, {}), 8.0)
    assert stands(talk)["nsp-0101"] == "failed"
    assert why in talk.rows()[0].why


def test_one_that_cannot_now_is_asked_again() -> None:
    talk = begin(Desk())
    said(talk, 6.0)
    order = said(talk, 7.0)["nsp-0101"]
    talk.on_reply("nsp-0101", Reply(order.id, "the board does not know the time yet, so ...", {}), 8.0)
    assert said(talk, 9.0) == {}
    again = said(talk, 8.0 + renewing.RETRY_S)["nsp-0101"]
    assert (again.do, again.id != order.id) == ("renew", True)


def test_a_lost_answer_is_asked_for_again_and_at_last_given_up() -> None:
    talk = begin(Desk())
    said(talk, 6.0)
    first = said(talk, 7.0)["nsp-0101"]
    assert said(talk, 8.0) == {}
    assert said(talk, 7.0 + ANSWER_S)["nsp-0101"].id == first.id, "the board answers a command once"
    said(talk, 7.0 + renewing.SILENCE_S)
    assert "no answer for 5 minutes" in talk.rows()[0].why


def test_one_that_does_not_come_back_is_no_loss_and_stops_the_others() -> None:
    desk = Desk()
    talk = begin(desk)
    said(talk, 6.0)
    talk.on_reply("nsp-0101", Reply(said(talk, 7.0)["nsp-0101"].id, "", {"key": "of nsp-0101"}), 7.0)
    talk.on_reply("nsp-0101", Reply(said(talk, 8.0)["nsp-0101"].id, "", {"serial": "100"}), 8.0)
    said(talk, 9.0 + renewing.TRIAL_S)
    assert "goes on by itself" in talk.rows()[0].why
    talk.on_state("nsp-0101", {"online": True, "certificate": "100"}, 5000.0)
    assert desk.counts == ["nsp-0101"], "hours later it counts all the same"
    assert stands(talk)["nsp-0101"] == "done"


def test_one_that_went_over_while_nobody_listened_counts_without_a_word() -> None:
    desk = Desk()
    desk.pending["nsp-0103"] = "77"
    talk = Renewals(POINTS, desk, now=0.0)
    talk.on_state("nsp-0103", {"online": True, "certificate": "77"}, 0.0)
    assert stands(talk)["nsp-0103"] == "done"
    assert desk.counts == ["nsp-0103"]


def test_nobody_is_called_away_before_the_broker_has_told_who_is_there() -> None:
    talk = Renewals(POINTS[:2], Desk(), now=0.0)
    assert set(stands(talk).values()) == {"queued"}
    talk.on_state("nsp-0101", OLD, 0.1)
    said(talk, renewing.SETTLE_S)
    assert stands(talk) == {"nsp-0101": "asking", "nsp-0102": "away"}


def test_what_the_authority_refuses_ends_it() -> None:
    talk = begin(Desk("nsp-0101"))
    said(talk, 6.0)
    talk.on_reply("nsp-0101", Reply(said(talk, 7.0)["nsp-0101"].id, "", {"key": "of nsp-0101"}), 7.0)
    assert talk.rows()[0] == renewing.Row("nsp-0101", "failed", "not this one")


def test_answers_to_others_change_nothing() -> None:
    talk = begin(Desk())
    said(talk, 6.0)
    talk.on_reply("nsp-0101", Reply("another", "no", {}), 7.0)
    talk.on_reply("nsp-0102", Reply("another", "no", {}), 7.0)
    assert stands(talk)["nsp-0101"] == "asking"
    assert stands(talk)["nsp-0102"] == "queued"


def test_a_board_that_tells_no_certificate_is_left_alone() -> None:
    desk = Desk()
    desk.pending["nsp-0101"] = ""
    talk = Renewals(["nsp-0101"], desk, now=0.0)
    talk.on_state("nsp-0101", {"online": True}, 0.0)
    assert desk.counts == []
