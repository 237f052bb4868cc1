"""Thresholds of the site, of a profile and of a point: the nearer one wins, key by key."""

import shutil
from pathlib import Path

import pytest

from paraat.alerts.rules import RULES, make_rules
from paraat.alerts.rules.base import PointRule
from paraat.boards.node_config import node_config
from paraat.domain.model import SampleSet
from paraat.domain.readiness import Verdict
from paraat.domain.thresholds import PER_POINT
from paraat.domain.tracker import Tracker
from paraat.site import paths
from paraat.site.errors import SettingsError
from paraat.site.site import Site, load_site

T0 = 1764000000.0


@pytest.fixture
def site_dir(tmp_path: Path) -> Path:
    target = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), target)
    return target


def with_tables(site_dir: Path, *, profile: str = "", point: str = "") -> Site:
    """The example with more in the profile that nsp-0101 is judged by (and nsp-0102 too), and in its own file."""
    (site_dir / "profiles").mkdir(exist_ok=True)
    shipped = Path(paths.__file__).parent / "profiles/nl-pilot.toml"
    (site_dir / "profiles/nl-pilot.toml").write_text(f"{shipped.read_text()}\n{profile}", encoding="utf-8")
    path = site_dir / "points/nsp-0101.toml"
    path.write_text(f"{path.read_text()}\n{point}", encoding="utf-8")
    return load_site(site_dir)


def test_where_nobody_says_otherwise_the_sites_hold_and_are_kept_once(site_dir: Path) -> None:
    site = load_site(site_dir)
    assert site.own_alerts == {}
    assert site.alerts_of("nsp-0101") is site.alerts


def test_the_profile_changes_the_sites_and_the_point_the_profiles(site_dir: Path) -> None:
    site = with_tables(
        site_dir,
        profile="[alerts.low_fuel]\nraise_hours = 7\nraise_percent = 22\n",
        point="[alerts.low_fuel]\nraise_percent = 24\n",
    )
    own, others = site.alerts_of("nsp-0101").low_fuel, site.alerts_of("nsp-0102").low_fuel
    assert (own.raise_hours, own.raise_percent, own.clear_percent, own.hold_s) == (7, 24, 25, 120)
    assert (others.raise_hours, others.raise_percent) == (7, 22)
    assert site.alerts.low_fuel.raise_hours == 6
    assert node_config(site, "nsp-0101")["alarm"]["fuel_low_percent"] == 24  # the lamp at the point says the same


def test_every_rule_about_a_point_may_be_other_in_a_profile_and_at_a_point(site_dir: Path) -> None:
    about_points = {rule.table or name for name, rule in RULES.items() if issubclass(rule, PointRule)}
    assert about_points == set(PER_POINT)
    site = with_tables(
        site_dir,
        profile="[alerts.generator_down]\nhold_s = 90\n[alerts.fuel_gauge]\nstuck_s = 7200\n",
        point="[alerts.point_silent]\nafter_s = 1800\nhold_s = 5\n",
    )
    rules = make_rules(site.alerts, site.own_alerts)
    assert [rules["generator_down"].hold_of(point) for point in ("nsp-0101", "nsp-0102", None)] == [90, 90, 45]
    assert [rules["point_silent"].hold_of(point) for point in ("nsp-0101", "nsp-0102")] == [5, 60]
    assert site.alerts_of("nsp-0102").fuel_gauge.stuck_s == 7200
    tracker = Tracker(
        site.points, site.alerts, profiles=site.profiles, since=T0, counts=lambda _: (0, 0), own=site.own_alerts
    )
    for point in ("nsp-0101", "nsp-0102"):
        values = {"fuel/level": 80.0}
        tracker.apply(SampleSet(point=point, kind="telemetry", seq=1, t=T0, received_at=T0, values=values, faults={}))
    verdicts = {point: tracker.view(point, T0 + 1000).verdict for point in ("nsp-0101", "nsp-0102")}
    assert [verdict is Verdict.SILENT for verdict in verdicts.values()] == [False, True]


def test_the_volts_move_with_the_battery_that_the_board_warns_for(site_dir: Path) -> None:
    path = site_dir / "points/nsp-0101.toml"
    path.write_text(path.read_text().replace("battery_low_v = 11.8", "battery_low_v = 23.6"), encoding="utf-8")
    found = load_site(site_dir).alerts_of("nsp-0101").battery_low
    assert (found.raise_v, found.clear_v) == (pytest.approx(23.6), pytest.approx(24.8))
    said = with_tables(site_dir, point="[alerts.battery_low]\nraise_v = 22.0\n").alerts_of("nsp-0101").battery_low
    assert (said.raise_v, said.clear_v) == (22.0, pytest.approx(24.8))


@pytest.mark.parametrize(
    ("tables", "key", "expected"),
    [
        ("[alerts.low_fule]\nraise_hours = 7", "alerts.low_fule", "one of: low_fuel, "),
        ("[alerts.disk_full]\nraise_hours = 7", "alerts.disk_full", "one of: low_fuel, "),
        ("[alerts.low_fuel]\nhold_s = -1", "alerts.low_fuel.hold_s", ">= 0"),
        ("[alerts.low_fuel]\nraise_hour = 7", "alerts.low_fuel.raise_hour", "raise_hours"),
        ("[alerts.low_fuel]\nraise_hours = 'many'", "alerts.low_fuel.raise_hours", "float"),
        ("[alerts.low_fuel]\nraise_hours = 8.0", "alerts.low_fuel.clear_hours", "more than raise_hours (8.0)"),
        ("[alerts.board_restarts]\nraise_times = 0", "alerts.board_restarts.raise_times", ">= 1"),
    ],
)
def test_a_mistake_names_the_file_that_made_it(site_dir: Path, tables: str, key: str, expected: str) -> None:
    for file, where in (("nsp-0101.toml", "point"), ("nl-pilot.toml", "profile")):
        with pytest.raises(SettingsError) as caught:
            with_tables(site_dir, **{where: tables})
        assert (caught.value.path.name, caught.value.key) == (file, key)
        assert expected in str(caught.value)
        path = site_dir / "points/nsp-0101.toml"
        path.write_text(path.read_text().replace(tables, ""), encoding="utf-8")
