"""The alerts of a journal once more: the same stream, judged at the same moments, gives the same alerts and deliveries.

What is about the coordination point itself (its broker, its disk, its clock) stands in no journal. Those alerts are taken as
they were, because they hold others back: raised from their `since` on, and clear from the last moment that ended them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from paraat.alerts.channels import Channel
from paraat.alerts.dispatch import Dispatcher
from paraat.alerts.inhibition import holds_of
from paraat.alerts.rendering import Answers
from paraat.alerts.rules import Judgement, Verdict, make_rules
from paraat.alerts.rules.base import Rule
from paraat.alerts.watch import Watch
from paraat.domain.model import AlertState, Judged, PointView
from paraat.domain.subjects import POINT, Subject, View
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from paraat.journal import Journal
from paraat.site.certificates import Certificates
from paraat.site.site import Site


class _Given(msgspec.Struct, frozen=True):
    """An alert of the coordination point as it was, and whether it fires at this moment."""

    alert: AlertState
    fires: bool

    @property
    def subject(self) -> Subject:
        return self.alert.subject


class _AsItWas:
    judges = _Given
    wordings: Mapping[str, str] = {}

    def __init__(self, rule: Rule[Any]) -> None:
        self.for_role = rule.for_role
        self.hold_s = rule.hold_s

    def judge(self, view: _Given) -> Judgement:
        was = view.alert
        verdict = Verdict.RAISE if view.fires else Verdict.CLEAR
        return Judgement(verdict=verdict, severity=was.severity, detail=was.detail, wording=was.wording, rank=was.rank)


def replay(
    site: Site, journal: Journal, into: Journal, channels: Mapping[str, Channel], answers: Answers | None = None
) -> None:
    """Judge a journal from its beginning, and write alerts and deliveries into another one; channels: where messages go.

    It begins with the first moment that the journal has; points, thresholds and roster are those of the site now.
    """
    moments = journal.judged()
    if not moments:
        return
    tracker = Tracker(
        site.points,
        site.alerts,
        profiles=site.profiles,
        since=moments[0].at,
        counts=lambda _: (0, 0),
        certificate_until=Certificates(site.directory).board_until,
    )
    world = World(tracker)
    given = [alert for alert in journal.alerts(-1) if alert.point is None]
    rules = make_rules(site.alerts, site.own_alerts)
    as_they_were = {alert.rule: _AsItWas(rules[alert.rule]) for alert in given if alert.rule in rules}
    rules |= as_they_were
    holds_s = {name: rule.hold_s for name, rule in as_they_were.items()}
    dispatcher = Dispatcher(site, into, channels, acknowledged=world.standing.acknowledged, answers=answers)
    watch = Watch(
        rules,
        into,
        roster=site.roster,
        telling=site.telling,
        ways=dispatcher.ways,
        acknowledged=world.standing.acknowledged,
    )
    not_used: dict[Subject, str] = {}
    before = Judged(moments[0].at, 0, 0)
    for moment, following in zip_longest(moments, moments[1:]):
        for heard in journal.heard(before, moment):
            world.apply(heard)
        before = moment
        views = _look(tracker, watch, site, moment.at, not_used)
        next_at = math.inf if following is None else following.at
        found: list[View] = [*views, *_given(given, holds_s, moment.at, next_at)]
        holds = holds_of(world.standing.silenced(moment.at), not_used, site.telling, moment.at)
        watch.step(moment.at, found, expected={POINT: site.points}, holds=holds, known=(moment.entry, moment.fact))
        active = watch.engine.active()
        dispatcher.note(active)
        tracker.note_alerts(active)
        for name in channels:
            while dispatcher.send_next(name, moment.at):
                pass


def _look(tracker: Tracker, watch: Watch, site: Site, now: float, not_used: dict[Subject, str]) -> list[PointView]:
    waiting = {one.id for one in watch.engine.waiting() if one.kind == POINT}
    due = dict.fromkeys([*tracker.to_judge(now), *waiting.intersection(site.points)])
    views = [tracker.look(point, now) for point in due]
    note_use(views, not_used)
    return views


def note_use(views: Sequence[PointView], not_used: dict[Subject, str]) -> None:
    """Keep of the points that were looked at which are not in use, and why nobody is told of them."""
    for view in views:
        not_used.pop(view.subject, None)
        if not view.activation.in_use:
            not_used[view.subject] = view.activation.phase.value


def _given(alerts: Sequence[AlertState], holds_s: Mapping[str, float], now: float, next_at: float) -> Iterator[_Given]:
    """Of each rule and subject how it stood: raised, or clear since so long that it ends when it ended."""
    fired = sorted((a for a in alerts if a.fired_at is not None and a.since <= now), key=lambda a: a.id)
    for alert in {(a.rule, a.subject): a for a in fired}.values():
        over = alert.resolved_at is not None and next_at > alert.resolved_at - holds_s.get(alert.rule, 0.0)
        yield _Given(alert, not over)
