"""paho's client without a network: it keeps what it is told, and a test says what the broker does."""

import socket
from types import SimpleNamespace
from typing import Any

from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

REFUSED, LOST, SILENT = 0x87, 0x80, 0x8D  # not authorised; unspecified error; no answer to our pings
ALLOWED, FORBIDDEN = 1, 0x80


class Line:
    """Made as paho's Client is, and put in its place. takes: whether the broker says that it has what we publish."""

    takes = True

    def __init__(self, version: object, *, client_id: str, **settings: object) -> None:
        assert version is CallbackAPIVersion.VERSION2, "the callbacks here are called so"
        self.client_id, self.settings = client_id, settings
        self.told: list[tuple[Any, ...]] = []  # in the order in which it was told
        self.begun, self.full = False, False
        self.connection: socket.socket | None = None
        self._mid = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever else it is told."""
        return lambda *args, **named: self.told.append((name, *args, *named.items()))

    def all(self, name: str) -> list[tuple[Any, ...]]:
        """With what it was told to do that, each time."""
        return [rest for one, *rest in self.told if one == name]  # type: ignore[misc]

    # --- what the host does ------------------------------------------------------------------

    def loop_start(self) -> None:
        self.begun = True

    def loop_stop(self) -> None:
        self.begun = False

    def socket(self) -> socket.socket | None:
        return self.connection

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> object:
        self.told.append(("publish", topic, payload, qos, retain))
        return SimpleNamespace(
            rc=MQTTErrorCode.MQTT_ERR_QUEUE_SIZE if self.full else MQTTErrorCode.MQTT_ERR_SUCCESS,
            wait_for_publish=lambda limit_s: self.told.append(("wait", limit_s)),
            is_published=lambda: self.takes,
        )

    def disconnect(self) -> None:
        self.told.append(("disconnect",))
        self.lose(0)

    # --- what the broker does ----------------------------------------------------------------

    def greet(self, *, session: bool = False, answers: int | None = ALLOWED) -> None:
        """Have us. answers: to each of our subscriptions; None: none yet."""
        self.on_pre_connect(self, None)
        self.on_connect(self, None, ConnectFlags(session_present=session), ReasonCode(PacketTypes.CONNACK), None)
        if answers is not None:
            ((patterns,), *_) = reversed(self.all("subscribe"))
            self.answer([answers] * len(patterns))

    def answer(self, codes: list[int]) -> None:
        """Say of each subscription whether we have it."""
        reasons = [ReasonCode(PacketTypes.SUBACK, identifier=code) for code in codes]
        self.on_subscribe(self, None, 1, reasons, None)

    def refuse(self) -> None:
        """Be there, and not have us."""
        reason = ReasonCode(PacketTypes.CONNACK, identifier=REFUSED)
        self.on_connect(self, None, ConnectFlags(session_present=False), reason, None)
        self.lose(REFUSED)

    def fail(self, error: Exception) -> None:
        """Not be there, or not be believed."""
        try:
            raise error
        except type(error):
            self.on_connect_fail(self, None)

    def lose(self, code: int = LOST) -> None:
        """End the connection; 0: after our goodbye."""
        flags = DisconnectFlags(is_disconnect_packet_from_server=False)
        self.on_disconnect(self, None, flags, ReasonCode(PacketTypes.DISCONNECT, identifier=code), None)

    def say(self, topic: str, payload: bytes, *, kept: bool = False, qos: int = 1) -> int:
        """Hand over a message. Returns its packet id."""
        self._mid += 1
        message = SimpleNamespace(topic=topic, payload=payload, retain=kept, qos=qos, mid=self._mid)
        self.on_message(self, None, message)
        return self._mid
