import asyncio
import socket
import struct

import kernel
from bench import raises
from node import dns, link

NAME = "broker.example"
QUESTION = b"\x06broker\x07example\x00\x00\x01\x00\x01"
HEAD = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
ADDRESS = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"


def test_an_address_needs_no_name_server():
    for host in ("192.0.2.7", "0.0.0.0", "255.255.255.255"):
        assert link.is_address(host)
    for host in ("broker.example", "192.0.2", "192.0.2.256", "1.2.3.x", "", "a.b.c.d"):
        assert not link.is_address(host), host


def test_a_question_byte_for_byte():
    assert dns.query(NAME, 0x1234) == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + QUESTION
    for name in ("", "a..b", "x" * 64 + ".nl"):
        raises(ValueError, dns.query, name, 1)


def test_answers():
    assert dns.read_reply(HEAD + QUESTION + ADDRESS, 0x1234, NAME) == "192.0.2.7"
    alias = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x05\x02cp\xc0\x0c"
    two = HEAD[:6] + b"\x00\x02" + HEAD[8:]
    assert dns.read_reply(two + QUESTION + alias + ADDRESS, 0x1234, NAME) == "192.0.2.7"


def test_what_is_no_answer():
    whole = HEAD + QUESTION + ADDRESS
    for number, packet in ((0x1235, whole), (0x1234, b"\x12\x34\x01\x00" + whole[4:]), (0x1234, whole[:11])):
        raises(ValueError, dns.read_reply, packet, number, NAME)
    for length in range(len(whole)):
        raises(ValueError, dns.read_reply, whole[:length], 0x1234, NAME)
    unknown = b"\x12\x34\x81\x83" + whole[4:]
    assert "no such name" in str(raises(ValueError, dns.read_reply, unknown, 0x1234, NAME))


def test_getaddrinfo_of_a_name_is_not_for_the_board():
    raises(OSError, socket.getaddrinfo, "broker.example", 1883)


async def test_a_name_server_is_asked_and_its_absence_is_told():
    port = 20053
    kernel.scenario["ports"] = {"53": port}
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    server.setblocking(False)

    async def serve():
        while True:
            try:
                packet, address = server.recvfrom(100)
            except OSError:
                await asyncio.sleep_ms(10)
                continue
            wrong = struct.pack(">H", (packet[0] << 8 | packet[1]) ^ 1)
            for number in (wrong, packet[:2]):  # somebody else's answer comes first
                server.sendto(number + HEAD[2:] + QUESTION + ADDRESS, address)
            return

    task = asyncio.create_task(serve())
    assert await dns.look_up(NAME, "127.0.0.1") == "192.0.2.7"
    await task
    server.close()
    try:
        found = await dns.look_up(NAME, "127.0.0.1")
    except dns.LookUpError as error:
        found = str(error)
    assert found == (
        "no address for broker.example (name server: no answer from 127.0.0.1 in 3 s): "
        "repair the network's names, or configure the address"
    )
