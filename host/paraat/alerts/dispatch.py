"""From what is due to the channels: each channel in a thread of its own, so that none waits behind another.

What is sent is claimed in the journal first and settled in it afterwards, and written down beside it (`Record`). A host that was stopped in between does not know
whether it arrived: it says so, and tells that person once more, for that reason.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from paraat.alerts import ladder
from paraat.alerts.channels import Channel, ChannelError, RefusedError
from paraat.alerts.outgoing import HOUR_S, RETRY_S, Outgoing, Standing, Way, choose
from paraat.alerts.rendering import Answers, Renderer
from paraat.domain.facts import Fact
from paraat.domain.model import ACKNOWLEDGED, AlertState, Delivery
from paraat.domain.roster import Person, Roster
from paraat.site.site import Site
from paraat.texts import Phrase, Words, phrase_of

_log = logging.getLogger(__name__)
_STOPPED = Phrase("the host was stopped while it was sent")
# What outgoing.py says of a message that is not sent any more.
_DROPPED = (
    Phrase("over before it could be sent"),
    Phrase("over for a day"),
    Phrase("no longer in the roster"),
    Phrase("acknowledged by {by}", by=""),
    Phrase("overtaken by a newer message"),
)


class DeliveryStore(Protocol):
    """What of the journal is needed here. All of it raises JournalError."""

    def alert(self, alert_id: int) -> AlertState | None:
        """One alert."""
        ...

    def due_deliveries(self, channel: str) -> list[Delivery]:
        """What waits for a channel, now or later."""
        ...

    def unsettled_deliveries(self) -> list[Delivery]:
        """What was being sent when the host was stopped."""
        ...

    def sent_since(self, t: float) -> list[Delivery]:
        """What was sent, or perhaps was, since t."""
        ...

    def claim_deliveries(
        self, ids: Collection[int], message: str, dropped: Iterable[tuple[int, str]], now: float
    ) -> None:
        """Keep that these are being sent, and that others were overtaken."""
        ...

    def settle_deliveries(self, ids: Collection[int], ok: bool, answer: str, now: float, retry_at: float) -> None:
        """Keep an attempt: sent, or due again at retry_at."""
        ...

    def leave_uncertain(self, ids: Collection[int], answer: str, again: Iterable[Delivery]) -> None:
        """Keep that nobody knows whether these arrived, and what is sent in their stead."""
        ...


class Record(Protocol):
    """What left for people, known also where the journal is lost or behind."""

    def leave(self, rows: Iterable[Delivery], alerts: Collection[AlertState]) -> None:
        """These leave now in one message."""
        ...

    def settle(self, ids: Iterable[int], ok: bool, answer: str, at: float) -> None:
        """They arrived, or are to leave once more."""
        ...


class _Attempt(NamedTuple):
    """One attempt, as settle_deliveries wants to know it."""

    ids: tuple[int, ...]
    ok: bool
    answer: str
    at: float
    retry_at: float
    refused: str = ""  # why there is no such address


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel does. failing_since, why: since when no message was taken; None, "" when the last one was.

    busy_since: when the message that it is handing over was begun.
    """

    name: str
    failing_since: float | None = None
    why: str = ""
    busy_since: float | None = None


