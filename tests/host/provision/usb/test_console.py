"""A board on the cable: MicroPython's own tool against the real MicroPython, on a pseudo terminal."""

import contextlib
import io
import itertools
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from flashing import NOW, PASSPHRASE, firmware, make_site
from paraat import texts
from paraat.boards.boards import load_board
from paraat.cli.main import main
from paraat.provision.bundle import bundle
from paraat.provision.doctor import verify
from paraat.provision.doctor.checks import Level
from paraat.provision.image import image
from paraat.provision.micropython import micropython_image
from paraat.provision.pki.authority import Authority
from paraat.provision.usb import attached, chip, console
from paraat.provision.usb.remote import RemoteBoard, RemoteError
from paraat.site import inventory
from paraat.site.site import load_site
from usb_board import UsbBoard
from virtual_board import VirtualBoard, micropython
from waiting import LIMIT_S, wait_for

pytestmark = pytest.mark.needs("micropython")
POINT = "nsp-0101"
MAC = "24:6f:28:ae:01:9c"
BUILD = int(NOW.timestamp())


@dataclass(frozen=True)
class Written:
    """A site, and the files of a board that was flashed from it."""

    site: Path
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = make_site(tmp_path_factory.mktemp("written") / "site")
    authority = Authority.open(folder, PASSPHRASE, NOW)
    issued = authority.issue_board(POINT, NOW)
    kind = load_board("esp32_devkitc_ve")
    made = image.make(
        load_site(folder),
        POINT,
        kind,
        micropython_image.MicroPythonImage(folder, micropython(kind), "v1.28.0"),
        firmware(),
        issued,
        image.Authorities(authority.certificate_der(), authority.update_public()),
        secrets={"wifi": {"ssid": "paraat", "password": "not-on-any-label"}},
        first_seq=1,
        built=NOW,
    )
    board = inventory.Board(mac=MAC, serial="0042", type="esp32_devkitc_ve", flashed_at=NOW, micropython=None)
    authority.commit(issued, board, NOW)
    return Written(folder, made.files)


@pytest.fixture
def site(written: Written, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written.site, tmp_path / "site"))


@pytest.fixture
def board(written: Written, tmp_path: Path) -> Iterator[UsbBoard]:
    flash = tmp_path / "flash"
    for name, data in written.files.items():
        (flash / name).parent.mkdir(parents=True, exist_ok=True)
        (flash / name).write_bytes(data)
    with UsbBoard(flash, mac=MAC.replace(":", "")) as attached_board:
        wait_for(lambda: attached_board.resets == 0, "the first start")
        yield attached_board


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "compile_firmware", firmware)


def verdicts(site: Path, board: UsbBoard, point: str = POINT) -> dict[str, Level]:
    """Code -> level of what verify finds; every finding must have its words."""
    starts = board.resets
    found = verify.ask(RemoteBoard(board.port))
    wait_for(lambda: board.resets > starts, "the board to start again")
    findings = [finding for _, finding in verify.compare(found, verify.expected(load_site(site), point, NOW))]
    for finding in findings:
        for language in texts.languages():
            assert texts.row(finding.code, finding.values, language)[0]
    return {finding.code: finding.level for finding in findings}


def wrong(site: Path, board: UsbBoard, point: str = POINT) -> set[str]:
    return {code for code, level in verdicts(site, board, point).items() if level > Level.FINE}


def test_code_runs_on_the_board_and_files_arrive_whole(board: UsbBoard, tmp_path: Path) -> None:
    remote = RemoteBoard(board.port)
    assert remote.run("print(6 * 7)") == "42\n"
    (tmp_path / "blob").write_bytes(bytes(range(256)) * 40)
    remote.copy(tmp_path / "blob", "blob")
    assert (board.flash / "blob").read_bytes() == (tmp_path / "blob").read_bytes()


def test_what_goes_wrong_on_the_board_is_said(board: UsbBoard) -> None:
    with pytest.raises(RemoteError, match="ValueError: no such thing"):
        RemoteBoard(board.port).run("raise ValueError('no such thing')")


def test_a_port_that_is_not_there_points_to_the_doctor() -> None:
    with pytest.raises(RemoteError, match="make doctor"):
        RemoteBoard("/dev/ttyUSB-not-there").run("print(1)")


def test_a_board_as_it_was_flashed_is_right_in_every_respect(site: Path, board: UsbBoard) -> None:
    assert wrong(site, board) == set()
    assert board.resets >= 1


def test_a_damaged_file_is_named(site: Path, board: UsbBoard) -> None:
    with (board.flash / "a/node/app.mpy").open("ab") as file:
        file.write(b"\0")
    (board.flash / "a/node/update.mpy").unlink()
    found = verify.ask(RemoteBoard(board.port))
    wanted = verify.expected(load_site(site), POINT, NOW)
    damaged = [f for _, f in verify.compare(found, wanted) if f.code == "verify.firmware-damaged"]
    assert damaged[0].values["files"] == "node/app.mpy, node/update.mpy"


