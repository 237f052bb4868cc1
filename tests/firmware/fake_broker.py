"""A broker at the byte level, in the same MicroPython process: it says what a test tells it to say."""

import asyncio
import os

from node.mqtt import length, publish_head
from node.mqtt_open import no_delay

CONNACK = b"\x20\x02\x00\x00"


class FakeBroker:
    """Answers CONNECT, SUBSCRIBE, PUBLISH and PINGREQ as a broker does, unless told otherwise by its attributes."""

    def __init__(self):
        self.connack = CONNACK
        self.ping = True  # answer PINGREQ
        self.puback = True
        self.suback_code = 1
        self.received = []  # (first byte, body) of every packet
        self.topics = []  # of every PUBLISH
        self.connections = 0
        self._writers = []
        self.on_publish = None  # function(topic, payload)

    async def start(self, port=None):
        """port: None for any that is free."""
        while True:
            # The unix port has no getsockname, so we choose, and look whether it is free.
            self.port = (
                port or 20200 + int.from_bytes(os.urandom(2), "big") % 12000
            )  # below those of outgoing connections
            try:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
                return self
            except OSError:
                continue

    async def _serve(self, reader, writer):
        self.connections += 1
        no_delay(writer.s)
        self._writers.append(writer)
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    length |= (byte & 0x7F) << shift
                    if not byte & 0x80:
                        break
                    shift += 7
                body = await reader.readexactly(length) if length else b""
                self.received.append((first, body))
                await self._answer(writer, first, body)
        except (EOFError, OSError, MemoryError):
            writer.close()
            if writer in self._writers:
                self._writers.remove(writer)

    async def _answer(self, writer, first, body):
        kind = first & 0xF0
        if kind == 0x10:
            await self._send(writer, self.connack)
        elif kind == 0x80:
            count = 0
            i = 2
            while i < len(body):
                i += 3 + (body[i] << 8 | body[i + 1])
                count += 1
            await self._send(writer, bytes((0x90, 2 + count)) + body[:2] + bytes((self.suback_code,)) * count)
        elif kind == 0x30:
            end = 2 + (body[0] << 8 | body[1])
            topic = body[2:end].decode()
            self.topics.append(topic)
            start = end + (2 if first & 0x06 else 0)
            if self.on_publish is not None:
                self.on_publish(topic, body[start:])
            if first & 0x06 and self.puback:
                await self._send(writer, b"\x40\x02" + body[end : end + 2])
        elif kind == 0xC0 and self.ping:
            await self._send(writer, b"\xd0\x00")

    async def _send(self, writer, data):
        if data:
            writer.write(data)
            await writer.drain()

    async def say(self, data):
        """Send bytes to every client."""
        for writer in self._writers:
            await self._send(writer, data)

    async def publish(self, topic, payload, packet_id=0):
        await self.say(publish_head(topic, len(payload), packet_id) + payload)

    async def drop(self):
        """Close every connection."""
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.close()
            await writer.wait_closed()

    def stop(self):
        self._server.close()


def packet(first, body):
    return bytes((first,)) + length(len(body)) + body
