"""From views to alerts, and from alerts to what is due: engine and ladder, with the journal that keeps both. No thread, no
channel and no clock: the moment is passed in.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from paraat.alerts import ladder
from paraat.alerts.engine import Engine, Transition
from paraat.alerts.inhibition import Holds
from paraat.alerts.observed import Observer
from paraat.alerts.rules.base import Rule
from paraat.domain.facts import Fact
from paraat.domain.model import AlertState, Delivery, Judged, PointView
from paraat.domain.roster import Person, Roster
from paraat.domain.subjects import View
from paraat.domain.telling import Telling

# So many of the alerts that are over are read back at a start: what flaps is found among them.
_ENDED = 500
_JUDGED_AT_ONCE = 60

Way = tuple[str, str]  # a channel, and an address there


class AlertStore(Protocol):
    """What of the journal is needed here. All of it raises JournalError."""

    def atomic(self) -> AbstractContextManager[None]:
        """One transaction of all that is written inside."""
        ...

    def save_alert(self, alert: AlertState) -> AlertState:
        """Store an alert; returns it with its id."""
        ...

    def open_alerts(self) -> list[AlertState]:
        """The alerts that are firing or pending."""
        ...

    def alerts(self, limit: int) -> list[AlertState]:
        """Alerts that fire or did, newest first."""
        ...

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Store what is due."""
        ...

    def deliveries(self, *alert_ids: int) -> list[Delivery]:
        """All deliveries of these alerts."""
        ...

    def any_delivery_waits(self) -> bool:
        """Whether any is to be sent yet."""
        ...

    def note_judged(self, moments: Iterable[Judged]) -> None:
        """Keep when the alerts were judged, and by what."""
        ...


class _Asked(NamedTuple):
    """When it was asked last what is due of an alert, of what that depends, and before when time alone changes nothing of it.

    alert: as it was last; its figures change more often than what counts here.
    """

    alert: AlertState
    about: tuple[object, ...]
    at: float
    until: float

    def holds(self, about: tuple[object, ...], now: float) -> bool:
        """Whether nothing more can be due, as long as the alert is the same."""
        return self.at <= now < self.until and self.about == about


def _what_counts(alert: AlertState) -> tuple[object, ...]:
    return alert.turn, alert.told_since, alert.severity, alert.held_by, alert.role


