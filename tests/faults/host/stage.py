"""What a coordination point runs, as real parts that the runner breaks: mosquitto, InfluxDB, `paraat serve`, boards on the wire."""

import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from host.served import EXAMPLE, FakeBoard
from paraat.domain.model import AlertState, Value
from paraat.journal import Journal
from paraat.simulate.servers import InfluxServer, MosquittoBroker, find_program, free_port
from waiting import wait_for

POINTS = ("nsp-0101", "nsp-0102", "nsp-0103", "nsp-0201", "nsp-0202")
TARGET = Path(__file__).with_name("serve_target.py")
DISK_BYTES = 48 * 1024 * 1024
PAGE = 4096
EVERY_S = 0.15  # between two sets of a board
_SEND_MOST = 200
_PAUSE, _PAUSE_MOST = 2, 32  # sets that are read before some are sent
_KEY = re.compile(r"alert (\d+)(/\S+):")


class Count(NamedTuple):
    """What was told, what of it was found, and what of that is wrong."""

    told: int
    found: int
    twice: int
    lost: int


class Counts(NamedTuple):
    """What came of a run. stored: sets that boards were told are stored, and sets in the journal; people: alerts that fired, and
    messages that left of them. Twice is a message that left more than once, and an alert that fired while another of its rule and
    subject did.
    """

    stored: Count
    people: Count


