"""From an alert that changed to messages, and from messages that are due to the channels."""

import logging
import traceback
from collections.abc import Mapping
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from paraat.alerts import texts
from paraat.alerts.channels import Channel, ChannelError, Message
from paraat.domain.model import AlertState, Delivery
from paraat.domain.roster import COORDINATION, LEAD, Person
from paraat.site.site import Site
from paraat.texts import Phrase

_log = logging.getLogger(__name__)

# How long to wait after each attempt; the last one goes on. Mail servers are away for hours in a blackout.
RETRY_S = (30.0, 60.0, 120.0, 300.0, 600.0)
GIVE_UP_AFTER_S = 24 * 3600.0
# Nobody: the log has every alert.
EVERY_ALERT = Person(id="log/", name="log", reach={"log": ("log",)})


class DeliveryStore(Protocol):
    """What of the journal is needed here."""

    def due_deliveries(self, now: float, limit: int, *, ahead_s: float) -> list[Delivery]:
        """The deliveries that are due, the longest waiting first; ahead_s: none waits for longer than that."""
        ...

    def settle_delivery(
        self, delivery_id: int, ok: bool, error: str | None, now: float, retry_at: float | None
    ) -> None:
        """Keep an attempt: sent, due again at retry_at, or given up."""
        ...


class _Attempt(NamedTuple):
    """One attempt, as settle_delivery wants to know it."""

    delivery_id: int
    ok: bool
    error: str | None
    at: float
    retry_at: float | None


class Dispatcher:
    """channels: by name, as make_channels gives them. `run_due` belongs to one thread."""

    def __init__(self, site: Site, store: DeliveryStore, channels: Mapping[str, Channel]) -> None:
        self._site = site
        self._store = store
        self._channels = channels
        self._zone = ZoneInfo(site.region.timezone)
        self._unkept: _Attempt | None = None
        self._failing: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """Which channels did not take the last message that was tried, and why; empty when all did."""
        return "; ".join(f"{channel}: {why}" for channel, why in sorted(self._failing.items()))

    def deliveries(self, alert: AlertState, now: float) -> list[Delivery]:
        """The messages that tell people of an alert (with its id) that fires or is resolved; to be stored with it."""
        point = None if alert.point is None else self._site.points.get(alert.point)
        if point is None and alert.point is not None:  # taken out of the site while its alert was open
            return []
        subject, body = texts.message(
            alert, alert.state, point, language=self._site.region.language, zone=self._zone, now=now
        )
        return [
            Delivery(
                alert_id=alert.id,
                transition=alert.state,
                channel=channel.name,
                recipient=address,
                subject=subject,
                body=body,
                due_at=now,
            )
            for channel in self._channels.values()
            for address in self._addresses(channel, alert, now)
        ]

    def _addresses(self, channel: Channel, alert: AlertState, now: float) -> tuple[str, ...]:
        """Of the first rung that this channel reaches: a lead whom it does not reach must not leave an alert unheard."""
        log = channel.addresses(EVERY_ALERT)
        for rung in (LEAD, COORDINATION) if alert.point is not None else (COORDINATION,):
            people = self._site.roster.on_duty(rung, alert.point, now)
            if found := tuple(address for person in people for address in channel.addresses(person)):
                return (*log, *found)
        return log

    def run_due(self, now: float, limit: int = 20) -> int:
        """Send what is due, and keep each attempt. Returns how many were tried. May block for seconds each.

        Raises JournalError when an attempt cannot be kept. It is then the first thing to be kept by the next call, before
        anything is sent: a full disk must not mail a lead anew every few seconds.
        """
        self._keep()
        due = self._store.due_deliveries(now, limit, ahead_s=max(RETRY_S))
        for delivery in due:
            self._unkept = self._try(delivery, now)
            self._keep()
        return len(due)

    def _keep(self) -> None:
        if self._unkept is not None:
            self._store.settle_delivery(*self._unkept)
            self._unkept = None

    def _try(self, delivery: Delivery, now: float) -> _Attempt:
        channel = self._channels.get(delivery.channel)
        try:
            if channel is None:
                raise ChannelError(Phrase("the site has no channel {channel} any more", channel=delivery.channel))
            channel.send(
                Message(
                    to=delivery.recipient,
                    subject=delivery.subject,
                    body=delivery.body,
                    short=delivery.subject[:160],
                    severity="critical",
                    key=f"{delivery.alert_id}/{delivery.transition}",
                    code=str(delivery.alert_id),
                )
            )
        except ChannelError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 - a mistake in one channel must not keep all other messages back
            # Without its words: a library may put a URL with a password into them.
            why = f"a mistake in the channel, {type(error).__name__}"
            _log.error("%s at\n%s", why, "".join(traceback.format_tb(error.__traceback__)))
        else:
            self._failing.pop(delivery.channel, None)
            return _Attempt(delivery.id, True, None, now, None)
        self._failing[delivery.channel] = why
        retry_at = self._retry_at(delivery, now)
        _log.warning("alert %d by %s: %s%s", delivery.alert_id, delivery.channel, why, "" if retry_at else "; given up")
        return _Attempt(delivery.id, False, why, now, retry_at)

    @staticmethod
    def _retry_at(delivery: Delivery, now: float) -> float | None:
        """When to try again; None after a day of trying."""
        waited = sum(RETRY_S[min(i, len(RETRY_S) - 1)] for i in range(delivery.attempts))
        if waited > GIVE_UP_AFTER_S:
            return None
        return now + RETRY_S[min(delivery.attempts, len(RETRY_S) - 1)]
