import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flashing import PASSPHRASE, make_site
from paraat.cli import main as cli
from paraat.provision.flash.session import Prepared, Session
from paraat.provision.image import image
from paraat.provision.pki.certificates import Issued
from paraat.provision.usb import ports
from paraat.site import inventory
from virtual_board import VirtualBoard
from waiting import wait_for

POINT = "nsp-0101"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(tmp_path_factory.mktemp("template") / "site", datetime.now(UTC))  # the command looks at the clock


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(template, tmp_path / "site"))
    (folder / "pass").write_text(PASSPHRASE)
    (folder / "pass").chmod(0o600)
    return folder


@pytest.fixture
def board() -> Iterator[VirtualBoard]:
    with VirtualBoard() as found:
        yield found


def run(command: str, site: Path, *arguments: str) -> int:
    words = [command, "--site", str(site), *arguments]
    if command != "erase":
        words += ["--passphrase-file", str(site / "pass")]
    return cli.main(words)


def test_flash_says_what_was_done_and_what_to_do_next(
    site: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("flash", site, POINT, "--port", board.port) == 0
    said = capsys.readouterr().out
    for words in ("nsp-0101, Buurthuis De Linde: zelftest", "zegt niets", "is klaar en vastgelegd", "Plak het label"):
        assert words in said
    assert PASSPHRASE not in said
    assert "not-on-any-label" not in said


def test_four_boards_and_one_bad_one_on_the_screen(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = [POINT, "nsp-0102", "nsp-0103", "nsp-0201"]
    with (
        VirtualBoard(number=1) as a,
        VirtualBoard("esp32s3", number=2) as bad,
        VirtualBoard(number=3) as c,
        VirtualBoard(number=4) as d,
    ):
        where = [word for one in (a, bad, c, d) for word in ("--port", one.port)]
        assert run("flash", site, *points, *where, "--language", "en") == 1
    said = capsys.readouterr().out
    assert said.count("is ready and recorded") == 3
    assert said.count("FAILED") == 1
    assert "nsp-0102 on socket://" in said
    assert "there is an ESP32-S3, and ESP32-DevKitC-VE has an ESP32. Take the right board" in said
    assert "Nothing of nsp-0102 was recorded." in said
    assert "3 of 4 boards ready." in said


def test_a_replacement_that_fails_leaves_the_old_board_and_says_so(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with VirtualBoard(number=1) as good:
        assert run("flash", site, POINT, "--port", good.port) == 0
    old = inventory.boards(site)[POINT].board
    assert old is not None
    with VirtualBoard("esp32s3", number=2) as bad:
        assert run("replace", site, POINT, "--port", bad.port) == 1
    assert f"{POINT} houdt bord {old.serial}." in capsys.readouterr().out


def test_the_build_of_micropython_is_named(site: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("flash", site, POINT, "--port", board.port) == 0
    assert "MicroPython voor esp32_devkitc_ve: ESP32_GENERIC-SPIRAM-20260101-v1.28.0.bin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nsp-9999"], "Punt nsp-9999 bestaat niet in deze regio. Kijk de naam na; er zijn: nsp-0101, "),
        ([POINT, POINT], "Punt nsp-0101 is twee keer genoemd"),
        ([POINT, "--board", "esp32_s3_devkitc"], "heeft volgens zijn bestand een esp32_devkitc_ve"),
        ([POINT, "--port", "a", "--port", "b"], "2 poorten voor 1 punten"),
        ([POINT], "Geen bord gevonden op USB. Sluit het aan"),
        ([POINT, "nsp-0102"], "Er zijn 2 borden nodig, en 0 aangesloten: -"),
        ([POINT, "--firmware", "gone.bin"], "gone.bin: dat bestand of die map bestaat niet"),
    ],
)
def test_a_wrong_order_is_one_line_and_touches_nothing(
    site: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "board_ports", list)
    assert run("flash", site, *arguments) == 1
    assert words in capsys.readouterr().err
    assert inventory.load(site).of(POINT) == []


