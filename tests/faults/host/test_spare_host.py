"""A coordination point with its own broker files and two machines: one is killed, the other takes over, and the first comes back."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host.certified import SETTINGS, Certified
from host.served import POINT, SERVE
from paraat.journal import Journal
from paraat.simulate.servers import free_port
from paraat.site.site import load_site
from waiting import wait_for

pytestmark = pytest.mark.needs("mosquitto")
SITE = '[site]\nregion = "Proef"\n{more}[broker]\nport = {port}\nkeepalive_s = 5\n{certified}[web]\nport = {web}\n'


class Machine:
    """One with a copy of the site's folder, on which `paraat serve` runs."""

    def __init__(self, directory: Path, site: Path, port: int, more: str = "") -> None:
        shutil.copytree(site, directory)
        words = SITE.format(more=more, port=port, certified=SETTINGS, web=free_port())
        (directory / "site.toml").write_text(words)
        self.directory = directory
        self.log = directory / "serve.log"
        self.serve()

    def serve(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, "serve", "--site", str(self.directory)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(120)

    def said(self, words: str) -> int:
        return self.log.read_text().count(words)

    def stored(self) -> list[tuple[int, int]]:
        """What its journal has, once it runs no more."""
        site = load_site(self.directory)
        journal = Journal(site.path(site.region.journal))
        try:
            return journal.ranges(POINT)
        finally:
            journal.close()


def test_one_is_killed_the_other_takes_over_and_keeps_it_when_the_first_returns(tmp_path: Path) -> None:
    """With a lease of full length: a board is answered again some ten seconds after the kill."""
    hosts = Certified(tmp_path, "watch", "spare")
    with hosts.broker as broker:
        machines = []
        board = hosts.speaks(tmp_path)
        try:
            usual = Machine(tmp_path / "usual", hosts.site.directory, broker.port)
            machines.append(usual)
            wait_for(lambda: usual.said("connected, a new session") == 2, "it watches, and serves")
            board.tell(1, time.time())
            spare = Machine(tmp_path / "spare", hosts.site.directory, broker.port, "standby = true\n")
            machines.append(spare)
            wait_for(lambda: spare.said("this host stands by"))
            board.tell(2, time.time())
            killed = time.monotonic()
            usual.end(signal.SIGKILL)
            board.tell(3, time.time())
            print(f"answered again {time.monotonic() - killed:.1f} s after the kill")
            usual.serve()
            wait_for(lambda: usual.said("this host stands by"))
            board.tell(4, time.time())
            assert hosts.throws() == 0, "nobody was put off the line"
            spare.end(signal.SIGTERM)
            board.tell(5, time.time())
            usual.end(signal.SIGTERM)
            assert spare.stored()[-1][1] == 4
            assert usual.stored() == [(1, 2), (5, 5)], "what the spare one acknowledged was not taken here too"
        finally:
            board.close()
            for machine in machines:
                if machine.process.poll() is None:
                    machine.end(signal.SIGKILL)
