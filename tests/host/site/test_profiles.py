"""Profiles: those that are shipped are right, a point changes single values, and a mistake names file and key."""

import re
import shutil
from pathlib import Path

import pytest

from paraat.domain.profiles import ALWAYS_CRITICAL, RESOURCES
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.profiles import read_profiles, shipped
from paraat.site.site import load_site

POINT = "points/nsp-0101.toml"
LIMITS = """ready_from = 18.0                    # degC
limited_from = 15.0
ready_to = 28.0                      # too warm for people who stay for days
limited_to = 32.0
"""


@pytest.fixture
def site_dir(tmp_path: Path) -> Path:
    target = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), target)
    (target / "profiles").mkdir()
    return target


def complaint(site_dir: Path) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_site(site_dir)
    return caught.value


def own_profile(site_dir: Path, old: str = "", new: str = "") -> Path:
    """A copy of nl-pilot in the site's own folder, with something changed."""
    text = (Path(read_profiles(site_dir / "profiles")["nl-pilot"][0])).read_text(encoding="utf-8")
    assert old in text
    path = site_dir / "profiles" / "nl-pilot.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def point_says(site_dir: Path, lines: str) -> Path:
    path = site_dir / POINT
    first, rest = path.read_text(encoding="utf-8").split("\n", 1)
    tables = "" if not lines.startswith("[") else lines + "\n"
    keys = lines if not tables else ""
    path.write_text(f"{first}\n{keys}\n{rest}\n{tables}", encoding="utf-8")
    return path


def test_four_are_shipped_with_every_resource_and_the_facts_of_their_country(tmp_path: Path) -> None:
    assert shipped() == ["duitsland", "nieuw-zeeland", "nl-pilot", "oekraine"]
    found = {name: profile for name, (_, profile) in read_profiles(tmp_path).items()}
    for profile in found.values():
        assert set(profile.resources) == set(RESOURCES)
    assert found["nl-pilot"].target_h == 72
    assert (found["oekraine"].target_h, found["oekraine"].open_within_h) == (48, 2)
    hub = found["nieuw-zeeland"]
    assert 24 <= hub.target_h <= 36
    assert {hub.resources[name].need for name in ("water", "food")} == {"not-required"}
    for name in ("nl-pilot", "oekraine", "duitsland"):
        assert all(found[name].resources[one].critical for one in ALWAYS_CRITICAL)


def test_a_point_changes_single_values_of_its_profile(site_dir: Path) -> None:
    point_says(site_dir, "[resources.heat]\nready_from = 16.0\n[resources.food]\nneed = 'required'")
    point_says(site_dir, "target_h = 24")
    site = load_site(site_dir)
    own, other = site.profiles["nsp-0101"], site.profiles["nsp-0102"]
    assert (own.target_h, other.target_h) == (24, 72)
    assert (own.resources["heat"].ready_from, own.resources["heat"].limited_from) == (16.0, 15.0)
    assert (own.resources["food"].need, other.resources["food"].need) == ("required", "wished")


def test_a_point_has_its_own_clock_and_measures_otherwise(site_dir: Path) -> None:
    point_says(site_dir, "[resources.heat]\nby = 'word'\n[resources.power]\nneed = 'not-required'")
    point_says(site_dir, "open_within_h = 4\nalerted_h = 3")
    own = load_site(site_dir).profiles["nsp-0101"]
    assert (own.open_within_h, own.alerted_h) == (4, 3)
    assert (own.resources["heat"].by, own.resources["power"].need) == ("word", "not-required")


def without_tank(site_dir: Path, said: str) -> None:
    path = site_dir / "points" / "nsp-0101.toml"
    text = re.sub(r"\[tank\].*?(?=\n\[board\])", "", path.read_text(), flags=re.DOTALL)
    path.write_text(text.replace("[board]", f"{said}\n[board]", 1))


BATTERY = "[battery]\ncapacity_ah = 400\nnominal_v = 24\nload_w = 100"


@pytest.mark.parametrize("said", [BATTERY, "[resources.power]\nneed = 'not-required'"])
def test_a_point_may_have_no_tank(site_dir: Path, said: str) -> None:
    without_tank(site_dir, said)
    assert load_site(site_dir).points["nsp-0101"].tank is None


@pytest.mark.parametrize(
    ("said", "key", "expected"),
    [
        ("", "tank", '[battery], of a point that has no generator and lives on that; or need = "not-required"'),
        (f"{BATTERY}\n[generator]\nrated_w = 9000", "generator", "[tank] beside it"),
    ],
)
def test_a_point_that_needs_power_says_of_what_it_lives(site_dir: Path, said: str, key: str, expected: str) -> None:
    without_tank(site_dir, said)
    with pytest.raises(SettingsError) as caught:
        load_site(site_dir)
    assert f"nsp-0101.toml: {key}: " in str(caught.value)
    assert expected in str(caught.value)


