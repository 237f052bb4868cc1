"""A board with slots, a real broker, `paraat serve` beside it, and `paraat update` as a coordinator runs it."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from paraat.boards.node_config import node_config
from paraat.provision.bundle import bundle
from paraat.provision.bundle.bundle import Firmware
from paraat.provision.pki.authority import Authority
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK, find_broker, free_port
from paraat.site import paths
from paraat.site.site import load_site
from paraat_wire import host_codec, topics
from waiting import LIMIT_S

PARAAT = str(Path(sys.executable).parent / "paraat")
PASSPHRASE = "made for a test only"
POINT = story.PARTS[0].point
SPEED = 8.0  # of the board's time
_TELL_EVERY_S = 0.5


class Scene:
    """A site with its authority, broker, host, and one board that runs build 1 in slot a. Use it in `with`."""

    def __init__(self, directory: Path) -> None:
        self.broker = find_broker("auto", directory / "broker")
        self.site = directory / "site"
        self.firmware = bundle.compile_firmware()
        self._directory = directory
        self._passphrase = directory / "passphrase"
        self._passphrase.write_text(PASSPHRASE)
        self._passphrase.chmod(0o600)
        self._serve: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._tell_the_time)

    def _tell_the_time(self) -> None:
        """The host does so each minute, in which this board's fast clock runs ahead of what a command's expiry allows."""
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect(LOOPBACK, self.broker.port)
        client.loop_start()
        while not self._over.wait(_TELL_EVERY_S):
            client.publish(topics.TIME, host_codec.encode_time(time.time()))
        client.disconnect()
        client.loop_stop()

    def __enter__(self) -> "Scene":
        self.broker.start()
        (self.site / "points").mkdir(parents=True)
        point = (paths.example_site_dir() / "points" / f"{POINT}.toml").read_text(encoding="utf-8")
        (self.site / "points" / f"{POINT}.toml").write_text(point, encoding="utf-8")
        (self.site / "site.toml").write_text(
            f'[site]\nregion = "Proef"\n[broker]\nport = {self.broker.port}\n[web]\nport = {free_port()}\n'
        )
        self.authority = Authority.create(self.site, "Proef", PASSPHRASE, (LOOPBACK,), datetime.now(UTC))
        with (self._directory / "serve.log").open("wb") as log:
            self._serve = subprocess.Popen(
                [PARAAT, "serve", "--site", str(self.site)], stderr=log, stdin=subprocess.DEVNULL
            )
        self._clock.start()
        self.board = self._make_board()
        self.board.start()
        return self

    def _make_board(self) -> boards.SimulatedBoard:
        site = load_site(self.site)
        limits = {"host": LOOPBACK, "port": self.broker.port, "timeout_s": int(5 * SPEED), "retry_max_s": 4}
        config = node_config(site, POINT, broker=limits) | {"interval_s": 5, "link": {}, "watchdog_s": 300}
        scenario = story.scenario(
            story.PARTS[0], site.points[POINT], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED
        )
        flash = {**self.firmware.slot("a", 1), "update.pub": self.authority.update_public()}
        built = boards.build(self._directory / "built")
        return boards.SimulatedBoard(self._directory / "board", config, scenario, built, flash)

    def write_bundle(self, firmware: Firmware, build: int) -> Path:
        path = self._directory / f"build-{build}.bundle"
        path.write_bytes(bundle.make(firmware, build, self.authority.update_key()))
        return path

    def update(self, *words: str, limit_s: float = 5 * LIMIT_S) -> subprocess.CompletedProcess[str]:
        """`paraat update` of the point."""
        passphrase = ("--passphrase-file", str(self._passphrase))
        return self.run("update", "--site", str(self.site), *passphrase, POINT, *words, limit_s=limit_s)

    def run(self, *words: str, limit_s: float = 5 * LIMIT_S) -> subprocess.CompletedProcess[str]:
        """`paraat` with these words; the board is started again whenever it resets."""
        command = [PARAAT, *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + limit_s
            while process.poll() is None and time.monotonic() < deadline:
                self.board.start_again()
                time.sleep(0.05)
            if process.poll() is None:
                process.kill()
            out, error = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, error)

    def __exit__(self, *_: object) -> None:
        self.board.stop()
        self._over.set()
        self._clock.join()
        if self._serve is not None:
            self._serve.terminate()
            self._serve.wait(LIMIT_S)
        self.broker.stop()
