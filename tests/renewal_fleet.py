"""A fleet of boards with the real firmware, mosquitto with the project's own files, `paraat serve`, and the commands of a renewal.

The authority ends within the test, so that what was not renewed is refused for good.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paraat.boards.node_config import node_config
from paraat.provision.pki import broker_config, certificates, passphrase
from paraat.provision.pki.authority import Authority
from paraat.simulate import boards, story
from paraat.simulate.servers import LOOPBACK, MosquittoBroker, free_port
from paraat.site import inventory, paths
from paraat.site.inventory import Board
from paraat.site.site import Site, load_site
from waiting import LIMIT_S, wait_for

PARAAT = str(Path(sys.executable).parent / "paraat")
PASSPHRASE = "made for a test only"
SPEED = 2.0  # of the boards' time: the host tells it each minute, and a command may be two minutes old
_WORDS = """[site]
region = "Proef"
[broker]
port = {port}
host = "127.0.0.1"
ca_file = "pki/ca.crt"
cert_file = "pki/host.crt"
key_file = "pki/host.key"
[web]
port = {web}
"""


class _Broker(MosquittoBroker):
    """With what `paraat broker-config` has written last."""

    def __init__(self, site_dir: Path, directory: Path) -> None:
        super().__init__(directory)
        self.site_dir = site_dir

    def _command(self) -> list[str]:
        program, *_ = super()._command()
        broker_config.write(load_site(self.site_dir), self.directory, address=LOOPBACK, data=self.directory)
        config = self.directory / broker_config.CONFIG
        config.write_text(config.read_text() + "log_type information\nuser root\n")  # it may write in a test's folder
        return [program, "-c", str(config)]


class Fleet:
    """So many boards, flashed and recorded. Use it in `with`.

    lasting: how long their authority lasts yet; flashed_days: how long ago they were flashed.
    """

    def __init__(
        self, directory: Path, n: int, lasting: timedelta = timedelta(days=3000), *, flashed_days: float = 0
    ) -> None:
        self.site = directory / "site"
        self.points = [f"nsp-01{i:02d}" for i in range(1, n + 1)]
        self.ends = datetime.now(UTC) + lasting
        self._directory = directory
        self._log_from = 0
        self._flashed = datetime.now(UTC) - timedelta(days=flashed_days)
        self._off: set[str] = set()
        self._boards: dict[str, boards.SimulatedBoard] = {}
        self._serve: subprocess.Popen[bytes] | None = None
        self._passphrase = directory / "passphrase"
        self._passphrase.write_text(PASSPHRASE)
        self._passphrase.chmod(0o600)
        self._make_site()
        self.broker = _Broker(self.site, directory / "broker")
        words = _WORDS.format(port=self.broker.port, web=free_port())
        (self.site / "site.toml").write_text(words)
        born = self.ends - timedelta(days=certificates.AUTHORITY_DAYS)
        self.authority = Authority.create(self.site, "Proef", PASSPHRASE, (LOOPBACK, "localhost"), born)
        now = datetime.now(UTC)
        self.authority.renew_broker((), now)
        self.authority.renew_client("host", now)
        self.authority.renew_client("desk", now)
        self.authority.renew_client("watch", now)

    def _make_site(self) -> None:
        (self.site / "points").mkdir(parents=True)
        text = (paths.example_site_dir() / "points" / f"{story.PARTS[0].point}.toml").read_text(encoding="utf-8")
        for point in self.points:
            (self.site / "points" / f"{point}.toml").write_text(text.replace(story.PARTS[0].point, point))

    def __enter__(self) -> "Fleet":
        self.broker.start()
        self.serve()
        built = boards.build(self._directory / "built")
        site = load_site(self.site)
        for number, point in enumerate(self.points):
            self._boards[point] = self._make(site, point, number, built)
            self._boards[point].start()
        return self

    def _make(self, site: Site, point: str, number: int, built: Path) -> boards.SimulatedBoard:
        now = self._flashed
        issued = self.authority.issue_board(point, now)
        mac = f"24:0a:c4:00:00:{number:02x}"
        self.authority.commit(issued, Board(mac=mac, serial=mac, type="esp32_devkitc_ve", flashed_at=now), now)
        broker = {"host": LOOPBACK, "port": self.broker.port, "tls": True, "timeout_s": 20, "retry_max_s": 4}
        config = node_config(site, point, broker=broker) | {"interval_s": 5, "link": {}, "watchdog_s": 300}
        scenario = story.scenario(
            story.PARTS[0], site.points[point], t0_unix=time.time(), real0_unix=time.time(), speed=SPEED
        )
        flash = {
            "update.pub": self.authority.update_public(),
            "tls/ca.der": self.authority.believed_der(),
            "tls/cert.der": issued.certificate_der(),
            "tls/key.der": issued.key_der(),
        }
        board = boards.SimulatedBoard(self._directory / point, config, scenario, built)
        for name, data in flash.items():
            (board.directory / name).parent.mkdir(exist_ok=True)
            (board.directory / name).write_bytes(data)
        return board

    def serve(self, *, with_passphrase: bool = False) -> None:
        """Start the host, or start it anew; with the passphrase as systemd's LoadCredential= gives it."""
        environment = dict(os.environ)
        if with_passphrase:
            folder = self._directory / "credentials"
            folder.mkdir(mode=0o700)
            shutil.copy(self._passphrase, folder / passphrase.CREDENTIAL)
            environment["CREDENTIALS_DIRECTORY"] = str(folder)
        self._stop_host()
        with (self._directory / "serve.log").open("ab") as log:
            command = [PARAAT, "serve", "--site", str(self.site)]
            self._serve = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    def restart_broker(self) -> None:
        """As `paraat broker-config` and a restart."""
        self.broker.stop()
        self._log_from = len(self.broker.log_path.read_text())
        self.broker.start()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`paraat pki ...`; boards that reset are started again meanwhile."""
        command = [PARAAT, "pki", *words, "--site", str(self.site), "--passphrase-file", str(self._passphrase)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            deadline = time.monotonic() + 10 * LIMIT_S
            while process.poll() is None and time.monotonic() < deadline:
                self.turn()
                time.sleep(0.05)
            process.kill()
            out, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out)

    def turn(self) -> None:
        """What a reset does."""
        for point, board in self._boards.items():
            if point not in self._off:
                board.start_again()

    def goes(self, condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Wait for something, while boards that reset are started again."""

        def met() -> bool:
            self.turn()
            return condition()

        wait_for(met, what, limit_s)

    def power(self, point: str, *, on: bool) -> None:
        """Plug a board in, or out."""
        if on:
            self._off.discard(point)
            self._boards[point].start()
        else:
            self._off.add(point)
            self._boards[point].stop()

    def shown(self, point: str) -> set[bytes]:
        """What is in a board's flash of certificates."""
        folder = self._directory / point / "tls"
        return {path.read_bytes() for path in folder.iterdir()}

    def connections(self, point: str) -> int:
        """How often the broker let this board in since it started last."""
        return self._log().count(f" as {point} ")

    def has_lost(self, point: str) -> bool:
        """Whether the last that the broker has to say of a board is that it went."""
        lines = [line for line in self._log().splitlines() if f" {point} " in line]
        return " as " not in lines[-1]

    def _log(self) -> str:
        return self.broker.log_path.read_text()[self._log_from :]

    def stores_from_all(self) -> bool:
        """Whether the host has a set of every board that was read after the authority's end."""
        with contextlib.closing(sqlite3.connect(f"file:{self.site / 'journal.sqlite'}?mode=ro", uri=True)) as journal:
            rows = journal.execute("SELECT point, MAX(t) FROM entry GROUP BY point").fetchall()
        return {point for point, t in rows if t > self.ends.timestamp()} >= {*self.points}

    def records(self, state: str = "valid") -> dict[str, inventory.Record]:
        """By point the certificates in this state."""
        found = inventory.load(self.site).certificates
        return {record.cn: record for record in found if record.kind == "board" and record.state == state}

    def _stop_host(self) -> None:
        if self._serve is not None:
            self._serve.send_signal(signal.SIGTERM)
            self._serve.wait(LIMIT_S)
            self._serve = None

    def __exit__(self, *_: object) -> None:
        for board in self._boards.values():
            board.stop()
        self._stop_host()
        self.broker.stop()
        shutil.rmtree(self._directory / "built", ignore_errors=True)


