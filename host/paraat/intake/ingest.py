"""From the inbox to the journal, then the acknowledgements: the one order that loses nothing.

1. decode; 2. store the batch in one transaction; 3. acknowledge to the broker; 4. tell each board
on `ack` what is stored. A cut before 2 ends: the broker hands the messages over again. After 2:
again, and they are duplicates. Before or in 4: the board sends again, and is answered like the
first time.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from paraat.domain.model import NodeState, Refusal, SampleSet
from paraat.intake.admission import Admission
from paraat.intake.dating import Dating
from paraat.intake.decode import UNKNOWN_POINT, Decoded, decode
from paraat.intake.inbox import Inbox, Message
from paraat.journal import Journal, JournalError, Stored
from paraat.runtime.counters import Counters
from paraat.runtime.progress import Progress
from paraat_wire import host_codec, topics

_log = logging.getLogger(__name__)

MAX_BATCH = 500
LINGER_S = 0.05
MAX_BIRTH_RANGES = 50
_STRANGERS_KEPT = 50
HOST_ERROR = "host-error"
LOOP = "ingest"
HUNG_S = 120.0  # a batch on a slow disk takes seconds; on one that is full it waits, and says so by `problem`
_RETRY_MIN_S = 0.5
_RETRY_MAX_S = 30.0
PATIENCE_S = 5.0  # so long a disk may fail before what comes in is passed on unkept


class _UnkeptError(Exception):
    """Raised when the disk does not take a batch: the boards keep it."""


class Link(Protocol):
    """What of the transport is needed here."""

    @property
    def alone(self) -> bool:
        """Whether no other host can have taken what boards sent to us."""
        ...

    def ack(self, message: Message) -> None:
        """Tell the broker that a message is stored."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Send a message; False when it cannot be sent now."""
        ...


