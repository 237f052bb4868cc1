"""From verdicts to alerts: pending, firing, resolved. Pure: it knows no clock, no journal and no channel.

        RAISE                 RAISE for hold_s            CLEAR for hold_s
  none ------> pending ------------------------> firing -------------------> resolved, and armed again
                  | CLEAR, or HOLD for hold_s       | HOLD or RAISE: it stays; worse for hold_s: a new turn
                  v                                 v
                 none                             firing

HOLD is what a rule says when it does not know. It never ends an alert: silence is no recovery. That somebody acknowledged is
a fact beside it: an alert that is seen to still fires.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from paraat.alerts import inhibition
from paraat.alerts.rules.base import Judgement, Rule, Verdict
from paraat.domain.model import AlertState
from paraat.domain.subjects import Subject, View
from paraat.domain.telling import SEVERITIES, Telling

_Key = tuple[str, Subject]
_NO_HOLDS: inhibition.Holds = {}
_RAISE, _CLEAR, _HOLD = Verdict.RAISE, Verdict.CLEAR, Verdict.HOLD  # as in rules/base.py
# "pending", "off" (a pending one is gone), "firing", "worse", "resolved", "left"; "noted": only to be kept.
Change = Literal["pending", "off", "firing", "worse", "resolved", "left", "noted"]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """An alert changed. alert: as it is now."""

    alert: AlertState
    change: Change

    @property
    def announce(self) -> bool:
        """Whether people must be told."""
        return self.change in ("firing", "worse", "resolved", "left")


class _Active:
    def __init__(self, alert: AlertState) -> None:
        self.alert = alert
        self.raises = False  # by the last verdict
        self.raised_at = alert.since  # when it did so last
        self.clear_since: float | None = None
        self.eased_since: float | None = None  # since when it is less bad than was told
        self.turn_at = math.inf

    def not_ahead_of(self, now: float) -> None:
        """What began later than now was dated before the clock was set back: its hold time begins now."""
        alert = self.alert
        begun = (self.raised_at, self.clear_since, self.eased_since, alert.since, alert.worse_since, alert.turned_at)
        if max([t for t in begun if t is not None]) <= now:
            return
        self.raised_at = min(self.raised_at, now)
        self.clear_since = _not_after(self.clear_since, now)
        self.eased_since = _not_after(self.eased_since, now)
        worse_since = _not_after(self.alert.worse_since, now)
        turned_at = _not_after(self.alert.turned_at, now)
        since = min(self.alert.since, now) if self.alert.state == "pending" else self.alert.since
        if (worse_since, turned_at, since) != (self.alert.worse_since, self.alert.turned_at, self.alert.since):
            self.change(worse_since=worse_since, turned_at=turned_at, since=since)

    def turns_at(self, hold_s: float, telling: Telling) -> float:
        """When time alone changes it, where the verdict stays as it is: what is held has stood for long enough then."""
        if self.alert.state == "pending":
            return (self.alert.since if self.raises else self.raised_at) + hold_s
        held = (
            (self.clear_since, self.calm_s(hold_s, telling)),
            (self.eased_since, telling.ease_s),
            (self.alert.worse_since, hold_s),
        )
        return min([since + held_s for since, held_s in held if since is not None], default=math.inf)

    def calm_s(self, hold_s: float, telling: Telling) -> float:
        """How long it must be clear before it is over."""
        return max(hold_s, telling.calm_s) if self.alert.flapping else hold_s

    def change(self, **changes: Any) -> AlertState:
        self.alert = msgspec.structs.replace(self.alert, **changes)
        return self.alert


def _not_after(t: float | None, now: float) -> float | None:
    return None if t is None else min(t, now)


class Engine:
    """rules: by name. initial: the alerts that were pending or firing when the host stopped. ended: those that were over
    shortly before, by which it knows what flaps and what a cause explains.

    It knows no kind of subject: a rule says which views it judges, and a view says whose it is.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule[Any]],
        initial: Iterable[AlertState] = (),
        *,
        ended: Iterable[AlertState] = (),
        telling: Telling | None = None,
    ) -> None:
        self._telling = telling or Telling()
        self._roles = {name: getattr(rule, "for_role", "lead") for name, rule in rules.items()}
        self._rules: dict[type, list[tuple[str, Rule[Any]]]] = {}
        for name, rule in rules.items():
            self._rules.setdefault(rule.judges, []).append((name, rule))
        self._active = {(a.rule, a.subject): _Active(a) for a in initial if a.rule in rules}
        self._fired: dict[_Key, list[float]] = {}
        self._ended: list[inhibition.Ended] = []
        for alert in [*ended, *(active.alert for active in self._active.values())]:
            if alert.fired_at is not None:
                self._fired.setdefault((alert.rule, alert.subject), []).append(alert.fired_at)
            self._note_end(alert)

    def active(self) -> list[AlertState]:
        """The alerts that are pending or firing now."""
        return [active.alert for active in self._active.values()]

    def waiting(self, now: float) -> set[Subject]:
        """The subjects of which time alone has changed an alert: they are to be judged."""
        return {key[1] for key, active in self._active.items() if active.turn_at <= now}

    def saved(self, alert: AlertState) -> None:
        """The journal has given the alert its id."""
        active = self._active.get((alert.rule, alert.subject))
        if active is not None:
            active.alert = alert

    def step(
        self,
        now: float,
        views: Iterable[View],
        *,
        expected: Mapping[str, Collection[str]] | None = None,
        holds: inhibition.Holds = _NO_HOLDS,
    ) -> list[Transition]:
        """Judge these subjects at `now`. Returns what changed, in order. What no view is given of stays as it is.

        expected: by kind the ids of all subjects there are; an alert about another one ends, and who was told of it hears so.
        Of a kind that is not in it the list is not known. holds: by subject why nobody is to be told now.
        """
        found = list(self._left(now, expected or {}))
        active = self._active
        for view in views:
            subject = view.subject
            for name, rule in self._rules.get(type(view), ()):
                judgement = rule.judge(view)
                key = (name, subject)
                if judgement.verdict is _RAISE or key in active:
                    transition = self._follow(now, key, rule.hold_of(subject.point), judgement)
                    if transition is not None:
                        found.append(transition)
        for transition in found:
            self._note_end(transition.alert)
        return self._hold_back(now, found, holds)

    def _left(self, now: float, expected: Mapping[str, Collection[str]]) -> Iterator[Transition]:
        """The alerts about what was taken out of the site, or renamed: no rule will ever judge it again."""
        ids = expected.get
        for key in [key for key in self._active if key[1].id not in ids(key[1].kind, (key[1].id,))]:
            active = self._active.pop(key)
            fired = active.alert.state == "firing"
            alert = active.change(state="resolved", resolved_at=now, left=True)
            yield Transition(alert=alert, change="left" if fired else "off")

    def _hold_back(self, now: float, found: list[Transition], holds: inhibition.Holds) -> list[Transition]:
        """Say of each alert whether something holds it back. What was held and is so no longer is told from now on."""
        self._ended = [over for over in self._ended if 0 <= now - over.at < self._telling.grace_s]
        changed = {(one.alert.rule, one.alert.subject): n for n, one in enumerate(found)}
        causes = inhibition.Causes(now, self.active(), self._ended, self._telling.grace_s)
        explained, held = causes.explained(), {subject.point for subject in holds}
        for key, active in self._active.items():
            alert = active.alert
            if not (alert.held_by or alert.rule in explained or (held and alert.subject.point in held)):
                continue
            why = inhibition.held_by(alert, holds, causes)
            if why == alert.held_by:
                continue
            told_from = now if alert.held_by and not why and alert.state == "firing" else alert.turned_at
            alert = active.change(held_by=why, turned_at=told_from)
            n = changed.get(key)
            if n is None:
                found.append(Transition(alert=alert, change="noted"))
            else:
                found[n] = Transition(alert=alert, change=found[n].change)
        return found

    def _note_end(self, alert: AlertState) -> None:
        """Remember the end of what explains other alerts.

        What never stood for its hold time explains nothing: the host had just started, say.
        """
        if alert.fired_at is None:
            return
        if alert.resolved_at is not None and any(alert.rule in causes for causes in inhibition.CAUSES.values()):
            self._ended.append(inhibition.Ended(alert.rule, alert.subject, alert.since, alert.resolved_at))

    def _follow(self, now: float, key: _Key, hold_s: float, judgement: Judgement) -> Transition | None:
        active = self._active.get(key)
        if active is None:
            alert = AlertState(
                rule=key[0],
                subject=key[1],
                state="pending",
                since=now,
                severity=judgement.severity,
                detail=judgement.detail,
                wording=judgement.wording,
                role=self._roles[key[0]],
                rank=judgement.rank,
            )
            active = self._active[key] = _Active(alert)
            if hold_s > 0:
                active.raises, active.turn_at = True, now + hold_s
                return Transition(alert=alert, change="pending")
        active.not_ahead_of(now)
        raises = judgement.verdict is _RAISE
        if raises or active.raises:  # it did until now: nobody looks while nothing changes
            active.raised_at = now
        active.raises = raises
        transition = self._turn(now, key, active, hold_s, judgement)
        active.turn_at = active.turns_at(hold_s, self._telling)
        return transition

    def _turn(self, now: float, key: _Key, active: _Active, hold_s: float, judgement: Judgement) -> Transition | None:
        if active.alert.state == "pending":
            return self._pending(now, key, active, hold_s, judgement)
        if judgement.verdict is _CLEAR:
            return self._clearing(now, key, active, hold_s, judgement)
        active.clear_since = None
        return self._standing(now, active, hold_s, judgement) if judgement.verdict is _RAISE else None

    def _pending(
        self, now: float, key: _Key, active: _Active, hold_s: float, judgement: Judgement
    ) -> Transition | None:
        if judgement.verdict is _RAISE:
            if now - active.alert.since < hold_s:
                return None
            alert = active.change(
                state="firing",
                fired_at=now,
                turned_at=now,
                severity=judgement.severity,
                detail=judgement.detail,
                wording=judgement.wording,
                rank=judgement.rank,
                flapping=self._flaps(now, key, hold_s),
            )
            return Transition(alert=alert, change="firing")
        if judgement.verdict is _HOLD and now - active.raised_at < hold_s:
            return None
        # It was a single wild value. Nobody was told, so nobody needs to hear that it is over.
        del self._active[key]
        return Transition(alert=active.change(state="resolved", resolved_at=now), change="off")

    def _flaps(self, now: float, key: _Key, hold_s: float) -> bool:
        """Whether it fires so many times that it flaps. A rule that holds nothing tells of single events: those do not flap."""
        fired = [t for t in self._fired.get(key, ()) if 0 <= now - t < self._telling.flap_within_s]
        self._fired[key] = [*fired, now]
        return hold_s > 0 and len(fired) + 1 >= self._telling.flaps

    def _standing(self, now: float, active: _Active, hold_s: float, judgement: Judgement) -> Transition | None:
        """It fires on: with the newest figures, for whoever looks; and anew, where it is worse than was told."""
        alert = active.alert
        better, worse = _compare(judgement, alert)
        active.eased_since = (active.eased_since or now) if better else None
        if active.eased_since is not None and now - active.eased_since >= self._telling.ease_s:
            active.eased_since = None
            alert = active.change(rank=judgement.rank, severity=judgement.severity)
        since = (alert.worse_since or now) if worse else None
        newest = {"detail": judgement.detail, "wording": judgement.wording}
        if since is not None and now - since >= hold_s:
            alert = active.change(
                turn=alert.turn + 1,
                turned_at=now,
                worse_since=None,
                rank=judgement.rank,
                severity=judgement.severity,
                **newest,
            )
            return Transition(alert=alert, change="worse")
        noted = since != alert.worse_since
        alert = active.change(worse_since=since, **newest)
        return Transition(alert=alert, change="noted") if noted else None

    def _clearing(
        self, now: float, key: _Key, active: _Active, hold_s: float, judgement: Judgement
    ) -> Transition | None:
        if active.clear_since is None:
            active.clear_since = now
        if now - active.clear_since < active.calm_s(hold_s, self._telling):
            return None
        del self._active[key]
        alert = active.change(state="resolved", resolved_at=now, detail=judgement.detail, worse_since=None)
        return Transition(alert=alert, change="resolved")


def _compare(judgement: Judgement, alert: AlertState) -> tuple[bool, bool]:
    """(whether it is less bad than was told, whether it is worse). A worse severity is worse whatever its rank."""
    if judgement.severity != alert.severity:
        was, is_now = (
            SEVERITIES.index(s) if s in SEVERITIES else len(SEVERITIES) for s in (alert.severity, judgement.severity)
        )
        if was != is_now:
            return is_now < was, is_now > was
    return judgement.rank < alert.rank, judgement.rank > alert.rank
