"""The alerts of a journal once more: the same stream, judged at the same moments, gives the same alerts and deliveries.

What the host observed of itself (its broker, its disk, its clock) stands beside those moments.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Self

from paraat.alerts import returned
from paraat.alerts.channels import Channel, ChannelError, Message, RefusedError
from paraat.alerts.dispatch import Dispatcher
from paraat.alerts.inhibition import holds_of
from paraat.alerts.observed import Observed
from paraat.alerts.outgoing import last_delivery
from paraat.alerts.rendering import Answers
from paraat.alerts.rules import make_rules
from paraat.alerts.watch import Watch
from paraat.domain.facts import CameBack, Fact, RosterRead, SettingsRead
from paraat.domain.model import Judged, PointView
from paraat.domain.roster import Person, Roster
from paraat.domain.subjects import NEIGHBOUR, POINT, Subject
from paraat.domain.tracker import Tracker
from paraat.domain.world import World
from paraat.journal import Journal
from paraat.journal.history import sets_read_back
from paraat.site.certificates import Certificates
from paraat.site.in_force import site_then
from paraat.site.roster import roster_of
from paraat.site.site import Site
from paraat.texts import Words


def replay(
    site: Site, journal: Journal, into: Journal, channels: Mapping[str, Channel], answers: Answers | None = None
) -> None:
    """Judge a journal from its beginning, and write alerts and deliveries into another one; channels: where messages go, those
    that were taken then: what failed then fails again.

    It begins with the first moment that the journal has. Each run of the host has the roster, the points and the thresholds that
    the journal says it had; what it does not say (of a release that kept none of it) is as it is now, as certificates are.
    """
    moments = journal.judged()
    observed = Observed(rule.judges for rule in make_rules(site.alerts, site.own_alerts).values())
    channels = {name: _AsItWas(channel, journal, into) for name, channel in channels.items()}
    words = Words(site.region.language)
    host: _Host | None = None
    expected: dict[str, Collection[str]] = {}
    before = Judged(0.0, 0, 0)
    for moment in moments:
        begins, own = observed.take(moment.own, moment.at)
        if begins or host is None:
            roster = site.roster if host is None else host.roster
            site = site_then(site, settings_kept(journal, moment.fact))
            expected = {POINT: site.points, NEIGHBOUR: site.watcher.neighbours}
            host = _Host(site, journal, into, channels, answers, before, moment.at, roster)
        for heard in journal.heard(before, moment):
            host.world.apply(heard)
            if isinstance(heard, Fact) and isinstance(heard.told, RosterRead):
                host.use(roster_of(heard.told.roster))
            elif isinstance(heard, Fact):
                _note_returned(heard, into, words)
        before, host.now = moment, moment.at
        views = host.look(moment.at)
        holds = holds_of(host.world.standing.silenced(moment.at), host.not_used, site.telling, moment.at)
        host.watch.step(moment.at, [*views, *own], expected=expected, holds=holds, known=(moment.entry, moment.fact))
        host.note()
        for name in channels:
            while host.dispatcher.send_next(name, moment.at):
                pass
    for fact in journal.facts(CameBack, since=before.fact):  # after the last moment of judging
        _note_returned(fact, into, words)


def _note_returned(fact: Fact, into: Journal, words: Words) -> None:
    if isinstance(fact.told, CameBack):
        into.note_returned(fact.told.message, returned.answer(words, fact.told.why), fact.t)


class _AsItWas:
    """A channel that takes a message or not as it did then. What then was never tried is taken."""

    def __init__(self, channel: Channel, journal: Journal, into: Journal) -> None:
        self.name = channel.name
        self._channel = channel
        self._journal = journal
        self._into = into
        back = journal.facts(CameBack)
        self._refused = {(fact.told.message, fact.t) for fact in back if isinstance(fact.told, CameBack)}

    @classmethod
    def from_site(cls, _site: Site) -> Sequence[Self]:
        """None: it stands in the place of a channel that there is."""
        return ()

    def addresses(self, person: Person) -> tuple[str, ...]:
        return self._channel.addresses(person)

    def send(self, message: Message) -> str:
        delivery = last_delivery(message.key)
        attempts = self._journal.attempts(delivery)
        tried = len(self._into.attempts(delivery))  # in whatever messages: one may be tried first with others behind it
        if tried < len(attempts) and not attempts[tried].ok:
            why = attempts[tried].error or ""
            if (
                message.key,
                attempts[tried].at,
            ) in self._refused:  # at once, so the channel worked; that it came back is a fact
                raise RefusedError(why, "")
            raise ChannelError(why)
        return self._channel.send(message)

    def rest(self) -> None:
        self._channel.rest()

    def close(self) -> None:
        self._channel.close()


class _Host:
    """One run of a host, which goes on with what stands in the journals, as it did."""

    def __init__(
        self,
        site: Site,
        journal: Journal,
        into: Journal,
        channels: Mapping[str, Channel],
        answers: Answers | None,
        before: Judged,
        now: float,
        roster: Roster,
    ) -> None:
        self._site = site
        self.now = now
        self.roster = roster
        self._tracker = Tracker(
            site.points,
            site.alerts,
            profiles=site.profiles,
            own=site.own_alerts,
            since=now,
            counts=lambda _: (0, 0),
            certificate_until=Certificates(site.directory).board_until,
        )
        self.world = World(self._tracker)
        journal.fold(self.world, site.points, sets=sets_read_back(len(site.points)), until=before)
        acknowledged = self.world.standing.acknowledged
        self.dispatcher = Dispatcher(
            site,
            into,
            channels,
            acknowledged=acknowledged,
            answers=answers,
            roster=lambda: self.roster,
            unreached=self._unreached,
        )
        self.watch = Watch(
            make_rules(site.alerts, site.own_alerts),
            into,
            roster=roster,
            telling=site.telling,
            ways=self.dispatcher.ways,
            acknowledged=acknowledged,
            lost=self.world.standing.lost,
            declined=self.world.standing.declined,
        )
        self.not_used: dict[Subject, str] = {}
        self.dispatcher.begin(now)
        self.note()

    def note(self) -> None:
        """The alerts as they stand now."""
        active = self.watch.engine.active()
        self.dispatcher.note(active)
        self._tracker.note_alerts(active)

    def _unreached(self) -> set[tuple[str, str]]:
        return returned.lately(self.world.standing.came_back(), self.now, self._site.alerts.message_returned.for_s)

    def use(self, roster: Roster) -> None:
        """Tell the people of another roster from now on."""
        self.roster = self.watch.roster = roster

    def look(self, now: float) -> list[PointView]:
        """The points that are to be judged."""
        waiting = {one.id for one in self.watch.engine.waiting(now) if one.kind == POINT}
        due = dict.fromkeys([*self._tracker.to_judge(now), *waiting.intersection(self._site.points)])
        views = [self._tracker.look(point, now) for point in due]
        note_use(views, self.not_used)
        return views


def note_use(views: Sequence[PointView], not_used: dict[Subject, str]) -> None:
    """Keep of the points that were looked at which are not in use, and why nobody is told of them."""
    for view in views:
        not_used.pop(view.subject, None)
        if not view.activation.in_use:
            not_used[view.subject] = view.activation.phase.value


def settings_kept(journal: Journal, until: int | None = None) -> dict[str, str]:
    """By key of in_force.texts what was kept last of the site's files. until: up to this id of a fact."""
    kept = (fact.told for fact in journal.facts(SettingsRead, until=until))
    return {told.key: told.settings for told in kept if isinstance(told, SettingsRead)}
