"""Servers on loopback for the demo and the tests: a broker (mosquitto or the embedded one) and InfluxDB.

Each runs as a child process that ends with us, keeps its data in a folder of its own, and keeps its port over a restart.
"""

import atexit
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from paraat.texts import Phrase

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 60.0  # far more than a busy machine needs; one that ended is seen at once
ANSWER_LIMIT_S = 60.0
MAX_PACKET_BYTES = 262144


class ServerError(Exception):
    """Raised when a local server is not installed or does not come up. str() says which, and shows its last words."""


class LocalBroker(Protocol):
    """An MQTT broker that can go away and come back on the same port."""

    name: str
    port: int

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises ServerError."""
        ...

    def stop(self) -> None:
        """End it. Clients lose their connection. Safe to call twice."""
        ...


def free_port() -> int:
    """A TCP port on loopback that is ours until this process ends, whether a server of ours listens there or not.

    The socket that holds it is bound and never listens: the kernel gives the port to no other process and to no outgoing
    connection, one that connects is refused, and a server that sets SO_REUSEADDR (all of ours do) may listen there, be
    stopped and come back. A port that was only free a moment ago is taken sooner or later, by the next test's broker.
    """
    holder = socket.socket()
    atexit.register(holder.close)  # which also keeps it alive until then
    holder.bind((LOOPBACK, 0))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port: int = holder.getsockname()[1]
    return port


def find_program(name: str) -> str | None:
    """The path of a server program; /usr/sbin counts too, which is not on a user's PATH in Debian."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def accepts(port: int) -> bool:
    """True when something accepts connections on this loopback port."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=0.5):
        return True
    return False


def die_with_parent() -> Callable[[], None]:
    """What a child does first, on Linux: ask to be ended when we end, however we end (prctl PR_SET_PDEATHSIG)."""
    ours = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def ask() -> None:
        if prctl is not None:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until exec our own handler would swallow it
            prctl(1, signal.SIGTERM)
            if os.getppid() != ours:  # we ended before it had asked
                os._exit(1)

    return ask


class _Child:
    """A server as a child process."""

    name: str
    port: int

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log_path = directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises ServerError with the tail of its log."""
        if self._process is not None:
            return
        if accepts(self.port):
            raise ServerError(
                Phrase(
                    "{name} on port {port}: somebody else listens there. Choose another port",
                    name=self.name,
                    port=self.port,
                )
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we end it in our own order
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not accepts(self.port):
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                self.stop()
                tail = self.log_path.read_text(errors="replace")[-600:]
                what = f"ended with code {code}" if code is not None else f"not up in {START_LIMIT_S:.0f} s"
                raise ServerError(
                    Phrase(
                        "{name} on port {port}: {what}. Its log says:\n{tail}",
                        name=self.name,
                        port=self.port,
                        what=what,
                        tail=tail,
                    )
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, and make it end when it does not. Safe to call twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a warning, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class MosquittoBroker(_Child):
    """Debian's mosquitto with the queue limits of deploy/, for everybody on loopback; sessions survive a restart."""

    name = "mosquitto"

    def __init__(self, directory: Path, port: int = 0) -> None:
        super().__init__(directory)
        self.port = port or free_port()

    def _command(self) -> list[str]:
        program = find_program("mosquitto")
        if program is None:
            raise ServerError(Phrase("mosquitto is not installed: run `make deps`"))
        config = self.directory / "mosquitto.conf"
        lines = [
            f"listener {self.port} {LOOPBACK}",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self.directory}/",
            "autosave_interval 5",
            "max_queued_messages 1000000",
            "max_inflight_messages 2000",
            f"max_packet_size {MAX_PACKET_BYTES}",
            "log_type warning",
            "log_type error",
            "log_dest stderr",
            "set_tcp_nodelay true",  # an acknowledgement and a message behind it: the second would wait 40 ms
        ]
        # Started by root, mosquitto becomes the user "mosquitto", who may not write into our folder.
        lines.append("user root")
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [program, "-c", str(config)]


class EmbeddedBroker(_Child):
    """The broker of the PyPI package iotcore (rumqttd). It forgets sessions and retained messages when it stops."""

    name = "embedded"

    def __init__(self, directory: Path, port: int = 0) -> None:
        super().__init__(directory)
        self.port = port or free_port()

    def _command(self) -> list[str]:
        options = {
            "listen": LOOPBACK,
            "port": self.port,
            "max_payload_size": MAX_PACKET_BYTES,
            "max_inflight_count": 500,
        }
        code = "import json, sys, iotcore; iotcore.IotCoreBroker(**json.loads(sys.argv[1])).run_forever()"
        return [sys.executable, "-c", code, json.dumps(options)]


def find_broker(kind: str, directory: Path, port: int = 0) -> MosquittoBroker | EmbeddedBroker:
    """A broker of a kind: "mosquitto", "embedded", or "auto" for mosquitto where it is installed. Not started yet."""
    if kind == "embedded" or (kind == "auto" and find_program("mosquitto") is None):
        return EmbeddedBroker(directory, port)
    return MosquittoBroker(directory, port)


class InfluxServer(_Child):
    """Debian's InfluxDB 1.6.7 as it is. No credentials are checked, unless `http` says so."""

    name = "influxd"

    def __init__(self, directory: Path, http: str = "", scheme: str = "http") -> None:
        """http: more lines of [http] in its configuration, such as those that turn TLS on; then scheme is "https"."""
        super().__init__(directory)
        self.port = free_port()
        self._rpc_port = free_port()
        self._http = http
        self.url = f"{scheme}://{LOOPBACK}:{self.port}"

    def _command(self) -> list[str]:
        program = find_program("influxd")
        if program is None:
            raise ServerError(Phrase("influxd is not installed: run `make deps`"))
        config = self.directory / "influxdb.conf"
        config.write_text(
            f"""reporting-disabled = true
bind-address = "{LOOPBACK}:{self._rpc_port}"
[meta]
  dir = "{self.directory}/meta"
[data]
  dir = "{self.directory}/data"
  wal-dir = "{self.directory}/wal"
  query-log-enabled = false
[http]
  bind-address = "{LOOPBACK}:{self.port}"
  log-enabled = false
{self._http}
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
""",
            encoding="utf-8",
        )
        return [program, "-config", str(config)]

    def create_database(self, name: str) -> None:
        """Make a database as `paraat influx setup` does, but that keeps everything."""
        self.query(f'CREATE DATABASE "{name}"', method="POST")
        self.query(f'CREATE RETENTION POLICY "means" ON "{name}" DURATION INF REPLICATION 1', method="POST")

    def query(self, influxql: str, db: str = "", *, method: str = "GET") -> list[dict[str, Any]]:
        """The rows of all series as dicts of column to value, tags included. Raises ServerError on a query error."""
        words = urllib.parse.urlencode({"q": influxql, "db": db, "epoch": "s"})
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.port}/query?{words}", method=method)
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
            results = json.load(answer)["results"]
        rows: list[dict[str, Any]] = []
        for result in results:
            if "error" in result:
                raise ServerError(Phrase("influxd: {error} in {influxql}", error=result["error"], influxql=influxql))
            for series in result.get("series", []):
                rows += [
                    {**series.get("tags", {}), **dict(zip(series["columns"], values, strict=True))}
                    for values in series.get("values", [])
                ]
        return rows
