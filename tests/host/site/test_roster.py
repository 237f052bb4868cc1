"""roster.toml: what it says, and every complaint names the file, the key, what was found and what is expected."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.roster import Rosters, roster_of, roster_text
from paraat.site.site import Site, load_site

T0 = 1764158400.0  # Wednesday 26 November 2025, 13:00 in Amsterdam
PEOPLE = """
[people.anna]
name = "Anna de Vries"
role = "beheerder"
language = "en"
reach = { email = ["anna@example.org", "anna@work.example"], sms = ["+31612345678"] }
[people.bas]
name = "Bas"
reach.email = ["bas@example.org"]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), found)
    (found / "roster.toml").unlink(missing_ok=True)
    return found


def written(directory: Path, text: str) -> Site:
    (directory / "roster.toml").write_text(text)
    return load_site(directory)


def test_people_with_several_addresses_and_who_stands_where(directory: Path) -> None:
    site = written(
        directory,
        PEOPLE
        + """
[[duty]]
rung = "lead"
points = ["nsp-0101"]
who = ["anna"]
[[duty]]
rung = "coordination"
who = ["bas"]
begins = "18:00"
ends = "08:00"
""",
    )
    (anna,) = site.roster.on_duty("lead", "nsp-0101", T0)
    assert (anna.name, anna.role, anna.language) == ("Anna de Vries", "beheerder", "en")
    assert anna.addresses("email") == ("anna@example.org", "anna@work.example")
    assert anna.addresses("sms") == ("+31612345678",)
    assert anna.addresses("ntfy") == ()
    assert site.roster.on_duty("coordination", None, T0) == ()
    assert [who.id for who in site.roster.on_duty("coordination", "nsp-0202", T0 + 6 * 3600)] == ["bas"]


def test_the_old_addresses_go_on_behind_the_roster(directory: Path) -> None:
    path = directory / "site.toml"
    path.write_text(f'{path.read_text()}\n[coordination]\nemail = "cp@example.org"\n')
    site = load_site(directory)
    assert [p.addresses("email") for p in site.roster.on_duty("lead", "nsp-0102", T0)] == [("nsp-0102@example.org",)]
    assert [p.addresses("email") for p in site.roster.on_duty("coordination", None, T0)] == [("cp@example.org",)]
    assert site.roster.on_duty("lead", "nsp-0202", T0) == ()
    site = written(directory, PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\nends = "08:00"\n')
    assert [p.id for p in site.roster.on_duty("lead", "nsp-0102", T0)] == ["lead/nsp-0102"]
    assert [p.id for p in site.roster.on_duty("lead", "nsp-0102", T0 - 6 * 3600)] == ["bas"]


def test_a_calendar_says_who_stands_there_and_where_it_has_nobody_the_next_line_holds(directory: Path) -> None:
    next_year = datetime.now(UTC) + timedelta(days=30)
    (directory / "piket.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Bas\r\n"
        f"DTSTART:{next_year:%Y%m%dT%H%M%SZ}\r\nDURATION:PT8H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    duties = (
        '[[duty]]\nrung = "coordination"\ncalendar = "piket.ics"\n[[duty]]\nrung = "coordination"\nwho = ["anna"]\n'
    )
    roster = written(directory, PEOPLE + duties).roster
    t = next_year.timestamp() + 60
    assert [[who.id for who in roster.on_duty("coordination", None, at)] for at in (t, t + 8 * 3600)] == [
        ["bas"],
        ["anna"],
    ]


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ('[people.anna]\nname = "Anna"\n', "people.anna.reach", "nothing"),
        ('[people.anna]\nname = "Anna"\nreach = {}\n', "people.anna.reach", "nothing"),
        ('[people.anna]\nname = "Anna"\nreach.email = ["anna"]\n', "people.anna.reach.email[0]", "a mail address"),
        ('[people.anna]\nname = "Anna"\nreach.sms = ["0612345678"]\n', "people.anna.reach.sms[0]", "+31612345678"),
        ('[people.Anna]\nname = "Anna"\nreach.sms = ["+31612345678"]\n', "people.Anna", "a short name"),
        (PEOPLE + '[people.cor]\nname = "C"\nlanguage = "xx"\nreach.email = ["c@d.nl"]\n', "people.cor.language", "'nl'"),
        (PEOPLE + '[[duty]]\nrung = "boss"\nwho = ["anna"]\n', "duty[0].rung", "'lead'"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = []\n', "duty[0].who", ""),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\ncalendar = "x.ics"\n', "duty[0].calendar", "one of the two"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["eva"]\n', "duty[0].who", "anna, bas"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\npoints = ["nsp-9999"]\n', "duty[0].points", "a point of this site"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\nbegins = "8:00"\n', "duty[0].begins", ""),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\nbegins = "08:00"\nends = "08:00"\n', "duty[0].begins", "08:00"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\ndays = ["monday"]\n', "duty[0].days[0]", "'mon'"),
        (PEOPLE + '[[duty]]\nrung = "lead"\nwho = ["bas"]\nuntil = "08:00"\n', "duty[0].until", "turn_from"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(directory: Path, text: str, key: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        written(directory, text)
    assert (caught.value.path, caught.value.key) == (directory / "roster.toml", key)
    assert told in str(caught.value)


def test_a_roster_that_was_changed_is_read_again_and_one_that_cannot_be_leaves_the_last(directory: Path) -> None:
    site = written(directory, PEOPLE)
    rosters = Rosters(directory, site.points, site.coordination, site.region.timezone, site.roster)
    assert not rosters.look(T0)
    assert not rosters.look(T0 + 30), "nothing was changed"
    (directory / "roster.toml").write_text(PEOPLE.replace("Bas", "Sebastiaan"))
    assert rosters.look(T0 + 60)
    assert rosters.roster.people["bas"].name == "Sebastiaan"
    (directory / "roster.toml").write_text(PEOPLE + "[[duty]]\nrung = 'lead'\nwho = ['nobody']\n")
    assert not rosters.look(T0 + 90)
    assert "duty[0].who" in rosters.problem
    assert rosters.roster.people["bas"].name == "Sebastiaan"
    (directory / "roster.toml").write_text(PEOPLE)
    assert rosters.look(T0 + 120)
    assert (rosters.problem, rosters.roster) == ("", site.roster)


def test_a_calendar_beside_it_is_read_again_too(directory: Path) -> None:
    site = written(directory, PEOPLE)
    rosters = Rosters(directory, site.points, site.coordination, site.region.timezone, site.roster)
    rosters.look(T0)
    before = rosters._stamp
    (directory / "piket.ics").write_text("BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    rosters.look(T0 + 30)
    assert rosters._stamp != before
    before = rosters._stamp
    rosters.look(T0 + 86_400)
    assert rosters._stamp != before, "a calendar goes on: it is read anew each day"


def test_a_roster_comes_back_from_the_journal_as_it_was(directory: Path) -> None:
    (directory / "piket.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20251101T000000Z\nDTSTART:20251126T080000Z\nDTEND:20991126T180000Z\n"
        "SUMMARY:Piket bas\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    duties = (
        '[[duty]]\nrung = "lead"\nwho = ["anna", "bas"]\nturn_from = 2025-11-24\n'
        '[[duty]]\nrung = "coordination"\ncalendar = "piket.ics"\n'
    )
    roster = written(directory, f"holidays = [2026-12-24]\n{PEOPLE}{duties}").roster
    assert roster_of(roster_text(roster)) == roster
    assert roster.on_duty("lead", None, T0) == roster_of(roster_text(roster)).on_duty("lead", None, T0)
