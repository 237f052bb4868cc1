"""Answers by SMS: the number that was told, with the code that it was told; nothing else passes."""

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

import msgspec
import pytest

from paraat.alerts.by_sms import WRONG_MOST, WRONG_WITHIN_S, BySms
from paraat.alerts.codes import Codes
from paraat.domain.facts import Acknowledged, Author, Declined, Fact, Told, WrongReply
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import Duty, Person, Roster
from paraat.domain.subjects import Subject
from paraat.site import paths
from paraat.site.site import load_site

NOW = 1764000000.0
ANNA, BRAM, STRANGER = "+31612345678", "+31687654321", "+31600000000"


class Desk:
    """A site with two people, one alert of which Anna was told by SMS, and Bram was not."""

    def __init__(self, directory: Path) -> None:
        shutil.copytree(paths.example_site_dir(), directory)
        people = {
            "anna": Person(id="anna", name="Anna Jansen", role="lead", reach={"sms": (ANNA,)}),
            "bram": Person(id="bram", name="Bram de Vries", reach={"sms": (BRAM,)}, language="en"),
        }
        roster = Roster(people=people, duties=(Duty(rung="lead", who=("anna",)),))
        self.site = msgspec.structs.replace(load_site(directory), roster=roster)
        self.alerts = [self.alert(7), self.alert(8, rule="point_silent")]
        self.told = {7: [self.delivery(7, "anna", ANNA)], 8: [self.delivery(8, "anna", ANNA, state="dropped")]}
        self.kept: list[tuple[int, Author]] = []
        self.declined: list[tuple[int, str, str]] = []
        self.wrong: list[Fact] = []
        self.codes = Codes(self.site.own_key())
        self.by_sms = BySms(
            self.site, self, alerts=lambda: self.alerts, acknowledge=self.acknowledge, decline=self.decline
        )

    @staticmethod
    def alert(alert_id: int, rule: str = "low_fuel", state: str = "firing") -> AlertState:
        return AlertState(
            rule=rule, subject=Subject("point", "nsp-0101"), state=state, since=NOW - 60, fired_at=NOW, severity="critical",
            detail={}, id=alert_id,
        )  # fmt: skip

    @staticmethod
    def delivery(alert_id: int, person: str, address: str, state: str = "sent", channel: str = "sms") -> Delivery:
        return Delivery(
            alert_id=alert_id, reason="turn-1", rung="lead", person=person, channel=channel, address=address,
            created_at=NOW, due_at=NOW, first_due_at=NOW, state=state,
        )  # fmt: skip

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        return [row for alert_id in alert_ids for row in self.told.get(alert_id, [])]

    def facts(self, *kinds: type[Told], limit: int | None = None) -> list[Fact]:
        assert kinds == (WrongReply,)
        return self.wrong[-(limit or 0) :]

    def record(self, told: Told, author: Author, *, t: float, now: float) -> Fact:
        self.wrong.append(Fact(id=1, after=0, t=t, recorded_at=now, author=author, told=told))
        return self.wrong[-1]

    def acknowledge(self, alert_ids: Collection[int], author: Author) -> list[Fact]:
        firing = [alert.id for alert in self.alerts if alert.id in alert_ids and alert.state == "firing"]
        self.kept += [(alert_id, author) for alert_id in firing]
        return [
            Fact(id=1, after=0, t=NOW, recorded_at=NOW, author=author, told=Acknowledged(alert=one)) for one in firing
        ]

    def decline(self, alert_ids: Collection[int], author: Author, person: str) -> list[Fact]:
        firing = [alert.id for alert in self.alerts if alert.id in alert_ids and alert.state == "firing"]
        self.declined += [(alert_id, author.name, person) for alert_id in firing]
        return [
            Fact(id=1, after=0, t=NOW, recorded_at=NOW, author=author, told=Declined(alert=one, person=person))
            for one in firing
        ]

    def lists(self, *alert_ids: int, message: str = "digest/anna/sms/9/0", first: int = 1) -> int:
        """Anna got these in one message; the last of its deliveries."""
        for row_id, alert_id in enumerate(alert_ids, first):
            row = msgspec.structs.replace(self.delivery(alert_id, "anna", ANNA), id=row_id, message=message)
            self.told.setdefault(alert_id, []).append(row)
        return first + len(alert_ids) - 1

    def heard(self, number: str, text: str, now: float = NOW) -> str:
        return self.by_sms.heard(number, text, now).outcome

    def other_code(self) -> str:
        """One that stands for no alert of Anna."""
        mine = {self.codes.code(alert.id, "anna") for alert in self.alerts}
        return next(code for code in (f"{n:04d}" for n in range(10_000)) if code not in mine)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "site")


@pytest.mark.parametrize("form", ["OK {}", "ok {}", "Ok: {}.", " OK{} "])
@pytest.mark.parametrize("number", [ANNA, "0031612345678", "+31 6 1234 5678"])
def test_the_code_from_the_number_that_was_told_acknowledges_with_the_name_of_the_roster(
    desk: Desk, form: str, number: str
) -> None:
    heard = desk.by_sms.heard(number, form.format(desk.codes.code(7, "anna")), NOW)
    assert heard.outcome == "acknowledged"
    assert desk.kept == [(7, Author(name="Anna Jansen", role="lead", way="sms"))]
    assert heard.answer == "Dank u. Buurthuis De Linde: Brandstof raakt op. Wij noteren dat u dit oppakt."