def test_a_sites_own_profile_stands_in_for_the_shipped_one(site_dir: Path) -> None:
    own_profile(site_dir, "target_h = 72", "target_h = 60")
    assert load_site(site_dir).profiles["nsp-0101"].target_h == 60


@pytest.mark.parametrize(
    ("old", "new", "key", "found", "expected"),
    [
        ("target_h = 72", "target_h = 0", "target_h", "0", "float > 0"),
        ("target_h = 72", "", "target_h", "nothing", "required"),
        ("alerted_h = 0.5", "alerted_h = 2.5", "alerted_h", "2.5", "less than open_within_h (2)"),
        ("[resources.water]", "[resources.wine]", "resources.wine", "an unknown key", "water"),
        ("[resources.water]\ncritical = true\nvalid_days = 31", "", "resources.water", "nothing", "not-required"),
        ("[resources.water]\ncritical = true", "[resources.water]", "resources.water.critical", "false", "true"),
        ("[resources.water]", "[resources.water]\nneed = 'wished'", "resources.water.need", "'wished'", "'required'"),
        ("[resources.water]", "[resources.water]\nneed = 'soon'", "resources.water.need", "'soon'", "'wished'"),
        ("[resources.water]", "[resources.water]\nrolls = ['lead']", "resources.water.rolls", "an unknown key", "roles"),
        ("[resources.water]", "[resources.water]\nby = 'hours'", "resources.water.by", "'hours'", "'word'"),
        ("[resources.water]", "[resources.water]\nrenew_days = 31", "resources.water.renew_days", "31", "less than"),
        ('metric = "climate/temperature"', "", "resources.heat.metric", "nothing", "climate/temperature"),
        ("climate/temperature", "climate/warmth", "resources.heat.metric", "'climate/warmth'", "boards send"),
        ("climate/temperature", "power/mains", "resources.heat.metric", "'power/mains'", "a figure"),
        ("ready_from = 18.0", "", "resources.heat.limited_from", "15", "ready_from beside it"),
        ("ready_to = 28.0", "", "resources.heat.limited_to", "32", "ready_to beside it"),
        (LIMITS, "", "resources.heat.ready_from", "nothing", "a limit"),
        ("limited_from = 15.0", "limited_from = 19", "resources.heat.limited_from", "19", "no more than ready_from (18)"),
        ("ready_from = 18.0", "ready_from = nan", "resources.heat.ready_from", "nan", "float"),
        ("ready_to = 28.0", "ready_to = 17", "resources.heat.ready_to", "17", "no less than ready_from (18)"),
        ('by = "hours"', 'by = "word"', "resources.power.by", "'word'", "'hours'"),
        ("[resources.light]", "[resources.light]\nready_from = 3", "resources.light.ready_from", "3", 'by = "metric"'),
        ("[resources.light]", "[resources.light]\nmetric = 'battery/voltage'", "resources.light.metric", "'battery/voltage'", 'by = "metric"'),
        ("[people]", "[alerts.low_ful]\nraise_hours = 9\n[people]", "alerts.low_ful", "an unknown key", "low_fuel"),
        ("[people]", "[alerts.low_fuel]\nraise_hours = 9\n[people]", "alerts.low_fuel.clear_hours", "8.0", "more than raise_hours"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("used", [True, False], ids=["of a profile that is used", "of one that no point has yet"])
def test_a_mistake_names_file_key_what_was_found_and_what_is_expected(
    site_dir: Path, old: str, new: str, key: str, found: str, expected: str, used: bool
) -> None:
    path = own_profile(site_dir, old, new)
    if not used:
        path = path.rename(path.with_stem("pilot-2027"))
    error = complaint(site_dir)
    assert (error.path, error.key, error.found) == (path, key, found)
    assert expected in error.expected


@pytest.mark.parametrize(
    ("lines", "key", "found", "expected"),
    [
        # Of two values in disorder it is the one that this file has, not one of its profile.
        ("[resources.heat]\nready_from = 10.0", "resources.heat.ready_from", "10", "no less than limited_from (15)"),
        ("[resources.heat]\nlimited_to = 20.0", "resources.heat.limited_to", "20", "no less than ready_to (28)"),
        ("[resources.heat]\nready_to = 33.0", "resources.heat.ready_to", "33", "no more than limited_to (32)"),
        ("[resources.heat]\nready_from = 29.0", "resources.heat.ready_from", "29", "no more than ready_to (28)"),
        ("[resources.heat]\nready_to = 17.0", "resources.heat.ready_to", "17", "no less than ready_from (18)"),
        ("[resources.water]\nvalid_days = 5", "resources.water.valid_days", "5", "more than renew_days (7)"),
        ("[resources.water]\nrenew_days = 40", "resources.water.renew_days", "40", "less than valid_days (31)"),
        ("[resources.heat]\nbye = 1", "resources.heat.bye", "an unknown key", "ready_from"),
        ("[resources.wine]\nneed = 'wished'", "resources.wine", "an unknown key", "water"),
        ("[resources.water]\nneed = 'wished'", "resources.water.need", "'wished'", "'not-required'"),
        ("target_h = -1", "target_h", "-1", "float > 0"),
        ("open_within_h = 0.5", "open_within_h", "0.5", "more than alerted_h (0.5)"),
        ("alerted_h = 3", "alerted_h", "3", "less than open_within_h (2)"),
        ("[resources.food]\nready_from = 3", "resources.food.ready_from", "3", 'by = "metric"'),
        ("[resources.heat]\nby = 'word'\nready_to = 30", "resources.heat.ready_to", "30", 'by = "metric"'),
        ("[resources.power]\nby = 'word'", "resources.power.by", "'word'", "'hours'"),
    ],
)
def test_a_mistake_in_what_a_point_changes_names_the_points_file(
    site_dir: Path, lines: str, key: str, found: str, expected: str
) -> None:
    path = point_says(site_dir, lines)
    error = complaint(site_dir)
    assert (error.path, error.key, error.found) == (path, key, found)
    assert expected in error.expected


def test_a_profile_that_is_not_there_is_refused(site_dir: Path) -> None:
    path = site_dir / POINT
    path.write_text(path.read_text().replace('profile = "nl-pilot"', 'profile = "belgie"'), encoding="utf-8")
    error = complaint(site_dir)
    assert (error.path, error.key, error.found) == (path, "profile", "'belgie'")
    assert "nieuw-zeeland, nl-pilot, oekraine" in error.expected


def test_a_point_changes_single_values_of_its_upkeep_its_air_and_its_crowd(site_dir: Path) -> None:
    point_says(site_dir, "[upkeep]\ntest_load_percent = 0\n[climate]\ncool_c = 16.5\n[people]\nbusy_percent = 60")
    site = load_site(site_dir)
    own, other = site.profiles["nsp-0101"], site.profiles["nsp-0102"]
    assert (own.upkeep.test_load_percent, own.upkeep.test_minutes) == (0, 30)
    assert (other.upkeep.test_load_percent, other.upkeep.test_every_days) == (30, 31)
    assert (own.climate.cool_c, own.climate.cold_c, other.climate.cool_c) == (16.5, 15, 18)
    assert (own.people.busy_percent, other.people.busy_percent) == (60, 80)


@pytest.mark.parametrize(
    ("lines", "key", "found", "expected"),
    [
        ("[people]\nbusy_percent = 101", "people.busy_percent", "101", "no more than full_percent (100)"),
        ("[climate]\ncold_c = 19", "climate.cold_c", "19", "no more than cool_c (18)"),
        ("[climate]\nhot_c = 20", "climate.hot_c", "20", "no less than warm_c (28)"),
        ("[climate]\nfoul_ppm = 900", "climate.foul_ppm", "900", "no less than stuffy_ppm (1200)"),
        ("[upkeep]\ntest_minutes = 0", "upkeep.test_minutes", "0", "float > 0"),
        ("[upkeep]\ntest_days = 3", "upkeep.test_days", "unknown key", "test_every_days"),
    ],
)
def test_what_contradicts_itself_is_refused(site_dir: Path, lines: str, key: str, found: str, expected: str) -> None:
    path = point_says(site_dir, lines)
    error = complaint(site_dir)
    assert (error.path, error.key) == (path, key)
    assert found in error.found
    assert expected in error.expected


def without_capacity(site_dir: Path, instead: str) -> None:
    path = site_dir / POINT
    text = path.read_text(encoding="utf-8")
    assert "capacity = 150\n" in text
    if "profile" in instead:
        text = text.replace("profile = ", "# ")
    path.write_text(text.replace("capacity = 150\n", instead), encoding="utf-8")


@pytest.mark.parametrize(("inhabitants", "capacity"), [(30_000, 100), (99_999, 100), (100_000, 300), (900_000, 300)])
def test_ukraines_bands_say_the_capacity_by_the_inhabitants(site_dir: Path, inhabitants: int, capacity: int) -> None:
    without_capacity(site_dir, f'profile = "oekraine"\ninhabitants = {inhabitants}\n')
    assert load_site(site_dir).points["nsp-0101"].capacity == capacity


@pytest.mark.parametrize(
    ("instead", "expected"),
    [
        ('profile = "oekraine"\ninhabitants = 29999\n', "where inhabitants = 30000 or more"),
        ('profile = "oekraine"\n', "where inhabitants = 30000 or more"),
        ("inhabitants = 80000\n", "this key is required"),
    ],
)
def test_without_a_band_a_number_is_demanded(site_dir: Path, instead: str, expected: str) -> None:
    without_capacity(site_dir, instead)
    error = complaint(site_dir)
    assert (error.path, error.key) == (site_dir / POINT, "capacity")
    assert expected in error.expected


def test_a_points_own_number_goes_before_the_band(site_dir: Path) -> None:
    without_capacity(site_dir, 'profile = "oekraine"\ninhabitants = 80000\ncapacity = 45\n')
    assert load_site(site_dir).points["nsp-0101"].capacity == 45
