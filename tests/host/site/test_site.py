"""A wrong site stops at the start, and the message names file, key, what was found and what is expected."""

import re
import shutil
from pathlib import Path, PurePath
from typing import get_args

import msgspec
import pytest

from paraat.domain.fields import Part
from paraat.domain.points import Point
from paraat.domain.thresholds import Alerts
from paraat.site import paths
from paraat.site.channels import Modem, Outside, Siren
from paraat.site.errors import SettingsError
from paraat.site.private import read_secret
from paraat.site.site import SiteFile, load_site


@pytest.fixture
def site_dir(tmp_path: Path) -> Path:
    target = tmp_path / "site"
    shutil.copytree(paths.example_site_dir(), target)
    return target


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def complaint(site_dir: Path) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_site(site_dir)
    return caught.value


def test_the_example_site_is_right_and_has_five_points(site_dir: Path) -> None:
    site = load_site(site_dir)
    assert sorted(site.points) == ["nsp-0101", "nsp-0102", "nsp-0103", "nsp-0201", "nsp-0202"]
    assert site.region.language == "nl"
    assert site.influx is None
    assert site.alerts.low_fuel.raise_hours == 6.0
    assert site.points["nsp-0103"].tank.by == "distance"
    assert site.path("journal.sqlite") == site_dir / "journal.sqlite"


def test_the_old_name_of_the_web_table_is_still_read(site_dir: Path) -> None:
    edit(site_dir / "site.toml", '[web]\nhost = "127.0.0.1"', '[board]\nhost = "::1"')
    assert load_site(site_dir).web.host == "::1"
    edit(site_dir / "site.toml", 'host = "::1"', 'host = "0.0.0.0"')
    assert complaint(site_dir).key == "board.host"
    edit(site_dir / "site.toml", 'host = "0.0.0.0"', "[web]")
    assert "only [web]: [board] is its old name" in str(complaint(site_dir))


def test_a_point_is_read_without_a_look_at_every_other(site_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, compared = site_dir / "points", 0
    text = (folder / "nsp-0101.toml").read_text(encoding="utf-8")
    for n in range(60):
        (folder / f"nsp-x{n:04d}.toml").write_text(text.replace("nsp-0101", f"nsp-x{n:04d}"), encoding="utf-8")

    def equal(one: PurePath, other: object) -> bool:
        nonlocal compared
        compared += 1
        return str(one) == str(other)

    monkeypatch.setattr(PurePath, "__eq__", equal)
    assert len(load_site(site_dir).points) == 65
    assert compared < 65


def keys(kind: type[Part]) -> set[str]:
    """Those of a table and of the tables in it; docs/alerts.md has those of the rules, by itself."""
    found: set[str] = set()
    for field in msgspec.structs.fields(kind) if kind is not Alerts else ():
        found.add(field.name)
        for part in (field.type, *get_args(field.type)):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                found |= keys(part)
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (SiteFile, "site.toml"),
        *((kind, "site.toml") for kind in (Outside, Modem, Siren)),
        (Point, "points/nsp-0101.toml"),
    ],
)
def test_the_example_site_shows_every_key(site_dir: Path, kind: type[Part], name: str) -> None:
    shown = re.findall(r"^(?:# )?(?:\[+([a-z_.]+)\]+|([a-z_]+) = )", (site_dir / name).read_text(), re.MULTILINE)
    names = {key for table, key in shown if key} | {part for table, _ in shown for part in table.split(".")}
    assert keys(kind) <= names