class Dispatcher:
    """channels: by name, as make_channels gives them. acknowledged: the last time that somebody acknowledged an alert. roster:
    as it is now; None: that of the site. unreached: the ways from which a message came back lately. refused: (key of a
    message, why, now), of one to an address that is none, as Returned.came_back has it; None: it is tried again as others are.
    record: where what leaves is written down beside the store; None: nowhere, because nothing leaves.

    `send_next` of one channel belongs to one thread; each channel may have its own.
    """

    def __init__(
        self,
        site: Site,
        store: DeliveryStore,
        channels: Mapping[str, Channel],
        *,
        acknowledged: Callable[[int], Fact | None],
        answers: Answers | None = None,
        roster: Callable[[], Roster] | None = None,
        unreached: Callable[[], Collection[Way]] = tuple,
        refused: Callable[[str, str, float], object] | None = None,
        record: Record | None = None,
    ) -> None:
        self._site = site
        self._roster = roster or (lambda: site.roster)
        self._store = store
        self._channels = channels
        self._acknowledged = acknowledged
        self._unreached = unreached
        self._refused = refused
        self._record = record
        self._words = Words(site.region.language)  # what came back is kept as people read it
        self._active: dict[int, AlertState] = {}
        self._renderer = Renderer(site, answers, self._also_held)
        self._unkept: dict[str, _Attempt] = {}
        self._storing = threading.RLock()  # around what is kept; never while a channel sends
        self._states = {name: ChannelState(name=name) for name in channels}

    @property
    def problem(self) -> str:
        """Which channels did not take the last message that was tried, and why; empty when all did."""
        return "; ".join(f"{state.name}: {state.why}" for state in self.states() if state.why)

    @property
    def failed_texts(self) -> dict[str, float]:
        """By rule and wording, when a message last had to go out without its words."""
        return dict(self._renderer.failed)

    def states(self) -> list[ChannelState]:
        """How each channel does."""
        return [self._states[name] for name in sorted(self._states)]

    def ways(self, person: Person) -> list[Way]:
        """By which somebody is reached: as he prefers, but what came back lately comes after the others, and a channel that
        fails now last.
        """
        unreached = self._unreached()
        found = [
            (name, address)
            for name in person.reach
            if name in self._channels
            for address in self._channels[name].addresses(person)
        ]
        return sorted(found, key=lambda way: (self._states[way[0]].failing_since is not None, way in unreached))

    def note(self, active: Iterable[AlertState]) -> None:
        """The alerts as they stand now, with the newest figures."""
        self._active = {alert.id: alert for alert in active if alert.id}

    def begin(self, now: float) -> None:
        """After a start: what was being sent may have arrived, or not. Raises JournalError."""
        unsettled = self._store.unsettled_deliveries()
        again = [
            msgspec.structs.replace(
                row,
                reason=row.reason + ladder.AGAIN,
                created_at=now,
                due_at=now,
                attempts=0,
                state="due",
                message="",
                settled_at=None,
            )
            for row in unsettled
        ]
        self._store.leave_uncertain([row.id for row in unsettled], self._words.say(_STOPPED), again)

    def send_next(self, name: str, now: float) -> bool:
        """Send the next message of a channel, if one is ready, and keep the attempt. May block as long as the channel may.

        Raises JournalError when something cannot be kept. An attempt is then the first thing that the next call keeps, before
        anything is sent: a full disk must not mail a lead anew every few seconds.
        """
        with self._storing:
            message, alerts = self._next(name, now)
        if message is None:
            return False
        self._states[name] = msgspec.structs.replace(self._states[name], busy_since=now)
        attempt = self._unkept[name] = self._try(self._channels[name], message, alerts, now)
        with self._storing:
            if self._record is not None:
                self._record.settle(attempt.ids, attempt.ok, attempt.answer, attempt.at)
            self._keep(name)
        if attempt.refused and self._refused is not None:
            self._refused(message.key, attempt.refused, now)
        return True

    def keep_in(self, make: Callable[[], DeliveryStore]) -> None:
        """Keep what happens from now on in another store, that `make` has brought all that is kept here. Raises JournalError."""
        with self._storing:
            self._store = make()

    def _next(self, name: str, now: float) -> tuple[Outgoing | None, dict[int, AlertState]]:
        """What a channel sends next, claimed; with its alerts. Raises JournalError."""
        self._keep(name)
        waiting = self._store.due_deliveries(name)
        if not waiting:
            return None, {}
        alerts = {row.alert_id: alert for row in waiting if (alert := self._alert(row.alert_id)) is not None}
        standing = Standing(
            alerts=alerts,
            acknowledged=self._seen_by,
            sent=self._store.sent_since(now - HOUR_S),
            ways=self.ways,
            roster=self._roster(),
            telling=self._site.telling,
        )
        choice = choose(waiting, standing, now)
        message = choice.message
        dropped = [(row.id, self._words.say(phrase_of(why))) for row, why in choice.dropped]
        if message is not None or dropped:
            ids = [] if message is None else [row.id for row in message.rows]
            self._store.claim_deliveries(ids, "" if message is None else message.key, dropped, now)
        if message is not None and self._record is not None:
            leaves = [
                msgspec.structs.replace(row, state="sending", message=message.key, settled_at=now)
                for row in message.rows
            ]
            self._record.leave(leaves, [alerts[one] for one in {row.alert_id for row in leaves}])
        return message, alerts

    def _keep(self, name: str) -> None:
        if name in self._unkept:
            self._store.settle_deliveries(*self._unkept[name][:-1])
            del self._unkept[name]

    def _try(self, channel: Channel, message: Outgoing, alerts: Mapping[int, AlertState], now: float) -> _Attempt:
        ids = tuple(row.id for row in message.rows)
        tried = max(row.attempts for row in message.rows)
        retry_at = now + RETRY_S[min(tried, len(RETRY_S) - 1)]
        try:
            answer = channel.send(self._renderer.message(message, alerts, now))
        except RefusedError as error:  # the channel did what it is for
            self._states[channel.name] = ChannelState(name=channel.name)
            _log.warning("message %s: %s", message.key, error)
            return _Attempt(ids, False, self._words.say(error), now, retry_at, error.words)
        except ChannelError as error:
            why, answer = str(error), self._words.say(error)
        except Exception as error:  # noqa: BLE001 - a mistake in one channel must not keep all other messages back
            # Without its words: a library may put a URL with a password into them.
            why = Phrase("a mistake in the channel, {kind}", kind=type(error).__name__)
            answer = self._words.say(why)
            _log.error("%s at\n%s", why, "".join(traceback.format_tb(error.__traceback__)))
        else:
            self._states[channel.name] = ChannelState(name=channel.name)
            return _Attempt(ids, True, self._words.say(answer), now, now)
        since = self._states[channel.name].failing_since
        self._states[channel.name] = ChannelState(
            name=channel.name, failing_since=now if since is None else since, why=str(why)
        )
        _log.warning("message %s: %s", message.key, why)
        return _Attempt(ids, False, answer, now, retry_at)

    def _alert(self, alert_id: int) -> AlertState | None:
        return self._active.get(alert_id) or self._store.alert(alert_id)

    def _seen_by(self, alert: AlertState) -> str:
        """Who sees to the last turn of an alert; "" when nobody does."""
        fact = self._acknowledged(alert.id)
        return fact.author.name if fact is not None and alert.stage(fact.t) == ACKNOWLEDGED else ""

    def _also_held(self, alert: AlertState) -> int:
        return sum(other.held_by == alert.rule for other in list(self._active.values()))
