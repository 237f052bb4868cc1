"""Sends a bundle to boards over MQTT, and says what became of it.

Transfer knows the conversation with one board and neither a socket nor a clock; send() runs several (rollout.py) over one broker.
"""

import base64
import queue
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import paho.mqtt.client as mqtt

from paraat.texts import Phrase
from paraat.texts.printable import printable
from paraat_wire import host_codec, orders, topics
from paraat_wire.codec import WireError
from paraat_wire.orders import Command

ANSWER_S = 30.0  # for one command, before it is said again
SILENCE_S = 900.0  # without any answer, before we give up
TRIAL_S = 1200.0  # from the restart on: a board gives new firmware 15 minutes (update.trial_s), and then restarts
RETRY_S = 5.0  # after an answer that says: not now
_NOT_NOW = ("the board does not know the time yet", "busy:", "the running firmware is itself on trial")
_EXPIRES_S = 120  # a command that the broker kept for longer is not carried out

# How far an update is, and how a screen says it.
PHASES = {
    "waiting": Phrase("waiting"),
    "sending": Phrase("sending"),
    "trial": Phrase("trial"),
    "done": Phrase("done"),
    "failed": Phrase("failed"),
}


@dataclass
class Transfer:
    """The update of one point. data: a bundle of build number `build`."""

    point: str
    data: bytes
    build: int
    phase: str = "waiting"  # of PHASES
    why: str = ""  # of failed, and of waiting where the board gave a reason; of done, what there is to say
    sent: int = 0  # bytes of the bundle that are no longer needed
    _token: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0
    _asked_at: float | None = None
    _heard_at: float | None = None
    _not_before: float = 0.0
    _command: Command | None = None

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self.phase in ("done", "failed")

    def next_command(self, now: float) -> Command | None:
        """What to say to the board now, if anything. now: unix seconds."""
        if self._heard_at is None:
            self._heard_at = now
        if self.phase in ("waiting", "sending") and now - self._heard_at > SILENCE_S:
            minutes = f"{SILENCE_S / 60:.0f}"
            self._fail(
                Phrase(
                    "no answer for {minutes} minutes; is the board online? Begin again, it goes on there",
                    minutes=minutes,
                )
            )
        if self.phase == "trial" and now - self._heard_at > TRIAL_S:
            self._fail(Phrase("it has the new firmware and did not come back; go and look at it"))
        if self.phase not in ("waiting", "sending"):
            return None
        if self._command is None or (self._asked_at is not None and now - self._asked_at > ANSWER_S):
            self._begin()
        if self._asked_at is not None or now < self._not_before:
            return None
        self._asked_at = now
        assert self._command is not None
        return self._command._replace(expires=int(now) + _EXPIRES_S)

    def on_reply(self, reply: orders.Reply, now: float) -> None:
        """An answer of this board, to us or to somebody else."""
        if self._command is None or reply.id != self._command.id or self.phase not in ("waiting", "sending"):
            return
        self._heard_at = now
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
                    self._heard_at = now
                self.phase = "trial"
            elif not self.ended:
                already = self.phase == "waiting" and not self._number
                self.phase, self.why = "done", Phrase("it runs this build already") if already else ""
        elif self.phase == "trial" and update and update != "trial":
            self._fail(Phrase("it went back to build {build}: {why}", build=build, why=printable(str(update))))

    def _begin(self) -> None:
        self._say("update", {"size": len(self.data), "build": self.build})

    def _send(self, want: object) -> None:
        if not isinstance(want, list) or len(want) != 2 or not all(isinstance(n, int) and n >= 0 for n in want):
            self._fail(Phrase("it asks for {want}, which is no piece of the bundle", want=printable(repr(want)[:40])))
            return
        offset, count = want
        self.phase, self.why, self.sent = "sending", "", offset
        data = base64.b64encode(self.data[offset : offset + count]).decode()
        self._say("part", {"build": self.build, "offset": offset, "data": data})

    def _say(self, do: str, args: dict[str, Any]) -> None:
        self._number += 1
        self._command = Command(f"{self._token}-{self._number}", do, 0, args)
        self._asked_at = None

    def _refused(self, error: str, now: float) -> None:
        # Its transfer ended (it restarted, or it stood still): begin again, it keeps what it has.
        if self._command is not None and self._command.do == "part" and error.startswith("no update of this build"):
            self._begin()
        elif error.startswith(_NOT_NOW):
            self.why, self._not_before = printable(error), now + RETRY_S
            self._begin()
        else:
            self._fail(Phrase("it refuses: {why}", why=printable(error)))

    def _fail(self, why: Phrase) -> None:
        self.phase, self.why = "failed", why


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
