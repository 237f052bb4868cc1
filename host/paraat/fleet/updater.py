"""Sends a bundle to boards over MQTT, and says what became of it.

Transfer knows the conversation with one board and neither a socket nor a clock; send() runs several (rollout.py) over one broker.
"""

import base64
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as mqtt

from paraat.fleet.talk import Talk
from paraat.texts import Phrase
from paraat.texts.printable import printable
from paraat_wire import host_codec, orders, topics
from paraat_wire.codec import WireError
from paraat_wire.orders import Command

SILENCE_S = 900.0  # without any answer, before we give up
TRIAL_S = 1200.0  # from the restart on: a board gives new firmware 15 minutes (update.trial_s), and then restarts
RETRY_S = 5.0  # after an answer that says: not now
_NOT_NOW = ("the running firmware is itself on trial",)

# How far an update is, and how a screen says it.
PHASES = {
    "waiting": Phrase("waiting"),
    "sending": Phrase("sending"),
    "trial": Phrase("trial"),
    "done": Phrase("done"),
    "failed": Phrase("failed"),
}


@dataclass
class Transfer(Talk):
    """The update of one point. data: a bundle of build number `build`. phase: of PHASES."""

    phase: str = "waiting"
    data: bytes = b""
    build: int = 0
    sent: int = 0  # bytes of the bundle that are no longer needed

    def next_command(self, now: float) -> Command | None:
        """What to say to the board now, if anything."""
        if self.heard_at is None:
            self.heard_at = now
        if self._is_asked and self.is_silent(now, SILENCE_S):
            minutes = f"{SILENCE_S / 60:.0f}"
            self.fail(
                Phrase(
                    "no answer for {minutes} minutes; is the board online? Begin again, it goes on there",
                    minutes=minutes,
                )
            )
        if self.phase == "trial" and self.is_silent(now, TRIAL_S):
            self.fail(Phrase("it has the new firmware and did not come back; go and look at it"))
        if not self._is_asked:
            return None
        if self.command is None or self.unanswered(now):
            self._begin()
        return self.due(now)

    @property
    def _is_asked(self) -> bool:
        return self.phase in ("waiting", "sending")

    def on_reply(self, reply: orders.Reply, now: float) -> None:
        """An answer of this board, to us or to somebody else."""
        if not self._is_asked or not self.answers(reply, now):
            return
        if reply.error:
            self._refused(reply.error, now)
        elif "done" in reply.result:
            self.sent = len(self.data)
            self.phase = "trial"
        else:
            self._send(reply.result.get("want"))

    def on_state(self, state: dict[str, Any], now: float) -> None:
        """A `state` of this board; the first one may be retained."""
        if not state.get("online"):
            return
        build, update = state.get("build", 0), state.get("update", "")
        if build == self.build:
            if update == "trial":
                if self.phase != "trial":
                    self.heard_at = now
                self.phase = "trial"
            elif not self.ended:
                already = self.phase == "waiting" and self.command is None
                self.phase, self.why = "done", Phrase("it runs this build already") if already else ""
        elif self.phase == "trial" and update and update != "trial":
            self.fail(Phrase("it went back to build {build}: {why}", build=build, why=printable(str(update))))

    def _begin(self, not_before: float = 0.0) -> None:
        self.say("update", {"size": len(self.data), "build": self.build}, not_before=not_before)

    def _send(self, want: object) -> None:
        if not isinstance(want, list) or len(want) != 2 or not all(isinstance(n, int) and n >= 0 for n in want):
            self.fail(Phrase("it asks for {want}, which is no piece of the bundle", want=printable(repr(want)[:40])))
            return
        offset, count = want
        self.phase, self.why, self.sent = "sending", "", offset
        data = base64.b64encode(self.data[offset : offset + count]).decode()
        self.say("part", {"build": self.build, "offset": offset, "data": data})

    def _refused(self, error: str, now: float) -> None:
        # Its transfer ended (it restarted, or it stood still): begin again, it keeps what it has.
        if self.command is not None and self.command.do == "part" and error.startswith("no update of this build"):
            self._begin()
        elif (again_at := self.refused(error, now, not_now=_NOT_NOW, retry_s=RETRY_S)) is not None:
            self._begin(again_at)


class Conversation(Protocol):
    """What is said with several boards: fleet.rollout.Rollout."""

    @property
    def points(self) -> list[str]:
        """Whose boards."""
        ...

    def on_state(self, point: str, state: dict[str, Any], now: float) -> None:
        """A `state` of a board."""
        ...

    def on_reply(self, point: str, reply: orders.Reply, now: float) -> None:
        """An answer of a board."""
        ...

    def commands(self, now: float) -> Iterable[tuple[str, Command]]:
        """What to say now."""
        ...


def send(
    client: mqtt.Client,
    talk: Conversation,
    *,
    now: Callable[[], float],
    stopped: Callable[[], bool],
    progress: Callable[[], None],
) -> None:
    """Run it until stopped() says so. client: connected, its loop running. progress: something has changed."""
    inbox: queue.Queue[tuple[str, bytes]] = queue.Queue()
    client.on_message = lambda _client, _data, message: inbox.put((message.topic, bytes(message.payload)))
    wanted = [(topics.topic(point, leaf), 1) for point in talk.points for leaf in (topics.STATE, topics.REPLY)]
    client.on_connect = lambda client, *_: client.subscribe(wanted)  # anew: the broker forgets it with the connection
    client.subscribe(wanted)
    while not stopped():
        _take(inbox, talk, now)
        for point, command in talk.commands(now()):
            client.publish(topics.topic(point, topics.COMMAND), host_codec.encode_command(command), qos=1)
        progress()


def _take(inbox: queue.Queue[tuple[str, bytes]], talk: Conversation, now: Callable[[], float]) -> None:
    """Wait shortly for a message, and hand it on."""
    try:
        topic, payload = inbox.get(timeout=0.2)
    except queue.Empty:
        return
    parsed = topics.parse(topic)
    if parsed is None or parsed[0] not in talk.points:
        return
    try:
        if parsed[1] == topics.REPLY:
            talk.on_reply(parsed[0], host_codec.read_reply(payload), now())
        else:
            talk.on_state(parsed[0], host_codec.read_state(payload), now())
    except WireError:
        return  # not of our making; what we wait for is asked again
