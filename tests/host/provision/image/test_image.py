import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flashing import NOW, firmware
from paraat.boards.boards import load_board
from paraat.provision.image import image, littlefs
from paraat.provision.image.image import Authorities, Image, ImageError
from paraat.provision.micropython.micropython_image import MicroPythonImage
from paraat.provision.pki import certificates
from paraat.site import paths
from paraat.site.site import load_site
from virtual_board import micropython

BOARD = load_board("esp32_devkitc_ve")
AUTHORITY = certificates.make_authority("Proef", NOW)
ISSUED = certificates.issue_board(AUTHORITY, "nsp-0101", NOW)
MICROPYTHON = MicroPythonImage(Path("micropython.bin"), micropython(BOARD), "v1.28.0")


def make(**changed: Any) -> Image:
    options: dict[str, Any] = {"secrets": {"wifi": {"ssid": "paraat"}}, "first_seq": 813, "built": NOW}
    return image.make(
        load_site(paths.example_site_dir()), "nsp-0101", BOARD, changed.pop("micropython", MICROPYTHON), firmware(),
        ISSUED, Authorities(AUTHORITY.certificate_der(), bytes(384)), **(options | changed),
    )  # fmt: skip


def test_the_same_input_gives_the_same_bytes_and_the_key_stays_out_of_the_log() -> None:
    first = make()
    assert first.flash == make().flash
    assert first.flash != make(built=NOW + timedelta(seconds=1)).flash
    assert ISSUED.key_der() in first.flash
    assert "key" not in repr(first)


def test_micropython_and_the_file_system_lie_where_the_board_looks_and_nothing_else_does() -> None:
    made, flash = make(), BOARD.flash
    assert len(made.flash) == flash.size_bytes == 4 * 1024 * 1024
    end = flash.firmware_offset + len(MICROPYTHON.data)
    assert made.flash[flash.firmware_offset : end] == MICROPYTHON.data
    assert set(made.flash[: flash.firmware_offset]) == {0xFF}
    assert set(made.flash[end : flash.vfs_offset]) == {0xFF}
    assert littlefs.read(made.file_system) == made.files


def test_the_configuration_knows_the_seq_the_time_and_how_to_reach_the_broker() -> None:
    config = json.loads(make().files["config.json"])
    assert config["journal"]["first_seq"] == 813
    assert config["built"] == NOW.timestamp()
    assert config["broker"]["tls"] is True


def test_an_image_of_micropython_that_reaches_into_the_file_system_is_refused() -> None:
    with pytest.raises(ImageError, match="reach beyond 0x200000"):
        make(micropython=MICROPYTHON._replace(data=bytes(BOARD.flash.vfs_offset)))


def test_a_kept_image_is_for_its_owner_only(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o755)
    made = make()
    written = image.save(made, out)
    assert (out / "flash.bin").read_bytes() == made.flash
    assert {str(p.relative_to(out / "files")) for p in written[1:]} == set(made.files)
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in out.rglob("*") if folder.is_dir()} == {0o700}
    assert out.stat().st_mode & 0o777 == 0o700


def test_an_earlier_image_in_the_folder_is_replaced(tmp_path: Path) -> None:
    made = make()
    image.save(made._replace(files={**made.files, "a/node/gone.mpy": b"M"}), tmp_path)
    image.save(made, tmp_path)
    assert {str(p.relative_to(tmp_path / "files")) for p in (tmp_path / "files").rglob("*") if p.is_file()} == set(
        made.files
    )


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.odt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(ImageError, match="Name a new folder"):
        image.save(make(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.odt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="file"):
        image.save(make(), tmp_path / "file")
