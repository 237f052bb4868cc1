"""The bounded queue between the broker's thread and the one that stores."""

import threading
import time
from collections import deque

import msgspec

MAX_MESSAGES = 4000
MAX_BYTES = 32 * 1024 * 1024
_QUIET_S = 0.005


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it arrived. session, connection and mid say what to acknowledge: of which client, on which connection."""

    topic: str
    payload: bytes
    received_at: float
    retained: bool = False
    qos: int = 1
    mid: int = 0
    connection: int = 0
    session: str = ""


class Inbox:
    """First in, first out.

    A full inbox makes `put` wait: the broker then keeps what it cannot hand over.
    """

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._wanted = 1
        self._closed = False
        lock = threading.Lock()
        self._room = threading.Condition(lock)
        self._filled = threading.Condition(lock)

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> bool:
        """Add a message, waiting for room.

        False when the inbox is closed: the message is not taken.
        """
        size = len(message.payload)
        with self._room:
            # One message above max_bytes passes when it is alone, or it would wait for ever.
            while not self._closed and (
                len(self._messages) >= self._max_messages or (self._messages and self._bytes + size > self._max_bytes)
            ):
                self._filled.notify()
                self._room.wait()
            if self._closed:
                return False
            self._messages.append(message)
            self._bytes += size
            if len(self._messages) >= self._wanted:
                self._filled.notify()
            return True

    def take(self, limit: int, linger_s: float) -> list[Message]:
        """Up to `limit` messages. Waits for the first; then, so that a commit carries more than
        one, until `limit` are there, or linger_s have passed, or nothing came for 5 ms. Empty when
        the inbox is closed and drained.
        """
        with self._filled:
            while not self._messages and not self._closed:
                self._wanted = 1
                self._filled.wait()
            self._wanted = limit
            deadline = time.monotonic() + linger_s
            seen = 0
            while seen < len(self._messages) < limit and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                seen = len(self._messages)
                self._filled.wait(min(left, _QUIET_S))
            taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
            self._bytes -= sum(len(message.payload) for message in taken)
            self._room.notify_all()
            return taken

    def close(self) -> None:
        """Take no more. What is inside can still be taken."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._filled.notify_all()
