"""The broker's boards are served by one host: ours, or another while ours stands by. Two connections, each for one thing.

The first serves: it hears the boards and answers them, under the name that only one may have. The second watches who serves,
under a name of its own, and decides whether the first may come. Of a spare host it also stores what boards send to the host that
serves, and answers nothing.

A broker that knows us by our certificate has one name for all that comes with it, so the second connection has a certificate of its
own. Where that is not there, or refused, we have the first connection alone: nobody can stand by, and a host that takes our place is
known by what it does: the broker ends our connection, and has us back at once.
"""

import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from paraat.intake.inbox import Inbox, Message
from paraat.intake.lease import ALONE_AFTER_S, BEAT_S, EXPIRES_S, Lease
from paraat.intake.mqtt import MqttTransport
from paraat.site.broker import BrokerSettings, watching
from paraat_wire import host_codec

_log = logging.getLogger(__name__)

_TURN_S = 0.25
_REFUSALS = 3  # of our second connection, on end: one may be of a broker that is being started
# So often within ALONE_AFTER_S another took the place of our second connection: they would do so to each other for ever.
_DOUBLES, _CALM_S = 3, 30
_LOOK_S = 0.5  # what a broker keeps it hands over right behind its answer to our subscription


class Serving:
    """As MqttTransport, for the service. spare: this host serves only when no other does, and stores meanwhile what it hears."""

    def __init__(
        self,
        settings: BrokerSettings,
        directory: Path,
        inbox: Inbox,
        *,
        now: Callable[[], float],
        on_change: Callable[[bool], None],
        others: Mapping[str, Callable[[str, bytes], None]] | None = None,
        spare: bool = False,
        sole: bool = False,
        uptime_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing happens before `start`. Raises SettingsError. The arguments are those of MqttTransport.

        sole: the broker is ours alone, as a demo's is: a connection that it ends was taken by nobody.
        """
        self._sole = sole
        beside = watching(settings, directory, spare=spare)
        self._spare = spare
        self._named = settings.cert_file is None  # else the broker's names are those of our certificates
        self._doubles_s: list[float] = []
        self._where = f"{settings.host}:{settings.port}"
        self._uptime_s = uptime_s
        self._name = socket.gethostname()
        self._lock = threading.Lock()  # around the lease
        self._turning = threading.Lock()  # around who is started and stopped
        self._lease = Lease(secrets.token_hex(8), spare=spare)
        self._stopped = False
        self._begun = False
        self._said_s = float("-inf")
        self._first_said_s: float | None = None
        self._heard_own = False
        self._looked_s: float | None = None  # from when on all that the broker keeps is heard; None: it has not got us
        self._stood_by = ""
        self._main = MqttTransport(
            settings,
            directory,
            inbox,
            now=now,
            on_change=lambda connected: self._changed(connected, on_change),
            others=others,
            will=None if beside is None else host_codec.LEASE,
            on_lost=self._lost,
        )
        self._watch: MqttTransport | None = None
        if beside is not None:
            self._watch = MqttTransport(
                _named(beside, f"watch-{self._lease.me}"),
                directory,
                inbox,
                now=now,
                on_change=self._watched,
                others={host_codec.LEASE: self._heard},
                hears=False,
                retained=self._heard_kept,
                session=False,
            )
        self._beat = threading.Event()
        self._beating: threading.Thread | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker has us: to serve, or to watch the host that does."""
        return self._main.connected or (bool(self.serving_elsewhere) and self._watching)

    @property
    def problem(self) -> str:
        """What is wrong with the connection, where, and what to do; empty when nothing is."""
        if self._watch is not None and (self.serving_elsewhere or not self._begun):
            return self._watch.problem
        return self._main.problem

    @property
    def _watching(self) -> bool:
        return self._watch is not None and self._watch.connected

    @property
    def _unwatched(self) -> bool:
        """Whether we have the first connection alone."""
        return self._watch is None or self._watch.refusals >= _REFUSALS

    @property
    def unwatched(self) -> str:
        """Why we do not hear of other hosts while we serve, although we could; "": we do, or could not."""
        return self._watch.problem if self._watch is not None and self._unwatched and self._main.connected else ""

    @property
    def doubled(self) -> bool:
        """Whether another host connects with the certificate of our second connection."""
        return len(self._doubles()) >= _DOUBLES

    def _doubles(self) -> list[float]:
        now_s = self._uptime_s()
        return [t for t in self._doubles_s if now_s - t <= ALONE_AFTER_S]

    @property
    def serving_elsewhere(self) -> str:
        """The name of the host that serves in our place; "": no other does."""
        with self._lock:
            return self._lease.other(self._uptime_s()) or ""

    @property
    def serving(self) -> bool:
        """Whether we hear the boards and answer them."""
        return self._main.connected

    @property
    def takeovers(self) -> int:
        """How often of late somebody with our client id, who knows no lease, took our place; 0: we are alone."""
        with self._lock:
            return self._lease.takeovers(self._uptime_s())

    @property
    def unheard(self) -> bool:
        """Whether the broker keeps our lease from us, and so from others."""
        first_s, now_s = self._first_said_s, self._uptime_s()
        return first_s is not None and not self._heard_own and self._watching and now_s - first_s > EXPIRES_S

    @property
    def alone(self) -> bool:
        """Whether no other host can have taken what boards sent to us."""
        return not self.takeovers

    def start(self) -> None:
        """Watch, and serve when nobody else does. Safe to call again: should a thread have ended, it is started anew."""
        with self._turning:
            if self._stopped:
                return
            if self._watch is not None:
                self._watch.start()
            if self._beating is None:
                self._beating = threading.Thread(target=self._run, name="lease", daemon=True)
                self._beating.start()
        self._turn()

    def stop(self) -> None:
        """Let another host serve, and say goodbye to the broker."""
        with self._turning:
            self._stopped = True
        self._beat.set()
        if self._main.connected and self._watch is not None:
            self._main.publish(host_codec.LEASE, b"", retain=True)
        for transport in filter(None, (self._main if self._begun else None, self._watch)):
            transport.stop()
        if self._beating is not None:
            self._beating.join()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """As MqttTransport; False also while another host serves."""
        return self._main.publish(topic, payload, qos=qos, retain=retain)

    def ack(self, message: Message) -> None:
        """Tell the broker that a message is stored, on the connection that it came by."""
        self._main.ack(message)
        if self._watch is not None:
            self._watch.ack(message)

    # --- who serves --------------------------------------------------------------------------

    def _run(self) -> None:
        """Say again that we serve, and look whether who serves is still there."""
        while not self._beat.wait(_TURN_S):
            self._turn()

    def _turn(self) -> None:
        """Serve, or stand by, as the lease says."""
        with self._turning:
            if self._stopped:
                return
            now_s = self._uptime_s()
            with self._lock:
                if self._unwatched and not self._spare:
                    self._lease.looked(now_s)
                if self._looked_s is not None and now_s >= self._looked_s:
                    self._looked_s = None
                    self._lease.looked(now_s)
                serves, other = self._lease.serves(now_s), self._lease.other(now_s) or ""
            if serves:
                self._serve(now_s)
            elif other:
                self._stand_by(other)

    def _serve(self, now_s: float) -> None:
        if self._stood_by:
            _log.warning("broker %s: %s serves no longer; this host does", self._where, self._stood_by)
            self._stood_by = ""
        if self._watch is not None:
            self._watch.hear(False)
        self._begun = True
        self._main.start()
        if self._watch is not None and now_s - self._said_s >= BEAT_S:
            self._say(now_s)

    def _stand_by(self, other: str) -> None:
        if other != self._stood_by:
            _log.warning("broker %s: %s serves the boards; this host stands by", self._where, other)
            self._stood_by = other
        if self._begun:
            self._begun = False
            self._main.stop()
        if self._spare and self._watch is not None:
            self._watch.hear(True)

    def _say(self, now_s: float) -> None:
        if self._stopped:  # what we hear now is our own goodbye
            return
        if self._main.publish(host_codec.LEASE, host_codec.encode_lease(self._lease.me, self._name), retain=True):
            self._said_s = now_s
            self._first_said_s = now_s if self._first_said_s is None else self._first_said_s

    # --- called by paho, in its threads ------------------------------------------------------

    def _changed(self, connected: bool, on_change: Callable[[bool], None]) -> None:
        if connected and self._watch is not None:
            self._say(self._uptime_s())
        if connected and self._unwatched and self._main.back_at_once and not self._sole:
            with self._lock:
                self._lease.thrown_off(self._uptime_s())
        on_change(connected)

    def _lost(self) -> None:
        if self._watching and not self._sole:
            with self._lock:
                self._lease.thrown_off(self._uptime_s())

    def _watched(self, connected: bool) -> None:
        with self._lock:
            if not connected:
                self._lease.look()
                self._lease.broker_gone(self._uptime_s())
            self._looked_s = self._uptime_s() + _LOOK_S if connected else None
        watch = self._watch
        if watch is None or self._named:
            return
        if connected and watch.back_at_once:
            self._doubles_s = [*self._doubles(), self._uptime_s()]
        elif not connected and self.doubled:
            watch.try_again_after(_CALM_S)

    def _heard_kept(self, _topic: str, payload: bytes) -> None:
        holder, name = host_codec.read_lease(payload)
        with self._lock:
            self._lease.kept(holder, name, self._uptime_s())

    def _heard(self, _topic: str, payload: bytes) -> None:
        holder, name = host_codec.read_lease(payload) if payload else ("", "")
        self._heard_own = self._heard_own or holder == self._lease.me
        with self._lock:
            again = self._lease.heard(holder, name, self._uptime_s())
        if again:
            self._say(self._uptime_s())


def _named(settings: BrokerSettings, end: str) -> BrokerSettings:
    return msgspec.structs.replace(settings, client_id=f"{settings.client_id}-{end}")
