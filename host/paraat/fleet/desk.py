"""A short connection of our own to the broker, beside the host's: to ask boards something, and hear what they say.

A broker with TLS knows us by the site's desk certificate (SITE/pki/desk.crt), and keeps one connection with it.
"""

import contextlib
import fcntl
import os
import queue
import secrets
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from paraat.site import inventory
from paraat.site.broker import DESK_NAME
from paraat.site.private import check_private, read_secret
from paraat.site.site import Site
from paraat.texts import Phrase, reason
from paraat_wire import codec, host_codec, orders, topics

_CONNECT_S = 10.0


class DeskError(Exception):
    """Raised when the broker does not take us or what we say, or lets us go. str() says what is wrong, where, and what to do."""


@contextlib.contextmanager
def connect(site: Site) -> Iterator[mqtt.Client]:
    """A client with its loop running, until the block ends. Raises DeskError, SettingsError."""
    broker = site.broker
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"{broker.client_id}-desk-{os.getpid()}")
    if broker.username is not None:
        secret = broker.password_file and read_secret(site.directory / broker.password_file, "broker.password_file")
        client.username_pw_set(broker.username, secret)
    client.connect_timeout = _CONNECT_S
    with _alone(site):
        try:
            if broker.ca_file is not None:
                client.tls_set_context(_tls(site))
            client.connect(broker.host, broker.port, broker.keepalive_s)
        except (OSError, ValueError) as error:
            raise DeskError(
                Phrase("{broker}: {error}; is it running, and are the files right?", broker=_where(site), error=error)
            ) from error
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()
            client.reinitialise()  # closes what paho otherwise leaves to the garbage collector


def _where(site: Site) -> str:
    return Phrase("broker {host}:{port}", host=site.broker.host, port=site.broker.port)


def _has_certificate(site: Site) -> bool:
    """Whether the broker knows its clients by certificates. With the host's it would take us for that, and throw it off."""
    return site.broker.ca_file is not None and site.broker.cert_file is not None


def _tls(site: Site) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(site.directory / str(site.broker.ca_file)))
    if _has_certificate(site):
        folder = site.directory / inventory.FOLDER
        check_private(folder / inventory.DESK_KEY, inventory.DESK_KEY)
        context.load_cert_chain(folder / inventory.DESK, folder / inventory.DESK_KEY)
    return context


@contextlib.contextmanager
def _alone(site: Site) -> Iterator[None]:
    """No other desk on this machine has our certificate: the broker would throw each off for the other. Raises DeskError."""
    if not _has_certificate(site):
        yield
        return
    path = site.directory / inventory.FOLDER / inventory.DESK
    try:
        file = path.open("rb")
    except OSError as error:
        raise DeskError(
            Phrase(
                "{path}: {why}. {site} speaks TLS, and this is our certificate for it. Where the "
                "authority is, run `.venv/bin/paraat pki renew desk --site {directory}`, and do what it says",
                path=path,
                why=reason(error),
                site=_where(site),
                directory=site.directory,
            )
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeskError(
                Phrase(
                    "{path}: another `paraat command`, `configure` or `update` uses it, and the broker takes one "
                    "at a time; wait until that has ended",
                    path=path,
                )
            ) from error
        yield


class Desk:
    """Asks boards, and hears their `reply`, `state` and `event`. Use it in a `with` block."""

    def __init__(self, site: Site, points: Iterable[str]) -> None:
        """points: whose answers we want. Raises DeskError, SettingsError."""
        self._where = _where(site)
        self._heard: queue.SimpleQueue[tuple[str, str, bytes] | None] = (
            queue.SimpleQueue()
        )  # None: the connection is lost
        self._listens = threading.Event()
        self._refused = False
        with contextlib.ExitStack() as stack:
            self._client = stack.enter_context(connect(site))
            self._client.on_message = self._on_message
            self._client.on_subscribe = self._on_subscribe
            self._client.on_disconnect = lambda *_: self._heard.put(None)
            self._client.subscribe(
                [
                    (topics.topic(point, leaf), 1)
                    for point in points
                    for leaf in (topics.REPLY, topics.STATE, topics.EVENT)
                ]
            )
            if not self._listens.wait(_CONNECT_S) or self._refused:
                raise DeskError(
                    Phrase(
                        "{where}: it does not let us hear the points; check its acl_file and our certificate",
                        where=self._where,
                    )
                )
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye."""
        self._stack.close()

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
            raise DeskError(
                Phrase(
                    "{where}: it has not taken our message within {limit_s} s",
                    where=self._where,
                    limit_s=f"{limit_s:g}",
                )
            )

    def ask(self, point: str, do: str, args: dict[str, Any], *, now: float, limit_s: float) -> orders.Reply | None:
        """Have a board do something. None when it has not answered in time: then it will not do it later either,
        unless it was just at it. now: unix seconds. Raises DeskError, codec.WireError for args that are too large.
        """
        command = orders.Command(secrets.token_hex(8), do, int(now + limit_s), args)
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
        """(point, state) as they come, the retained ones first, for so many seconds. Raises DeskError."""
        for point, leaf, payload in self._hear(limit_s):
            if leaf == topics.STATE:
                try:
                    yield point, host_codec.read_state(payload)
                except codec.WireError:
                    continue

    def events(self, limit_s: float, *, now: float) -> Iterator[tuple[str, str]]:
        """(point, metric) of what happens at boards, for so many seconds. now: unix seconds. Raises DeskError."""
        for point, leaf, payload in self._hear(limit_s):
            if leaf == topics.EVENT:
                with contextlib.suppress(codec.WireError):
                    for found in host_codec.read_pack(point, leaf, payload, now):
                        yield from ((point, name) for name, _ in found.values)

    def _hear(self, limit_s: float) -> Iterator[tuple[str, str, bytes]]:
        end = time.monotonic() + limit_s
        while (left := end - time.monotonic()) > 0:
            try:
                heard = self._heard.get(timeout=left)
            except queue.Empty:
                return
            if heard is None:
                # By itself the client would come back, without its subscriptions and what was said meanwhile.
                raise DeskError(
                    Phrase(
                        "{where}: it closed our connection, so an answer may be lost. Did it restart, or does "
                        "another machine work as {desk} now? The broker takes one at a time; then do this again",
                        where=self._where,
                        desk=DESK_NAME,
                    )
                )
            yield heard
