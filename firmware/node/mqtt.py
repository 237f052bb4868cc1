"""An MQTT 3.1.1 client on asyncio streams, as small as our job: will, QoS 0 and 1 both ways, persistent session.

# Ref: MQTT Version 3.1.1, OASIS Standard, 29 October 2014 ("MQTT" below).

The first half turns values into packets and back and touches no socket. The second half, MQTTClient, owns the socket
and holds no tasks: its user runs serve() beside what publishes. Every wait has a time limit; whatever goes wrong is one of
MQTTClient.ERRORS, after which the connection is closed and a new one is wanted. How a connection begins is in
node.mqtt_open, which is lent for that.
"""

import asyncio
import time

from micropython import const

from node.lent import lent
from node.log import complain

# How far a connection has come.
OPEN = const(1)  # a TCP connection
TLS = const(2)  # the handshake, both certificates
HELLO = const(3)  # CONNECT and the broker's answer
TALK = const(4)  # everything after

_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)

PINGREQ = b"\xc0\x00"

MAX_ID = const(65535)
# What goes out at once: about what a TCP segment carries. A small packet goes in one piece, or its parts would wait for
# each other (Nagle against delayed acknowledgement, 40 ms); a large one needs no room of its size.
_CHUNK_BYTES = const(1400)
_IN_BYTES = const(
    1600
)  # a packet of up to this size takes no room of its own: a part of an update is the largest usual one
_DROPPED_BYTES = const(262144)  # a larger packet ends the connection: our brokers let none through (max_packet_size)
_TOPIC_BYTES = const(128)  # of a message that is dropped: its topic and its packet id are among the first of it
_REST_BYTES = const(512)  # of it that are read at once


class MQTTError(Exception):
    """Raised when the broker refuses, or breaks the protocol."""


class Silence(Exception):
    """Raised when the broker does not answer in time. str() says what was awaited, and how long."""


class HungUp(Exception):
    """Raised when the broker closes the connection."""


# --- packets ---


def length(n):
    """MQTT 2.2.3: the remaining length, 7 bits a byte, at most 4 bytes."""
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        if n:
            out.append(byte | 0x80)
        else:
            out.append(byte)
            return bytes(out)


def text(value):
    """MQTT 1.5.3: length and UTF-8 bytes."""
    if isinstance(value, str):
        value = value.encode()
    return len(value).to_bytes(2, "big") + value


def publish_head(topic, payload_bytes, packet_id, retain=False):
    """MQTT 3.3: what comes before the payload. packet_id 0 means QoS 0."""
    first = _PUBLISH | (0x02 if packet_id else 0) | (0x01 if retain else 0)
    variable = text(topic)
    if packet_id:
        variable += packet_id.to_bytes(2, "big")
    return bytes((first,)) + length(len(variable) + payload_bytes) + variable


def puback_packet(packet_id):
    """MQTT 3.4"""
    return bytes((_PUBACK, 2)) + packet_id.to_bytes(2, "big")


def read_publish(first, body):
    """(topic, payload, packet id or 0 for QoS 0). body: a memoryview, of which the payload is the end.

    Raises MQTTError for QoS 2, a short packet or a topic that is not UTF-8.
    """
    qos = first >> 1 & 3
    if qos > 1:
        raise MQTTError("QoS %d, we asked for 1 at most" % qos)
    end = 2 + (body[0] << 8 | body[1]) if len(body) >= 2 else 3
    start = end + (2 if qos else 0)
    if start > len(body):
        raise MQTTError("a PUBLISH that ends before its payload")
    packet_id = body[end] << 8 | body[end + 1] if qos else 0
    try:
        topic = str(body[2:end], "utf-8")
    except UnicodeError:
        raise MQTTError("a topic that is not UTF-8")
    return topic, body[start:], packet_id


def make_buffers():
    """What a connection writes and reads through. Its user may hand them from one to the next."""
    return bytearray(_CHUNK_BYTES), bytearray(_IN_BYTES)


class PacketIds:
    """Packet ids 1 to 65535, round and round, never one that is in use (MQTT 2.3.1)."""

    def __init__(self):
        self._last = 0

    def take(self, in_use):
        """The next free id; in_use: anything with `in`."""
        for _ in range(MAX_ID):
            self._last = self._last % MAX_ID + 1
            if self._last not in in_use:
                return self._last
        raise MQTTError("65535 messages in flight")


# --- the connection ---


