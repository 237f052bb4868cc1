"""How the board comes to its broker, and what it tries when it does not. Lent by node.uplink for each attempt."""

import socket
import time

from micropython import const

from node import link, mqtt
from node.health import idf_heap
from node.lent import lent
from node.log import complain, log
from node.mqtt import MQTTClient
from node.nic import LinkError
from paraat_wire import codec, topics

_RESTART_LINK_AFTER = const(5)  # attempts in a row in which nothing came back
_RESTART_SHORT_AFTER = const(3)
_HANDSHAKE_BYTES = const(12288)  # largest free block beside the room that is kept for the session
_ASK_TIME_EVERY_MS = const(300000)
_TOPIC_BYTES = const(64)  # of a message: what stands before its payload


async def client(uplink):
    """The link up, the broker's address, perhaps the time: an MQTTClient that can connect. Raises ERRORS, LinkError."""
    uplink.health.beat("uplink")
    broker = uplink.broker
    if broker["tls"]:
        if uplink.context is None:
            # Once: what it takes in the chip's own heap is given back late.
            uplink.context, uplink.on_trial = _tls_context()
        _keep_room(uplink)
    if uplink.link is None:
        uplink.link = link.make(uplink.settings, uplink.secrets)
    way = uplink.link
    await way.up()
    uplink.health.beat("uplink")
    address = await _find(uplink, broker["host"], way.name_server())
    await ask_time(uplink, address, way.name_server())
    uplink.health.beat("uplink")
    return MQTTClient(
        address,
        broker["port"],
        uplink.point,
        uplink.on_message,
        username=uplink.point,
        password=uplink.secrets.get("mqtt", {}).get("password"),
        will=(uplink.topic(topics.STATE), codec.encode_state({"online": False})),
        keepalive_s=broker["keepalive_s"],
        timeout_s=broker["timeout_s"],
        max_bytes=codec.MAX_BOARD_BYTES + _TOPIC_BYTES,
        tls=uplink.context,
        server_name=broker["server_name"] or broker["host"],
        room=uplink.room,
        buffers=uplink.buffers,
    )


def _keep_room(uplink):
    """Let a TLS session that is connected to nothing take the chip's memory that the next one will need.

    Else Python's heap may take it meanwhile, and then no connection comes about any more.
    """
    if uplink.room:
        return
    plain = socket.socket()
    uplink.room.append(plain)
    try:
        secure = uplink.context.wrap_socket(plain, server_hostname=uplink.point, do_handshake_on_connect=False)
        uplink.room.insert(0, secure)
    except (OSError, ValueError, MemoryError):
        pass  # there is none; the handshake will say so


async def _find(uplink, host, name_server):
    """The address of a host. A name server that is away stops nobody who was found once. Raises LinkError."""
    if link.is_address(host):
        return host
    try:
        uplink.address = await _look_up(host, name_server)
    except LinkError as error:
        if uplink.address is None:
            raise
        complain("uplink", "%s; going on with %s" % (error, uplink.address))
    return uplink.address


async def ask_time(uplink, broker_address, name_server):
    """Ask a time server, where the clock wants one, not more often than each five minutes."""
    now = time.ticks_ms()
    if not uplink.clock.wants_time or (
        uplink.time_asked_ms is not None and 0 <= time.ticks_diff(now, uplink.time_asked_ms) < _ASK_TIME_EVERY_MS
    ):
        return
    uplink.time_asked_ms = now
    server = uplink.settings["ntp"]
    try:
        address = server["host"] or broker_address
        if not link.is_address(address):
            address = await _look_up(address, name_server)
        with lent("node.ntp", "node.udp") as ntp:
            found = await ntp.ask(address, server["port"])
    except (OSError, ValueError, LinkError) as error:
        complain("clock", "no time from a time server: %s" % _words(error))
        return
    if uplink.clock.set_from_ntp(found, uplink.next_seq):
        log("I", "clock", "time from NTP")


def _words(error):
    with lent("node.shortage") as shortage:
        return shortage.WORDS if shortage.is_it(error) else error


async def _look_up(name, name_server):
    """The address of a name. Raises LinkError."""
    with lent("node.dns", "node.udp") as dns:
        try:
            return await dns.look_up(name, name_server)
        except dns.LookUpError as error:
            raise LinkError(str(error))


def _tls_context():
    """What a TLS connection goes by, and whether that is on trial. Raises LinkError."""
    with lent("node.tls", "node.pair", "paraat_wire.renewal") as tls:
        try:
            return tls.context()
        except tls.TLSError as error:
            raise LinkError(str(error))


# --- when it did not come to it ---


async def failed(uplink, error, silent):
    """Say what ended an attempt, and try what may help.

    silent: attempts in a row before it in which nothing came back. Returns their number, this one included.
    """
    if isinstance(error, (LinkError, RuntimeError)):
        why = str(error)
        silent += 1
    else:
        why = _explain(uplink, error)
        silent = silent + 1 if uplink.stage == mqtt.OPEN or isinstance(error, mqtt.Silence) else 0
    uplink.failures += 1
    uplink.problem = why
    complain("uplink", why)
    now_s = uplink.clock.uptime_s()
    if uplink.stage == mqtt.TALK:
        uplink.heard_s = now_s
    if uplink.on_trial and uplink.stage != mqtt.OPEN:
        uplink.context = None  # the broker was there, and it may be for the new certificate that it came to nothing
    if uplink.context is not None:
        _keep_room(uplink)
        _look_at_memory(uplink)
    await _ladder(uplink, silent, now_s)
    return silent


def _explain(uplink, error):
    """What is wrong with the broker, in words; only its kind where the heap has no room for the words."""
    where = "%s:%d" % (uplink.broker["host"], uplink.broker["port"])
    try:
        with lent("node.trouble", "node.shortage") as trouble:
            if trouble.is_date(error):
                uplink.clock.doubt()
                uplink.time_asked_ms = None
            return trouble.explain(uplink.stage, error, where, uplink.largest)
    except MemoryError:
        return "broker %s: %s, and not enough memory to say more" % (where, type(error).__name__)


def _look_at_memory(uplink):
    """Start anew where the chip has no memory left for a handshake: Python's heap gives nothing back, a start does."""
    if uplink.failures >= _RESTART_SHORT_AFTER and idf_heap()[1] < _HANDSHAKE_BYTES:
        uplink.health.restart("not enough memory on the chip for a connection")


async def _ladder(uplink, silent, now_s):
    """What may help when nothing gets through: the link anew, and after hours the whole board."""
    if silent and silent % _RESTART_LINK_AFTER == 0 and uplink.link is not None:
        log("W", "uplink", "%d attempts without an answer: the link starts anew" % silent)
        await uplink.link.restart()
    limit_s = uplink.settings["link"]["reboot_after_s"]
    if limit_s and now_s - uplink.heard_s > limit_s:
        uplink.heard_s = now_s
        uplink.health.restart("no broker for %d s" % limit_s)