def test_who_cannot_says_so_with_the_same_code(desk: Desk) -> None:
    heard = desk.by_sms.heard(ANNA, f"Nee {desk.codes.code(7, 'anna')}", NOW)
    assert (heard.outcome, desk.kept, desk.declined) == ("declined", [], [(7, "Anna Jansen", "anna")])
    assert heard.answer == "Dank u. Buurthuis De Linde: Brandstof raakt op. Wij vragen nu de volgende."
    assert desk.heard(BRAM, f"NEE {desk.codes.code(7, 'anna')}") == "wrong"
    desk.alerts = [desk.alert(7, state="resolved")]
    assert desk.heard(ANNA, f"NEE {desk.codes.code(7, 'anna')}") == "over"


def test_a_strangers_number_is_not_answered_whatever_it_says(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    code = desk.codes.code(7, "anna")
    heard = desk.by_sms.heard(STRANGER, f"OK {code}", NOW)
    assert (heard.outcome, heard.answer) == ("stranger", "")
    assert desk.kept == []
    assert "sms from +31...000 not taken: stranger" in caplog.text
    assert code not in caplog.text
    assert STRANGER not in caplog.text


def test_the_code_of_somebody_else_and_one_that_was_never_sent_there_are_wrong(desk: Desk) -> None:
    assert desk.heard(BRAM, f"OK {desk.codes.code(7, 'anna')}") == "wrong"
    assert desk.heard(BRAM, f"OK {desk.codes.code(7, 'bram')}") == "wrong", "his own code, but nothing was sent to him"
    assert desk.heard(ANNA, f"OK {desk.codes.code(8, 'anna')}") == "wrong", "its message was overtaken before it left"
    desk.told[7] = [desk.delivery(7, "anna", ANNA, channel="email")]
    assert desk.heard(ANNA, f"OK {desk.codes.code(7, 'anna')}") == "wrong", "it went by mail"
    assert desk.kept == []


def test_guessing_ends_after_a_few_and_the_right_code_is_not_looked_at_for_a_while(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    wrong, right = desk.other_code(), desk.codes.code(7, "anna")
    caplog.set_level(logging.DEBUG)
    for second in range(WRONG_MOST):
        assert desk.heard(ANNA, f"OK {wrong}", NOW + second) == "wrong"
    desk.by_sms = BySms(
        desk.site, desk, alerts=lambda: desk.alerts, acknowledge=desk.acknowledge, decline=desk.decline
    )  # a restart
    for second in range(100, 3500, 100):
        heard = desk.by_sms.heard(ANNA, f"OK {right}", NOW + second)
        assert (heard.outcome, heard.answer) == ("too-many", "")
    assert desk.kept == []
    assert desk.heard(ANNA, f"OK {right}", NOW + WRONG_WITHIN_S + WRONG_MOST) == "acknowledged"
    assert wrong not in caplog.text
    assert right not in caplog.text


def test_one_code_acknowledges_all_of_a_list_each_by_its_own_fact(desk: Desk) -> None:
    desk.alerts = [desk.alert(n, state="resolved" if n == 12 else "firing") for n in (10, 11, 12, 13)]
    last = desk.lists(10, 11, 12)
    desk.lists(13, message="digest/anna/sms/40/0", first=40)
    heard = desk.by_sms.heard(ANNA, f"OK {desk.codes.list_code(last, 'anna')}", NOW)
    assert (heard.outcome, heard.answer) == ("acknowledged", "Dank u. Wij noteren dat u 2 meldingen oppakt.")
    assert [alert_id for alert_id, _ in desk.kept] == [10, 11]
    assert desk.heard(BRAM, f"OK {desk.codes.list_code(last, 'bram')}") == "wrong"


def test_what_came_to_a_list_at_a_later_try_is_not_acknowledged_by_the_code_of_the_first(desk: Desk) -> None:
    desk.alerts = [desk.alert(n) for n in (10, 11, 12)]
    desk.lists(10, 11, 12)
    assert desk.heard(ANNA, f"OK {desk.codes.list_code(2, 'anna')}") == "acknowledged"
    assert [alert_id for alert_id, _ in desk.kept] == [10, 11]


def test_a_message_of_one_alert_has_no_code_of_a_list(desk: Desk) -> None:
    desk.told[7] = [msgspec.structs.replace(desk.delivery(7, "anna", ANNA), id=5, message="7/turn-1/anna/sms/5")]
    assert desk.heard(ANNA, f"OK {desk.codes.list_code(5, 'anna')}") == "wrong"


def test_an_altered_code_is_wrong(desk: Desk) -> None:
    code = desk.codes.code(7, "anna")
    altered = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    if altered != desk.codes.code(8, "anna"):
        assert desk.heard(ANNA, f"OK {altered}") == "wrong"
    assert desk.kept == []


@pytest.mark.parametrize("text", ["Ik kom eraan", "OK", "1234", "", "OK 123456", "OK 1234 of 5678"])
def test_what_is_no_answer_is_told_how_to_answer(desk: Desk, text: str) -> None:
    heard = desk.by_sms.heard(ANNA, text, NOW)
    assert heard.outcome == "no-code"
    assert "Dit leest niemand." in heard.answer
    assert len(heard.answer) <= 160
    assert desk.kept == []


def test_an_alert_that_is_over_is_said_to_be_in_the_persons_language(desk: Desk) -> None:
    desk.alerts = [desk.alert(7, state="resolved")]
    desk.told[7] = [desk.delivery(7, "bram", BRAM)]
    heard = desk.by_sms.heard(BRAM, f"OK {desk.codes.code(7, 'bram')}", NOW)
    assert heard.outcome == "over"
    assert heard.answer == 'Buurthuis De Linde, "Fuel is running out": that is over. You need not do anything.'
    assert desk.kept == []
