"""The connection to the broker: MQTT 3.1.1, a session that outlives us, acknowledged by hand.

The broker gets its acknowledgement only after the message is stored. Until then it keeps it, and
hands it over again after a cut. Everything that can be told twice is told twice rather than never.
"""

import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTMessageInfo,
    topic_matches_sub,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from paraat.intake.inbox import Inbox, Message
from paraat.intake.tls import TlsFiles
from paraat.site.broker import BrokerSettings
from paraat.site.errors import SettingsError
from paraat.site.private import read_secret
from paraat_wire import topics

_log = logging.getLogger(__name__)

SUBSCRIPTIONS = tuple(f"{topics.PREFIX}+/{leaf}" for leaf in (topics.TELEMETRY, topics.EVENT, topics.STATE))
_RETRY_MIN_S = 1
_RETRY_MAX_S = 30
_CONNECT_LIMIT_S = 5.0
_GOODBYE_S = 5.0
_NAP_S = 0.005
_MAX_OUTGOING = 50_000  # beyond it an `ack` is left out; the board sends again and is answered then
_MAX_INFLIGHT = 1000


class _Client(Client):
    """paho's, which reads only what is wanted. All else goes on: pings, acknowledgements, what we say."""

    wants_more: Callable[[], bool] | None = None

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what has come; called in the loop of paho's thread, each time that something has."""
        if self.wants_more is None or self.wants_more():
            return super().loop_read(max_packets)
        time.sleep(_NAP_S)  # what has come has still come, and the loop would turn as fast as it can
        return MQTTErrorCode.MQTT_ERR_SUCCESS