@pytest.mark.parametrize(
    ("old", "new", "key", "found", "expected"),
    [
        ("port = 1883", 'port = "1883"', "broker.port", "'1883'", "int"),
        ("port = 1883", "port = 70000", "broker.port", "70000", "int <= 65535"),
        ("port = 1883", "prot = 1883", "broker.prot", "an unknown key", "port"),
        ('region = "', 'regio = "', "site.regio", "an unknown key", "region"),
        ('language = "nl"', 'language = "tlh"', "site.language", "'tlh'", "'nl' or "),
        ("Europe/Amsterdam", "Europe/Atlantis", "site.timezone", "'Europe/Atlantis'", "time zone"),
        ('[web]\nhost = "127.0.0.1"', '[web]\nhost = "0.0.0.0"', "web.host", "'0.0.0.0'", "'127.0.0.1'"),
        ("clear_hours = 8.0", "clear_hours = 5.0", "alerts.low_fuel.clear_hours", "5.0", "more than raise_hours"),
        ("raise_percent = 20.0", "raise_percent = 120", "alerts.low_fuel.raise_percent", "120", "<= 100"),
        ("[broker]", "[broker", "", "line", "TOML"),
        ("hold_s = 120", "hold_s = inf", "alerts.low_fuel.hold_s", "inf", "float <= 1000000000.0"),
    ],
)
def test_a_wrong_site_file_names_the_key(
    site_dir: Path, old: str, new: str, key: str, found: str, expected: str
) -> None:
    edit(site_dir / "site.toml", old, new)
    error = complaint(site_dir)
    assert error.path == site_dir / "site.toml"
    assert error.key == key
    assert found in error.found
    assert expected in error.expected
    assert str(site_dir / "site.toml") in str(error)


@pytest.mark.parametrize(
    ("old", "new", "key", "found", "expected"),
    [
        ("capacity = 150\n", "", "capacity", "nothing", "required"),
        ("capacity = 150", "capacity = 0", "capacity", "0", ">= 1"),
        ("[50, 200]", "[50, 20]", "tank.calibration[3]", "20.0 l", "more litres"),
        ("[50, 200]", "[5, 200]", "tank.calibration[3]", "[5.0, 200.0]", "above 25.0"),
        ("[50, 200]", '[50, "x"]', "tank.calibration[3][1]", "'x'", "float"),
        ("[100, 400]", "[100, 401]", "tank.calibration[6]", "401.0 l", "capacity_l"),
        ("reserve_l = 15", "reserve_l = 400", "tank.reserve_l", "400.0", "less than capacity_l"),
        ('id = "nsp-0101"', 'id = "NSP 1"', "id", "'NSP 1'", "a-z"),
        ('id = "nsp-0101"', 'id = "nsp-0201"', "id", "'nsp-0201'", "has it already"),
        ('id = "nsp-0101"', 'id = "nsp-0109"', "id", "'nsp-0109'", "or call the file nsp-0109.toml"),
        ('id = "nsp-0101"', 'id = "paraat-desk"', "id", "'paraat-desk'", "another id"),
        ('"Buurthuis De Linde"', '"Buurthuis\\nBcc: x"', "name", "Bcc", "on one line"),
        ('"Buurthuis De Linde"', '"Buurthuis\\n"', "name", "Buurthuis", "on one line"),
        ('"Buurthuis De Linde"', '" "', "name", "' '", "on one line"),
        (
            "interval_s = 60",
            "interval_s = 151",
            "board.interval_s",
            "151",
            "at most 150, half of alerts.point_silent.after_s (300)",
        ),
        ("[0, 0], ", "", "tank.calibration[0]", "21.0 l", "a row at 0 %"),
        ('email = "nsp-0101@example.org"', 'email = "niet"', "lead.email", "'niet'", "a mail address"),
        ("burn_l_per_h = 9.5", "burn_l_per_h = -1", "tank.burn_l_per_h", "-1", ">= 0.05"),
        ("burn_l_per_h = 9.5", "burn_l_per_h = 0.000001", "tank.burn_l_per_h", "1e-06", ">= 0.05"),
        ("burn_l_per_h = 9.5", "burn_l_per_h = nan", "tank.burn_l_per_h", "nan", ">= 0.05"),
        ("# [battery]\n# capacity_ah", "[battery]\ncapacity_wh", "battery.capacity_wh", "unknown key", "capacity_ah"),
        ('by = "level"', 'by = "level"\nshape = "round"', "tank.shape", "'round'", "'lying-cylinder'"),
        ('by = "level"', 'by = "level"\nshape = "elliptical"', "tank.shape", "'elliptical'", "one of the two"),
        ("capacity_l = 400", "capacity_l = inf", "tank.capacity_l", "inf", "float <= 100000"),
        ("[50, 200]", "[nan, 200]", "tank.calibration[3]", "[nan, 200.0]", "two plain numbers"),
        ("[52.0907, 5.1214]", "[520907, 5.1214]", "position[0]", "520907", "<= 90"),
    ],
)
def test_a_wrong_point_file_names_the_key(
    site_dir: Path, old: str, new: str, key: str, found: str, expected: str
) -> None:
    edit(site_dir / "points" / "nsp-0101.toml", old, new)
    error = complaint(site_dir)
    assert error.key == key
    assert found in error.found
    assert expected in error.expected


