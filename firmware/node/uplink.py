"""The board's side of the conversation with the host: the journal up, acknowledgements, time, configuration and commands down."""

import asyncio
import gc
import random
import time

from micropython import const

from node import link, mqtt
from node.clock import HOST
from node.journal import EVENT
from node.lent import lent
from node.log import complain, log
from node.mqtt import MQTTClient
from paraat_wire import codec, metrics, topics

# Packed, of the readings in one message: as JSON some fifteen times that, and twice in the heap.
_PACK_BYTES = const(160)
_PACK_ENTRIES = const(4)
_TOPIC_BYTES = const(64)  # of a message: what stands before its payload
_IN_FLIGHT = const(64)  # entries that may wait for the host's ack
_BACKLOG_PAUSE_MS = const(10)  # between two packs: the radio and the broker have other work too
_ACK_WAIT_MAX_S = const(600)
_PATIENCE_S = const(900)  # beside the configured waits
_RESTART_LINK_AFTER = const(5)  # attempts in a row in which nothing came back
_ASK_TIME_EVERY_MS = const(300000)
_STEADY_S = const(60)  # a connection that lasts so long was a good one: the next attempt need not wait long
_HEAR_TIME_MS = const(3000)  # that the host has to tell the time, before sets go out with a worse one
_LOOK_MS = const(50)
_LISTEN = (topics.ACK, topics.CONFIG, topics.COMMAND)


def patience_s(settings):
    """How long run() may go on without showing a beat: longer than the longest of its waits."""
    broker = settings["broker"]
    return _PATIENCE_S + 2 * broker["retry_max_s"] + 6 * broker["timeout_s"] + settings["link"]["timeout_s"]


def _known(rows):
    """The rows of metrics that we know: a newer firmware that was given up may have left others in the journal."""
    return [row for row in rows if metrics.lookup(row[0]) is not None]