class MQTTClient:
    """One connection. Call connect(), run serve() in a task, publish and subscribe beside it, and close() at the end.

    on_message(topic, payload) is called for each message, and acknowledged when it returns; the payload is a memoryview.
    keepalive_s, timeout_s in seconds; timeout_s limits every single wait for the broker, and within a packet every wait
    for more of it: a slow line is no silence. max_bytes: of a message and its topic. A larger one, or one that the heap
    has no room for, is skipped, and acknowledged like the others: the broker would hand it over again at every
    connection, for ever. skipped: how many, since the start.
    room: sockets to close before the handshake, which kept memory for it. buffers: as make_buffers() gives them.
    tls: an ssl.SSLContext, or None; server_name: the name that the broker's certificate must have. host: an address:
    a name would be looked up while everything else stands still.

    stage: how far it has come, OPEN to TALK.
    """

    # ValueError: a certificate that cannot be believed.
    ERRORS = (MQTTError, Silence, HungUp, OSError, ValueError, EOFError, MemoryError)
    skipped = 0

    def __init__(self, host, port, client_id, on_message, *, username=None, password=None, will=None,
                 keepalive_s=60, timeout_s=10, max_bytes=2048, tls=None, server_name=None, room=None,
                 buffers=None):  # fmt: skip
        self.address = host, port
        self.tls = tls, server_name or host, room or []
        self.hello = client_id, keepalive_s, username, password, will
        self._on_message = on_message
        self._keepalive_s = keepalive_s
        self._timeout_s = timeout_s
        self.ids = PacketIds()
        self.waiting = {}  # packet id -> asyncio.Event, set when the broker acknowledged it
        self.granted = {}  # packet id of a SUBSCRIBE -> its return codes
        self._max_bytes = max_bytes
        self._write_lock = asyncio.Lock()
        self._out, self._in = buffers or make_buffers()
        self._dropped = ""  # why only the beginning of the packet at hand was kept
        self._filled_ms = None  # when more of a packet came
        self._due_ms = None  # of a PINGREQ, whatever is heard: MQTT 3.1.2.10; None before serve()
        self.sockets = []  # TLS, and the one below it
        self.reader = None
        self.writer = None
        self.stage = OPEN

    async def connect(self):
        """Open, say hello and wait for the answer. Returns whether the broker kept our session. Raises ERRORS."""
        with lent("node.mqtt_open") as opening:
            return await opening.connect(self)

    async def subscribe(self, topics):
        """Subscribe with QoS 1. Raises MQTTError when the broker refuses one of them."""
        with lent("node.mqtt_open") as opening:
            await opening.subscribe(self, topics)

    async def serve(self):
        """Read until the connection ends, and keep it alive. Never returns; raises ERRORS."""
        pinged = False
        self._due_ms = time.ticks_add(time.ticks_ms(), self._keepalive_s * 500)
        while True:
            limit_ms = self._timeout_s * 1000 if pinged else max(1, time.ticks_diff(self._due_ms, time.ticks_ms()))
            try:
                # One byte: cutting this wait short can lose nothing.
                head = await asyncio.wait_for_ms(self._stream().readexactly(1), limit_ms)
            except asyncio.TimeoutError:
                if pinged:
                    raise Silence("no answer to PINGREQ in %d s" % self._timeout_s)
                await self._ping()
                pinged = True
                continue
            except EOFError:
                raise HungUp
            first, body = await self.read_packet(head[0])
            pinged = False
            await self._handle(first, body)

    async def _ping(self):
        await self.write(PINGREQ)
        self._due_ms = time.ticks_add(time.ticks_ms(), self._keepalive_s * 500)

    async def _handle(self, first, body):
        kind = first & 0xF0
        if kind == _PUBLISH:
            topic, payload, packet_id = read_publish(first, body)
            if self._dropped:
                MQTTClient.skipped += 1
                kept = " (retained: clear it at the broker)" if first & 1 else ""
                told = MQTTClient.skipped, self._dropped, topic, kept
                complain("mqtt", "skipped message %d since the start, of %s: %s%s" % told)
            else:
                self._on_message(topic, payload)
            if packet_id:
                await self.write(puback_packet(packet_id))
        elif kind in (_PUBACK, _SUBACK):
            if len(body) < 2:
                raise MQTTError("an acknowledgement without a packet id")
            packet_id = body[0] << 8 | body[1]
            if kind == _SUBACK and packet_id in self.waiting:
                self.granted[packet_id] = bytes(body[2:])
            event = self.waiting.get(packet_id)
            if event is not None:
                event.set()
        elif kind != _PINGRESP:
            raise MQTTError("packet type 0x%02x is not for a client" % first)

    async def publish(self, topic, payload, *, qos=1, retain=False):
        """Send one message; with QoS 1 wait for the broker's PUBACK. payload: bytes, or a list of them. Raises ERRORS."""
        pieces = payload if isinstance(payload, list) else [payload]
        size = sum(len(piece) for piece in pieces)
        if not qos:
            await self.write(publish_head(topic, size, 0, retain), *pieces)
            return
        packet_id = self.ids.take(self.waiting)
        head = publish_head(topic, size, packet_id, retain)
        await self.acknowledged(packet_id, head, pieces, "PUBACK")

    async def acknowledged(self, packet_id, head, pieces, what):
        """Send a packet and wait for the broker's answer to its id. Raises ERRORS."""
        event = self.waiting[packet_id] = asyncio.Event()
        try:
            await self.write(head, *pieces)
            while not event.is_set():
                try:
                    await self.limit(event.wait(), what)
                except Silence:
                    # Behind what still comes in over a slow line.
                    filled_ms = self._filled_ms
                    if filled_ms is None or time.ticks_diff(time.ticks_ms(), filled_ms) > self._timeout_s * 1000:
                        raise
        finally:
            del self.waiting[packet_id]

    def close(self):
        """Close the connection. Without DISCONNECT: the broker tells the will whenever we are away."""
        self.writer = None
        # TLS lets go of the socket below it when a handshake fails: close that one too, or lwIP has none left.
        while self.sockets:
            try:
                self.sockets.pop(0).close()
            except OSError:
                pass

    async def limit(self, wait, what):
        """What comes of a wait. Raises Silence after the time limit, HungUp."""
        try:
            return await asyncio.wait_for(wait, self._timeout_s)
        except asyncio.TimeoutError:
            raise Silence("no %s in %d s" % (what, self._timeout_s))
        except EOFError:
            raise HungUp

    async def write(self, *pieces):
        """Send these pieces as one packet. Raises ERRORS."""
        async with self._write_lock:
            used = 0
            for piece in pieces:
                at = 0
                while at < len(piece):
                    if used == _CHUNK_BYTES:
                        await self._flush(used)
                        used = 0
                    n = min(len(piece) - at, _CHUNK_BYTES - used)
                    self._out[used : used + n] = memoryview(piece)[at : at + n]
                    used += n
                    at += n
            await self._flush(used)

    async def _flush(self, used):
        if self.writer is None:
            raise MQTTError("not connected")
        self.writer.write(memoryview(self._out)[:used])
        await self.limit(self.writer.drain(), "room to send")

    def _stream(self):
        if self.reader is None:
            raise MQTTError("not connected")
        return self.reader

    async def read_packet(self, first=None):
        """(first byte, body as a memoryview); of a message that is dropped only the beginning."""
        if first is None:
            first = (await self._stream().readexactly(1))[0]  # pyright: ignore[reportGeneralTypeIssues]
        length = shift = 0
        while True:
            byte = (await self.limit(self._stream().readexactly(1), "rest of a packet"))[0]
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
            shift += 7
            if shift > 21:
                raise MQTTError("malformed length of a packet")  # MQTT 2.2.3
        body = self._room(first, length)
        await self._fill(body)
        left = length - len(body)
        if left:
            rest = memoryview(bytearray(_REST_BYTES))
            while left > 0:
                if self._due_ms is not None and time.ticks_diff(self._due_ms, time.ticks_ms()) < 0:
                    await self._ping()
                await self._fill(rest[:left])
                left -= _REST_BYTES
        return first, body

    def _room(self, first, length):
        """Room for a packet, or for the beginning of a message that is dropped. Raises MQTTError for other packets."""
        self._dropped = ""
        if length > self._max_bytes:
            self._dropped = "%d bytes, at most %d" % (length, self._max_bytes)
        elif length <= _IN_BYTES:
            return memoryview(self._in)[:length]
        else:
            try:
                return memoryview(bytearray(length))
            except MemoryError:
                self._dropped = "%d bytes, and the heap has no room for it" % length
        if first & 0xF0 != _PUBLISH or length > _DROPPED_BYTES:
            raise MQTTError("a packet of " + self._dropped)
        return memoryview(bytearray(min(length, _TOPIC_BYTES)))

    async def _fill(self, view):
        read = 0
        while read < len(view):
            n = await self.limit(self._stream().readinto(view[read:]), "rest of a packet")
            self._filled_ms = time.ticks_ms()
            if n is None:  # TLS has a part of a record, and gives nothing of it yet
                continue
            if not n:
                raise HungUp
            read += n
