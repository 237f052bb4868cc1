"""Ask a time server once (SNTP), without holding up the event loop.

# Ref: RFC 4330, Simple Network Time Protocol (SNTP) version 4, sections 4 and 5.
"""

import asyncio
import os
import socket
import struct

from micropython import const

_PORT = const(123)
_PACKET_BYTES = const(48)
_CLIENT = const(0x23)  # no leap warning, version 4, mode 3
_SINCE_1900 = 2208988800  # unix seconds of 1970-01-01 counted from 1900
_WAITS_MS = (20, 30, 50, 100, 200, 300, 500, 800, 1000)


def read_reply(packet, cookie):
    """Unix seconds of a server's answer. Raises ValueError when it is none to our question, or knows no time."""
    if len(packet) < _PACKET_BYTES:
        raise ValueError("a reply of %d bytes" % len(packet))
    if packet[0] & 7 != 4 or packet[24:32] != cookie:
        raise ValueError("no answer to our question")
    if packet[0] >> 6 == 3 or not 0 < packet[1] < 16:
        raise ValueError("the server has no time itself")
    seconds = struct.unpack(">I", packet[40:44])[0]
    # RFC 4330 section 3: with the first bit 0 the count has gone round in 2036.
    return seconds - _SINCE_1900 + (0 if seconds & 0x80000000 else 1 << 32)


async def ask(host, port=_PORT):
    """Unix seconds from the server at `host`. Raises OSError (also when it does not answer in 3 s) or ValueError."""
    cookie = os.urandom(8)
    packet = bytearray(_PACKET_BYTES)
    packet[0] = _CLIENT
    packet[40:48] = cookie
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.setblocking(False)
        s.connect(socket.getaddrinfo(host, port)[0][-1])
        s.send(packet)
        for wait_ms in _WAITS_MS:
            await asyncio.sleep_ms(wait_ms)
            try:
                return read_reply(s.recv(_PACKET_BYTES), cookie)
            except OSError:
                pass  # nothing there yet
    finally:
        s.close()
    raise OSError("no time from %s in %d s" % (host, sum(_WAITS_MS) // 1000))
