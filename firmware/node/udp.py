"""One question and one answer by UDP, without holding up the event loop: for the time and for names."""

import asyncio
import socket

from micropython import const

_MAX_REPLY_BYTES = const(512)
_WAITS_MS = (20, 30, 50, 100, 200, 300, 500, 800, 1000)
WAIT_S = sum(_WAITS_MS) // 1000


async def ask(address, port, packet, read):
    """What read(reply) returns for the first reply that it takes; it raises ValueError for one that is not ours.

    address: dotted, because getaddrinfo() looks a name up while everything else stands still. Raises OSError, without
    a number when nobody answers in WAIT_S, else ValueError for the last reply that was not taken.
    """
    refused = None
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.setblocking(False)
        s.connect(socket.getaddrinfo(address, port)[0][-1])
        s.send(packet)
        for wait_ms in _WAITS_MS:
            await asyncio.sleep_ms(wait_ms)
            try:
                return read(s.recv(_MAX_REPLY_BYTES))
            except ValueError as error:  # somebody else's, or an old one: ours may still come
                refused = error
            except OSError:
                pass  # nothing there yet
    finally:
        s.close()
    if refused is not None:
        raise refused
    raise OSError("no answer from %s in %d s" % (address, WAIT_S))
