"""The bounded queue between the broker's thread and the one that stores.

mosquitto 2.0.11 hands over all that it has queued at the first acknowledgement, whatever max_inflight_messages says. So once the
inbox is half full, no more is read from the network: what waits in TCP need not be sent again. Nobody waits in here meanwhile, and
all else on that connection goes on. Where nothing is taken for PATIENCE_S, because nothing can be stored, reading goes on too, or no
answer to a ping would be seen. What does not fit then is not taken. It was not acknowledged, so the broker keeps it, and is asked
for it once all the rest is stored.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

MAX_MESSAGES = 8000
MAX_BYTES = 64 * 1024 * 1024
PATIENCE_S = 2.0
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
    """First in, first out."""

    def __init__(
        self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES, patience_s: float = PATIENCE_S
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._wanted = 1
        self._closed = False
        self._left = 0
        self._ask_again: Callable[[int], None] = lambda _left: None
        self._patience_s = patience_s
        self._still_since_s = 0.0  # since then it has no room for more and nothing was taken
        self._filled = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    def when_drained(self, ask_again: Callable[[int], None]) -> None:
        """Call `ask_again` with how many messages did not fit, once all that did is taken and dealt with."""
        self._ask_again = ask_again

    def put(self, message: Message) -> bool:
        """Add a message, at once. False when the inbox is full, or closed: the message is not taken."""
        size = len(message.payload)
        with self._filled:
            if self._closed:
                return False
            if not self._fits(size):
                self._left += 1
                self._filled.notify()
                return False
            had_room = self._has_room
            self._messages.append(message)
            self._bytes += size
            if had_room and not self._has_room:
                self._still_since_s = time.monotonic()
            if len(self._messages) >= self._wanted or not self._has_room:
                self._filled.notify()
            return True

    @property
    def wants_more(self) -> bool:
        """Whether it is time to read on: there is room, or nothing was taken for so long that whoever reads must live on."""
        with self._filled:
            return self._has_room or time.monotonic() - self._still_since_s >= self._patience_s

    @property
    def _has_room(self) -> bool:
        return 2 * len(self._messages) < self._max_messages and 2 * self._bytes < self._max_bytes

    def _fits(self, size: int) -> bool:
        # One message above max_bytes passes when it is alone, or it would never be taken.
        return not self._messages or (
            len(self._messages) < self._max_messages and self._bytes + size <= self._max_bytes
        )

    def forget_left(self) -> None:
        """What did not fit comes by itself: its connection is gone."""
        with self._filled:
            self._left = 0

    def take(self, limit: int, linger_s: float) -> list[Message]:
        """Up to `limit` messages. Waits for the first; then, so that a commit carries more than
        one, until `limit` are there, or linger_s have passed, or nothing came for 5 ms. Empty when
        the inbox is closed and drained. Who takes has dealt with all that he took before.
        """
        if not self._messages and (not_taken := self._left):
            self.forget_left()
            self._ask_again(not_taken)
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
            self._still_since_s = time.monotonic()
            return taken

    def close(self) -> None:
        """Take no more. What is inside can still be taken."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()