def test_the_board_of_another_point(site: Path, board: UsbBoard) -> None:
    assert verdicts(site, board, "nsp-0102") == {"verify.point-other": Level.WRONG}


def test_the_wrong_board_is_said_once_and_no_step_writes_it(
    site: Path, board: UsbBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    known = inventory.load(site)
    [record] = known.of(POINT, "valid")
    assert record.board is not None
    other = msgspec.structs.replace(record.board, mac="24:6f:28:00:00:01", serial="0099")
    inventory.save(site, known.replace(msgspec.structs.replace(record, board=other)))
    for point, step in ((POINT, "Pak het bord met het label 0099."), ("nsp-0102", "Pak het bord met het label")):
        starts = board.resets
        assert main(["usb", "verify", "--site", str(site), "--port", board.port, "--point", point]) == 1
        wait_for(lambda starts=starts: board.resets > starts, "its start after the questions")
        said = capsys.readouterr().out
        assert step in said
        assert "make flash" not in said


def test_a_board_of_make_image_is_right_and_in_the_list_afterwards(
    site: Path, board: UsbBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    known = inventory.load(site)
    [record] = known.of(POINT, "valid")
    inventory.save(site, known.replace(msgspec.structs.replace(record, board=None)))
    command = ["usb", "verify", "--site", str(site), "--port", board.port, "--point", POINT]
    assert main(command) == 0
    wait_for(lambda: board.resets == 1, "its start after the questions")  # until then what is typed is lost
    said = capsys.readouterr().out
    assert "geschreven met de bestanden van make image" in " ".join(said.replace("│", " ").split())
    assert f"Bord {MAC} staat van nu af in de lijst bij {POINT}." in said
    attached = inventory.boards(site)[POINT].board
    assert attached is not None
    assert (attached.mac, attached.type, attached.flashed_at) == (MAC, "esp32_devkitc_ve", NOW)
    assert main(command) == 0
    assert "staat van nu af" not in capsys.readouterr().out


def test_a_revoked_board_is_told_from_a_good_one(site: Path, board: UsbBoard) -> None:
    Authority.open(site, PASSPHRASE, NOW).revoke(POINT, "stolen", NOW)
    assert "verify.certificate-revoked" in wrong(site, board)


def test_an_empty_board(site: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with UsbBoard(tmp_path / "empty") as empty:
        wait_for(lambda: empty.resets == 0, "the first start")
        codes = wrong(site, empty)
    assert codes == {"verify.point-none"}


def test_each_difference_by_itself(site: Path, board: UsbBoard) -> None:
    found = verify.ask(RemoteBoard(board.port))
    wanted = verify.expected(load_site(site), POINT, NOW)
    assert wanted.record is not None
    assert wanted.record.board is not None
    other_board = msgspec.structs.replace(wanted.record.board, mac="24:6f:28:00:00:01")
    older = msgspec.structs.replace(wanted.record.board, micropython="v1.26.1")
    changes = {
        "verify.board-other": {"record": msgspec.structs.replace(wanted.record, board=other_board)},
        "verify.micropython-other": {"record": msgspec.structs.replace(wanted.record, board=older)},
        "verify.authority-other": {"authorities": frozenset({"0" * 64})},
        "verify.update-key-other": {"update_key": "0" * 64},
        "verify.firmware-differs": {"firmware": wanted.firmware | {"node/app.mpy": "0" * 64}},
        "verify.certificate-ended": {"at": NOW + timedelta(days=2000)},
        "verify.config-other": {"config": wanted.config | {"interval_s": 5}},
    }
    for code, change in changes.items():
        findings = {f.code: f for _, f in verify.compare(found, msgspec.structs.replace(wanted, **change))}
        assert findings[code].level > Level.FINE
    assert findings["verify.config-other"].values["keys"] == "interval_s"
    without = msgspec.structs.replace(found, update_key=None)
    assert "verify.update-key-none" in {f.code for _, f in verify.compare(without, wanted)}
    gone = msgspec.structs.replace(wanted, **changes["verify.board-other"], revoked=frozenset({wanted.record.serial}))
    steps = [texts.row(f.code, f.values, "nl")[1] for _, f in verify.compare(found, gone)]
    assert not any("make flash" in step for step in steps), "another board has its place"


def test_nothing_secret_leaves_the_board(board: UsbBoard, written: Written) -> None:
    said = RemoteBoard(board.port).run(verify._ASK)
    assert "not-on-any-label" not in said
    assert written.files["tls/key.der"].hex() not in said


def test_verify_as_the_technician_calls_it(site: Path, board: UsbBoard, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["usb", "verify", "--site", str(site), "--port", board.port]
    assert main([*command, "--point", POINT]) == 0
    assert "Alles klopt" in capsys.readouterr().out
    assert main([*command, "--point", "nsp-9999"]) == 2
    assert "nsp-9999" in capsys.readouterr().err


def test_an_update_over_usb_is_installed_in_the_other_slot(site: Path, board: UsbBoard, tmp_path: Path) -> None:
    key = Authority.open(site, PASSPHRASE, NOW).update_key()
    path = tmp_path / "new.bundle"
    path.write_bytes(bundle.make(firmware(), BUILD + 60, key))
    assert attached.update(RemoteBoard(board.port), path) == (BUILD + 60, "b")
    assert json.loads((board.flash / "slot.json").read_text())["trial"] == "b"
    assert json.loads((board.flash / "b/manifest.json").read_text())["build"] == BUILD + 60
    assert not (board.flash / "update.bundle").exists()


def test_a_bundle_with_another_signature_is_refused_and_nothing_changes(
    site: Path, board: UsbBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(bundle.make(firmware(), BUILD + 60, Authority.open(site, PASSPHRASE, NOW).update_key()))
    signature = len(bundle.manifest(firmware(), BUILD + 60)) + 12
    data[signature + 100] ^= 1
    path = tmp_path / "other.bundle"
    path.write_bytes(data)
    assert main(["usb", "update", "--port", board.port, "--bundle", str(path)]) == 1
    assert "het bord weigert" in capsys.readouterr().err
    assert not (board.flash / "slot.json").exists()
    assert not (board.flash / "update.bundle").exists()


def test_the_lamp_blinks_on_the_pin_of_the_board(board: UsbBoard) -> None:
    attached.identify(RemoteBoard(board.port), seconds=1)
    led = load_board("esp32_devkitc_ve").pins.led
    assert (board.flash / "blinked").read_text() == f"{led}=1 {led}=0 " * 4


# The console


def test_lines_of_the_console_get_their_time_and_known_faults_their_meaning() -> None:
    out, kept = io.StringIO(), io.StringIO()
    times = (NOW + timedelta(milliseconds=250 * n) for n in itertools.count())
    lines = iter(["I link up", "Brownout detector was triggered", "\x1b[2Jsly"])
    console.write_log(lines, out, kept, lambda: next(times), "/dev/ttyUSB0", "nl")
    said = out.getvalue().splitlines()
    assert said[0] == "12:00:00.000  I link up"
    assert "te weinig spanning" in said[2]
    assert said[3] == "12:00:00.500  \N{REPLACEMENT CHARACTER}[2Jsly"
    assert kept.getvalue() == out.getvalue()


def test_lines_are_put_together_from_pieces_and_noise_is_bounded() -> None:
    pieces = iter([b"I li", b"nk up\r\nW broker ", b"gone\n\xff" + b"x" * 1200, b"\nI late", b""])
    lines = list(console.split(lambda _: next(pieces), forever=False))
    assert lines[:2] == ["I link up", "W broker gone"]
    assert lines[-1] == "I late"
    assert all(len(line) <= 1300 for line in lines)


def test_a_console_is_followed_over_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as board:

        def talk() -> None:
            connection, _ = board.accept()
            connection.settimeout(0.05)
            with connection, contextlib.suppress(ConnectionError):  # the port may be closed between two lines
                while True:  # opening a port throws away what waited in it, so say it again
                    connection.sendall(b"I li")
                    connection.sendall(b"nk up\r\n")
                    with contextlib.suppress(TimeoutError):
                        connection.recv(1)
                        return  # the technician has seen enough

        talking = threading.Thread(target=talk)
        talking.start()
        lines = console.follow(f"socket://127.0.0.1:{board.getsockname()[1]}")
        assert "I link up" in list(itertools.islice(lines, 3))
        lines.close()
        talking.join(LIMIT_S)


def test_a_kept_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    with console.keep(tmp_path / "logs", POINT, datetime(2026, 11, 24, 14, 30, tzinfo=UTC)) as kept:
        assert Path(kept.name).name == "nsp-0101-20261124-143000.log"
        assert Path(kept.name).stat().st_mode & 0o777 == 0o600


def test_a_port_that_is_gone_is_an_error_with_the_next_step() -> None:
    with pytest.raises(console.ConsoleError, match="make doctor"):
        next(console.follow("/dev/ttyUSB-not-there"))
    assert console.listen("/dev/ttyUSB-not-there") == ""


@pytest.mark.parametrize("kind", ["esp32", "esp32s3"])
def test_the_chip_behind_a_port_is_named(kind: str) -> None:
    with VirtualBoard(kind) as virtual:
        assert chip.chip_of(virtual.port).chip == kind


@pytest.mark.parametrize(("kind", "cap", "psram_mib"), [("esp32", 0, None), ("esp32s3", 0, 0), ("esp32s3", 1, 8)])
def test_the_psram_is_told_where_the_chip_knows_it(kind: str, cap: int, psram_mib: int | None) -> None:
    with VirtualBoard(kind, psram_cap=cap) as virtual:
        assert chip.chip_of(virtual.port) == chip.Found(kind, psram_mib)


def test_a_port_without_a_chip_says_why() -> None:
    with pytest.raises(OSError, match=r".+"):
        chip.chip_of("/dev/ttyUSB-not-there")
