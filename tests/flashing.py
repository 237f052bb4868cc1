"""A site with an authority, a session on it, and a watcher that remembers."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from paraat.boards.boards import load_board
from paraat.provision.bundle.bundle import Firmware, compile_firmware
from paraat.provision.flash import selftest
from paraat.provision.flash.session import Session
from paraat.provision.pki.authority import Authority
from paraat.site import paths
from paraat.site.site import Site, load_site
from virtual_board import micropython
from waiting import LIMIT_S

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PASSPHRASE = "correct horse battery"
BROKER = """port = 8883
boards_host = "10.0.0.2"
ca_file = "pki/ca.crt"
cert_file = "pki/host.crt"
key_file = "pki/host.key"
"""
WIFI = '[wifi]\nssid = "paraat"\npassword = "not-on-any-label"\n'


@lru_cache
def firmware() -> Firmware:
    return compile_firmware()


def make_site(folder: Path, now: datetime = NOW) -> Path:
    """A copy of the example, its authority, its Wi-Fi, and an image of MicroPython."""
    shutil.copytree(paths.example_site_dir(), folder)
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace("port = 1883\n", BROKER))
    (folder / "secrets.toml").write_text(WIFI)
    (folder / "secrets.toml").chmod(0o600)
    (folder / "firmware").mkdir()
    board = load_board("esp32_devkitc_ve")
    (folder / "firmware" / f"{board.firmware.image}-20260101-v1.28.0.bin").write_bytes(micropython(board))
    Authority.create(folder, "Proef", PASSPHRASE, ("127.0.0.1", "10.0.0.2"), now)
    return folder


@lru_cache
def authority(folder: Path) -> Authority:
    """The site's authority; opening it takes a tenth of a second."""
    return Authority.open(folder, PASSPHRASE, NOW)


class Watcher:
    """Remembers the steps. at: called with each step."""

    def __init__(self, at: Callable[[str, str], None] = lambda point, step: None) -> None:
        self.steps: list[tuple[str, str]] = []
        self.parts: list[float] = []
        self._at = at

    def step(self, point: str, step: str) -> None:
        self.steps.append((point, step))
        self._at(point, step)

    def progress(self, point: str, part: float) -> None:
        self.parts.append(part)


def read_quickly(device: str, **options: Any) -> selftest.Report:
    return selftest.read(device, limit_s=LIMIT_S, **options)


def open_session(folder: Path, watcher: Watcher | None = None, *, replace: bool = False, **options: Any) -> Session:
    site: Site = load_site(folder)
    return Session(
        site,
        options.pop("authority", None) or authority(folder),
        firmware(),
        watcher or Watcher(),
        now=options.pop("now", lambda: NOW),
        language="en",
        replace=replace,
        read_report=options.pop("read_report", read_quickly),
        **options,
    )
