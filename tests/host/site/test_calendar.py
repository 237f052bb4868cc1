"""A roster from a calendar, as Outlook, Google and Nextcloud export it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from paraat.domain.roster import Person, Span
from paraat.site.calendar import read_calendar
from paraat.site.errors import SettingsError

ZONE = ZoneInfo("Europe/Amsterdam")
PEOPLE = {
    "anna": Person(id="anna", name="Anna de Vries", reach={"email": ("anna@example.org",)}),
    "bas": Person(id="bas", name="Bas Jansen", reach={"sms": ("+31612345678",)}),
}
NOW = datetime(2026, 10, 20, 12, tzinfo=ZONE).timestamp()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def spans(path: Path, *events: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """What is found, in local time."""
    file = path / "piket.ics"
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}\nDTSTAMP:20260101T000000Z\n{event}\nEND:VEVENT\n" for n, event in enumerate(events)
    )
    file.write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y\n{body}END:VCALENDAR\n".replace("\n", "\r\n"))
    return [(_local(span.begins), _local(span.ends), span.who) for span in read_calendar(file, PEOPLE, ZONE, NOW)]


def _local(t: float) -> str:
    return f"{datetime.fromtimestamp(t, ZONE):%m-%d %H:%M}"


WEEKLY = "DTSTART;TZID=Europe/Amsterdam:20261019T170000\nDTEND;TZID=Europe/Amsterdam:20261020T080000\nRRULE:FREQ=WEEKLY;COUNT=3"


def test_an_event_says_by_its_title_who_is_on_duty(tmp_path: Path) -> None:
    found = spans(tmp_path, "SUMMARY:Piket Anna de Vries\nDTSTART:20261021T160000Z\nDTEND:20261022T060000Z")
    assert found == [("10-21 18:00", "10-22 08:00", ("anna",))]


def test_what_repeats_keeps_its_local_time_over_the_clock_change(tmp_path: Path) -> None:
    found = spans(tmp_path, f"SUMMARY:bas\n{WEEKLY}")
    assert [begins for begins, _, _ in found] == ["10-19 17:00", "10-26 17:00", "11-02 17:00"], (
        "the clock changed on 25 October"
    )
    assert {who for _, _, who in found} == {("bas",)}


def test_a_time_that_is_left_out_or_moved_is_so(tmp_path: Path) -> None:
    left_out = f"SUMMARY:bas\n{WEEKLY}\nEXDATE;TZID=Europe/Amsterdam:20261026T170000"
    assert [begins for begins, _, _ in spans(tmp_path, left_out)] == ["10-19 17:00", "11-02 17:00"]
    moved = (
        "UID:0\nRECURRENCE-ID;TZID=Europe/Amsterdam:20261102T170000\nSUMMARY:anna\n"
        "DTSTART;TZID=Europe/Amsterdam:20261103T170000\nDTEND;TZID=Europe/Amsterdam:20261104T080000"
    )
    file = tmp_path / "moved"
    file.mkdir()
    both = spans(file, f"SUMMARY:bas\n{WEEKLY}", "SUMMARY:nobody\nDTSTART:20261101T000000Z\nDTEND:20261101T010000Z")
    assert len(both) == 3
    text = (
        (file / "piket.ics").read_text().replace("UID:1\n", "").replace("SUMMARY:nobody", moved.split("\nDTSTART")[0])
    )
    text = text.replace("DTSTART:20261101T000000Z", moved[moved.index("DTSTART") :].split("\n")[0])
    text = text.replace("DTEND:20261101T010000Z", moved.split("\n")[-1])
    (file / "piket.ics").write_text(text)
    found = read_calendar(file / "piket.ics", PEOPLE, ZONE, NOW)
    assert [(_local(span.begins), span.who) for span in found] == [
        ("10-19 17:00", ("bas",)),
        ("10-26 17:00", ("bas",)),
        ("11-03 17:00", ("anna",)),
    ]


def test_a_whole_day_begins_at_local_midnight_and_who_is_invited_counts(tmp_path: Path) -> None:
    found = spans(
        tmp_path,
        "SUMMARY:Dienst\nATTENDEE:mailto:ANNA@example.org\nDTSTART;VALUE=DATE:20261024\nDTEND;VALUE=DATE:20261026",
    )
    assert found == [("10-24 00:00", "10-26 00:00", ("anna",))]


def test_what_names_nobody_or_is_cancelled_is_no_duty(tmp_path: Path) -> None:
    good = "SUMMARY:anna\nDTSTART:20261021T160000Z\nDTEND:20261021T170000Z"
    off = "SUMMARY:bas\nSTATUS:CANCELLED\nDTSTART:20261021T160000Z\nDTEND:20261021T170000Z"
    other = "SUMMARY:Annabel jarig\nDTSTART:20261021T160000Z\nDTEND:20261021T170000Z"
    assert [who for _, _, who in spans(tmp_path, good, off, other)] == [("anna",)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        ("no calendar at all", "a mistake"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", "anna, bas"),
    ],
)
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "piket.ics"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        read_calendar(path, PEOPLE, ZONE, NOW)
    assert caught.value.path == path
    assert told in str(caught.value)


def test_a_span_is_what_the_roster_asks_for(tmp_path: Path) -> None:
    spans(tmp_path, "SUMMARY:anna\nDTSTART:20261021T160000Z\nDTEND:20261021T170000Z")
    assert read_calendar(tmp_path / "piket.ics", PEOPLE, ZONE, NOW) == (
        Span(at("2026-10-21T18:00"), at("2026-10-21T19:00"), ("anna",)),
    )
