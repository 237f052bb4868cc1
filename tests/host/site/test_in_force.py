"""What of a site's files decides about alerts: kept as texts, and read back as it was, whatever the site is now."""

import shutil
from pathlib import Path

import msgspec
import pytest

from paraat.domain.thresholds import LowFuel
from paraat.site import paths
from paraat.site.in_force import WHOLE, changed, site_then, texts
from paraat.site.site import Site, load_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """One point has limits and a climate of its own."""
    shutil.copytree(paths.example_site_dir(), tmp_path / "site")
    point = tmp_path / "site/points/nsp-0101.toml"
    with point.open("a") as file:
        file.write("\n[alerts.low_fuel]\nraise_percent = 40\nclear_percent = 50\n[climate]\ncool_c = 17\n")
    return load_site(tmp_path / "site")


def test_it_is_read_back_as_it_was(site: Site) -> None:
    told = texts(site)
    assert site_then(site, told) == site
    low = msgspec.structs.replace(site.alerts, low_fuel=LowFuel(raise_hours=1, clear_hours=2, worse_hours=(0.5,)))
    *rest, last = site.points
    other = msgspec.structs.replace(
        site,
        points={name: msgspec.structs.replace(site.points[name], name="Anders") for name in rest},
        profiles={name: msgspec.structs.replace(site.profiles[name], target_h=12.0) for name in rest},
        own_alerts={},
        alerts=low,
        region=msgspec.structs.replace(site.region, region="Elders", language="en", phone="1"),
        telling=msgspec.structs.replace(site.telling, per_hour=2),
        watcher=msgspec.structs.replace(site.watcher, neighbours=("zuid",)),
    )
    assert site_then(other, told) == site
    assert site_then(site, texts(other)) == other
    assert last in site_then(other, told).points


def test_only_what_changed_is_kept_and_what_is_gone_is_gone(site: Site) -> None:
    told = texts(site)
    assert changed({}, told) == told
    assert changed(told, told) == {}
    *rest, last = site.points
    points = {name: site.points[name] for name in rest}
    points[rest[0]] = msgspec.structs.replace(points[rest[0]], name="Anders")
    now = msgspec.structs.replace(site, points=points)
    news = changed(told, texts(now))
    assert set(news) == {rest[0], last}
    assert news[last] == ""
    assert list(site_then(site, told | news).points) == rest
    assert changed(told | news, texts(now)) == {}


def test_points_that_are_judged_alike_share_a_text_of_their_profile(site: Site) -> None:
    told = texts(site)
    profiles = [name for name in told if name.startswith("profile:")]
    assert len(profiles) == 2, "one of four points, one of the point with a climate of its own"
    assert [name for name in told if name.startswith("alerts:")], "of the point with limits of its own"
    assert set(told) == {WHOLE, *site.points, *profiles, *(name for name in told if name.startswith("alerts:"))}


@pytest.mark.parametrize("spoilt", ["{", '{"point": {"id": 3}}', '{"of": "a newer release"}'])
def test_what_cannot_be_read_any_more_is_as_it_is_now(site: Site, spoilt: str) -> None:
    other = msgspec.structs.replace(site, telling=msgspec.structs.replace(site.telling, per_hour=2))
    found = site_then(other, texts(site) | {WHOLE: spoilt, "nsp-0101": spoilt})
    assert found == other
    assert site_then(other, {}) == other
    profile = next(name for name in texts(site) if name.startswith("profile:"))
    assert site_then(site, texts(site) | {profile: spoilt}) == site


def test_a_point_that_is_gone_and_cannot_be_read_is_left_out(site: Site) -> None:
    assert site_then(site, texts(site) | {"nsp-0999": "{"}).points == site.points