class MqttTransport:
    """Puts what arrives into an inbox, reconnects for ever, publishes."""

    def __init__(
        self,
        settings: BrokerSettings,
        directory: Path,
        inbox: Inbox,
        *,
        now: Callable[[], float],
        on_change: Callable[[bool], None],
        others: Mapping[str, Callable[[str, bytes], None]] | None = None,
        hears: bool = True,
        retained: Callable[[str, bytes], None] | None = None,
        session: bool = True,
        will: str | None = None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing happens before `start`. Raises SettingsError for a file that cannot be used.

        directory: what file names in the settings count from. now: unix seconds; it dates what
        arrives. on_change: called from the broker's thread, with True when we are subscribed and
        with False when the connection is lost. others: by topic filter what is no message to be stored; its function is
        called from the broker's thread with (topic, payload), and must be quick. hears: whether what boards send is stored (see `hear`). retained: gets of `others` what was said before we
        listened. session: the broker keeps what comes while we are away. will: the
        topic that the broker clears when it loses us. on_lost: called when it does, without a word from us.
        """
        self._inbox = inbox
        self._now = now
        self._on_change = on_change
        self._others = dict(others or {})
        self._hears = hears
        self._stores = False  # the broker has said that it sends us what boards send
        self._retained = retained or (lambda _topic, _payload: None)
        self._on_lost = on_lost
        self._client_id = settings.client_id
        self._where = f"{settings.host}:{settings.port}"
        self._connection = 0
        self._connected = False
        self._was_ended = False  # by the broker, without a word, and no try to connect has failed since
        self._owed: dict[int, bool] = {}  # mids of this connection as they came; True: to be acknowledged
        self._owing = threading.Lock()  # around it and _connection
        self._last_published: MQTTMessageInfo | None = None
        self._problem = "not connected yet"
        self._refusals = 0
        self._starting = threading.Lock()
        self._asking = False  # whether the connection is let go of, so that what did not fit comes again
        self._gone = threading.Event()
        self._gone.set()
        self._settings, self._directory = settings, directory
        self._session, self._will = session, will
        self._tls = None if settings.ca_file is None else TlsFiles(settings, directory)
        self._ended = False
        self._client = self._made()

    def _made(self) -> _Client:
        """A client that is not connected, as paho wants to have a new one after each goodbye. Raises SettingsError."""
        settings = self._settings
        client = _make_client(settings, self._directory, session=self._session)
        client.wants_more = lambda: not self._hears or self._inbox.wants_more
        if self._will is not None:
            client.will_set(self._will, b"", qos=1, retain=True)
        if self._tls is not None:
            client.tls_set_context(self._tls.context)
        client.on_pre_connect = self._pre_connect
        client.on_connect = self._connect
        client.on_connect_fail = self._connect_fail
        client.on_disconnect = self._disconnect
        client.on_subscribe = self._subscribe
        client.on_message = self._message
        client.connect_async(settings.host, settings.port, settings.keepalive_s)
        return client

    @property
    def connected(self) -> bool:
        """Whether the broker has us and our subscriptions."""
        return self._connected

    @property
    def back_at_once(self) -> bool:
        """Whether the broker ended our last connection, without a word, and had us back at the first try: it was not gone."""
        return self._was_ended

    @property
    def refusals(self) -> int:
        """How often on end the broker, which is there, would not have us; 0: it had us, or it is not there."""
        return self._refusals

    @property
    def _patterns(self) -> tuple[str, ...]:
        return (*(SUBSCRIPTIONS if self._hears else ()), *self._others)

    @property
    def problem(self) -> str:
        """What is wrong, where, and what to do; empty when nothing is."""
        return self._problem

    def start(self) -> None:
        """Connect in a thread of its own, and again when the connection is lost.

        Safe to call again, also after `stop`.
        """
        # The thread ends on an error that paho does not expect; calling this again starts it anew.
        # Two at once would be two threads on one connection.
        with self._starting:
            if self._hears:
                self._inbox.when_drained(self._ask_again)
            if self._ended:
                self._client, self._ended, self._last_published = self._made(), False, None
            self._client.loop_start()

    def hear(self, on: bool) -> None:
        """Store what boards send, from now on, or no longer."""
        if on == self._hears:
            return
        self._hears, self._stores = on, False
        if on:
            self._inbox.when_drained(self._ask_again)
        if self._gone.is_set():  # else whoever connects has seen it by now
            return
        if on:
            self._client.subscribe([(pattern, 1) for pattern in SUBSCRIPTIONS])
        else:
            self._client.unsubscribe(list(SUBSCRIPTIONS))

    @property
    def stores(self) -> bool:
        """Whether the broker sends us what boards send."""
        return self._connected and self._hears and self._stores

    def try_again_after(self, seconds: int) -> None:
        """So long it waits before it connects again, until it is there."""
        self._client.reconnect_delay_set(seconds, max(seconds, _RETRY_MAX_S))

    def stop(self) -> None:
        """Say goodbye to the broker, which keeps our session.

        What was published and acknowledged goes out before.
        """
        if self._connected and self._last_published is not None:
            # Closing with its answers unread would reset the connection, and what it has not read
            # of ours would be lost.
            self._last_published.wait_for_publish(_GOODBYE_S)
        self._client.disconnect()
        if not self._gone.wait(_GOODBYE_S):
            # It does not read what we send: let go of it, or the thread would wait for ever.
            if (sock := self._client.socket()) is not None:
                sock.close()
            _log.warning("broker %s did not take our goodbye within %g s", self._where, _GOODBYE_S)
        self._client.loop_stop()
        self._ended = True
        self._client.reinitialise()  # paho leaves two sockets of its thread to the garbage collector otherwise

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker's thread.

        False when there is no connection to send it on.
        """
        if self._gone.is_set():
            return False
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        self._last_published = info
        return True

    def ack(self, message: Message) -> None:
        """Tell the broker that a message is stored; if its connection is gone, it comes again."""
        # On another connection, or of another client, the same mid may mean another message.
        if message.qos and message.session == self._client_id:
            self._settle(message.mid, message.connection)

    def _settle(self, mid: int, connection: int) -> None:
        """Acknowledge in the order in which the messages came (MQTT 3.1.1, 4.6): of what else comes first the broker lets
        go of us, or takes a set for stored that waits behind it."""
        with self._owing:
            if connection != self._connection or mid not in self._owed:
                return
            self._owed[mid] = True
            while self._owed and self._owed[first := next(iter(self._owed))]:
                del self._owed[first]
                self._client.ack(first, 1)

    def _ask_again(self, left: int) -> None:
        """Have the broker hand over what did not fit. It does so on a new connection: 3.1.1 knows no other way to ask."""
        _log.info("broker %s: %d messages were more than fits at once; they are asked for again", self._where, left)
        self._asking = True
        if isinstance(sock := self._client.socket(), socket.socket):
            with suppress(OSError):  # it may be gone by itself
                sock.shutdown(socket.SHUT_RDWR)

    # --- called by paho, in its thread; an exception would end it ----------------------------

    def _pre_connect(self, _client: Client, _userdata: object) -> None:
        if self._tls is not None:
            try:
                self._tls.refresh()
            except SettingsError as error:
                self._trouble(f"{error}; until then we connect with what was there before")

    def _connect(
        self,
        client: Client,
        _userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refusals += 1
            self._trouble(
                f"broker {self._where} refuses us: {reason};"
                " check broker.username, password_file and cert_file in site.toml"
            )
            return
        self._begin_anew()
        self._refusals = 0
        client.reconnect_delay_set(_RETRY_MIN_S, _RETRY_MAX_S)
        self._gone.clear()
        session = "our old" if flags.session_present else "a new"
        _log.info("broker %s: connected, %s session", self._where, session)
        if flags.session_present:  # with our subscriptions: what it kept for us may come long before its answer to them
            self._problem = ""
            self._came_up()
        client.subscribe([(pattern, 1) for pattern in self._patterns])

    def _connect_fail(self, _client: Client, _userdata: object) -> None:
        self._was_ended = False
        # paho does not hand the error on, but calls us while it handles it.
        error = sys.exc_info()[1]
        self._refusals = self._refusals + 1 if isinstance(error, ssl.SSLError) else 0
        if isinstance(error, ssl.SSLError):
            why = getattr(error, "verify_message", "") or error.reason or str(error)
            self._trouble(
                f"broker {self._where}: no trust by TLS ({why}); check broker.ca_file, and that broker.host is one of"
                " the names in the broker's certificate"
            )
            return
        self._trouble(
            f"broker {self._where} cannot be reached; is it running, and are broker.host and broker.port right?"
        )

    def _disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._begin_anew()  # what it still owed an acknowledgement comes again
        if self._hears:
            self._inbox.forget_left()
        asking, self._asking = self._asking, False
        if self._connected:
            self._was_ended = reason.is_failure and not asking and str(reason) != "Keep alive timeout"
            if reason.is_failure and not asking:
                self._trouble(f"broker {self._where}: connection lost ({reason}); trying again")
                self._on_lost()
            self._connected = False
            self._on_change(False)
        elif self._tls is not None and reason.is_failure:
            # TLS 1.3: a server says only after our handshake that it refuses our certificate.
            self._refusals += 1
            self._trouble(
                f"broker {self._where} closed the connection before it took us; is broker.cert_file of the broker's CA,"
                " still valid and not revoked? Its log says which. A new one: `.venv/bin/paraat pki renew host`"
            )
        self._gone.set()

    def _begin_anew(self) -> None:
        self._stores = False
        with self._owing:
            self._connection += 1
            self._owed.clear()

    def _subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        answers = zip(self._patterns, reasons, strict=False)
        refused = [pattern for pattern, reason in answers if reason.is_failure]
        if refused:
            self._trouble(f"broker {self._where} refuses {', '.join(refused)}; check its acl_file")
        else:
            self._problem = ""
        self._stores = self._stores or len(reasons) >= len(SUBSCRIPTIONS)
        if not self._connected:
            self._came_up()

    def _came_up(self) -> None:
        self._connected = True
        self._on_change(True)

    def _message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeError:
            topic = "(not UTF-8)"
        if message.qos:
            with self._owing:
                self._owed[message.mid] = False
        for pattern, take in self._others.items():
            if topic_matches_sub(pattern, topic):
                self._settle(message.mid, self._connection)
                said_before = message.retain  # before we listened
                (self._retained if said_before else take)(topic, bytes(message.payload))
                return
        self._inbox.put(
            Message(
                topic=topic,
                payload=bytes(message.payload),
                received_at=self._now(),
                retained=message.retain,
                qos=message.qos,
                mid=message.mid,
                connection=self._connection,
                session=self._client_id,
            )
        )

    def _trouble(self, problem: str) -> None:
        """Remember what is wrong, and log it once."""
        if problem != self._problem:
            _log.warning(problem)
        self._problem = problem


def _make_client(settings: BrokerSettings, directory: Path, *, session: bool) -> _Client:
    """A client that is not connected, with its user. Raises SettingsError for a password that cannot be read."""
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=not session,
        protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
    )
    client.max_inflight_messages_set(_MAX_INFLIGHT)
    client.max_queued_messages_set(_MAX_OUTGOING)
    client.reconnect_delay_set(_RETRY_MIN_S, _RETRY_MAX_S)
    client.connect_timeout = _CONNECT_LIMIT_S
    if settings.username is not None:
        password = None
        if settings.password_file is not None:
            password = read_secret(directory / settings.password_file, "broker.password_file")
        client.username_pw_set(settings.username, password)
    return client