class Uplink:
    """settings, secrets: the configuration. state: a function that gives the fields of the `state` message."""

    def __init__(self, settings, secrets, journal, clock, boot, health, state):
        self.settings = settings
        self._broker = settings["broker"]
        self._secrets = secrets
        self._point = settings["point"]
        self._journal = journal
        self._clock = clock
        self._boot = boot
        self._health = health
        self._state = state
        self.handlers = {}  # leaf -> function of the payload, for configuration and commands
        self.on_reached = lambda: None  # called when the host has stored something that was sent since this start
        self.linked = False  # the host has acknowledged something a short time ago
        self.stored = False  # something that was sent since this start
        self.failures = 0  # connections that failed, in a row
        self.problem = None  # what ended the last one; "" while the broker has us, None before the first attempt
        self.link = None
        self._replies = []  # (payload, what to call when it is at the broker)
        self._wake = asyncio.Event()
        self._ended = None  # the error that ended the connection
        self._ack_wait_s = self._broker["ack_timeout_s"]
        self._state_sent = None
        self._heard_s = clock.uptime_s()  # when the broker last let us in
        self._time_asked_ms = None
        self._address = None  # of the broker, where the configuration gives a name
        self._context = None
        self._pack_entries = _PACK_ENTRIES  # fewer once the heap had no room for as many
        self._stage = mqtt.OPEN  # how far the last attempt came

    def wake(self):
        """There is something to send."""
        self._wake.set()

    def reply(self, payload, on_sent):
        """Answer a command as soon as the connection allows; on_sent() is called when the broker has the answer."""
        self._replies.append((payload, on_sent))
        if len(self._replies) > 8:
            self._replies.pop(0)
        self._wake.set()

    def rssi(self):
        """Signal in dBm, None when there is none."""
        return None if self.link is None else self.link.rssi()

    def tell_state(self):
        """Send `state` again: something in it has changed."""
        self._state_sent = None
        self._wake.set()

    async def run(self):
        """Bring the journal to the host, for ever, whatever happens to the link and the broker."""
        broker = self._broker
        wait_s = broker["retry_min_s"]
        silent = 0  # attempts in a row in which nothing came back: that may be the link's fault
        while True:
            began_s = self._clock.uptime_s()
            self._stage = mqtt.OPEN
            try:
                await self._attempt()
            except (link.LinkError, RuntimeError) as error:  # RuntimeError: the Wi-Fi driver cannot even be loaded
                self._failed(str(error))
                silent += 1
            except MQTTClient.ERRORS as error:
                self._failed(self._explain(error))
                silent = silent + 1 if self._stage == mqtt.OPEN or isinstance(error, mqtt.Silence) else 0
                if mqtt.is_date(error):
                    self._clock.doubt()
                    self._time_asked_ms = None
            now_s = self._clock.uptime_s()
            if self._stage == mqtt.TALK:
                self._heard_s = now_s
                if now_s - began_s >= _STEADY_S:
                    wait_s = broker["retry_min_s"]
            self.linked = False
            await self._ladder(silent, now_s)
            # Jitter: after a blackout hundreds of boards meet one broker.
            await asyncio.sleep_ms(int(wait_s * (500 + random.getrandbits(10) * 1000 // 1024)))
            wait_s = min(wait_s * 2, broker["retry_max_s"])

    def _explain(self, error):
        """What is wrong with the broker, in words; only its kind where the heap has no room for the words."""
        where = "%s:%d" % (self._broker["host"], self._broker["port"])
        try:
            with lent("node.trouble") as trouble:
                return trouble.explain(self._stage, error, where)
        except MemoryError:
            return "broker %s: %s, and not enough memory to say more" % (where, type(error).__name__)

    def _failed(self, why):
        self.failures += 1
        self.problem = why
        complain("uplink", why)

    async def _ladder(self, silent, now_s):
        """What may help when nothing gets through: the link anew, and after hours the whole board."""
        if silent and silent % _RESTART_LINK_AFTER == 0 and self.link is not None:
            log("W", "uplink", "%d attempts without an answer: the link starts anew" % silent)
            await self.link.restart()
        limit_s = self.settings["link"]["reboot_after_s"]
        if limit_s and now_s - self._heard_s > limit_s:
            self._heard_s = now_s
            self._health.restart("no broker for %d s" % limit_s)

    async def _attempt(self):
        """The link, the broker's address, perhaps the time, and one connection until it fails."""
        self._health.beat("uplink")
        if self.link is None:
            self.link = link.make(self.settings, self._secrets)
        way = self.link
        await way.up()
        self._health.beat("uplink")
        address = await self._find(self._broker["host"], way.name_server())
        await self._ask_time(address, way.name_server())
        self._health.beat("uplink")
        await self._session(address)

    async def _find(self, host, name_server):
        """The address of a host. A name server that is away stops nobody who was found once. Raises LinkError."""
        if link.is_address(host):
            return host
        try:
            self._address = await _look_up(host, name_server)
        except link.LinkError as error:
            if self._address is None:
                raise
            complain("uplink", "%s; going on with %s" % (error, self._address))
        return self._address

    async def _ask_time(self, broker_address, name_server):
        now = time.ticks_ms()
        if not self._clock.wants_time or (
            self._time_asked_ms is not None and 0 <= time.ticks_diff(now, self._time_asked_ms) < _ASK_TIME_EVERY_MS
        ):
            return
        self._time_asked_ms = now
        server = self.settings["ntp"]
        try:
            address = server["host"] or broker_address
            if not link.is_address(address):
                address = await _look_up(address, name_server)
            with lent("node.ntp", "node.udp") as ntp:
                found = await ntp.ask(address, server["port"])
        except (OSError, ValueError, link.LinkError) as error:
            complain("clock", "no time from a time server: %s" % error)
            return
        if self._clock.set_from_ntp(found, self._journal.next):
            log("I", "clock", "time from NTP")

    async def _session(self, address):
        """One connection, until it fails: birth, then the newest sets first, then the backlog."""
        broker = self._broker
        if broker["tls"] and self._context is None:
            self._context = _tls_context()  # once: what it takes in the chip's own heap is given back late
        client = MQTTClient(
            address,
            broker["port"],
            self._point,
            self._on_message,
            username=self._point,
            password=self._secrets.get("mqtt", {}).get("password"),
            will=(self._topic(topics.STATE), codec.encode_state({"online": False})),
            keepalive_s=broker["keepalive_s"],
            timeout_s=broker["timeout_s"],
            max_bytes=codec.MAX_BOARD_BYTES + _TOPIC_BYTES,
            tls=self._context,
            server_name=broker["server_name"] or broker["host"],
        )
        reader = None
        self._ended = None
        self._state_sent = None
        gc.collect()  # closes what the last attempt left open, and makes room for the handshake
        try:
            kept = await client.connect()
            self._health.beat("uplink")
            if broker["tls"]:
                self._clock.judged(self._journal.next)
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([self._topic(leaf) for leaf in _LISTEN] + [topics.TIME])
            where = "connected to %s:%d%s, session %s"
            how = " with TLS" if broker["tls"] else ""
            log("I", "uplink", where % (broker["host"], broker["port"], how, "kept" if kept else "new"))
            self._journal.send_again()
            self.failures = 0
            self.problem = ""
            await self._tell(client)
            await self._hear_time()
            while self._ended is None:
                self._health.beat("uplink")
                await self._tell(client)
                await self._send_some(client)
            raise self._ended
        except MQTTClient.ERRORS as error:
            raise self._ended or error  # it hung up while we waited for something else of it
        finally:
            self._stage = client.stage
            if reader is not None:
                reader.cancel()
            client.close()

    async def _tell(self, client):
        """State where it has changed, and answers to commands."""
        if self._state_sent != self._clock.source:
            self._state_sent = self._clock.source
            await client.publish(self._topic(topics.STATE), codec.encode_state(self._state()), retain=True)
        while self._replies:
            reply = self._replies[0]
            await client.publish(self._topic(topics.REPLY), reply[0])
            if reply in self._replies:  # more of them may have pushed it out in the meantime
                self._replies.remove(reply)
            reply[1]()

    async def _hear_time(self):
        """The host answers a birth that knows no better with the time. It dates what is sent, so wait a little."""
        start = time.ticks_ms()
        while self._clock.source != HOST and self._ended is None:
            if time.ticks_diff(time.ticks_ms(), start) > _HEAR_TIME_MS:
                return
            await asyncio.sleep_ms(_LOOK_MS)

    def _topic(self, leaf):
        return topics.topic(self._point, leaf)

    async def _read(self, client):
        try:
            await client.serve()
        except MQTTClient.ERRORS as error:
            self._ended = error
            self._wake.set()

    async def _send_some(self, client):
        """One pack, or a wait until there is one to send."""
        if self._journal.in_flight < _IN_FLIGHT:
            try:
                pack = self._pack()
            except MemoryError as error:
                complain("uplink", error)
                gc.collect()
                self._pack_entries = max(1, self._pack_entries // 2)
                self._journal.send_again()  # also what was taken for this pack
                await asyncio.sleep_ms(_BACKLOG_PAUSE_MS)
                return
            if pack is not None:
                await client.publish(*pack[:2], qos=pack[2])
                await asyncio.sleep_ms(_BACKLOG_PAUSE_MS)
                return
        self._wake.clear()
        try:
            # Not longer than the health's patience with us.
            await asyncio.wait_for(self._wake.wait(), min(self._ack_wait_s, _ACK_WAIT_MAX_S))
        except asyncio.TimeoutError:
            pass
        if self._journal.send_again(self._ack_wait_s * 1000):
            # The broker takes our sets and the host does not answer: it is away. Ask ever more seldom.
            self.linked = False
            self._ack_wait_s = min(self._ack_wait_s * 2, max(_ACK_WAIT_MAX_S, self._broker["ack_timeout_s"]))

    def _pack(self):
        """(topic, pieces of the payload, QoS) of the newest entries that wait; None when there is none."""
        entries = self._journal.take(_PACK_BYTES, self._pack_entries)
        if not entries:
            return None
        leaf = topics.EVENT if entries[0].kind == EVENT else topics.TELEMETRY
        # What is dated by its age must not wait in the broker while the host is away, or it is dated too late: with
        # QoS 0 the broker keeps none, and without the host's ack it comes again, older.
        qos = 1
        pieces = []  # nowhere in one piece: an old heap might have no room for it
        for entry in entries:
            bt, unsure = self._clock.bt(entry, self._boot)
            if bt <= 0:
                qos = 0
            pieces.append(b"," if pieces else b"[")
            pieces.append(self._encode(entry, bt, unsure).encode())
        pieces.append(b"]")
        return self._topic(leaf), pieces, qos

    def _encode(self, entry, bt, unsure):
        values, faults = _known(entry.values), _known(entry.faults)
        if unsure:
            faults.append(("node/clock", "unsure"))
        return codec.encode_set(self._point, entry.seq, bt, codec.encode_records(values, faults))

    def _on_message(self, topic, payload):
        try:
            self._take(topic, payload)
        except Exception as error:  # the edge: the broker would hand the message over again at every connection
            complain("uplink", error)
        self._wake.set()

    def _take(self, topic, payload):
        if topic == topics.TIME:
            wrong_s = self._clock.set_from_host(codec.read_time(payload), self._journal.next)
            if wrong_s is not None and abs(wrong_s) > 60:
                log("W", "clock", "was wrong by %d s" % wrong_s)
        elif topic == self._topic(topics.ACK):
            ours = self._journal.ack(codec.read_ack(payload))
            self._ack_wait_s = self._broker["ack_timeout_s"]
            self._heard_s = self._clock.uptime_s()
            self.linked = True
            if ours:  # the broker may have kept an ack from before this start, which proves nothing about it
                self.stored = True
                self.on_reached()
        else:
            handler = self.handlers.get(topic[topic.rfind("/") + 1 :])
            if handler is not None:
                handler(payload)


async def _look_up(name, name_server):
    """The address of a name. Raises LinkError."""
    with lent("node.dns", "node.udp") as dns:
        try:
            return await dns.look_up(name, name_server)
        except dns.LookUpError as error:
            raise link.LinkError(str(error))


def _tls_context():
    """What a TLS connection goes by. Raises LinkError."""
    with lent("node.tls") as tls:
        try:
            return tls.context()
        except tls.TLSError as error:
            raise link.LinkError(str(error))
