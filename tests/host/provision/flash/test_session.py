import json
import shutil
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from esp32_mock_bootloader import server as mock

from flashing import NOW, PASSPHRASE, Watcher, firmware, make_site, open_session
from paraat.boards import boards
from paraat.boards.boards import load_board
from paraat.provision.flash import label, session
from paraat.provision.flash.flash import FlashError
from paraat.provision.flash.session import STEPS, Job, Outcome
from paraat.provision.image import littlefs
from paraat.provision.micropython.micropython_image import FirmwareError
from paraat.provision.pki.authority import Authority, AuthorityError
from paraat.site import inventory
from virtual_board import VirtualBoard, micropython, talks_without_psram
from waiting import wait_for


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("template") / "site")


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


@pytest.fixture
def board() -> Iterator[VirtualBoard]:
    with VirtualBoard() as found:
        yield found


def flash(site: Path, board: VirtualBoard, point: str = "nsp-0101", **options: object) -> Outcome:
    [outcome] = open_session(site, **options).run([Job(point, board.port)])  # type: ignore[arg-type]
    return outcome


def states(site: Path, point: str = "nsp-0101") -> list[str]:
    return [record.state for record in inventory.load(site).of(point)]


def nothing_recorded(site: Path, point: str = "nsp-0101") -> bool:
    """No board, no label, and no certificate that the broker would take."""
    labels = site / session.LABELS
    return (
        point not in inventory.boards(site)
        and set(states(site, point)) <= {"revoked"}
        and not [*labels.glob(f"{point}*"), *labels.glob(".*")]
    )


def code(outcome: Outcome) -> str:
    assert isinstance(outcome.error, FlashError), outcome.error
    return outcome.error.code


class Flashed(NamedTuple):
    """A board on which all went well."""

    site: Path
    board: VirtualBoard
    outcome: Outcome
    watcher: Watcher

    def files(self) -> dict[str, bytes]:
        return files_of(self.board)


@pytest.fixture(scope="module")
def flashed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flashed]:
    site = Path(shutil.copytree(template, tmp_path_factory.mktemp("flashed") / "site"))
    watcher = Watcher()
    with VirtualBoard() as board:
        yield Flashed(site, board, flash(site, board, watcher=watcher), watcher)


def files_of(board: VirtualBoard) -> dict[str, bytes]:
    layout = load_board("esp32_devkitc_ve").flash
    assert len(board.flash) == layout.size_bytes
    return littlefs.read(board.flash[layout.vfs_offset : layout.vfs_offset + layout.vfs_size])


def test_a_board_is_written_checked_recorded_and_labelled(flashed: Flashed) -> None:
    outcome, watcher = flashed.outcome, flashed.watcher
    assert outcome.error is None
    assert [step for _, step in watcher.steps] == list(STEPS) == list(outcome.seconds)
    assert watcher.parts == sorted(watcher.parts)
    assert watcher.parts[-1] == 1
    assert inventory.boards(flashed.site)["nsp-0101"].board == inventory.Board(
        mac=outcome.mac, serial=outcome.mac, type="esp32_devkitc_ve", flashed_at=NOW,
        firmware=firmware().version, micropython="v1.28.0",
    )  # fmt: skip
    assert outcome.report is not None
    assert outcome.report.faults == {"climate/temperature": "silent"}
    assert not outcome.report.fine
    assert outcome.label == flashed.site / "labels" / "nsp-0101.svg"
    assert outcome.label.with_suffix(".pdf").is_file()


def test_what_is_on_the_board_is_the_points_own(flashed: Flashed) -> None:
    files = flashed.files()
    config = json.loads(files["config.json"])
    assert config["point"] == "nsp-0101"
    assert config["built"] == NOW.timestamp()
    assert config["broker"]["tls"] is True
    assert json.loads(files["secrets.json"])["wifi"] == {"ssid": "paraat", "password": "not-on-any-label"}
    assert {"main.py", "a/manifest.json", "a/node/app.mpy", "tls/key.der", "update.pub"} <= files.keys()
    assert len(files["update.pub"]) == 384


def test_no_secret_is_left_on_the_laptop(flashed: Flashed) -> None:
    key = flashed.files()["tls/key.der"]
    for path in flashed.site.rglob("*"):
        if path.is_file() and path.name != "secrets.toml":
            data = path.read_bytes()
            assert key not in data, path
            assert b"not-on-any-label" not in data, path


