"""Servers that take connections and then let whoever asks wait: with silence, or a byte at a time."""

import socket
import threading

from paraat.simulate.servers import LOOPBACK


class Silent:
    """A server that takes connections. drip: what it says, a byte each tenth of a second; else nothing, for ever."""

    def __init__(self, drip: bytes = b"") -> None:
        self._drip = drip
        self._socket = socket.create_server((LOOPBACK, 0))
        self.port = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._drop, args=(connection,), daemon=True).start()

    def _drop(self, connection: socket.socket) -> None:
        for byte in self._drip * 1000:
            if self._end.wait(0.1):
                return
            try:
                connection.send(bytes([byte]))
            except OSError:
                return

    @property
    def asked(self) -> int:
        """How many connections it has taken."""
        return len(self._open)

    def close(self) -> None:
        self._end.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()
