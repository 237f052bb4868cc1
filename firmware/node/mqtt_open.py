"""How an MQTT connection begins: TCP, TLS, CONNECT, SUBSCRIBE. Lent by node.mqtt for each.

# Ref: MQTT Version 3.1.1, OASIS Standard, 29 October 2014 ("MQTT" below).
"""

import asyncio
import errno

from micropython import const

from node.mqtt import HELLO, TALK, TLS, HungUp, MQTTError, length, text

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_SUBSCRIBE = const(0x82)  # MQTT 3.8.1: the lower bits are 0010

# MQTT table 3.1
_REFUSALS = (
    "accepted",
    "unacceptable protocol version",
    "client id refused",
    "server unavailable",
    "bad user name or password",
    "not authorized",
)


def connect_packet(client_id, keepalive_s, username=None, password=None, will=None):
    """MQTT 3.1, clean session 0. will: (topic, payload), sent retained with QoS 1."""
    flags = 0
    payload = text(client_id)
    if will is not None:
        flags |= 0x04 | 0x08 | 0x20  # will, will QoS 1, will retain
        payload += text(will[0]) + text(will[1])
    if username is not None:
        flags |= 0x80
        payload += text(username)
        if password is not None:  # MQTT 3.1.2.9: a password only with a user name
            flags |= 0x40
            payload += text(password)
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + keepalive_s.to_bytes(2, "big") + payload
    return bytes((_CONNECT,)) + length(len(body)) + body


def subscribe_packet(packet_id, topics):
    """MQTT 3.8, QoS 1 for each topic."""
    body = packet_id.to_bytes(2, "big")
    for topic in topics:
        body += text(topic) + b"\x01"
    return bytes((_SUBSCRIBE,)) + length(len(body)) + body


def _is_open(sock):
    """A socket that was refused is ready to write, too: reading tells. Raises OSError, HungUp."""
    try:
        if not sock.recv(1):
            raise HungUp
    except OSError as error:
        if error.args[0] not in (errno.EAGAIN, errno.EINPROGRESS):
            raise
        return
    raise MQTTError("is no MQTT broker: it speaks first")


def no_delay(sock):
    """Ask not to hold small packets back (Nagle): behind an acknowledgement each would wait 40 to 200 ms."""
    try:
        sock.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY
    except (OSError, ValueError, AttributeError):
        pass  # a port without it is slower, nothing else


async def connect(client):
    """Open, say hello and wait for the answer. Returns whether the broker kept our session. Raises ERRORS."""
    client.reader, client.writer = await client.limit(asyncio.open_connection(*client.address), "connection")
    plain = client.writer.s
    client.sockets.append(plain)
    _is_open(plain)
    no_delay(plain)
    client.stage = HELLO
    tls, server_name, room = client.tls
    if tls is not None:
        while room:
            room.pop(0).close()
        client.stage = TLS
        # The handshake is done by the first write, in steps that wait for the network as any other write does.
        secure = tls.wrap_socket(plain, server_hostname=server_name, do_handshake_on_connect=False)
        client.sockets.insert(0, secure)
        client.reader, client.writer = asyncio.StreamReader(secure), asyncio.StreamWriter(secure, {})
    await client.write(connect_packet(*client.hello))
    client.stage = HELLO
    first, body = await client.limit(client.read_packet(), "answer to CONNECT")
    if first != _CONNACK or len(body) != 2:
        raise MQTTError("is no MQTT broker: it answers with packet type 0x%02x" % first)
    if body[1]:
        reason = _REFUSALS[body[1]] if body[1] < len(_REFUSALS) else "code %d" % body[1]
        raise MQTTError("refuses us: %s; see the broker's log and its list of users" % reason)
    client.stage = TALK
    return bool(body[0] & 1)


async def subscribe(client, topics):
    """Subscribe with QoS 1. Raises MQTTError when the broker refuses one of them."""
    packet_id = client.ids.take(client.waiting)
    await client.acknowledged(packet_id, subscribe_packet(packet_id, topics), (), "SUBACK")
    for topic, code in zip(topics, client.granted.pop(packet_id, b"")):
        if code & 0x80:
            raise MQTTError("refuses a subscription to " + topic)