def test_the_same_board_may_be_flashed_again(site: Path, board: VirtualBoard) -> None:
    assert flash(site, board).error is None
    assert flash(site, board).error is None
    assert states(site) == ["revoked", "valid"]


def test_a_second_board_for_a_point_is_refused_and_replace_takes_it(site: Path, board: VirtualBoard) -> None:
    first = flash(site, board)
    with VirtualBoard(number=7) as other:
        refused = flash(site, other)
        assert isinstance(refused.error, FlashError)
        assert "make replace POINT=nsp-0101" in str(refused.error)
        assert inventory.boards(site)["nsp-0101"].board.mac == first.mac  # type: ignore[union-attr]
        assert other.flash == b"" or set(other.flash) == {0xFF}, "nothing is written before the certificate is there"
        taken = flash(site, other, replace=True)
    assert taken.error is None
    assert states(site) == ["revoked", "valid"]
    assert inventory.boards(site)["nsp-0101"].board.mac == taken.mac != first.mac  # type: ignore[union-attr]


def test_replace_wants_a_point_that_has_a_board_and_another_board(site: Path, board: VirtualBoard) -> None:
    with pytest.raises(FlashError, match="has no board yet"):
        open_session(site, replace=True).check(["nsp-0101"])
    assert flash(site, board).error is None
    open_session(site, replace=True).check(["nsp-0101"])
    assert code(flash(site, board, replace=True)) == "flash.same-board"
    assert states(site) == ["valid"]


def test_a_board_of_another_point_is_left_alone(site: Path, board: VirtualBoard) -> None:
    assert flash(site, board).error is None
    outcome = flash(site, board, "nsp-0102")
    assert code(outcome) == "flash.other-point"
    assert "nsp-0101" in str(outcome.error)
    assert nothing_recorded(site, "nsp-0102")


@pytest.mark.parametrize(
    ("points", "type_", "words"),
    [
        (
            ["nsp-0101", "nsp-9999"],
            None,
            "There is no point nsp-9999 in this region. Look the name up; there are: nsp-0101",
        ),
        (["nsp-0101", "nsp-0102", "nsp-0101"], None, "Point nsp-0101 is named twice"),
        (["nsp-0101"], "esp32_s3_devkitc", "nsp-0101 has an esp32_devkitc_ve, and BOARD says esp32_s3_devkitc"),
    ],
)
def test_a_wrong_order_is_named(site: Path, points: list[str], type_: str | None, words: str) -> None:
    with pytest.raises(FlashError) as caught:
        open_session(site).check(points, type_)
    assert words in str(caught.value)


def test_one_port_for_two_points_is_refused(site: Path) -> None:
    with pytest.raises(FlashError, match="named for two points"):
        open_session(site).run([Job("nsp-0101", "/dev/ttyUSB0"), Job("nsp-0102", "/dev/ttyUSB0")])


@pytest.mark.parametrize("chip", ["esp32s3", "esp32c3"])
def test_the_wrong_chip_is_refused_naming_both(site: Path, chip: str) -> None:
    with VirtualBoard(chip) as board:
        outcome = flash(site, board)
    assert code(outcome) == "flash.wrong-chip"
    assert {"esp32s3": "ESP32-S3", "esp32c3": "ESP32-C3"}[chip] in str(outcome.error)
    assert "ESP32-DevKitC-VE has an ESP32" in str(outcome.error)
    assert states(site) == [], "no certificate is made for it"


def move(site: Path, kind: str) -> None:
    """Give the point another board, and the site its build of MicroPython."""
    toml = site / "points" / "nsp-0101.toml"
    toml.write_text(toml.read_text().replace('type = "esp32_devkitc_ve"', f'type = "{kind}"'))
    board = load_board(kind)
    (site / "firmware" / f"{board.firmware.image}-20260101-v1.28.0.bin").write_bytes(micropython(board))


@pytest.mark.parametrize("kind", ["esp32_devkitc_ve", "olimex_esp32_poe_iso_wrover"])
def test_a_board_with_psram_is_written_with_its_variant(site: Path, kind: str) -> None:
    move(site, kind)
    with VirtualBoard() as board:
        assert flash(site, board).error is None
        assert b"Generic ESP32 module with SPIRAM with ESP32" in board.flash
    record = inventory.boards(site)["nsp-0101"].board
    assert record is not None
    assert record.type == kind