class Watch:
    """One site's alerts. It belongs to one thread.

    ways: by which somebody is reached. acknowledged: the last time that somebody acknowledged an alert. lost: by which ways
    its messages went and came back. declined: who said, and when, that they cannot see to it.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule[Any]],
        store: AlertStore,
        *,
        roster: Roster,
        telling: Telling,
        ways: Callable[[Person], Sequence[Way]],
        acknowledged: Callable[[int], Fact | None],
        lost: Callable[[int], Collection[Way]] = lambda _: (),
        declined: Callable[[int], Mapping[str, float]] = lambda _: {},
    ) -> None:
        """Go on where the journal left off. Raises JournalError."""
        self.roster = roster
        self._store = store
        self._telling = telling
        self._ways = ways
        self._acknowledged = acknowledged
        self._lost = lost
        self._declined = declined
        opened = store.open_alerts()
        ended = [alert for alert in store.alerts(_ENDED) if alert.state == "resolved"]
        self.engine = Engine(rules, opened, ended=ended, telling=telling)
        self._unsaved: list[Transition] = []
        self._judged: list[Judged] = []
        self._observer = Observer()
        self._asked: dict[int, _Asked] = {}
        self._rows: dict[int, dict[tuple[int, str, str, str, str], Delivery]] = {a.id: {} for a in opened if a.id}
        for row in store.deliveries(*self._rows):
            self._rows[row.alert_id][row.key] = row

    @property
    def unsaved(self) -> bool:
        """Whether something is still to be kept, so that the next step judges nothing."""
        return bool(self._unsaved)

    def keep_in(self, store: AlertStore) -> None:
        """Keep what changes from now on in another store, that has all that this one had."""
        self._store = store

    def step(
        self,
        now: float,
        views: Iterable[View],
        *,
        expected: Mapping[str, Collection[str]],
        holds: Holds,
        known: tuple[int, int] = (0, 0),
    ) -> tuple[list[Transition], list[Delivery]]:
        """Judge, and keep what changed with all that is due by now; returns both. known: the last ids of entry and fact.

        Raises JournalError: then nothing of it is kept, and the next step keeps it first, before it judges anew.
        """
        if not self._unsaved:
            views = list(views)
            own = self._observer.note(view for view in views if not isinstance(view, PointView))
            self._unsaved = self.engine.step(now, views, expected=expected, holds=holds)
            self._judged.append(Judged(now, *known, own))
        with self._store.atomic():
            saved = [Transition(alert=self._store.save_alert(one.alert), change=one.change) for one in self._unsaved]
            current = {alert.id: alert for alert in self.engine.active() if alert.state == "firing"}
            current |= {one.alert.id: one.alert for one in saved if one.alert.state == "firing"}
            current.pop(0, None)
            rows, asked = self._all_due(current.values(), now)
            rows += [row for one in saved if one.change in ("resolved", "left") for row in self._over(one, now)]
            self._store.add_deliveries(rows)
            # Where nothing changed, and no message may leave, a replay can do without the last moments: they need no write.
            keep = bool(saved or rows or len(self._judged) >= _JUDGED_AT_ONCE or self._store.any_delivery_waits())
            self._store.note_judged(self._judged if keep else ())
        self._unsaved = []
        if keep:
            self._judged = []
        for one in saved:
            self.engine.saved(one.alert)
            if one.alert.state == "resolved":
                self._rows.pop(one.alert.id, None)
                self._asked.pop(one.alert.id, None)
        self._asked |= asked
        for row in rows:
            if row.alert_id in current:
                self._rows.setdefault(row.alert_id, {})[row.key] = row
        return saved, rows

    def close(self) -> None:
        """Keep the last moments, before the host ends. Safe to call twice. Raises JournalError."""
        if self._judged:
            self._store.note_judged(self._judged)
        self._judged = []

    def _all_due(self, firing: Iterable[AlertState], now: float) -> tuple[list[Delivery], dict[int, _Asked]]:
        """What is due of the alerts that fire, and was not before; and of whom that was asked.

        Asked is only of those of which something may have become due: a country may have some alerts at every point.
        """
        rows: list[Delivery] = []
        asked: dict[int, _Asked] = {}
        for alert in firing:
            seen, lost, no = self._acknowledged(alert.id), self._lost(alert.id), self._declined(alert.id)
            about = (self.roster, None if seen is None else seen.t, len(lost), no)
            last = self._asked.get(alert.id)
            if last is not None and last.holds(about, now):
                if alert is last.alert:
                    continue
                if _what_counts(alert) == _what_counts(last.alert):
                    asked[alert.id] = last._replace(alert=alert)
                    continue
            found, until = self._due(alert, now, None if seen is None else seen.t, lost, no)
            rows += found
            asked[alert.id] = _Asked(alert, about, now, until)
        return rows, asked

    def _due(
        self,
        alert: AlertState,
        now: float,
        acknowledged_t: float | None,
        lost: Collection[Way],
        no: Mapping[str, float],
    ) -> tuple[list[Delivery], float]:
        """What is due of an alert that fires, and was not before; and until when that stays so. lost, no: as of `Watch`."""
        known = self._rows.get(alert.id, {})
        people = self.roster.people
        told = {(row.person, row.rung) for row in known.values() if row.rung != ladder.LOG}

        def reaches(person: Person) -> bool:
            return bool(self._ways(person))

        def came_back(person: Person) -> bool:
            return bool(lost) and all(way in lost for way in self._ways(person))

        def declined(person: Person) -> bool:
            return no.get(person.id, -math.inf) >= alert.told_since

        found, until = ladder.due(
            alert,
            now,
            self.roster,
            self._telling,
            acknowledged_t=acknowledged_t,
            told=[(people[person], rung) for person, rung in sorted(told) if person in people],
            reaches=reaches,
            came_back=came_back,
            declined=declined,
        )
        found += ladder.due_at_board(alert, acknowledged_t=acknowledged_t, reaches=reaches)
        rows = {
            row.key: row
            for one in found
            for channel, address in (self._ways(one.person) if one.rung != ladder.LOG else ((ladder.LOG, ladder.LOG),))
            if (row := _row(alert.id, one.reason, one.rung, one.person.id, channel, address, now)).key not in known
        }
        return list(rows.values()), until

    def _over(self, ended: Transition, now: float) -> list[Delivery]:
        """The word that it is over, for everybody to whom a word about it went or was to go."""
        reason = ladder.LEFT if ended.change == "left" else ladder.RESOLVED
        rows = {(row.person, row.channel, row.address): row for row in self._rows.get(ended.alert.id, {}).values()}
        return [
            _row(ended.alert.id, reason, row.rung, row.person, row.channel, row.address, now) for row in rows.values()
        ]


def _row(alert_id: int, reason: str, rung: str, person: str, channel: str, address: str, now: float) -> Delivery:
    return Delivery(
        alert_id=alert_id,
        reason=reason,
        rung=rung,
        person=person,
        channel=channel,
        address=address,
        created_at=now,
        due_at=now,
        first_due_at=now,
    )