def test_ctrl_c_ends_with_the_shells_code(
    site: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(running: Session, prepared: Prepared, issued: Issued) -> image.Image:
        signal.raise_signal(signal.SIGINT)  # Python handles it in the main thread, which waits for the board
        wait_for(lambda: running.stopped)
        return make(running, prepared, issued)

    make = Session.make
    monkeypatch.setattr(Session, "make", press)
    assert run("flash", site, POINT, "--port", board.port) == 130
    assert "Gestopt" in capsys.readouterr().out
    assert inventory.boards(site) == {}


def test_a_certificate_that_cannot_be_revoked_is_named_with_the_next_step(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        monkeypatch.setattr(inventory, "write_atomic", no_room)
        raise image.ImageError("no room for it")

    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(image, "save", fill)
    assert run("image", site, POINT, "--out", str(tmp_path / "out")) == 1
    [left] = inventory.load(site).of(POINT, "pending")
    said = capsys.readouterr()
    assert "no room for it" in said.err
    assert f"paraat pki revoke {left.serial} " in said.out
    monkeypatch.undo()
    words = ["pki", "revoke", left.serial, "--reason", "mislukt", "--site", str(site)]
    assert cli.main([*words, "--passphrase-file", str(site / "pass")]) == 0
    assert inventory.load(site).of(POINT, "pending") == []


def test_image_keeps_what_flash_would_write_and_its_certificate_counts(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("image", site, POINT, "--out", str(out)) == 0
    assert (out / "flash.bin").stat().st_size == 4 * 1024 * 1024
    assert (out / "files" / "tls" / "key.der").is_file()
    [record] = inventory.load(site).of(POINT)
    assert record.state == "valid"
    assert record.serial in capsys.readouterr().out
    assert run("image", site, POINT, "--out", str(out)) == 1
    assert "make replace POINT=nsp-0101" in capsys.readouterr().err


def test_erase_asks_and_says_whose_board_it_was(
    site: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = ("--board", "esp32_devkitc_ve", "--port", board.port)

    def no_keyboard(_: str) -> str:
        raise EOFError

    for answer in (lambda _: "nee", no_keyboard):
        monkeypatch.setattr("builtins.input", answer)
        assert run("erase", site, *order) == 1
        assert "Niets gewist" in capsys.readouterr().out
    assert run("flash", site, POINT, "--port", board.port) == 0
    monkeypatch.setattr("builtins.input", lambda _: "ja")
    assert run("erase", site, *order) == 0
    assert set(board.flash) <= {0xFF}
    assert "paraat pki revoke nsp-0101" in capsys.readouterr().out


def test_erase_wants_a_board_that_is_known(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("erase", site, "--board", "esp64", "--port", "x", "--yes") == 1
    assert "esp32_devkitc_ve" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda site: (site / "pass").write_text("verkeerde wachtzin"), "ca.key: de wachtzin klopt niet. Probeer het"),
        (lambda site: (site / "pki" / "ca.key").chmod(0o644), "ca.key heeft de rechten 0644. Doe: `chmod 600"),
        (lambda site: (site / "pki" / "ca.key").unlink(), "is niet op deze machine: "),
        (lambda site: shutil.rmtree(site / "firmware"), "Er is geen MicroPython voor ESP32-DevKitC-VE"),
        (
            lambda site: (site / "secrets.toml").unlink(),
            "secrets.toml: gevonden: geen bestand; verwacht: [wifi] met ssid",
        ),
        (
            lambda site: (site / "secrets.toml").chmod(0o644),
            "secrets.toml: gevonden: rechten 0644; verwacht: rechten 06",
        ),
        (lambda site: (site / "site.toml").unlink(), "site.toml: gevonden: geen bestand; verwacht"),
    ],
)
def test_what_is_wrong_with_the_region_is_said_in_dutch(
    site: Path, board: VirtualBoard, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], object], words: str
) -> None:
    spoil(site)
    assert run("flash", site, POINT, "--port", board.port) != 0
    said = capsys.readouterr()
    assert words in (said.out + said.err).replace("\n", " ")
