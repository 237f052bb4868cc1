"""From verdicts to alerts: pending, firing, resolved. Pure: it knows no clock, no journal and no channel.

        RAISE                 RAISE for hold_s            CLEAR for hold_s
  none ------> pending ------------------------> firing -------------------> resolved, and armed again
                  | CLEAR, or HOLD for hold_s       | HOLD or RAISE: it stays
                  v                                 v
                 none                             firing

HOLD is what a rule says when it does not know. It never ends an alert: silence is no recovery.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from paraat.alerts.rules.base import Judgement, OwnRule, Rule, Verdict
from paraat.domain.model import OWN, AlertState, OwnCertificate, PointView


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
    """rules, own_rules: by name. initial: the alerts that were pending or firing when the host stopped."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        initial: Iterable[AlertState] = (),
        *,
        own_rules: Mapping[str, OwnRule] | None = None,
    ) -> None:
        self._rules = rules
        self._own_rules = own_rules or {}
        known = {*rules, *self._own_rules}
        self._active = {(a.rule, a.point): _Active(a) for a in initial if a.rule in known}

    def active(self) -> list[AlertState]:
        """The alerts that are pending or firing now."""
        return [active.alert for active in self._active.values()]

    def saved(self, alert: AlertState) -> None:
        """The journal has given the alert its id."""
        active = self._active.get((alert.rule, alert.point))
        if active is not None:
            active.alert = alert

    def step(self, now: float, views: Collection[PointView], own: Iterable[OwnCertificate] = ()) -> list[Transition]:
        """Judge all points at `now`, and the certificates of the coordination point itself. Returns what changed, in order.

        views: of every point of the site; the alerts of another point end, and nobody is told.
        """
        followed: list[Transition | None] = [*self._left(now, {view.point for view in views})]
        followed += [
            self._follow(now, (name, view.point), rule.hold_s, rule.judge(view))
            for view in views
            for name, rule in self._rules.items()
        ]
        followed += [
            self._follow(now, (name, certificate.point), rule.hold_s, rule.judge(certificate))
            for certificate in own
            for name, rule in self._own_rules.items()
        ]
        return [transition for transition in followed if transition is not None]

    def _left(self, now: float, expected: Collection[str]) -> Iterator[Transition]:
        """The alerts of points that were taken out of the site: no rule will ever judge them again."""
        for key, active in list(self._active.items()):
            if key[1] not in expected and not key[1].startswith(OWN):
                del self._active[key]
                alert = msgspec.structs.replace(active.alert, state="resolved", resolved_at=now)
                yield Transition(alert=alert, announce=False)

    def _follow(self, now: float, key: tuple[str, str], hold_s: float, judgement: Judgement) -> Transition | None:
        active = self._active.get(key)
        if active is None:
            if judgement.verdict is not Verdict.RAISE:
                return None
            alert = AlertState(
                rule=key[0],
                point=key[1],
                state="pending",
                since=now,
                severity=judgement.severity,
                detail=judgement.detail,
            )
            active = self._active[key] = _Active(alert)
            if hold_s > 0:
                return Transition(alert=alert, announce=False)
        active.not_ahead_of(now)
        if active.alert.state == "pending":
            return self._pending(now, key, active, hold_s, judgement)
        return self._firing(now, key, active, hold_s, judgement)

    def _pending(
        self, now: float, key: tuple[str, str], active: _Active, hold_s: float, judgement: Judgement
    ) -> Transition | None:
        if judgement.verdict is Verdict.RAISE:
            active.raised_at = now
            if now - active.alert.since < hold_s:
                return None
            active.alert = msgspec.structs.replace(
                active.alert, state="firing", fired_at=now, severity=judgement.severity, detail=judgement.detail
            )
            return Transition(alert=active.alert, announce=True)
        if judgement.verdict is Verdict.HOLD and now - active.raised_at < hold_s:
            return None
        # It was a single wild value. Nobody was told, so nobody needs to hear that it is over.
        del self._active[key]
        return Transition(
            alert=msgspec.structs.replace(active.alert, state="resolved", resolved_at=now), announce=False
        )

    def _firing(
        self, now: float, key: tuple[str, str], active: _Active, hold_s: float, judgement: Judgement
    ) -> Transition | None:
        if judgement.verdict is not Verdict.CLEAR:
            active.clear_since = None
            if judgement.verdict is Verdict.RAISE:  # the newest figures, for whoever looks
                active.alert = msgspec.structs.replace(active.alert, detail=judgement.detail)
            return None
        if active.clear_since is None:
            active.clear_since = now
        if now - active.clear_since < hold_s:
            return None
        del self._active[key]
        resolved = msgspec.structs.replace(active.alert, state="resolved", resolved_at=now, detail=judgement.detail)
        return Transition(alert=resolved, announce=True)
