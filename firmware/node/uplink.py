"""The board's side of the conversation with the host: the journal up, acknowledgements, time, configuration and commands down.

How a connection comes about, and what is tried when none does, is in node.way, which is lent for each attempt.
"""

import asyncio
import gc
import random
import time

from micropython import const

from node import mqtt
from node.clock import HOST
from node.health import idf_heap
from node.journal import EVENT
from node.lent import lent
from node.log import complain, log
from node.mqtt import MQTTClient
from node.nic import LinkError
from paraat_wire import codec, metrics, topics

# Packed, of the readings in one message: as JSON some fifteen times that, and twice in the heap.
_PACK_BYTES = const(160)
_PACK_ENTRIES = const(4)
_ROOMY_BYTES = const(131072)  # free at the start; each entry in a message takes 3 KB for a moment
_IN_FLIGHT = const(64)  # entries that may wait for the host's ack
_BACKLOG_PAUSE_MS = const(10)  # between two packs: the radio and the broker have other work too
_ACK_WAIT_MAX_S = const(600)
_PATIENCE_S = const(900)  # beside the configured waits
_STEADY_S = const(60)  # a connection that lasts so long was a good one: the next attempt need not wait long
_HEAR_TIME_MS = const(3000)  # that the host has to tell the time, before sets go out with a worse one
_LOOK_MS = const(50)
# What an attempt may end with. RuntimeError: the Wi-Fi driver cannot even be loaded.
_ENDS = (LinkError, RuntimeError) + MQTTClient.ERRORS
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
        self.broker = settings["broker"]
        self.secrets = secrets
        self.point = settings["point"]
        self._journal = journal
        self.clock = clock
        self._boot = boot
        self.health = health
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
        self._ack_wait_s = self.broker["ack_timeout_s"]
        self._state_sent = None
        self.heard_s = clock.uptime_s()  # when the broker last let us in
        self.time_asked_ms = None
        self.address = None  # of the broker, where the configuration gives a name
        self.context = None  # of TLS
        self.on_trial = False  # a new certificate, which the broker has not let in yet
        self.room = []  # sockets that keep the chip's memory for the next TLS session (node.way)
        self.buffers = mqtt.make_buffers()  # once: an old heap may have no pieces of this size any more
        # Fewer once the heap had no room for as many.
        self._pack_entries = _PACK_ENTRIES if gc.mem_free() > _ROOMY_BYTES else 1
        self.largest = None  # free block of the chip's heap when the last connection ended
        self.stage = mqtt.OPEN  # how far the last attempt came

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

    @property
    def next_seq(self):
        """Of the journal: the first set that a new time will date."""
        return self._journal.next

    async def run(self):
        """Bring the journal to the host, for ever, whatever happens to the link and the broker."""
        wait_s = self.broker["retry_min_s"]
        silent = 0  # attempts in a row in which nothing came back: that may be the link's fault
        while True:
            began_s = self.clock.uptime_s()
            self.stage = mqtt.OPEN
            self.largest = None
            try:
                await self._attempt()
            except _ENDS as error:
                self.linked = False
                silent = await self._failed(error, silent)
            if self.stage == mqtt.TALK and self.clock.uptime_s() - began_s >= _STEADY_S:
                wait_s = self.broker["retry_min_s"]
            # Jitter: after a blackout hundreds of boards meet one broker.
            await asyncio.sleep_ms(int(wait_s * (500 + random.getrandbits(10) * 1000 // 1024)))
            wait_s = min(wait_s * 2, self.broker["retry_max_s"])

    async def _attempt(self):
        """The link, the broker's address, perhaps the time, and one connection until it fails."""
        await self._session(await self._client())

    async def _client(self):
        with lent("node.way", "node.link", "node.wifi", "node.ethernet") as way:
            return await way.client(self)

    async def _failed(self, error, silent):
        with lent("node.way", "node.link", "node.wifi", "node.ethernet") as way:
            return await way.failed(self, error, silent)

    async def _session(self, client):
        """One connection, until it fails: birth, then the newest sets first, then the backlog."""
        reader = None
        self._ended = None
        self._state_sent = None
        gc.collect()  # closes what the last attempt left open, and makes room for the handshake
        try:
            kept = await client.connect()
            self.health.beat("uplink")
            if self.context is not None:
                self.clock.judged(self._journal.next)
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([self.topic(leaf) for leaf in _LISTEN] + [topics.TIME])
            if self.on_trial:
                self._keep_certificate()
            where = "connected to %s:%d%s, session %s"
            how = " with TLS" if self.context is not None else ""
            log("I", "uplink", where % (self.broker["host"], self.broker["port"], how, "kept" if kept else "new"))
            self._journal.send_again()
            self.failures = 0
            self.problem = ""
            await self._tell(client)
            await self._hear_time()
            while self._ended is None:
                self.health.beat("uplink")
                await self._tell(client)
                await self._send_some(client)
            raise self._ended
        except MQTTClient.ERRORS as error:
            self.largest = idf_heap()[1]  # before the session gives back what it had
            raise self._ended or error  # it hung up while we waited for something else of it
        finally:
            self.stage = client.stage
            if reader is not None:
                reader.cancel()
            client.close()

    def _keep_certificate(self):
        with lent("node.pair", "paraat_wire.renewal") as pair:
            pair.confirm()
        self.on_trial = False

    async def _tell(self, client):
        """State where it has changed, and answers to commands."""
        if self._state_sent != self.clock.source:
            self._state_sent = self.clock.source
            await client.publish(self.topic(topics.STATE), codec.encode_state(self._state()), retain=True)
        while self._replies:
            reply = self._replies[0]
            await client.publish(self.topic(topics.REPLY), reply[0])
            if reply in self._replies:  # more of them may have pushed it out in the meantime
                self._replies.remove(reply)
            reply[1]()

    async def _hear_time(self):
        """The host answers a birth that knows no better with the time. It dates what is sent, so wait a little."""
        start = time.ticks_ms()
        while self.clock.source != HOST and self._ended is None:
            if time.ticks_diff(time.ticks_ms(), start) > _HEAR_TIME_MS:
                return
            await asyncio.sleep_ms(_LOOK_MS)

    def topic(self, leaf):
        """The point's topic of this leaf."""
        return topics.topic(self.point, leaf)

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
                self.health.failed("uplink", error)
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
            self._ack_wait_s = min(self._ack_wait_s * 2, max(_ACK_WAIT_MAX_S, self.broker["ack_timeout_s"]))

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
            bt, unsure = self.clock.bt(entry, self._boot)
            if bt <= 0:
                qos = 0
            pieces.append(b"," if pieces else b"[")
            pieces.append(self._encode(entry, bt, unsure).encode())
        pieces.append(b"]")
        return self.topic(leaf), pieces, qos

    def _encode(self, entry, bt, unsure):
        values, faults = _known(entry.values), _known(entry.faults)
        if unsure:
            faults.append(("node/clock", "unsure"))
        return codec.encode_set(self.point, entry.seq, bt, codec.encode_records(values, faults))

    def on_message(self, topic, payload):
        """A message from the broker. Never raises."""
        try:
            self._take(topic, payload)
        except Exception as error:  # the edge: the broker would hand the message over again at every connection
            complain("uplink", error)
            if isinstance(error, MemoryError):
                self.health.failed("uplink", error)
        self._wake.set()

    def _take(self, topic, payload):
        if topic == topics.TIME:
            wrong_s = self.clock.set_from_host(codec.read_time(payload), self._journal.next)
            if wrong_s is not None and abs(wrong_s) > 60:
                log("W", "clock", "was wrong by %d s" % wrong_s)
        elif topic == self.topic(topics.ACK):
            ours = self._journal.ack(codec.read_ack(payload))
            self._ack_wait_s = self.broker["ack_timeout_s"]
            self.heard_s = self.clock.uptime_s()
            self.linked = True
            if ours:  # the broker may have kept an ack from before this start, which proves nothing about it
                self.stored = True
                self.on_reached()
        else:
            handler = self.handlers.get(topic[topic.rfind("/") + 1 :])
            if handler is not None:
                handler(payload)
