"""A loop that hangs is seen, one that waits for work is not called hung; and systemd hears it."""

import socket
import threading
from pathlib import Path

import pytest

from paraat.runtime import systemd
from paraat.runtime.progress import Progress
from waiting import LIMIT_S


class Seconds:
    """A clock that a test turns."""

    s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_loop_that_takes_longer_than_it_may_hangs_and_one_that_waits_does_not() -> None:
    clock = Seconds()
    progress = Progress(clock)
    progress.works("tick", 10.0)
    progress.works("influx", 10.0)
    progress.waits("influx")
    progress.waits("nobody")
    clock.s = 10.0
    assert (progress.hung(), progress.loops()) == ({}, {"tick": 0.0, "influx": 0.0})
    clock.s = 10.5
    assert progress.hung() == {"tick": 10.5}
    progress.works("tick", 10.0)
    assert progress.hung() == {}
    clock.s = 30.0
    assert progress.hung() == {"tick": 19.5}
    progress.ended("tick")
    assert progress.loops() == {"influx": 0.0}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """systemd's end, of the real kind of socket."""
    path = tmp_path / "notify"
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(path))
    heard.settimeout(LIMIT_S)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    return heard


def test_systemd_hears_that_all_gets_on_and_nothing_more_when_it_does_not(told: socket.socket) -> None:
    stop, hangs = threading.Event(), [""]
    assert systemd.notify("READY=1")
    assert told.recv(1000) == b"READY=1"
    watching = threading.Thread(target=systemd.watch, args=(stop, lambda: hangs[0]))
    watching.start()
    try:
        assert told.recv(1000) == b"WATCHDOG=1\nSTATUS="
        hangs[0] = "the judging of the points hangs"
        while (said := told.recv(1000)) == b"WATCHDOG=1\nSTATUS=":
            pass
        assert said == b"STATUS=the judging of the points hangs"
        assert told.recv(1000) == said
    finally:
        stop.set()
        watching.join(LIMIT_S)
    told.close()


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert not systemd.notify("READY=1")
    assert systemd.every_s() == 10.0
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert not systemd.notify("READY=1")


def test_the_unit_asks_for_signs_and_starts_what_hangs_anew() -> None:
    unit = (Path(__file__).parents[3] / "deploy" / "systemd" / "paraat.service").read_text(encoding="utf-8")
    keys = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    assert (keys["Type"], keys["NotifyAccess"], keys["Restart"]) == ("notify", "main", "always")
    assert float(keys["WatchdogSec"]) > 2 * systemd._EVERY_S
    assert "paraat serve --site" in keys["ExecStart"]