class Stage:
    """One coordination point in a folder. Use it as a context. seed: of what boards read."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.lots = Random(seed)
        self.mounted = _mount(directory / "data")
        self.broker = MosquittoBroker(directory / "broker")
        self.influx = InfluxServer(directory / "influx") if find_program("influxd") else None
        self.web = free_port()
        self.host: subprocess.Popen[bytes] | None = None
        self.log = directory / "serve.log"
        self.boards: list[FakeBoard] = []
        self.low: set[str] = set()
        self._ended = threading.Event()
        self._senders: list[threading.Thread] = []
        self._write_site()

    def _write_site(self) -> None:
        site = self.directory / "site"
        (site / "points").mkdir(parents=True)
        for path in (EXAMPLE / "points").glob("*.toml"):
            (site / "points" / path.name).write_bytes(path.read_bytes())
        influx = f'[influx]\nurl = "{self.influx.url}"\nbucket = "paraat"\n' if self.influx else ""
        (site / "site.toml").write_text(
            f'[site]\nregion = "Proef"\njournal = "../data/journal.sqlite"\n[broker]\nport = {self.broker.port}\n'
            f"keepalive_s = 5\n[web]\nport = {self.web}\n{influx}"
            "[alerts.low_fuel]\nhold_s = 1\n[channels.siren]\non = false\n"
        )
        self.site = site
        self.journal = self.directory / "data" / "journal.sqlite"

    def __enter__(self) -> "Stage":
        self.broker.start()
        if self.influx is not None:
            self.influx.start()
            self.influx.create_database("paraat")
        self.serve()
        for point in POINTS:
            board = FakeBoard(self.broker.port, point)
            self.boards.append(board)
            sender = threading.Thread(target=self._send, args=(board,), daemon=True)
            sender.start()
            self._senders.append(sender)
        self.goes_on()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for sender in self._senders:
            sender.join()
        self.end(signal.SIGTERM)
        for board in self.boards:
            board.close()
        if self.influx is not None:
            self.influx.stop()
        self.broker.stop()

    def unmount(self) -> None:
        """Give the small disk back, with what is on it."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.directory / "data")], check=False)

    # --- boards ------------------------------------------------------------------------------

    def _send(self, board: FakeBoard) -> None:
        seq, pause = 0, _PAUSE
        while not self._ended.wait(EVERY_S):
            seq += 1
            board.read(seq, self._values(board.point, seq), time.time())
            if seq % pause == 0:
                board.send_and_wait(_SEND_MOST)
                # As a board does: who is not answered asks ever more seldom.
                pause = _PAUSE if board.answered.is_set() else min(2 * pause, _PAUSE_MOST)

    def _values(self, point: str, seq: int) -> dict[str, Value]:
        low = point in self.low
        return {
            "fuel/level": 4.0 if low else 60.0 + seq % 10,
            "power/mains": not low,
            "power/generator": low,
            "people/present": seq % 500,
            "node/backlog": 0,
        }

    def goes_on(self) -> None:
        """Wait until each board was told that something is stored which it read after this moment."""
        begins = {board.point: max(board.kept, default=0) + 1 for board in self.boards}
        wait_for(
            lambda: all(max(board.acked, default=0) >= begins[board.point] for board in self.boards),
            "every board hears that what it reads now is stored",
            limit_s=240.0,
        )

    # --- the host ----------------------------------------------------------------------------

    def serve(self) -> None:
        with self.log.open("ab") as log:
            self.host = subprocess.Popen(
                [sys.executable, str(TARGET), str(self.site)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def end(self, how: signal.Signals) -> None:
        host, self.host = self.host, None
        if host is None:
            return
        host.send_signal(how)
        host.wait(120)

    def health(self) -> dict[str, dict[str, Any]]:
        """The checks of /healthz by name; none when it does not answer."""
        with suppress(OSError, ValueError):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/healthz", timeout=5) as answer:
                    found = json.load(answer)
            except urllib.error.HTTPError as error:
                found = json.load(error)
            return {check["name"]: check for check in found["checks"]}
        return {}

    def command(self, *arguments: str) -> str:
        """One command of `paraat` on this site; what it prints."""
        code = "import sys; from paraat.cli.main import main; sys.exit(main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments[:2], "--site", str(self.site), *arguments[2:]],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PARAAT_LANGUAGE": "en"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def cut(self, board: FakeBoard) -> None:
        """End a board's connection, as a cable that is pulled does."""
        with suppress(OSError, AttributeError):
            board.client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    # --- what came of it ---------------------------------------------------------------------

    def counts(self) -> Counts:
        """After the last round, when nothing runs any more."""
        journal = Journal(self.journal)
        found: dict[str, Counter[int]] = {board.point: Counter() for board in self.boards}
        after = 0
        wrong = 0
        values = {board.point: board.kept for board in self.boards}
        while rows := journal.entries_after(after, 5000):
            after = rows[-1].id
            for row in rows:
                if row.seq and row.point in found:
                    found[row.point][row.seq] += 1
                    wrong += f'"v":{row.values["people/present"]}' not in values[row.point][row.seq].replace(" ", "")
        assert not wrong, f"{wrong} sets are stored otherwise than they were read"
        told = {board.point: board.acked for board in self.boards}
        fired = [alert for alert in journal.alerts(100_000) if alert.fired_at is not None]
        journal.close()
        keys = Counter(match[0] for match in _KEY.finditer(self.log.read_text(errors="replace")))
        said = {int(_KEY.match(key)[1]) for key in keys}  # type: ignore[index]
        return Counts(
            stored=Count(
                told=sum(len(seqs) for seqs in told.values()),
                found=sum(len(seqs) for seqs in found.values()),
                twice=sum(n - 1 for seqs in found.values() for n in seqs.values()),
                lost=sum(len(told[point] - set(found[point])) for point in told),
            ),
            people=Count(
                told=len(fired),
                found=len(keys),
                twice=sum(n - 1 for n in keys.values()) + sum(map(_told_anew, fired, [fired] * len(fired))),
                lost=sum(alert.id not in said for alert in fired),
            ),
        )


def _told_anew(alert: AlertState, fired: list[AlertState]) -> bool:
    """Whether an alert fired while one before it, of the same rule and subject, was told and not over."""
    return any(
        (one.rule, one.subject) == (alert.rule, alert.subject)
        and one.id < alert.id
        and (one.fired_at or 0.0) <= (alert.fired_at or 0.0) < (one.resolved_at or math.inf)
        for one in fired
    )


def _mount(folder: Path) -> bool:
    """A small disk of its own, where this user may have one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    return os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