def test_a_board_that_does_not_find_its_psram_is_not_recorded(site: Path) -> None:
    """A plain ESP32 in place of the WROVER: its eFuses tell nothing, its self-test does."""
    with VirtualBoard(console=talks_without_psram) as board:
        outcome = flash(site, board)
    assert code(outcome) == "flash.no-psram"
    assert "98 KB free, and ESP32-DevKitC-VE with ESP32_GENERIC-SPIRAM should have some thousands" in str(outcome.error)
    assert "Read the name on the module" in str(outcome.error)
    assert nothing_recorded(site)


@pytest.mark.parametrize(("cap", "found"), [(0, 0), (2, 2)])
def test_an_s3_whose_efuses_tell_less_psram_is_refused_before_anything_is_written(
    site: Path, cap: int, found: int
) -> None:
    move(site, "esp32_s3_devkitc_r8")
    with VirtualBoard("esp32s3", size_bytes=0x800000, psram_cap=cap) as board:
        outcome = flash(site, board)
        assert not board.flash.strip(b"\xff")
    assert code(outcome) == "flash.little-psram"
    assert f"has {found} MB of PSRAM, and ESP32-S3-DevKitC-1 N8R8 / N16R8 has 8" in str(outcome.error)
    assert states(site) == []


def test_an_s3_with_its_psram_passes_that_check(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move(site, "esp32_s3_devkitc_r8")
    monkeypatch.setattr(mock.protocol, "MOCK_FLASH_ID", mock.protocol.MOCK_FLASH_ID & 0xFFFF | 0x17 << 16)
    with VirtualBoard("esp32s3", size_bytes=0x800000, psram_cap=1) as board:
        assert flash(site, board).error is None


def test_the_wrong_variant_is_refused_before_the_board_is_touched(site: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "ESP32_GENERIC-SPIRAM-20260102-v1.28.0.bin"  # by its name the right one
    wrong.write_bytes(micropython(load_board("esp32_devkitc")))
    watcher = Watcher()
    with VirtualBoard() as board:
        outcome = flash(site, board, watcher=watcher, micropython=wrong)
        assert not board.flash.strip(b"\xff")
    assert isinstance(outcome.error, FirmwareError)
    assert outcome.error.code == "micropython.other-build"
    assert [step for _, step in watcher.steps] == ["check"]


PLAIN = ("esp32_devkitc", "olimex_esp32_poe_iso")


@pytest.mark.parametrize("kind", PLAIN)
def test_a_board_with_too_little_memory_is_neither_flashed_nor_made_an_image_of(
    site: Path, board: VirtualBoard, tmp_path: Path, kind: str
) -> None:
    move(site, kind)
    outcome = flash(site, board)
    assert isinstance(outcome.error, boards.TooLittleMemoryError)
    assert not board.flash.strip(b"\xff")
    with pytest.raises(boards.TooLittleMemoryError, match=f"Take {outcome.error.board}"):
        open_session(site).save("nsp-0101", tmp_path / "out")
    assert states(site) == []


def test_on_the_bench_it_is_let_through_and_that_is_on_the_record(site: Path, tmp_path: Path) -> None:
    move(site, "esp32_devkitc")
    with VirtualBoard(console=talks_without_psram) as board:
        assert flash(site, board, anyway=True).error is None
    kept = inventory.boards(site)["nsp-0101"].anyway
    assert kept is not None
    assert "ESP32-DevKitC V4 has too little memory" in kept
    open_session(site, replace=True, anyway=True).save("nsp-0101", tmp_path / "out")
    assert inventory.boards(site)["nsp-0101"].anyway == kept


def test_a_board_with_enough_memory_has_nothing_of_that_on_its_record(site: Path, board: VirtualBoard) -> None:
    assert flash(site, board, anyway=True).error is None
    assert inventory.boards(site)["nsp-0101"].anyway is None


def test_unplugged_halfway_is_said_and_the_next_run_works(site: Path) -> None:
    with VirtualBoard(lose_after=1) as board:
        outcome = flash(site, board)
        assert code(outcome) == "flash.lost"
        assert nothing_recorded(site)
        board.mend()
        assert flash(site, board).error is None


@pytest.mark.parametrize("vfs_row", [False, True])
def test_micropython_that_fills_the_flash_finds_a_file_system_as_large_as_the_chip(
    site: Path, monkeypatch: pytest.MonkeyPatch, vfs_row: bool
) -> None:
    chip_bytes = 0x800000  # of a chip that is twice as large as board.toml says
    monkeypatch.setattr(mock.protocol, "MOCK_FLASH_ID", mock.protocol.MOCK_FLASH_ID & 0xFFFF | 0x17 << 16)
    devkit = load_board("esp32_devkitc_ve")
    given = site / "micropython.bin"
    given.write_bytes(micropython(devkit, vfs_row=vfs_row))
    with VirtualBoard(size_bytes=chip_bytes) as board:
        assert flash(site, board, micropython=given).error is None
        size = devkit.flash.vfs_size if vfs_row else chip_bytes - devkit.flash.vfs_offset
        partition = board.flash[devkit.flash.vfs_offset :][:size]
    assert "main.py" in littlefs.read(partition)
    block_count = int.from_bytes(partition[28:32], "little")
    assert block_count == size // littlefs.BLOCK_BYTES


def test_a_flash_that_does_not_keep_is_found(site: Path) -> None:
    with VirtualBoard(rot=0x200010) as board:
        outcome = flash(site, board)
        assert code(outcome) == "flash.mismatch"
        assert nothing_recorded(site)
        board.mend()
        assert flash(site, board).error is None


def test_a_busy_and_a_missing_port_are_told_apart(site: Path) -> None:
    [missing] = open_session(site).run([Job("nsp-0101", "/dev/ttyUSB99")])
    assert code(missing) == "flash.no-port"


def test_four_boards_one_bad_end_with_three_good_and_one_clear_message(site: Path) -> None:
    points = ["nsp-0101", "nsp-0102", "nsp-0103", "nsp-0201"]
    with (
        VirtualBoard(number=1) as a,
        VirtualBoard(number=2, lose_after=1) as bad,
        VirtualBoard(number=3) as c,
        VirtualBoard(number=4) as d,
    ):
        jobs = [Job(point, one.port) for point, one in zip(points, (a, bad, c, d), strict=True)]
        outcomes = open_session(site).run(jobs)
    assert [outcome.error is None for outcome in outcomes] == [True, False, True, True]
    assert code(outcomes[1]) == "flash.lost"
    assert set(inventory.boards(site)) == {"nsp-0101", "nsp-0103", "nsp-0201"}
    assert len({record.board.mac for record in inventory.boards(site).values() if record.board}) == 3
    assert sorted(p.name for p in (site / session.LABELS).iterdir()) == sorted(
        f"{point}.{kind}" for point in points if point != "nsp-0102" for kind in ("svg", "pdf")
    )


def stop_at(site: Path, board: VirtualBoard, stopping_step: str) -> None:
    def press(_point: str, step: str) -> None:
        if step == stopping_step:
            signal.raise_signal(signal.SIGINT)  # Python handles it in the main thread, which waits for the boards
            wait_for(lambda: running.stopped)

    running = open_session(site, Watcher(press))
    with pytest.raises(KeyboardInterrupt):
        running.run([Job("nsp-0101", board.port)])


def test_ctrl_c_at_every_step_leaves_nothing_half_recorded(site: Path, board: VirtualBoard) -> None:
    for step in STEPS:  # each run begins where the one before was stopped
        stop_at(site, board, step)
        assert nothing_recorded(site), step
        board.restart()
    assert flash(site, board).error is None


def test_ctrl_c_keeps_the_boards_that_are_ready_and_tells_of_them(site: Path) -> None:
    said = []

    def press(point: str, step: str) -> None:
        if (point, step) == ("nsp-0102", "selftest"):
            wait_for(lambda: "nsp-0101" in inventory.boards(site))
            signal.raise_signal(signal.SIGINT)
            wait_for(lambda: running.stopped)

    running = open_session(site, Watcher(press))
    with VirtualBoard(number=1) as ready, VirtualBoard(number=2) as late:
        jobs = [Job("nsp-0101", ready.port), Job("nsp-0102", late.port)]
        with pytest.raises(KeyboardInterrupt):
            running.run(jobs, lambda: said.append("one moment"))
    assert said == ["one moment"]
    assert [outcome.error is None for outcome in running.outcomes] == [True, False]
    assert nothing_recorded(site, "nsp-0102")


def test_a_full_disk_records_nothing(site: Path, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(label, "write_atomic", no_room)
        outcome = flash(site, board)
    assert code(outcome) == "flash.not-written"
    assert "No space left" in str(outcome.error)
    assert nothing_recorded(site)
    assert flash(site, board).error is None


def test_a_disk_that_is_full_for_the_inventory_too_is_mended_by_the_next_run(
    site: Path, board: VirtualBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def fill(_point: str, step: str) -> None:
        if step == "record":
            monkeypatch.setattr(inventory, "write_atomic", no_room)

    running = open_session(site, Watcher(fill))
    [outcome] = running.run([Job("nsp-0101", board.port)])
    assert isinstance(outcome.error, inventory.InventoryError)
    assert [(issued.name, issued.serial) for issued in running.left_pending] == [
        (record.cn, record.serial) for record in inventory.load(site).of("nsp-0101", "pending")
    ]
    assert "nsp-0101" not in inventory.boards(site)
    assert not list((site / session.LABELS).iterdir())
    monkeypatch.undo()
    assert flash(site, board).error is None
    assert states(site) == ["revoked", "valid"]


def test_an_expired_authority_stops_before_the_board_is_touched(site: Path, board: VirtualBoard) -> None:
    later = NOW + timedelta(days=30 * 365)
    outcome = flash(site, board, now=lambda: later, authority=Authority.open(site, PASSPHRASE, later))
    assert isinstance(outcome.error, AuthorityError)
    assert "is valid from" in str(outcome.error)
    assert nothing_recorded(site)


def test_a_board_that_does_not_start_is_not_recorded(site: Path) -> None:
    def crashes(_flash: bytes) -> Iterator[bytes]:
        yield b"Traceback (most recent call last):"
        yield b'  File "main.py", line 1, in <module>'
        yield b"ImportError: no module named 'node'"

    with VirtualBoard(console=crashes) as board:
        outcome = flash(site, board)
    assert code(outcome) == "selftest.crashed"
    assert "no module named 'node'" in str(outcome.error)
    assert nothing_recorded(site)


def test_no_image_of_micropython_says_which_file_is_missing(site: Path, board: VirtualBoard) -> None:
    for path in (site / "firmware").iterdir():
        path.unlink()
    outcome = flash(site, board)
    assert isinstance(outcome.error, FirmwareError)
    assert "ESP32_GENERIC-SPIRAM-<date>-<version>.bin" in str(outcome.error)


def test_an_image_of_micropython_that_was_changed_since_is_refused(site: Path, board: VirtualBoard) -> None:
    assert flash(site, board).error is None
    [path] = (site / "firmware").iterdir()
    path.write_bytes(micropython(load_board("esp32_devkitc_ve"), "v1.28.1"))
    outcome = flash(site, board)
    assert isinstance(outcome.error, FirmwareError)
    assert "not the file that was chosen or seen before" in str(outcome.error)
    assert states(site) == ["valid"]


def test_an_image_for_another_chip_is_refused_naming_both(site: Path, board: VirtualBoard, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(micropython(load_board("esp32_devkitc_ve"), chip="esp32s3"))
    outcome = flash(site, board, micropython=wrong)
    assert isinstance(outcome.error, FirmwareError)
    assert "is for ESP32-S3, and ESP32-DevKitC-VE has an ESP32" in str(outcome.error)


def test_a_kept_image_is_what_a_flash_writes(
    site: Path, board: VirtualBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same certificate given, since every flash makes its own."""
    kept = tmp_path / "out"
    files, issued = open_session(site).save("nsp-0101", kept)
    assert (kept.stat().st_mode & 0o777, {path.stat().st_mode & 0o777 for path in files}) == (0o700, {0o600})
    assert states(site) == ["valid"]
    monkeypatch.setattr(Authority, "issue_board", lambda *_, **__: issued)
    assert flash(site, board).error is None
    assert (kept / "flash.bin").read_bytes() == board.flash
    assert {str(p.relative_to(kept / "files")): p.read_bytes() for p in files[1:]} == files_of(board)
