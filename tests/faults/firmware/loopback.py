"""A network inside one MicroPython process: sockets as the firmware uses them, without the machine's own.

Virtual time then jumps from wait to wait (a real socket is given real milliseconds at each), and the network can do
what loopback never does: swallow what is sent and say nothing. install() puts it in place of the socket module's.
"""

import errno
import socket

_POLL = 3  # MP_STREAM_POLL
_READABLE = 1
_WRITABLE = 4
_HANG_UP = 16

swallows = False  # nothing arrives any more, in neither direction, and nobody is told
_listeners = {}  # port -> _Socket


class _Socket:
    """One end of a TCP connection, or a listener; a datagram socket is one that nobody answers."""

    def __init__(self, *_):
        self._peer = None
        self._port = None
        self._inbox = []
        self._ended = False  # the peer has closed
        self._cut = False  # what was under way when the network swallowed it never comes
        self._waiting = None  # of a listener: ends to accept

    # --- making connections ---

    def setblocking(self, flag):
        pass

    def setsockopt(self, *_):
        pass

    def bind(self, address):
        self._port = address[1]
        if self._port in _listeners:
            raise OSError(errno.EADDRINUSE)

    def listen(self, backlog=1):
        self._waiting = []
        _listeners[self._port] = self

    def accept(self):
        if not self._waiting:
            raise OSError(errno.EAGAIN)
        return self._waiting.pop(0), ("127.0.0.1", 1)

    def connect(self, address):
        if swallows:
            raise OSError(errno.EINPROGRESS)  # and never more
        listener = _listeners.get(address[1])
        if listener is None:
            raise OSError(errno.ECONNREFUSED)
        self._peer = _Socket()
        self._peer._peer = self
        listener._waiting.append(self._peer)

    # --- bytes ---

    def write(self, data):
        if self._peer is None:
            return len(data)  # a datagram
        if self._ended:
            raise OSError(errno.ECONNRESET)
        if swallows:
            self._cut = self._peer._cut = True
        if not self._cut:
            self._peer._inbox.append([bytes(data), 0])  # and how much of it was read
        return len(data)

    send = write

    def read(self, count=-1):
        if not self._inbox:
            return b"" if self._ended else None
        first, start = self._inbox[0]
        end = len(first) if count < 0 else min(len(first), start + count)
        if end == len(first):
            self._inbox.pop(0)
        else:
            self._inbox[0][1] = end
        return first[start:end]

    def recv(self, count):
        found = self.read(count)
        if found is None:
            raise OSError(errno.EAGAIN)
        return found

    def readinto(self, buffer):
        found = self.read(len(buffer))
        if found is None:
            return None
        buffer[: len(found)] = found
        return len(found)

    def close(self):
        if self._waiting is not None:
            _listeners.pop(self._port, None)
        elif self._peer is not None and not self._cut and not swallows:
            self._peer._ended = True

    def ioctl(self, request, mask):
        if request != _POLL:
            return 0
        if self._waiting is not None:
            return mask & _READABLE if self._waiting else 0
        found = 0
        if self._inbox or self._ended:
            found |= _READABLE
        if self._peer is not None:
            found |= _WRITABLE
        return found & mask


def install():
    """Put this network in place of the machine's."""
    socket.socket = _Socket
    socket.getaddrinfo = lambda host, port, *_: [(2, 1, 0, "", (host, port))]


def cut_off():
    """Everything that is connected loses its connection without a word, as when a cable is pulled."""
    global swallows
    swallows = True


def restore():
    """The network carries again; what was cut off stays dead."""
    global swallows
    swallows = False


def power_off():
    """All sockets are gone, as the whole program's are."""
    restore()
    _listeners.clear()
