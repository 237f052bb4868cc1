"""Look up a name without holding up the event loop, as the firmware's own getaddrinfo() does for up to 20 s.

# Ref: RFC 1035, Domain names - implementation and specification, section 4. Names on the network's own name server
only; no multicast DNS (.local), and IPv4 only.
"""

import os
import struct

from micropython import const

from node import udp
from node.lent import lent

_PORT = const(53)
_HEAD_BYTES = const(12)
_QUERY = const(0x0100)  # recursion desired
_ADDRESS = const(1)  # type A
_INTERNET = const(1)
_NO_SUCH_NAME = const(3)


class LookUpError(Exception):
    """Raised when a name has no address. str() says whom we asked, and what to do."""


def query(name, number):
    """A question for the addresses of a name. Raises ValueError for a name that DNS cannot carry."""
    out = struct.pack(">HHHHHH", number, _QUERY, 1, 0, 0, 0)
    for label in name.encode().split(b"."):
        if not 0 < len(label) < 64:
            raise ValueError("%s is no name" % name)
        out += bytes((len(label),)) + label
    return out + struct.pack(">BHH", 0, _ADDRESS, _INTERNET)


def read_reply(packet, number, name):
    """The first address in a server's answer. Raises ValueError when it is none to our question, or has no address."""
    if len(packet) < _HEAD_BYTES:
        raise ValueError("a reply of %d bytes" % len(packet))
    found, flags, questions, answers = struct.unpack(">HHHH", packet[:8])
    if found != number or not flags & 0x8000:
        raise ValueError("no answer to our question")
    code = flags & 15
    if code:
        raise ValueError("no such name: " + name if code == _NO_SUCH_NAME else "code %d for %s" % (code, name))
    try:
        at = _HEAD_BYTES
        for _ in range(questions):
            at = _after_name(packet, at) + 4
        for _ in range(answers):
            at = _after_name(packet, at)
            kind, group, _, length = struct.unpack(">HHIH", packet[at : at + 10])
            at += 10
            if kind == _ADDRESS and group == _INTERNET and length == 4 and at + 4 <= len(packet):
                return "%d.%d.%d.%d" % tuple(packet[at : at + 4])
            at += length  # an alias (CNAME): its address follows
    except (ValueError, IndexError):
        raise ValueError("an answer that is cut off")
    raise ValueError("no address for " + name)


def _after_name(packet, at):
    while True:
        length = packet[at]
        if length >= 0xC0:  # RFC 1035 section 4.1.4: the rest stands elsewhere
            return at + 2
        at += 1 + length
        if not length:
            return at


async def look_up(name, server):
    """The address of a name, dotted. server: address of the name server. Raises LookUpError."""
    number = int.from_bytes(os.urandom(2), "big")
    try:
        return await udp.ask(server, _PORT, query(name, number), lambda reply: read_reply(reply, number, name))
    except (OSError, ValueError) as error:
        with lent("node.shortage") as shortage:
            if shortage.is_it(error):
                raise LookUpError("no address for %s: %s" % (name, shortage.WORDS))
        raise LookUpError(
            "no address for %s (name server: %s): repair the network's names, or configure the address" % (name, error)
        )
