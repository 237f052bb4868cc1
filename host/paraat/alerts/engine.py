"""From verdicts to alerts: pending, firing, resolved. Pure: it knows no clock, no journal and no channel.

        RAISE                 RAISE for hold_s            CLEAR for hold_s
  none ------> pending ------------------------> firing -------------------> resolved, and armed again
                  | CLEAR, or HOLD for hold_s       | HOLD or RAISE: it stays
                  v                                 v
                 none                             firing

HOLD is what a rule says when it does not know. It never ends an alert: silence is no recovery.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from paraat.alerts.rules.base import Judgement, Rule, Verdict
from paraat.domain.model import AlertState
from paraat.domain.subjects import Subject, View

_Key = tuple[str, Subject]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """An alert changed its state to alert.state: "pending", "firing" or "resolved"; or a pending one is off again.

    announce: whether people must be told.
    """

    alert: AlertState
    announce: bool


class _Active:
    def __init__(self, alert: AlertState) -> None:
        self.alert = alert
        self.raised_at = alert.since  # the last RAISE
        self.clear_since: float | None = None

    def not_ahead_of(self, now: float) -> None:
        """What began later than now was dated before the clock was set back: its hold time begins now."""
        self.raised_at = min(self.raised_at, now)
        if self.clear_since is not None:
            self.clear_since = min(self.clear_since, now)
        if self.alert.state == "pending" and self.alert.since > now:
            self.alert = msgspec.structs.replace(self.alert, since=now)


class Engine:
    """rules: by name. initial: the alerts that were pending or firing when the host stopped.

    It knows no kind of subject: a rule says which views it judges, and a view says whose it is.
    """

    def __init__(self, rules: Mapping[str, Rule[Any]], initial: Iterable[AlertState] = ()) -> None:
        self._rules: dict[type, list[tuple[str, Rule[Any]]]] = {}
        for name, rule in rules.items():
            self._rules.setdefault(rule.judges, []).append((name, rule))
        self._active = {(a.rule, a.subject): _Active(a) for a in initial if a.rule in rules}

    def active(self) -> list[AlertState]:
        """The alerts that are pending or firing now."""
        return [active.alert for active in self._active.values()]

    def waiting(self) -> set[Subject]:
        """The subjects of which an alert may change its state by time alone: they are to be judged at every step."""
        return {
            key[1]
            for key, active in self._active.items()
            if active.alert.state == "pending" or active.clear_since is not None
        }

    def saved(self, alert: AlertState) -> None:
        """The journal has given the alert its id."""
        active = self._active.get((alert.rule, alert.subject))
        if active is not None:
            active.alert = alert

    def step(
        self, now: float, views: Iterable[View], *, expected: Mapping[str, Collection[str]] | None = None
    ) -> list[Transition]:
        """Judge these subjects at `now`. Returns what changed, in order. What no view is given of stays as it is.

        expected: by kind the ids of all subjects there are; an alert about another one ends, and nobody is told. Of a
        kind that is not in it the list is not known.
        """
        followed: list[Transition | None] = [*self._left(now, expected or {})]
        followed += [
            self._follow(now, (name, view.subject), rule.hold_s, rule.judge(view))
            for view in views
            for name, rule in self._rules.get(type(view), ())
        ]
        return [transition for transition in followed if transition is not None]

    def _left(self, now: float, expected: Mapping[str, Collection[str]]) -> Iterator[Transition]:
        """The alerts about what was taken out of the site: no rule will ever judge it again."""
        for key, active in list(self._active.items()):
            subject = key[1]
            if subject.id not in expected.get(subject.kind, (subject.id,)):
                del self._active[key]
                alert = msgspec.structs.replace(active.alert, state="resolved", resolved_at=now)
                yield Transition(alert=alert, announce=False)

    def _follow(self, now: float, key: _Key, hold_s: float, judgement: Judgement) -> Transition | None:
        active = self._active.get(key)
        if active is None:
            if judgement.verdict is not Verdict.RAISE:
                return None
            alert = AlertState(
                rule=key[0],
                subject=key[1],
                state="pending",
                since=now,
                severity=judgement.severity,
                detail=judgement.detail,
                wording=judgement.wording,
            )
            active = self._active[key] = _Active(alert)
            if hold_s > 0:
                return Transition(alert=alert, announce=False)
        active.not_ahead_of(now)
        if active.alert.state == "pending":
            return self._pending(now, key, active, hold_s, judgement)
        return self._firing(now, key, active, hold_s, judgement)

    def _pending(
        self, now: float, key: _Key, active: _Active, hold_s: float, judgement: Judgement
    ) -> Transition | None:
        if judgement.verdict is Verdict.RAISE:
            active.raised_at = now
            if now - active.alert.since < hold_s:
                return None
            active.alert = msgspec.structs.replace(
                active.alert,
                state="firing",
                fired_at=now,
                severity=judgement.severity,
                detail=judgement.detail,
                wording=judgement.wording,
            )
            return Transition(alert=active.alert, announce=True)
        if judgement.verdict is Verdict.HOLD and now - active.raised_at < hold_s:
            return None
        # It was a single wild value. Nobody was told, so nobody needs to hear that it is over.
        del self._active[key]
        return Transition(
            alert=msgspec.structs.replace(active.alert, state="resolved", resolved_at=now), announce=False
        )

    def _firing(self, now: float, key: _Key, active: _Active, hold_s: float, judgement: Judgement) -> Transition | None:
        if judgement.verdict is not Verdict.CLEAR:
            active.clear_since = None
            if judgement.verdict is Verdict.RAISE:  # the newest figures, for whoever looks
                active.alert = msgspec.structs.replace(active.alert, detail=judgement.detail, wording=judgement.wording)
            return None
        if active.clear_since is None:
            active.clear_since = now
        if now - active.clear_since < hold_s:
            return None
        del self._active[key]
        resolved = msgspec.structs.replace(active.alert, state="resolved", resolved_at=now, detail=judgement.detail)
        return Transition(alert=resolved, announce=True)
