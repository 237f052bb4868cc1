"""Ask a time server once (SNTP), without holding up the event loop.

# Ref: RFC 4330, Simple Network Time Protocol (SNTP) version 4, sections 4 and 5.
"""

import os
import struct

from micropython import const

from node import udp

_PORT = const(123)
_PACKET_BYTES = const(48)
_CLIENT = const(0x23)  # no leap warning, version 4, mode 3
_SINCE_1900 = 2208988800  # unix seconds of 1970-01-01 counted from 1900


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


async def ask(address, port=_PORT):
    """Unix seconds from the server at a dotted address. Raises OSError (also when nobody answers) or ValueError."""
    cookie = os.urandom(8)
    packet = bytearray(_PACKET_BYTES)
    packet[0] = _CLIENT
    packet[40:48] = cookie
    return await udp.ask(address, port, packet, lambda reply: read_reply(reply, cookie))