class Ingest:
    """The thread that stores. `run` returns once the inbox is closed and drained, or `stop` cuts a
    wait short.
    """

    def __init__(
        self,
        inbox: Inbox,
        link: Link,
        journal: Journal,
        counters: Counters,
        *,
        points: Collection[str],
        stop: threading.Event,
        on_stored: Callable[[Stored, Sequence[NodeState]], None],
        on_unkept: Callable[[Sequence[SampleSet]], None] = lambda _: None,
        dating: Dating | None = None,
        progress: Progress | None = None,
        retry_min_s: float = _RETRY_MIN_S,
        patience_s: float | None = None,
    ) -> None:
        """points: the ids of the site. on_stored is called after the acknowledgements; it may raise.

        on_unkept: gets what came in and is not kept now; its board keeps it and sends it again. dating: whose clock is right.
        """
        self._inbox = inbox
        self._link = link
        self._journal = journal
        self._counters = counters
        self._points = points
        self._stop = stop
        self._on_stored = on_stored
        self._on_unkept = on_unkept
        self._dating = dating or Dating()
        self._retry_min_s = retry_min_s
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._admission = Admission(journal.highest)
        self._greeted: set[str] = set()
        self._strangers: dict[str, tuple[float, float]] = {}
        self._problem = ""
        self._progress = progress or Progress()

    @property
    def problem(self) -> str:
        """Why nothing can be stored now; empty when it can."""
        return self._problem

    @property
    def strangers(self) -> dict[str, tuple[float, float]]:
        """Boards that send for a point that the site has not: by that point when they were first and last heard."""
        return dict(self._strangers)

    def remember_stranger(self, point: str, first_t: float, last_t: float) -> None:
        """One that was heard at that time. Of too many the one that was heard longest ago is forgotten."""
        known = self._strangers.get(point, (first_t, last_t))
        self._strangers[point] = (min(first_t, known[0]), max(last_t, known[1]))
        if len(self._strangers) > _STRANGERS_KEPT:
            del self._strangers[min(self._strangers, key=lambda one: self._strangers[one][1])]

    def run(self) -> None:
        """Store what comes."""
        self._progress.waits(LOOP)
        while batch := self._inbox.take(MAX_BATCH, LINGER_S):
            self._progress.works(LOOP, HUNG_S)
            self._take(batch)
            self._progress.waits(LOOP)

    def _take(self, batch: Sequence[Message]) -> None:
        decoded = self._dated(batch, [self._decode(message) for message in batch])
        try:
            stored = self._store(decoded)
        except JournalError:
            return  # we stop: unacknowledged, the broker keeps them
        except _UnkeptError:
            self._pass_on(batch, decoded)
            return
        except Exception:  # noqa: BLE001 - one message must not keep the others for ever
            _log.exception("a batch of %d messages cannot be stored; one by one", len(batch))
            self._counters.thread_errors.labels("ingest").inc()
            for message, one in zip(batch, decoded, strict=True):
                self._take_alone(message, one)
            return
        for message in batch:
            self._link.ack(message)
        self._answer(stored, decoded)

    def _pass_on(self, batch: Sequence[Message], decoded: Sequence[Decoded]) -> None:
        """Let people know what came in, although it is kept nowhere.

        The broker may forget it, or it would hand over nothing newer. Its boards keep it: they get no `ack`, and send it again.
        """
        for message in batch:
            self._link.ack(message)
        self._on_unkept([a_set for one in decoded for a_set in one.sets])

    def _take_alone(self, message: Message, decoded: Decoded) -> None:
        try:
            stored = self._store([decoded])
        except JournalError:
            return
        except _UnkeptError:
            self._pass_on([message], [decoded])
            return
        except Exception as error:  # noqa: BLE001 - a mistake of ours, kept as a dead letter
            # Without an `ack` the board keeps the sets, so that a mended host gets them still.
            _log.exception("a message on %.80r cannot be stored", message.topic)
            decoded = Decoded(refusals=[_mistake(message, error)])
            try:
                stored = self._store([decoded])
            except (JournalError, _UnkeptError):
                return
        self._link.ack(message)
        self._answer(stored, [decoded])

    def _dated(self, batch: Sequence[Message], decoded: Sequence[Decoded]) -> list[Decoded]:
        """What comes in with the times that can be believed, and without the sets that nobody can date now."""
        dated, undated = self._dating.dated(decoded, [message.payload for message in batch])
        if undated:
            self._counters.undated.inc(len(undated))
            self._on_unkept(undated)
        return dated

    def _decode(self, message: Message) -> Decoded:
        try:
            decoded = decode(
                message.topic,
                message.payload,
                received_at=message.received_at,
                retained=message.retained,
                points=self._points,
                ahead_s=math.inf,  # whose clock is wrong then, is looked at with the rest of the batch
            )
            return self._admission.check(decoded, message.payload)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, kept as a dead letter
            _log.exception("a message on %.80r cannot be decoded", message.topic)
            self._counters.thread_errors.labels("ingest").inc()
            return Decoded(refusals=[_mistake(message, error)])

    def _store(self, decoded: Sequence[Decoded]) -> Stored:
        """Store, trying for some seconds where the disk does not take it; only once where it did not the last time either.

        Raises _UnkeptError, and JournalError when the service stops meanwhile.
        """
        sets = [a_set for one in decoded for a_set in one.sets]
        states = [one.state for one in decoded if one.state is not None]
        refusals = [refusal for one in decoded for refusal in one.refusals]
        delay_s = self._retry_min_s
        until_s = time.monotonic() + (0.0 if self._problem else self._patience_s)
        while True:
            try:
                with self._counters.journal_seconds.time():
                    stored = self._journal.store(sets, states, refusals)
            except JournalError as error:
                self._counters.journal_errors.inc()
                if not self._problem:
                    _log.error("%s; nothing is acknowledged to boards until it works again", error)
                self._problem = str(error)
                if self._stop.is_set():
                    raise
                if time.monotonic() >= until_s:
                    raise _UnkeptError from error
                if self._stop.wait(delay_s):
                    raise
                delay_s = min(delay_s * 2, _RETRY_MAX_S)
                continue
            if self._problem:
                _log.info("%s: works again", self._journal.path)
                self._problem = ""
            self._count(decoded, stored)
            return stored

    def _count(self, decoded: Sequence[Decoded], stored: Stored) -> None:
        counters = self._counters
        counters.messages.inc(len(decoded))
        counters.sets_stored.inc(len(stored.new))
        counters.sets_duplicate.inc(stored.duplicates)
        for point in stored.acks:
            counters.missing.labels(point).set(self._journal.missing(point))
        refusals = [refusal for one in decoded for refusal in one.refusals] + stored.conflicts
        for refusal in refusals:
            parsed = topics.parse(refusal.topic) if refusal.reason == UNKNOWN_POINT else None
            # What it is: the broker may still keep the state of one that was taken out. What it reads, it sends.
            if parsed is not None and parsed[1] in (topics.TELEMETRY, topics.EVENT):
                self.remember_stranger(parsed[0], refusal.received_at, refusal.received_at)
        if refusals:
            counters.count_refusals(refusals, max(refusal.received_at for refusal in refusals))

    def _answer(self, stored: Stored, decoded: Sequence[Decoded]) -> None:
        # What a second host may have taken is not ours to acknowledge: its board would drop what neither of us has whole.
        for point, ranges in stored.acks.items() if self._link.alone else ():
            self._link.publish(topics.topic(point, topics.ACK), host_codec.encode_ack(ranges))
        states = [one.state for one in decoded if one.state is not None]
        for state in states:
            if state.online and not (state.retained and state.point in self._greeted):
                self._greet(state.point)
        self._on_stored(stored, states)

    def _greet(self, point: str) -> None:
        """Tell a board what is stored of its point, so that one that was wiped goes on beyond those
        seqs.
        """
        self._greeted.add(point)
        ranges = self._journal.ranges(point)[-MAX_BIRTH_RANGES:]
        if ranges and self._link.alone:
            self._link.publish(topics.topic(point, topics.ACK), host_codec.encode_ack(ranges))


def _mistake(message: Message, error: Exception) -> Refusal:
    return Refusal(
        topic=message.topic,
        received_at=message.received_at,
        reason=HOST_ERROR,
        detail=f"{type(error).__name__}: {error}"[:200],
        payload=message.payload,
    )
