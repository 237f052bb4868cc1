"""The code in an SMS: each alert of a person its own, of no use to another, and found in what people send back."""

import pytest

from paraat.alerts.codes import Codes, Reply, reply

CODES = Codes(bytes(range(32)))


def test_ten_thousand_alerts_in_a_row_have_ten_thousand_codes() -> None:
    codes = {CODES.code(alert, "jan") for alert in range(20_000, 30_000)}
    assert len(codes) == 10_000
    assert all(len(code) == 4 and code.isdigit() for code in codes)


def test_the_next_alert_s_code_does_not_follow_from_this_one_s() -> None:
    steps = {(int(CODES.code(alert + 1, "jan")) - int(CODES.code(alert, "jan"))) % 10_000 for alert in range(1, 1000)}
    assert len(steps) > 900


def test_a_code_counts_for_its_person_and_for_alerts_that_stand() -> None:
    code = CODES.code(17, "jan")
    assert CODES.alert("jan", code, [3, 17, 40]) == 17
    assert CODES.alert("jan", code, [3, 40]) is None, "the alert is over"
    assert CODES.alert("fatima", code, [17]) is None
    assert Codes(b"x" * 32).alert("jan", code, [17]) is None
    assert CODES.alert("jan", "é234", [17]) is None


@pytest.mark.parametrize(
    "text",
    [
        "OK 1234",
        "ok1234",
        " Ok: 1234. ",
        "OK-1234",
        "ok 12 34",
        "OK, 1.2.3.4!",
        "“OK 1234”",
        "Oké 1234",
        "ja 1234, dank u",
    ],
)
def test_what_people_send_back_is_understood(text: str) -> None:
    assert reply(text) == Reply(sees_to_it=True, code="1234")
    assert reply(text.replace("4", "45")) == Reply(sees_to_it=True, code="12345")


@pytest.mark.parametrize("text", ["NEE 1234", "nee, 12 34", "No 1234.", "Kan niet 1234", "lukt niet: 1234"])
def test_and_that_somebody_cannot(text: str) -> None:
    assert reply(text) == Reply(sees_to_it=False, code="1234")


def test_the_code_of_a_list_is_of_another_length_and_each_list_has_its_own() -> None:
    codes = {CODES.list_code(row, "jan") for row in range(20_000, 30_000)}
    assert len(codes) == 10_000
    assert all(len(code) == 5 and code.isdigit() for code in codes)
    assert CODES.list_code(17, "jan") != CODES.list_code(17, "fatima")
    assert Codes(b"x" * 32).list_code(17, "jan") != CODES.list_code(17, "jan")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "1234",
        "OK 123",
        "OK 123456",
        "niet OK 1234",
        "OK 1234 wie is dit?",
        "OK 1234\n5678",
        "OK/NEE 1234",
        "OK of nee 1234",
    ],
)
def test_what_is_no_answer_is_none(text: str) -> None:
    assert reply(text) is None


def test_a_code_that_was_sent_is_understood_by_every_later_version() -> None:
    """Written down on 28 November 2026, for this key: an update between an SMS and its answer loses no answer."""
    assert [CODES.code(alert, "jan") for alert in (1, 17, 12345)] == ["8634", "1901", "5921"]
    assert CODES.list_code(17, "jan") == "89597"
