import asyncio
import socket
import struct

from bench import raises
from node import ntp

NOON = 1795521600
COOKIE = b"12345678"


def reply(unix_s=NOON, mode=4, stratum=2, leap=0, cookie=COOKIE):
    head = bytes((leap << 6 | 4 << 3 | mode, stratum)) + bytes(22) + cookie + bytes(8)
    return head + struct.pack(">II", (unix_s + 2208988800) & 0xFFFFFFFF, 0)


def test_an_answer_to_our_question():
    assert ntp.read_reply(reply(), COOKIE) == NOON
    assert ntp.read_reply(reply(2085978497), COOKIE) == 2085978497, "after the count went round in 2036"


def test_what_is_no_answer_to_our_question():
    for packet in (
        b"",
        reply()[:47],
        reply(cookie=b"x" * 8),
        reply(mode=3),
        reply(stratum=0),
        reply(stratum=16),
        reply(leap=3),
    ):
        raises(ValueError, ntp.read_reply, packet, COOKIE)


async def test_a_server_is_asked_and_the_loop_goes_on():
    port = 20123
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    server.setblocking(False)

    async def serve():
        while True:
            try:
                packet, address = server.recvfrom(100)
                server.sendto(reply(cookie=packet[40:48]), address)
                return
            except OSError:
                await asyncio.sleep_ms(10)

    task = asyncio.create_task(serve())
    assert await ntp.ask("127.0.0.1", port=port) == NOON
    await task
    server.close()


async def test_nobody_there():
    try:
        found = await ntp.ask("127.0.0.1", port=9)
    except OSError as error:
        found = str(error)
    assert found == "no answer from 127.0.0.1 in 3 s", found
