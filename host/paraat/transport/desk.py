"""A short connection of our own to the broker, beside the host's: to ask boards something, and hear what they say."""

import os
import queue
import secrets
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from paraat.settings import BrokerSettings, Site, read_secret
from paraat_wire import codec, host_codec, topics

_CONNECT_S = 10.0


class DeskError(Exception):
    """Raised when the broker does not take us or what we say. str() says what is wrong, where, and what to do."""


def connect(site: Site, cert: Path | None, key: Path | None) -> mqtt.Client:
    """A client with its loop running. cert, key: ours for the broker, PEM. Raises OSError, ValueError, SettingsError."""
    broker = site.broker
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{broker.client_id}-desk-{os.getpid()}")
    if broker.username is not None:
        secret = broker.password_file and read_secret(site.directory / broker.password_file, "broker.password_file")
        client.username_pw_set(broker.username, secret)
    if broker.ca_file is not None:
        client.tls_set_context(_tls(site, broker, cert, key))
    client.connect_timeout = _CONNECT_S
    client.connect(broker.host, broker.port, broker.keepalive_s)
    client.loop_start()
    return client


def _tls(site: Site, broker: BrokerSettings, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    if cert is None or key is None:
        # With the host's certificate the broker would take us for the host, and throw that off.
        raise ValueError("it speaks TLS: name a certificate of our own with --cert and --key")
    context = ssl.create_default_context(cafile=str(site.directory / str(broker.ca_file)))
    context.load_cert_chain(cert, key)
    return context


class Desk:
    """Asks boards, and hears their `reply` and `state`. Use it in a `with` block."""

    def __init__(self, site: Site, points: Iterable[str], *, cert: Path | None = None, key: Path | None = None) -> None:
        """points: whose answers we want. Raises DeskError."""
        self._where = f"broker {site.broker.host}:{site.broker.port}"
        self._heard: queue.SimpleQueue[tuple[str, str, bytes]] = queue.SimpleQueue()
        self._listens = threading.Event()
        self._refused = False
        try:
            self._client = connect(site, cert, key)
        except (OSError, ValueError) as error:
            raise DeskError(f"{self._where}: {error}; is it running, and are the files right?") from error
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.subscribe(
            [(topics.topic(point, leaf), 1) for point in points for leaf in (topics.REPLY, topics.STATE)]
        )
        if not self._listens.wait(_CONNECT_S) or self._refused:
            self.close()
            raise DeskError(
                f"{self._where}: it does not let us hear the points; check its acl_file and our certificate"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        found = topics.parse(message.topic)
        if found is not None:
            self._heard.put((*found, bytes(message.payload)))

    def _on_subscribe(self, _client: object, _: object, _mid: int, reasons: list[Any], _properties: object) -> None:
        self._refused = any(reason.is_failure for reason in reasons)
        self._listens.set()

    def publish(self, point: str, leaf: str, payload: bytes, *, retain: bool = False, limit_s: float) -> None:
        """Send one message; when this returns the broker has it. Raises DeskError."""
        sent = self._client.publish(topics.topic(point, leaf), payload, 1, retain)
        try:
            sent.wait_for_publish(limit_s)
        except (RuntimeError, ValueError) as error:
            raise DeskError(f"{self._where}: {error}") from error
        if not sent.is_published():
            raise DeskError(f"{self._where}: it has not taken our message within {limit_s:g} s")

    def ask(self, point: str, do: str, args: dict[str, Any], *, now: float, limit_s: float) -> codec.Reply | None:
        """Have a board do something. None when it has not answered in time: then it will not do it later either,
        unless it was just at it. now: unix seconds. Raises DeskError, codec.WireError for args that are too large.
        """
        command = codec.Command(secrets.token_hex(8), do, int(now + limit_s), args)
        self.publish(point, topics.COMMAND, host_codec.encode_command(command), limit_s=limit_s)
        for who, leaf, payload in self._hear(limit_s):
            if who == point and leaf == topics.REPLY:
                try:
                    reply = host_codec.read_reply(payload)
                except codec.WireError:  # of another program; ours are in order
                    continue
                if reply.id == command.id:
                    return reply
        return None

    def states(self, limit_s: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """(point, state) as they come, the retained ones first, for so many seconds."""
        for point, leaf, payload in self._hear(limit_s):
            if leaf == topics.STATE:
                try:
                    yield point, host_codec.read_state(payload)
                except codec.WireError:
                    continue

    def _hear(self, limit_s: float) -> Iterator[tuple[str, str, bytes]]:
        end = time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0:
            try:
                yield self._heard.get(timeout=left)
            except queue.Empty:
                return
