"""The host service asks boards over its own connection, and hears their replies. `fleet/desk.py` is for commands beside it."""

import secrets
import threading
from collections.abc import Callable
from typing import Any

from paraat.texts import Phrase
from paraat_wire import codec, host_codec, orders, topics


class AskError(Exception):
    """Raised when a board could not be asked, or does not do it. str() says why."""


class NoConnectionError(AskError):
    """Raised when no board can be asked now."""


class Boards:
    """publish: (topic, payload) -> whether there is a connection to send it on. now: unix seconds."""

    def __init__(self, publish: Callable[[str, bytes], bool], now: Callable[[], float]) -> None:
        self._publish = publish
        self._now = now
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[str, threading.Event]] = {}  # command's id: point, that the reply is there
        self._replies: dict[str, orders.Reply] = {}
        self._closed = False

    def heard(self, topic: str, payload: bytes) -> None:
        """A message on `reply`, in the broker's thread. Replies to other programs are left alone."""
        found = topics.parse(topic)
        try:
            reply = host_codec.read_reply(payload)
        except codec.WireError:
            return
        with self._lock:
            point, arrived = self._waiting.get(reply.id, ("", None))
            if arrived is not None and found == (point, topics.REPLY):  # a board answers for itself only
                self._replies[reply.id] = reply
                arrived.set()

    def ask(self, point: str, do: str, args: dict[str, Any], *, limit_s: float) -> dict[str, Any]:
        """Have a board do something, and wait for its results. What is not answered in time is not done later either.

        Raises AskError.
        """
        command = orders.Command(secrets.token_hex(8), do, int(self._now() + limit_s), args)
        arrived = threading.Event()
        with self._lock:
            if self._closed:
                raise NoConnectionError(Phrase("the service stops"))
            self._waiting[command.id] = (point, arrived)
        try:
            if not self._publish(topics.topic(point, topics.COMMAND), host_codec.encode_command(command)):
                raise NoConnectionError(Phrase("no connection to the broker"))
            arrived.wait(limit_s)
        finally:
            with self._lock:
                del self._waiting[command.id]
                reply = self._replies.pop(command.id, None)
        if reply is None and self._closed:
            raise NoConnectionError(Phrase("the service stops"))
        if reply is None:
            raise AskError(Phrase("the board has not answered within {limit} s", limit=f"{limit_s:g}"))
        if reply.error:
            raise AskError(Phrase("the board refuses: {error}", error=reply.error))
        return dict(reply.result)

    def close(self) -> None:
        """Whoever waits for a reply waits no longer."""
        with self._lock:
            self._closed = True
            for _, arrived in self._waiting.values():
                arrived.set()
