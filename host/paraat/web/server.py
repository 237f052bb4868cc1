"""uvicorn in a thread of its own: no signal handlers, a socket bound before it starts, an end that
does not hang, and no place for who connects and does not ask.
"""

import asyncio
import errno
import logging
import socket
import threading
from typing import cast

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from paraat.texts import Phrase, reason

_log = logging.getLogger(__name__)
_TRIES = 50
_START_S = 10.0
_OPEN_STREAMS_S = 2  # what a page gets to read its last words
CONNECTIONS_MAX = 200
ASK_S = 10.0  # in which who connected must have sent a whole request
ANSWER_S = 120.0  # in which who asked must have taken the answer, unless it is a live stream
_SWEEP_TICKS = 10  # of uvicorn, ten a second


class WebError(Exception):
    """Raised when the page cannot be served. str() names the address and what to do."""


class Handle:
    """A page that is being served at `url`."""

    def __init__(self, url: str, port: int, server: "_Server", thread: threading.Thread) -> None:
        self.url = url
        self.port = port
        self._server = server
        self._thread = thread

    @property
    def alive(self) -> bool:
        """Whether the server's thread still runs."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the open streams, then the server.

        Returns when its thread has ended, or after timeout_s.
        """
        self._server.stop()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("status page: %s still open after %g s", self.url, timeout_s)


def serve(app: Starlette, host: str, port: int, *, next_free: bool = False) -> Handle:
    """Serve a page from create_app() and return once it answers.

    port 0 takes any free one. Where the port is taken, next_free tries the ones above it, then any;
    the handle tells which it became. Raises WebError when it cannot be bound or does not start.
    """
    bound = _bind(host, port, next_free)
    taken = bound.getsockname()[1]
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",  # a flood of connections would be a line each
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        ws="none",
        http=_Patient,
        loop="asyncio",
        timeout_graceful_shutdown=_OPEN_STREAMS_S,
    )
    server = _Server(config, app)
    thread = threading.Thread(target=server.run_on, args=(bound,), name="web", daemon=True)
    thread.start()
    server.ready.wait(_START_S)
    if not server.started:
        bound.close()
        raise WebError(
            Phrase(
                "status page: {host} port {taken} was bound but does not answer; the log says why",
                host=host,
                taken=taken,
            )
        )
    name = f"[{host}]" if ":" in host else host
    return Handle(f"http://{name}:{taken}", taken, server, thread)


class _Patient(H11Protocol):
    """A connection. Beyond CONNECTIONS_MAX the one that has been asking the longest goes, and whoever is answered stays."""

    asks = True  # it has not sent a whole request yet
    since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since_s = self.loop.time()
        if len(self.connections) > CONNECTIONS_MAX:
            others = [cast("_Patient", one) for one in self.connections if one is not self]
            asking = [one for one in others if one.asks and not one.transport.is_closing()]
            min(asking, key=lambda one: one.since_s, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.asks and self.conn.their_state in (h11.DONE, h11.MUST_CLOSE):
            self.asks, self.since_s = False, self.loop.time()

    def on_response_complete(self) -> None:
        self.asks, self.since_s = True, self.loop.time()
        super().on_response_complete()

    def end_if_late(self) -> None:
        """Let go of who does not ask, or does not take what he asked for."""
        late_s = self.loop.time() - self.since_s
        is_stream = not self.asks and self.scope["path"] == "/events"
        if not is_stream and late_s > (ASK_S if self.asks else ANSWER_S):
            self.transport.abort()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_on(self, bound: socket.socket) -> None:
        try:
            self.run(sockets=[bound])
            if not self.should_exit:
                _log.error("status page: its server has ended by itself; restart the service")
        except Exception:  # noqa: BLE001 - its thread would end without a word in our log
            _log.exception("status page: its server failed; restart the service")
        finally:
            self._loop = None
            self.ready.set()
            bound.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % _SWEEP_TICKS == 0:
            for one in tuple(self.server_state.connections):
                cast(_Patient, one).end_if_late()
        return await super().on_tick(counter)

    def stop(self) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self.should_exit = True
        self._closing = asyncio.ensure_future(self._app.state.close())


def _bind(host: str, port: int, next_free: bool) -> socket.socket:
    ports = [port, *range(port + 1, min(port + _TRIES, 65536)), 0] if next_free and port else [port]
    for candidate in ports:
        try:
            return _listen(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise WebError(
                    Phrase(
                        "status page: cannot bind {host} port {candidate}: {why}; choose another: port under "
                        "[web] in site.toml, or --port of the demo",
                        host=host,
                        candidate=candidate,
                        why=reason(error),
                    )
                ) from error
    raise WebError(
        Phrase(
            "status page: {host} port {port} is taken by another program; stop that one, or set another "
            "port under [web] in site.toml",
            host=host,
            port=port,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, proto)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound
