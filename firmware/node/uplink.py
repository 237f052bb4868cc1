"""The board's side of the conversation with the host: the journal up, acknowledgements, time, configuration and commands down."""

import asyncio
import random
import time

from micropython import const

from node import link, ntp, tls
from node.journal import EVENT
from node.log import complain, log
from node.mqtt import MQTTClient, MQTTError
from paraat_wire import codec, topics

_PACK_BYTES = const(
    320
)  # packed, of the readings in one message: as JSON some fifteen times that, three times in the heap
_PACK_ENTRIES = const(8)
_TOPIC_BYTES = const(64)  # of a message: what stands before its payload
_IN_FLIGHT = const(64)  # entries that may wait for the host's ack
_BACKLOG_PAUSE_MS = const(20)  # between two packs: the radio and the broker have other work too
_ACK_WAIT_MAX_S = const(600)
_RESTART_LINK_AFTER = const(5)  # failures in a row
_ASK_TIME_EVERY_MS = const(300000)
_LISTEN = (topics.ACK, topics.CONFIG, topics.COMMAND)


def explain(error):
    """What went wrong on the way to the broker, in words for the console."""
    text = " ".join(str(error).split())
    if isinstance(error, ValueError):  # mbedtls on a certificate: a text, or on some ports only a number
        return "broker's certificate refused: " + text
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], int):
        number = error.args[0]
        if number == -30592:  # MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE
            return "broker refuses our certificate (%s)" % text
        if number < -0x1000:
            return "TLS failed (%s)" % text
    return text or type(error).__name__


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
        self.on_reached = lambda: None  # called when the host has answered
        self.linked = False  # the host has acknowledged something a short time ago
        self.failures = 0  # connections that failed, in a row
        self.problem = None  # what ended the last one; "" while the broker has us, None before the first attempt
        self.link = None
        self._replies = []  # (payload, what to call when it is at the broker)
        self._buffer = bytearray(codec.MAX_BOARD_BYTES + _TOPIC_BYTES)
        self._wake = asyncio.Event()
        self._ended = None  # the error that ended the connection
        self._ack_wait_s = self._broker["ack_timeout_s"]
        self._state_sent = None
        self._acked_ms = time.ticks_ms()
        self._time_asked_ms = None

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
        wait_s = self._broker["retry_min_s"]
        while True:
            self._health.beat("uplink")
            self._state_sent = None
            try:
                if self.link is None:
                    self.link = link.make(self.settings, self._secrets)
                await self.link.up()
                await self._ask_time()
                await self._session()
            except (OSError, ValueError, MQTTError, link.LinkError, tls.TLSError) as error:
                self.problem = explain(error)
                complain("uplink", self.problem)
                if isinstance(error, ValueError) and "validity" in str(error):
                    # Perhaps it is our clock that is wrong.
                    self._clock.distrust()
                    self._time_asked_ms = None
            if self._state_sent is not None:  # it was a real session: begin anew
                wait_s = self._broker["retry_min_s"]
                self.failures = 0
            self.linked = False
            self.failures += 1
            await self._ladder(self.failures)
            # Jitter: after a blackout hundreds of boards meet one broker.
            await asyncio.sleep_ms(int(wait_s * (500 + random.getrandbits(10) * 1000 // 1024)))
            wait_s = min(wait_s * 2, self._broker["retry_max_s"])

    async def _ladder(self, failures):
        """What may help when nothing gets through: the radio anew, and after hours the whole board."""
        if failures % _RESTART_LINK_AFTER == 0 and self.link is not None:
            log("W", "uplink", "%d failures in a row: the link starts anew" % failures)
            await self.link.restart()
        silent_s = time.ticks_diff(time.ticks_ms(), self._acked_ms) // 1000
        limit_s = self.settings["link"]["reboot_after_s"]
        if limit_s and silent_s > limit_s:
            self._acked_ms = time.ticks_ms()
            self._health.restart("no answer from the host for %d s" % silent_s)

    async def _ask_time(self):
        now = time.ticks_ms()
        if self._clock.trusted or (
            self._time_asked_ms is not None and time.ticks_diff(now, self._time_asked_ms) < _ASK_TIME_EVERY_MS
        ):
            return
        self._time_asked_ms = now
        server = self.settings["ntp"]
        try:
            found = await ntp.ask(server["host"] or self._broker["host"], port=server["port"])
        except (OSError, ValueError) as error:
            complain("clock", error)
            return
        if self._clock.set_from_ntp(found):
            log("I", "clock", "time from NTP")

    async def _session(self):
        """One connection, until it fails: birth, then the newest sets first, then the backlog."""
        broker = self._broker
        client = MQTTClient(
            broker["host"],
            broker["port"],
            self._point,
            self._on_message,
            username=self._point,
            password=self._secrets.get("mqtt", {}).get("password"),
            will=(self._topic(topics.STATE), codec.encode_state({"online": False})),
            keepalive_s=broker["keepalive_s"],
            timeout_s=broker["timeout_s"],
            buffer=self._buffer,
            tls=tls.context() if broker["tls"] else None,
            server_name=broker["server_name"],
        )
        reader = None
        self._ended = None
        try:
            kept = await client.connect()
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([self._topic(leaf) for leaf in _LISTEN] + [topics.TIME])
            log(
                "I",
                "uplink",
                "connected to %s:%d, session %s" % (broker["host"], broker["port"], "kept" if kept else "new"),
            )
            self._journal.send_again()
            self.problem = ""
            while self._ended is None:
                self._health.beat("uplink")
                if self._state_sent != self._clock.source:
                    self._state_sent = self._clock.source
                    await client.publish(self._topic(topics.STATE), codec.encode_state(self._state()), retain=True)
                while self._replies:
                    reply = self._replies[0]
                    await client.publish(self._topic(topics.REPLY), reply[0])
                    if reply in self._replies:  # more of them may have pushed it out in the meantime
                        self._replies.remove(reply)
                    reply[1]()
                await self._send_some(client)
            raise self._ended
        finally:
            if reader is not None:
                reader.cancel()
            await client.close()

    def _topic(self, leaf):
        return topics.topic(self._point, leaf)

    async def _read(self, client):
        try:
            await client.serve()
        except (OSError, ValueError, MQTTError) as error:
            self._ended = error
            self._wake.set()

    async def _send_some(self, client):
        """One pack, or a wait until there is one to send."""
        entries = []
        if self._journal.in_flight < _IN_FLIGHT:
            entries = self._journal.take(_PACK_BYTES, _PACK_ENTRIES)
        if entries:
            leaf = topics.EVENT if entries[0].kind == EVENT else topics.TELEMETRY
            pack = codec.encode_pack([self._encode(entry) for entry in entries])
            await client.publish(self._topic(leaf), pack)
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

    def _encode(self, entry):
        bt, unsure = self._clock.bt(entry, self._boot)
        faults = entry.faults
        if unsure:
            faults = faults + [("node/clock", "unsure")]
        return codec.encode_set(self._point, entry.seq, bt, codec.encode_records(entry.values, faults))

    def _on_message(self, topic, payload):
        try:
            if topic == topics.TIME:
                wrong_s = self._clock.set_from_host(codec.read_time(payload))
                if wrong_s is not None and abs(wrong_s) > 60:
                    log("W", "clock", "was wrong by %d s" % wrong_s)
            elif topic == self._topic(topics.ACK):
                self._journal.ack(codec.read_ack(payload))
                self._ack_wait_s = self._broker["ack_timeout_s"]
                self._acked_ms = time.ticks_ms()
                self.linked = True
                self.on_reached()
            else:
                handler = self.handlers.get(topic[topic.rfind("/") + 1 :])
                if handler is not None:
                    handler(payload)
        except codec.WireError as error:
            complain("uplink", error)
        self._wake.set()
