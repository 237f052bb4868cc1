"""The folder for a day without internet: what goes along, what stays at home, and what is refused."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flashing import NOW, PASSPHRASE, make_site
from paraat.boards.boards import TooLittleMemoryError, load_board
from paraat.boards.builds import builds
from paraat.provision.bundle import daybundle
from paraat.provision.bundle.daybundle import BundleError, Summary
from paraat.provision.micropython import pinned
from paraat.provision.micropython.micropython_image import FirmwareError
from paraat.provision.pki.authority import Authority
from paraat.site import copies, paths
from paraat.site.site import load_site
from paraat.texts.catalogue import FOLDER
from virtual_board import micropython

BOARD = load_board("esp32_devkitc_ve")
PINNED = builds()[BOARD.firmware.image].file


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_site(tmp_path_factory.mktemp("day") / "site")
    for name in ("journal.sqlite", "influx.token", "email.url"):
        (folder / name).write_text("stays at home")
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    subprocess.run(["cp", "-a", str(template), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small clone with a Makefile in it."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "technician.lock").write_text("")
    (folder / "Makefile").write_text("tools:\n")
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin."]):
        subprocess.run([*git, *words], check=True)
    return folder


def no_pip(lock: Path, target: Path) -> None:
    """Stands in for pip, which takes the internet."""
    target.mkdir()
    (target / "segno-1.6.6-py3-none-any.whl").write_bytes(b"a wheel")
    daybundle.write_lock(target)


def offline(url: str) -> bytes:
    raise OSError("Network is unreachable")


def make(site: Path, repository: Path, out: Path, **options: object) -> Summary:
    arguments = {
        "repository": repository,
        "wheels": no_pip,
        "fetching": offline,
        "given": [image(out.parent)],
        **options,
    }
    return daybundle.make(load_site(site), out, **arguments)  # type: ignore[arg-type]


def image(
    folder: Path, name: str = "ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin", board: str = "esp32_devkitc_ve"
) -> Path:
    path = folder / name
    path.write_bytes(micropython(load_board(board)))
    return path


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_all_that_is_needed_goes_along_and_nothing_else_of_the_site(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    made = make(site, repository, tmp_path / "out")
    points = {f"site/points/{path.name}" for path in (site / "points").glob("*.toml")}
    assert names(made.folder) == points | {
        "LEES-MIJ.txt",
        "Makefile",
        "SHA256SUMS",
        "requirements/technician.lock",
        "firmware-images/ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin",
        "site/micropython.lock.json",
        "site/pki/broker.crt",
        "site/pki/ca.crt",
        "site/pki/ca.key",
        "site/pki/crl.pem",
        "site/pki/inventory.json",
        "site/pki/update.key",
        "site/pki/update.pub",
        "site/secrets.toml",
        "site/site.toml",
        "site/taken.json",
        "wheels/python.txt",
        "wheels/segno-1.6.6-py3-none-any.whl",
        "wheels/technician.lock",
    }
    assert made.uncommitted == 0
    assert sum(made.sizes.values()) == sum(path.stat().st_size for path in made.folder.rglob("*") if path.is_file())


def test_only_its_owner_may_look_into_it_and_secrets_keep_their_mode(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    folder = make(site, repository, tmp_path / "out").folder
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("secrets.toml", "pki/ca.key", "pki/update.key"):
        assert (folder / "site" / name).stat().st_mode & 0o777 == 0o600


def test_the_sums_fit_and_tell_nothing_of_the_site(site: Path, repository: Path, tmp_path: Path) -> None:
    folder = make(site, repository, tmp_path / "out").folder
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    assert "site/" not in (folder / "SHA256SUMS").read_text()


def test_the_packages_are_locked_to_the_very_files(site: Path, repository: Path, tmp_path: Path) -> None:
    folder = make(site, repository, tmp_path / "out").folder
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert (folder / "wheels/technician.lock").read_text() == f"segno==1.6.6 --hash=sha256:{digest}\n"


def test_the_keys_stay_at_home_when_asked(site: Path, repository: Path, tmp_path: Path) -> None:
    folder = make(site, repository, tmp_path / "out", with_keys=False).folder
    assert not list((folder / "site").rglob("*.key"))
    assert not (folder / "site/secrets.toml").exists(), "the Wi-Fi password is only for flashing"


def test_a_key_that_is_not_encrypted_does_not_go_along(site: Path, repository: Path, tmp_path: Path) -> None:
    (site / "pki/ca.key").write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(BundleError, match="not encrypted"):
        make(site, repository, tmp_path / "out")
    assert left(tmp_path) == set()


def left(folder: Path) -> set[str]:
    """What there is beside what the test put there."""
    return {path.name for path in folder.iterdir()} - {"site", "ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin"}


def test_it_is_made_anew_in_its_place_but_no_other_folder_is_touched(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    out = make(site, repository, tmp_path / "out").folder
    (out / "left-over").touch()
    make(site, repository, out)
    assert not (out / "left-over").exists()
    (tmp_path / "precious").mkdir()
    with pytest.raises(BundleError, match="is no bundle"):
        make(site, repository, tmp_path / "precious")


def test_nobody_else_reads_the_sites_part_and_no_address_goes_along(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    (site / "site.toml").chmod(0o644)
    (site / "profiles").mkdir()
    shutil.copyfile(paths._PACKAGE / "site" / "profiles" / "nl-pilot.toml", site / "profiles" / "eigen.toml")
    before = (site / "points" / "nsp-0101.toml").read_text()
    (site / "points" / "nsp-0101.toml").write_text(f'access = "kluis 4711"\n{before}')
    (site / "site.toml").write_text((site / "site.toml").read_text() + '\n[coordination]\nemail = "cp@example.org"\n')
    copy = make(site, repository, tmp_path / "out").folder / "site"
    for path in (copy, *copy.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    text = "".join(path.read_text() for path in copy.rglob("*.toml"))
    for address in ("cp@example.org", "nsp-0102@example.org"):
        assert address not in text
    assert "4711" not in text
    assert (copy / "profiles" / "eigen.toml").exists()
    assert load_site(copy).points.keys() == load_site(site).points.keys()


def test_a_change_in_the_copy_comes_home_without_losing_the_addresses(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    copy = make(site, repository, tmp_path / "out").folder / "site"
    point = copy / "points" / "nsp-0102.toml"
    point.write_text(point.read_text().replace("empty_mm = 1200", "empty_mm = 1150"))
    coming = copies.coming(site, copy)
    assert list(coming.files) == ["points/nsp-0102.toml"]
    copies.write(site, coming.files)
    home = load_site(site).points["nsp-0102"]
    assert (home.lead.email, home.sensors[0]["empty_mm"]) == ("nsp-0102@example.org", 1150)


def test_a_folder_from_which_boards_were_flashed_is_not_made_anew(site: Path, repository: Path, tmp_path: Path) -> None:
    out = make(site, repository, tmp_path / "out").folder
    authority = Authority.open(out / "site", PASSPHRASE, NOW)
    authority.commit(authority.issue_board("nsp-0101", NOW), None, NOW)
    with pytest.raises(BundleError, match=r"of nsp-0101 as valid.*make bring-back FROM="):
        make(site, repository, out)
    for name in ("inventory.json", "crl.pem"):
        shutil.copy2(out / "site/pki" / name, site / "pki")
    Authority.open(site, PASSPHRASE, NOW).revoke("nsp-0101", "stolen", NOW)
    make(site, repository, out)


def test_a_folder_that_is_no_clone_cannot_be_bundled(site: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no clone"):
        make(site, tmp_path, tmp_path / "out")


@pytest.mark.parametrize("error", [BundleError("pip"), KeyboardInterrupt()])
def test_what_breaks_off_leaves_nothing_behind(
    site: Path, repository: Path, tmp_path: Path, error: BaseException
) -> None:
    def breaks_off(lock: Path, target: Path) -> None:
        raise error

    with pytest.raises(type(error)):
        make(site, repository, tmp_path / "out", wheels=breaks_off)
    assert left(tmp_path) == set()


def test_a_full_disk_is_said_with_the_folder(site: Path, repository: Path, tmp_path: Path) -> None:
    def full(lock: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")  # of a write: it names no file

    with pytest.raises(BundleError, match=r"out: No space left on device; nothing was made\. Make room"):
        make(site, repository, tmp_path / "out", wheels=full)
    assert left(tmp_path) == set()


# MicroPython's images


def test_without_internet_and_without_a_file_it_says_which_is_missing(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    with pytest.raises(FirmwareError, match=f"FIRMWARE={PINNED}"):
        make(site, repository, tmp_path / "out", given=[])
    assert left(tmp_path) == set()


def test_the_pinned_file_is_fetched_and_another_content_under_its_name_is_refused(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    asked = []

    def fetching(url: str) -> bytes:
        asked.append(url)
        return bytes(micropython(load_board("esp32_devkitc")))

    for point in site.glob("points/*.toml"):
        give_board(site, point.stem, "esp32_devkitc")  # micropython.org's file for it is pinned
    with pytest.raises(FirmwareError, match="expected aa4be80e"):
        make(site, repository, tmp_path / "out", given=[], anyway=True, fetching=fetching)
    assert asked == [f"https://micropython.org/resources/firmware/{builds()['ESP32_GENERIC'].file}"]
    assert left(tmp_path) == set()


def obtain(site: Path, target: Path, kind: str = "esp32_s3_devkitc", **options: object) -> pinned.Obtained:
    target.mkdir(exist_ok=True)
    arguments = {"given": [], "folders": (), "fetching": lambda url: bytes(micropython(load_board(kind)))}
    return pinned.obtain(load_board(kind), target, site, **{**arguments, **options})  # type: ignore[arg-type]


def test_a_checksum_that_nobody_knows_is_remembered_and_holds_from_then_on(site: Path, tmp_path: Path) -> None:
    first = obtain(site, tmp_path / "a")
    assert first.first_seen
    assert not obtain(site, tmp_path / "b").first_seen
    lock = site / pinned.LOCK
    lock.write_text(lock.read_text().replace(first.image.sha256, "0" * 64))
    with pytest.raises(FirmwareError, match="expected 0000"):
        obtain(site, tmp_path / "c")
    assert not list((tmp_path / "c").iterdir())


def test_an_image_that_lies_in_the_sites_folder_is_taken(site: Path, tmp_path: Path) -> None:
    found = obtain(site, tmp_path / "a", "esp32_devkitc_ve", folders=(site / "firmware",), fetching=offline)
    assert found.source.startswith(str(site / "firmware"))


def test_a_given_file_for_another_chip_or_a_damaged_one_is_refused(site: Path, tmp_path: Path) -> None:
    wrong = image(tmp_path, "ESP32_GENERIC_S3-20260101-v1.28.0.bin")
    with pytest.raises(FirmwareError, match="is for ESP32"):
        obtain(site, tmp_path / "a", given=[wrong])
    damaged = image(tmp_path, "ESP32_GENERIC_S3-20260102-v1.28.0.bin", "esp32_s3_devkitc")
    data = bytearray(damaged.read_bytes())
    data[100] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(FirmwareError, match="damaged"):
        obtain(site, tmp_path / "a", given=[damaged])


def test_a_given_file_of_any_name_is_found_again_in_the_bundle(site: Path, tmp_path: Path) -> None:
    given = image(tmp_path, "firmware.bin")
    obtained = obtain(site, tmp_path / "a", "esp32_devkitc_ve", given=[given])
    assert obtained.image.path.name == "ESP32_GENERIC-SPIRAM-0-firmware.bin"
    assert pinned.micropython_image.find(BOARD, (tmp_path / "a",)) == obtained.image.path


def give_board(site: Path, point: str, kind: str) -> None:
    path = site / "points" / f"{point}.toml"
    path.write_text(path.read_text().replace('type = "esp32_devkitc_ve"', f'type = "{kind}"'))


def test_each_boards_variant_is_fetched_and_goes_along(site: Path, repository: Path, tmp_path: Path) -> None:
    give_board(site, "nsp-0202", "esp32_s3_devkitc_r8")
    asked = []

    def fetching(url: str) -> bytes:
        asked.append(url)
        return bytes(micropython(load_board("esp32_s3_devkitc_r8")))

    made = make(site, repository, tmp_path / "out", fetching=fetching)
    variant = builds()["ESP32_GENERIC_S3-SPIRAM_OCT"].file
    assert asked == [f"https://micropython.org/resources/firmware/{variant}"]
    found = {path.name for path in (made.folder / "firmware-images").iterdir()}
    assert found == {"ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin", variant}
    assert [(one.board, one.image.path.name) for one in made.images] == [
        ("esp32_devkitc_ve", "ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin"),
        ("esp32_s3_devkitc_r8", variant),
    ]


def test_a_board_with_too_little_memory_gets_no_folder_but_for_the_bench(
    site: Path, repository: Path, tmp_path: Path
) -> None:
    give_board(site, "nsp-0202", "esp32_devkitc")
    with pytest.raises(TooLittleMemoryError, match="Take esp32_devkitc_ve"):
        make(site, repository, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    plain = image(tmp_path, "ESP32_GENERIC-20260101-v1.28.0.bin", "esp32_devkitc")
    made = make(site, repository, tmp_path / "out", given=[plain, image(tmp_path)], anyway=True)
    assert "esp32_devkitc" in {one.board for one in made.images}


def test_a_given_variant_of_another_board_is_taken_for_that_one_only(site: Path, tmp_path: Path) -> None:
    """ESP32_GENERIC-SPIRAM begins as ESP32_GENERIC does, and is no wrong file for it."""
    variant = image(tmp_path)
    (site / "firmware" / "ESP32_GENERIC-20260101-v1.28.0.bin").write_bytes(micropython(load_board("esp32_devkitc")))
    plain = obtain(site, tmp_path / "a", "esp32_devkitc", given=[variant], folders=(site / "firmware",))
    assert plain.image.path.name == "ESP32_GENERIC-20260101-v1.28.0.bin"
    taken = obtain(site, tmp_path / "a", "esp32_devkitc_ve", given=[variant], fetching=offline)
    assert taken.source == str(variant)


def test_the_wrong_variant_under_the_right_name_does_not_go_along(site: Path, tmp_path: Path) -> None:
    named = image(tmp_path, "ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin", "esp32_devkitc")
    with pytest.raises(
        FirmwareError, match=r"is ESP32_GENERIC, and ESP32-DevKitC-VE takes ESP32_GENERIC-SPIRAM\. Take"
    ):
        obtain(site, tmp_path / "a", "esp32_devkitc_ve", given=[named], fetching=offline)
    assert not list((tmp_path / "a").iterdir())


def test_every_board_has_its_pin() -> None:
    kinds = [path.parent.name for path in paths.boards_dir().glob("*/board.toml")]
    assert {load_board(kind).firmware.image for kind in kinds} <= builds().keys()


def test_no_passphrase_is_in_the_bundle(site: Path, repository: Path, tmp_path: Path) -> None:
    folder = make(site, repository, tmp_path / "out").folder
    assert not any(PASSPHRASE.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


# What came over a USB stick


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A bundle as it lies on the laptop, its packages installed by a Python that does nothing."""
    folder = tmp_path / "copied"
    for name in ("requirements/technician.lock", "pyproject.toml", "wheels/python.txt", "site/secrets.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch(mode=0o644)
    shutil.copy(Path(__file__).parents[4] / "Makefile", folder)
    shutil.copytree(FOLDER, folder / "host/paraat/texts")  # what make says
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return folder


def make_tools(folder: Path, path: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", f"PYTHON={sys.executable}", "tools", "ENGLISH=1"]
    return subprocess.run(command, cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_what_lost_its_modes_on_a_stick_gets_them_back(copied: Path) -> None:
    run = make_tools(copied, os.environ["PATH"])
    assert run.returncode == 0, run.stderr
    assert "site/ was open to others" in run.stdout
    assert (copied / "site" / "secrets.toml").stat().st_mode & 0o777 == 0o600
    assert (copied / "site").stat().st_mode & 0o077 == 0
    assert not (copied / ".link").exists()


def test_on_the_stick_itself_make_says_to_copy_the_folder(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ln = tmp_path / "bin" / "ln"
    ln.write_text("#!/bin/sh\nexit 1\n")  # as FAT refuses it
    ln.chmod(0o755)
    run = make_tools(copied, f"{ln.parent}:{os.environ['PATH']}")
    assert run.returncode == 2
    assert "Copy the whole folder to the laptop" in run.stderr
    assert not (copied / ".venv" / "technician.stamp").exists()