def across_the_end(fleet: Fleet) -> None:
    """The authority of a fleet is replaced, step by step, while its boards run; each wrong order is refused."""
    *most, last = fleet.points

    def does(step: str) -> str:
        run = fleet.run("replace-authority", step)
        assert run.returncode == 0, run.stdout
        return run.stdout

    def refuses(why: str, *words: str) -> None:
        run = fleet.run(*words)
        assert run.returncode == 1, run.stdout
        assert why in run.stdout, run.stdout

    fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "all boards are connected")
    old = {point: fleet.shown(point) for point in fleet.points}
    assert f"{len(fleet.points)} of {len(fleet.points)} boards are of the old authority" in does("begin")
    refuses("believe the old authority only", "replace-authority", "services")
    refuses("does not take the newest certificate of the desk", "renew", "boards")
    fleet.restart_broker()
    fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "the boards are back")
    fleet.power(last, on=False)
    fleet.goes(lambda: fleet.has_lost(last), "the broker sees that one is away")
    refuses(f"{last}: off the network", "renew", "boards")
    refuses(f"believe the old authority only: {last}", "replace-authority", "services")
    fleet.power(last, on=True)
    fleet.goes(lambda: not fleet.has_lost(last), "it is back")
    run = fleet.run("renew", "boards")
    assert run.returncode == 0, run.stdout
    assert "services" in does("status")
    assert f"All {len(fleet.points)} boards are of the new authority" in does("status")
    assert "finish" in does("services")
    refuses("The broker shows a certificate of the old authority still", "replace-authority", "finish")
    fleet.restart_broker()
    fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "the boards believe the new broker")
    assert "believe the old authority still" in does("finish")
    fleet.restart_broker()
    fleet.goes(lambda: all(fleet.connections(point) for point in fleet.points), "the boards are back once more")
    refuses("believe the authority before this one still", "replace-authority", "begin")
    run = fleet.run("renew", "boards")
    assert run.returncode == 0, run.stdout
    assert "No authority takes another's place" in does("status")
    assert len(most) + 1 == len(fleet.records())
    for point in fleet.points:
        assert not fleet.shown(point) & old[point], "nothing of the old authority is on the board"
        assert len(fleet.shown(point)) == 3
