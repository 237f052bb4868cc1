import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from host.alerts.details import POINT, every_alert
from paraat.alerts.texts import local_time, message, short
from paraat.domain.model import AlertState
from paraat.domain.points import Point
from paraat.domain.subjects import Subject
from paraat.texts.gsm7 import gsm7

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC).timestamp()

LOW = AlertState(
    rule="low_fuel", subject=Subject("point", POINT.id), state="firing", since=NOW - 120, severity="critical", id=12, fired_at=NOW,
    detail={
        "by": "hours", "standby": 0, "percent": 18.75, "litres": 76.4, "hours": 5.12, "hours_low": 4.2, "hours_high": 11.6,
        "empty_at": NOW + 5.12 * 3600, "refuel_before": NOW + 4.2 * 3600, "data_t": NOW - 60,
    },
)  # fmt: skip


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_low_fuel_message_says_what_where_how_long_and_one_action() -> None:
    subject, body = message(LOW, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert subject == "Brandstof raakt op: De Linde, nog 5,1 uur"
    assert "Voorbeeldstad" in body
    assert "tussen 4,2 en 11 uur" in body
    assert "19 %, 76 liter" in body
    assert "Leeg rond 17:07" in body
    assert "Doe nu: bestel brandstof, in de tank vóór 16:12." in body
    assert "Meting van 11:59" in body
    assert body.count("Doe nu") == 1


def test_english_stands_beside_it() -> None:
    subject, body = message(LOW, "firing", POINT, language="en", zone=AMSTERDAM, now=NOW)
    assert subject == "Fuel runs out: De Linde, 5.1 h left"
    assert "order fuel, in the tank before 16:12" in body


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("alert", "transition", "point"),
    [pytest.param(*one, id=f"{one[0].rule}.{one[0].wording}.{one[1]}") for one in every_alert(NOW)],
)
def test_every_rule_has_words_for_its_beginning_and_its_end(
    alert: AlertState, transition: str, point: Point | None, language: str
) -> None:
    subject, body = message(alert, transition, point, language=language, zone=AMSTERDAM, now=NOW)
    sms = short(alert, transition, point, language=language, zone=AMSTERDAM, now=NOW)
    if point is not None:
        assert all("De Linde" in text for text in (subject, body, sms))
    assert len(subject) <= 70
    assert "{" not in subject + body + sms
    assert sms == gsm7(sms)
    assert len(sms) <= 140, sms  # the code that acknowledges it follows
    if transition == "firing" and language == "nl":
        assert len(re.findall(r"^Doe ", body, re.MULTILINE)) == 1, body


def test_a_long_name_is_cut_in_an_sms_and_the_action_is_not() -> None:
    place = msgspec.structs.replace(POINT, name="Noodsteunpunt Dorpshuis ’t Trefpunt in Bad Nieuweschans " * 2)
    for limit in (110, 160):
        sms = short(LOW, "firing", place, language="nl", zone=AMSTERDAM, now=NOW, limit=limit)
        assert len(sms) <= limit
        assert sms.startswith("Noodsteun")
        assert sms.endswith("Bestel nu, in tank voor 16:12.")


def test_what_is_not_known_is_left_out_of_a_sentence_and_since_when_is_never_unknown() -> None:
    detail: dict[str, float | int | str | None] = {"off_at": None, "battery_h": None, "data_t": NOW - 60}
    alert = msgspec.structs.replace(LOW, rule="generator_down", detail=detail)
    _, body = message(alert, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert "sinds 11:58 geen netstroom en het aggregaat draait niet.\nDoe nu" in body
    known = msgspec.structs.replace(alert, detail=detail | {"battery_h": 9.0, "off_at": NOW - 600})
    _, body = message(known, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert "sinds 11:50 geen netstroom en het aggregaat draait niet. Accu nog 9 uur.\nDoe nu" in body


def test_hours_are_those_of_the_page_and_none_that_is_not_there() -> None:
    figures = {"hours": 71.97, "target_h": 72.0, "litres": 300.0, "percent": 75.0, "data_t": NOW}
    alert = msgspec.structs.replace(LOW, rule="fuel_target", detail=figures)
    _, body = message(alert, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert "houdt het 71 van de gevraagde 72 uur vol" in body


def test_a_range_of_equal_ends_is_not_said() -> None:
    alert = msgspec.structs.replace(LOW, detail=LOW.detail | {"hours": 1.25, "hours_low": 1.21, "hours_high": 1.28})
    _, body = message(alert, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert "nog ongeveer 1,2 uur. In de tank" in body


def test_in_standby_the_job_is_for_today_and_no_hours_are_promised() -> None:
    alert = AlertState(
        rule="low_fuel", subject=Subject("point", POINT.id), state="firing", since=NOW, severity="critical", id=1,
        detail=LOW.detail | {"standby": 1, "by": "level"}, wording="standby",
    )  # fmt: skip
    subject, body = message(alert, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)
    assert subject == "Tank bijvullen: De Linde, nog 19 %"
    assert "uur" not in body
    assert "Doe vandaag" in body


def test_a_point_that_was_never_heard_has_its_own_words() -> None:
    alert = AlertState(
        rule="point_silent",
        subject=Subject("point", POINT.id),
        state="firing",
        since=NOW,
        severity="warning",
        detail={"heard_at": None},
        wording="never",
        id=1,
    )
    assert "nog nooit" in message(alert, "firing", POINT, language="nl", zone=AMSTERDAM, now=NOW)[1]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-24T13:30:00+00:00", "14:30"),
        ("2026-11-25T13:30:00+00:00", "25-11 14:30"),
        ("2026-11-24T23:30:00+00:00", "25-11 00:30"),  # the day changes at local midnight, not at UTC's
    ],
)
def test_a_time_is_local_and_names_another_day(moment: str, expected: str) -> None:
    assert local_time(at(moment), NOW, AMSTERDAM, "nl") == expected


@pytest.mark.parametrize(
    ("moment", "now", "expected"),
    [
        # Summer time begins: 02:00 to 03:00 does not exist.
        ("2026-03-29T00:59:00+00:00", "2026-03-29T00:00:00+00:00", "01:59"),
        ("2026-03-29T01:01:00+00:00", "2026-03-29T00:00:00+00:00", "03:01"),
        # It ends: 02:00 to 03:00 comes twice, so the zone is named.
        ("2026-10-25T00:30:00+00:00", "2026-10-25T00:00:00+00:00", "02:30 (CEST)"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T00:00:00+00:00", "02:30 (CET)"),
        ("2026-10-25T02:30:00+00:00", "2026-10-25T00:00:00+00:00", "03:30"),
    ],
)
def test_both_clock_changes(moment: str, now: str, expected: str) -> None:
    assert local_time(at(moment), at(now), AMSTERDAM, "nl") == expected
