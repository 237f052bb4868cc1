"""An HTTP server that answers as an InfluxDB does, where no real one can be had for the tests."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

VERSION_2 = {"X-Influxdb-Build": "OSS", "X-Influxdb-Version": "v2.7.11"}
VERSION_3 = {"X-Influxdb-Build": "Core", "X-Influxdb-Version": "3.10.0"}
NO_INFLUX: dict[str, str] = {}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


Answered = tuple[int, dict[str, str], bytes]


class AtTheWire:
    """`answer` says what is answered to each request; all of them are in `asked`."""

    def __init__(self, answer: Callable[[Asked], Answered]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *args: object) -> None:
                pass

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
                wire.asked.append(asked)
                status, headers, text = wire.answer(asked)
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = do_DELETE = _any

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class Scripted:
    """Answers writes from a script, then takes everything, as InfluxDB 2 does or, without its headers, as somebody else."""

    def __init__(self, ping: Answered = (204, VERSION_2, b"")) -> None:
        self.ping = ping
        self.answers: list[Answered] = []
        self.limit_bytes: int | None = None
        self.poison: dict[bytes, Answered] = {}
        self.taken: list[bytes] = []
        self.means: list[bytes] = []
        self.wire = AtTheWire(self._answer)
        self.url = self.wire.url
        self.close = self.wire.close

    @property
    def tokens(self) -> set[str | None]:
        """Who wrote."""
        return {one.headers.get("Authorization") for one in self.wire.asked if one.path != "/ping"}

    def readings(self) -> list[bytes]:
        """What was taken, without the lines that only try whether anything is."""
        return [line for line in self.taken if not line.startswith(b"probe ")]

    def _answer(self, asked: Asked) -> Answered:
        if asked.method == "GET":
            return self.ping if asked.path == "/ping" else (404, NO_INFLUX, b"404 page not found\n")
        if asked.params["bucket"].endswith("/means"):
            self.means += asked.body.split(b"\n")
            return 204, VERSION_2, b""
        return self.write(asked.body)

    def write(self, body: bytes) -> Answered:
        """One write."""
        if self.answers:
            return self.answers.pop(0)
        if self.limit_bytes is not None and len(body) > self.limit_bytes:
            return said(413, "too large")
        for part, answered in self.poison.items():
            if part in body:
                return answered
        self.taken += body.split(b"\n")
        return 204, VERSION_2, b""


def said(status: int, message: str, headers: dict[str, str] = VERSION_2) -> Answered:
    """An error as InfluxDB 2 says it."""
    codes = {
        400: "invalid",
        401: "unauthorized",
        404: "not found",
        413: "request too large",
        422: "unprocessable entity",
    }
    body: dict[str, Any] = {"code": codes.get(status, "internal error"), "message": message}
    return status, headers, json.dumps(body).encode()


def said_by_3(code: str, message: str) -> Answered:
    """An error of a write as InfluxDB 3 Core says it, by its source (V2WriteApiError in influxdb3_server/src/http.rs): without its
    version, and a partial write is an "internal error" there, a disk that takes nothing an "invalid" one."""
    status = {"invalid": 400, "unauthorized": 401, "forbidden": 403, "internal error": 500, "request too large": 413}[
        code
    ]
    return status, NO_INFLUX, json.dumps({"code": code, "message": message}).encode()
