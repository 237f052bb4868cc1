"""A site whose boards would never reach it: no command ends in "ready and recorded", and what ANYWAY=1 let through is said last."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from flashing import PASSPHRASE, make_site
from paraat.cli.main import main
from paraat.provision.bundle import daybundle
from paraat.site import inventory
from virtual_board import VirtualBoard

pytestmark = pytest.mark.usefixtures("english")
POINT = "nsp-0101"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_site(tmp_path_factory.mktemp("plain") / "site", datetime.now(UTC))
    (folder / "pass").write_text(PASSPHRASE)
    (folder / "pass").chmod(0o600)
    return folder


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


def change(site: Path, old: str, new: str) -> None:
    path = site / "site.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def end(site: Path, kind: str) -> None:
    """As on the day after its five years."""
    known = inventory.load(site)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    changed = [msgspec.structs.replace(r, not_after=yesterday) for r in known.certificates if r.kind == kind]
    inventory.save(site, known.replace(*changed))


SPOILT = {
    "loopback": (lambda site: change(site, '"10.0.0.2"', '"127.0.0.1"'), "that is the board itself"),
    "no-address": (lambda site: change(site, '"10.0.0.2"', '"0.0.0.0"'), "that is the board itself"),
    "plain port": (lambda site: change(site, "port = 8883", "port = 1883"), "the port without TLS"),
    "plain": (lambda site: change(site, 'ca_file = "pki/ca.crt"\ncert_file = "pki/host.crt"\nkey_file = "pki/host.key"\n', ""),
              "without TLS"),
    "broker": (lambda site: end(site, "broker"), "certificate of the broker (127.0.0.1) ended"),
    "host": (lambda site: end(site, "host"), "certificate of the host (paraat-host) ended"),
    "name": (lambda site: change(site, '"10.0.0.2"', '"cp.elsewhere.lan"'), "its certificate is for 127.0.0.1, 10.0.0.2"),
}  # fmt: skip


def run(command: str, site: Path, tmp_path: Path, port: str, *more: str) -> int:
    own = {
        "day-bundle": ["--out", str(tmp_path / "day")],
        "image": ["--out", str(tmp_path / "image"), "--passphrase-file", str(site / "pass"), POINT],
        "flash": ["--port", port, "--passphrase-file", str(site / "pass"), POINT],
    }
    return main([command, "--site", str(site), *own[command], *more])


@pytest.mark.parametrize("kind", SPOILT)
def test_it_is_refused_before_the_board_is_touched(
    kind: str, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, said = SPOILT[kind]
    spoil(site)
    assert run("flash", site, tmp_path, "/dev/no-board") == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert "ready and recorded" not in shown.out
    assert POINT not in inventory.boards(site)


def test_an_interval_above_the_silence_limit_is_refused(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    point = site / "points" / f"{POINT}.toml"
    point.write_text(point.read_text().replace("interval_s = 60", "interval_s = 400"))
    assert run("flash", site, tmp_path, "/dev/no-board") == 2
    assert "one set that is late or lost makes the point silent" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["day-bundle", "image", "flash"])
def test_let_through_it_is_the_last_line_and_on_the_record(
    command: str, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daybundle, "pip_wheels", lambda _lock, target: target.mkdir())
    SPOILT["loopback"][0](site)
    with VirtualBoard() as board:
        assert run(command, site, tmp_path, board.port) == 1
        assert POINT not in inventory.boards(site)
        capsys.readouterr()
        assert run(command, site, tmp_path, board.port, "--anyway") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("LET THROUGH with ANYWAY=1 for nsp-0101")
    assert "127.0.0.1: that is the board itself" in last
    if command != "day-bundle":
        assert "that is the board itself" in (inventory.boards(site)[POINT].anyway or "")