def test_the_table_of_a_distance_ends_at_the_bottom_of_the_tank(site_dir: Path) -> None:
    """Beyond its last row litres stay what they are there: 21 l for ever, in a tank that runs dry."""
    path = site_dir / "points" / "nsp-0101.toml"
    text = path.read_text(encoding="utf-8").replace('by = "level"', 'by = "distance"')
    start = text.index("calibration = ")
    rest = text[text.index("\n", start) :]
    path.write_text(text[:start] + "calibration = [[0.1, 400], [0.9, 21]]" + rest, encoding="utf-8")
    error = complaint(site_dir)
    assert (error.key, error.found) == ("tank.calibration[1]", "21.0 l, the lowest row")
    path.write_text(text[:start] + "calibration = [[0.1, 400], [1.05, 0]]" + rest, encoding="utf-8")
    load_site(site_dir)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('cert_file = "pki/host.crt"', "broker.ca_file"),  # it would speak in clear
        ('key_file = "pki/host.key"', "broker.cert_file"),
        ('password_file = "broker.password"', "broker.username"),
    ],
)
def test_a_key_of_the_broker_that_is_of_no_use_alone_is_refused(site_dir: Path, line: str, key: str) -> None:
    edit(site_dir / "site.toml", "client_id =", f"{line}\nclient_id =")
    error = complaint(site_dir)
    assert (error.key, error.found) == (key, "nothing")
    assert line.split()[0] in error.expected


def test_the_host_does_not_take_the_name_of_a_point(site_dir: Path) -> None:
    edit(site_dir / "site.toml", '"paraat-host"', '"nsp-0101"')
    assert complaint(site_dir).key == "broker.client_id"


@pytest.mark.parametrize("name", ["nsp-0101.TOML", "nsp-0101.toml.txt"])
def test_a_point_is_not_left_out_for_the_end_of_its_files_name(site_dir: Path, name: str) -> None:
    path = site_dir / "points" / "nsp-0101.toml"
    path.rename(path.with_name(name))
    error = complaint(site_dir)
    assert error.path == path.with_name(name)
    assert error.expected == "nsp-0101.toml"


@pytest.mark.parametrize("text", ["x=" + "[" * 5000, "x=" + "9" * 5000, "\0"])
def test_what_is_no_toml_is_refused_and_no_mistake_of_ours(site_dir: Path, text: str) -> None:
    (site_dir / "site.toml").write_text(text, encoding="utf-8")
    assert "readable TOML" in complaint(site_dir).expected


def test_a_file_from_a_windows_editor_is_read(site_dir: Path) -> None:
    path = site_dir / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    load_site(site_dir)


def test_a_secret_of_two_lines_is_refused_without_being_shown(tmp_path: Path) -> None:
    path = tmp_path / "influx.token"
    path.write_text("hunter2\nhunter3\n", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="one line") as caught:
        read_secret(path, "influx.token_file")
    assert "hunter" not in str(caught.value)


def test_a_site_without_site_toml_or_points(tmp_path: Path, site_dir: Path) -> None:
    assert "no such file" in complaint(tmp_path).found
    shutil.rmtree(site_dir / "points")
    assert complaint(site_dir).path == site_dir / "points"


def test_a_secret_that_others_can_read_is_refused_without_being_shown(tmp_path: Path) -> None:
    path = tmp_path / "email.url"
    path.write_text("mailtos://user:hunter2@smtp.example.nl\n", encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(SettingsError) as caught:
        read_secret(path, "channels.email.url_file")
    assert "chmod 600" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    path.chmod(0o600)
    assert read_secret(path, "channels.email.url_file") == "mailtos://user:hunter2@smtp.example.nl"
