"""What is measured of the machine: on the real disk and kernel, with a upsc and supplies made up."""

import ctypes
import os
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

from paraat.domain.own import Backup, DiskSpace, HostPower, HostTime, full_in_h
from paraat.runtime.host_probe import HostProbe, clock_synchronised, read_supplies, read_upsc

NOTHING = Path("/nonexistent")
GB = 10**9


def a_upsc(folder: Path, monkeypatch: pytest.MonkeyPatch, told: str, code: int = 0) -> None:
    """A upsc on the path that says this, as NUT's own prints it."""
    script = folder / "upsc"
    script.write_text(f"#!/bin/sh\n[ \"$1\" = ups@localhost ] || exit 1\ncat <<'END'\n{told}\nEND\nexit {code}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def supply(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir(parents=True)
    for file, text in files.items():
        (folder / name / file).write_text(f"{text}\n")


def measured(probe: HostProbe, kind: type) -> list[object]:
    probe.measure()
    return [view for view in probe.views() if type(view) is kind]


def test_the_disk_as_it_is(tmp_path: Path) -> None:
    [found] = measured(HostProbe(tmp_path, supplies=NOTHING), DiskSpace)
    assert isinstance(found, DiskSpace)
    assert 0 <= found.free <= found.total
    assert found.full_in_h is None  # too short to say
    assert measured(HostProbe(NOTHING, supplies=NOTHING), DiskSpace) == []


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex(2) is Linux's")
def test_the_clock_as_the_kernel_knows_it(tmp_path: Path) -> None:
    buffer = ctypes.create_string_buffer(512)
    state = ctypes.CDLL(None).adjtimex(buffer)
    unsynchronised = bool(struct.unpack_from("@Illlli", buffer.raw)[-1] & 0x40) or state == 5
    assert clock_synchronised() is not unsynchronised
    assert measured(HostProbe(tmp_path, supplies=NOTHING), HostTime)[0] == HostTime(
        now=pytest.approx(time.time(), abs=60), synchronised=not unsynchronised
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("battery.charge: 87\nbattery.runtime: 5400\nups.status: OB DISCHRG", (True, 87.0, 1.5)),
        ("ups.status: OL CHRG\nbattery.charge: 100", (False, 100.0, None)),
        ("ups.status: OL\nbattery.charge: n/a", (False, None, None)),
        ("ups.status: WAIT", None),
        ("", None),
    ],
)
def test_a_ups_by_nut(
    told: str, expected: tuple[bool, float, float] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_upsc(tmp_path, monkeypatch, told)
    assert read_upsc("ups@localhost") == expected
    assert read_upsc("other@localhost") is None
    found = measured(HostProbe(tmp_path, supplies=NOTHING), HostPower)
    assert [type(one) for one in found] == ([HostPower] if expected else [])


def test_a_upsc_that_fails_and_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_upsc(tmp_path, monkeypatch, "ups.status: OL", code=1)
    assert read_upsc("ups@localhost") is None
    monkeypatch.setenv("PATH", str(NOTHING))
    assert read_upsc("ups@localhost") is None


def test_the_kernels_own_supplies(tmp_path: Path) -> None:
    assert read_supplies(tmp_path) is None
    supply(tmp_path, "BAT0", type="Battery", capacity="64")
    assert read_supplies(tmp_path) is None  # a battery alone says nothing of the mains
    supply(tmp_path, "AC", type="Mains", online="0")
    assert read_supplies(tmp_path) == (True, 64.0, None)
    (tmp_path / "AC/online").write_text("1\n")
    assert read_supplies(tmp_path) == (False, 64.0, None)
    supply(tmp_path, "hidden", type="USB", online="0")
    assert read_supplies(tmp_path) == (False, 64.0, None)


def test_the_newest_backup(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    probe = HostProbe(tmp_path, backups=folder, supplies=NOTHING)
    (found,) = measured(probe, Backup)
    assert found == Backup(now=pytest.approx(time.time(), abs=60), newest_t=None)
    folder.mkdir()
    for name, t in (("old.tar", 1000.0), ("new.tar", 2000.0)):
        (folder / name).write_text("x")
        os.utime(folder / name, (t, t))
    (found,) = measured(probe, Backup)
    assert isinstance(found, Backup)
    assert found.newest_t == 2000.0
    (one,) = measured(HostProbe(tmp_path, backups=folder / "old.tar", supplies=NOTHING), Backup)
    assert isinstance(one, Backup)
    assert one.newest_t == 1000.0
    assert measured(HostProbe(tmp_path, supplies=NOTHING), Backup) == []


def test_what_was_measured_long_ago_says_nothing_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = HostProbe(tmp_path, supplies=NOTHING)
    assert probe.views() == []
    probe.measure()
    assert probe.views() != []
    later = time.monotonic() + 301
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert probe.views() == []


def test_it_measures_until_it_is_stopped(tmp_path: Path) -> None:
    probe, stop = HostProbe(tmp_path, supplies=NOTHING), threading.Event()
    stop.set()
    probe.run(stop)
    assert probe.views() == []


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ([(0, 50 * GB), (3599, 40 * GB)], None),  # too short
        ([(0, 50 * GB), (3600, 40 * GB)], 4.0),
        ([(3600 * h, (50 - h) * GB) for h in range(25)], 26.0),
        ([(3600 * h, 50 * GB + h) for h in range(25)], None),  # it does not fill
        ([(3600 * h, 50 * GB - h) for h in range(25)], None),  # noise
        ([(0, 50 * GB)], None),
        ([], None),
    ],
)
def test_hours_until_the_disk_is_full(free: list[tuple[float, int]], expected: float | None) -> None:
    assert full_in_h(free, 100 * GB) == (None if expected is None else pytest.approx(expected))
