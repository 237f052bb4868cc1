"""What a technician types wrongly, and what make says: in Dutch, with the points, and without make's own last line."""

import os
import pty
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paraat.cli.main import _parser
from paraat.site import paths
from paraat.texts import Words

ROOT = paths.firmware_dir().parent
ENGINE = ("make", "-o", ".venv/technician.stamp", "SITE=deploy/site.example")


def of_a_person() -> dict[str, str]:
    """The environment without what a `make` around the tests, or a setting of ours, puts into it."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PARAAT") and key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }


def typed(*words: str, engine: tuple[str, ...] = ENGINE, cwd: Path = ROOT, **environment: str) -> tuple[int, str]:
    """What a person at a screen sees, and whether it failed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*engine, *words], cwd=cwd, env=of_a_person() | environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            said += more
    os.close(ours)
    return process.returncode, said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("flash",), "make: zeg welk: make flash POINT=nsp-0101\n"),
        (("replace",), "make: zeg welk: make replace POINT=nsp-0101\n"),
        (("verify",), "make: zeg welk: make verify POINT=nsp-0101\n"),
        (("update",), "make: zeg welk: make update POINT=nsp-0101\n"),
        (("identify",), "make: zeg welk: make identify POINT=nsp-0101\n"),
        (("image", "POINT=nsp-0101"), "make: zeg welk: make image OUT=folder POINT=nsp-0101\n"),
        (("bring-back",), "make: zeg welk: make bring-back FROM=/media/usb/paraat-day\n"),
        (("flash", "point=nsp-0101"), "make: schrijf dit met hoofdletters: POINT=\n"),
        (("doctor", "port=/dev/ttyUSB0"), "make: schrijf dit met hoofdletters: PORT=\n"),
        (("flas", "POINT=nsp-0101"), "make: er is geen opdracht 'flas'. Bedoelde u: make flash"),
    ],
)
def test_a_slip_of_the_finger_gets_help_and_the_points(words: tuple[str, ...], expected: str) -> None:
    code, said = typed(*words)
    assert code != 0
    assert said.startswith(expected)
    assert "nsp-0102       Sporthal Het Anker" in said
    assert "***" not in said


def test_where_there_is_no_region_the_folder_is_named() -> None:
    for words in (("flas",), ("flash",)):
        _, said = typed(*words, "SITE=nergens")
        assert "\nnergens: de map van de regio is er niet. Haal hem op bij het coördinatiepunt." in said
        assert "de punten van deze regio" not in said


def test_after_a_clear_message_make_says_nothing_of_its_own() -> None:
    code, said = typed("flash", "POINT=nsp-0101")
    assert code != 0
    assert said.startswith("paraat: ")
    assert len(said.splitlines()) == 1


def test_a_script_gets_the_exit_code_and_makes_own_line() -> None:
    command = [*ENGINE, "flash", "POINT=nsp-0101"]
    run = subprocess.run(command, cwd=ROOT, env=of_a_person(), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Error 1" in run.stderr


def test_without_internet_and_without_a_bundle_it_is_one_sentence(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "host", "requirements"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "requirements" / "technician.lock").write_text("anyio==4.0 --hash=sha256:" + "0" * 64 + "\n")
    # A .venv that was made before: to make one takes ten seconds of processor time.
    ours = tmp_path / ".venv" / "bin" / "python"
    ours.parent.mkdir(parents=True)
    ours.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    ours.chmod(0o755)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    code, said = typed("tools", engine=("make",), cwd=tmp_path, **nowhere)
    assert code != 0
    _, only = said.splitlines()
    assert only.startswith("make: de pakketten zijn niet op te halen: hier is geen internet. Maak waar internet is")
    assert "anyio" not in said


def test_the_points_of_a_renewal_stand_where_the_command_takes_them() -> None:
    """Behind the options it took none."""
    command = [*ENGINE, "-n", "renew", "POINTS=nsp-9998 nsp-9999"]
    made = subprocess.run(command, cwd=ROOT, env=of_a_person(), capture_output=True, text=True, check=True).stdout
    line = next(line for line in made.splitlines() if "paraat pki renew" in line).split("||")[0]
    _, *words = line.split()
    args = _parser(Words("en")).parse_args(words)
    assert (args.which, args.points) == ("boards", ["nsp-9998", "nsp-9999"])
