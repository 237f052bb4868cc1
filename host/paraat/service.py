"""The host of a coordination point, whole: the only place that knows all parts.

    broker -> inbox -> ingest -> journal -> InfluxDB
                          |
                          +-> tracker -> alert engine -> deliveries -> channels
                                 |
                                 +-> status page

Threads: the broker's (paho), "ingest", "tick" (alerts, time, status rows), "delivery ..." (one a channel), "influx",
"gaps" (boards are asked for what is missing), "fleet" (rollouts and new certificates), "modem" (SMS that come in), "mailbox ..." (mails that come back), "watcher" (signs of life), "alert test" (weekly) and the page's. Each of ours starts again after a mistake of ours. What must survive is in the
journal before anybody is told of it.
"""

import contextlib
import functools
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from paraat.alerts.answers import Answers
from paraat.alerts.by_button import presses
from paraat.alerts.by_sms import BySms
from paraat.alerts.channels import make_channels
from paraat.alerts.channels.log import LogChannel
from paraat.alerts.channels.siren import SirenChannel
from paraat.alerts.channels.sms import REMEMBERED, SmsChannel
from paraat.alerts.dead_man import DeadMan
from paraat.alerts.dispatch import Dispatcher
from paraat.alerts.inhibition import Holds, holds_of
from paraat.alerts.mailbox_watch import MailboxWatch
from paraat.alerts.modem_watch import ModemWatch
from paraat.alerts.reach import gap
from paraat.alerts.replay import note_use, settings_kept
from paraat.alerts.returned import LATER, Returned, lately
from paraat.alerts.rules import make_rules
from paraat.alerts.trial import Trial
from paraat.alerts.watch import Watch
from paraat.alerts.weekly import is_due
from paraat.domain import facts
from paraat.domain.facts import (
    HOST,
    Acknowledged,
    Author,
    CameBack,
    ClockConfirmed,
    ClockSetBack,
    Counted,
    Declined,
    Fact,
    Found,
    GapAccepted,
    Heard,
    Silenced,
    Started,
)
from paraat.domain.model import AlertState, Delivery, FailedText, Judged, NodeState, PointView, SampleSet
from paraat.domain.neighbours import Neighbours
from paraat.domain.own import (
    BrokerLink,
    ChannelHealth,
    ClockDoubt,
    DatabaseLag,
    HostPeers,
    JournalHealth,
    LoopProgress,
    MailboxHealth,
    Returns,
    UnknownBoard,
)
from paraat.domain.points import Point
from paraat.domain.profiles import Profile
from paraat.domain.readiness import Verdict
from paraat.domain.refuel import Stop, stops
from paraat.domain.roster import Roster
from paraat.domain.subjects import NEIGHBOUR, POINT, UNKNOWN_BOARD, Subject, View
from paraat.domain.told import Told, Tried, told
from paraat.domain.tracker import NOT_KEPT, Tracker
from paraat.domain.witnesses import Doubt
from paraat.domain.world import World
from paraat.fleet import commission
from paraat.fleet.asking import AskError, Boards, NoConnectionError
from paraat.fleet.gaps import Gaps
from paraat.fleet.hosted import Hosted, Work
from paraat.fleet.orders import Rollouts, folder_of
from paraat.intake.dating import Dating
from paraat.intake.decode import MAX_AHEAD_S
from paraat.intake.inbox import Inbox
from paraat.intake.ingest import HUNG_S, Ingest
from paraat.intake.serving import Serving
from paraat.journal import Departures, Journal, JournalError, Past, Stored
from paraat.journal.damage import find_damage, last_ids, set_aside, set_aside_files
from paraat.journal.file import JournalDamagedError
from paraat.journal.history import sets_read_back
from paraat.journal.spare import Spare
from paraat.runtime import systemd
from paraat.runtime.clock import Clock
from paraat.runtime.counters import Counters
from paraat.runtime.host_probe import HostProbe, clock_synchronised
from paraat.runtime.progress import Progress
from paraat.sinks.influx import SINK, InfluxSink
from paraat.sinks.rows import Rows, host_row, name_points
from paraat.sinks.server import InfluxError
from paraat.site import in_force
from paraat.site.broker import SPARE_NAME, WATCH_NAME
from paraat.site.certificates import Certificates
from paraat.site.channels import SMS
from paraat.site.private import read_secret
from paraat.site.roster import Rosters, roster_text
from paraat.site.site import Site
from paraat.texts import Phrase, Words
from paraat.texts.localtime import local
from paraat.texts.printable import printable
from paraat.web.app import create_app, create_health_app
from paraat.web.feed import Feed
from paraat.web.ready import Ready
from paraat.web.server import Handle, WebError, serve
from paraat.web.source import Check, Stand
from paraat_wire import host_codec, topics

_log = logging.getLogger(__name__)
T = TypeVar("T")
OfItself = Started | ClockSetBack | facts.RosterRead | facts.SettingsRead  # what befell the host

TICK_S = 5.0
_NAME_CHARS = 80  # of who checked a point, as a file has it
_FIRST_CHECK_S, _CHECK_EVERY_S = 5.0, 6 * 3600.0  # that all of the journal is read: a gigabyte takes some seconds
TIME_EVERY_S = 60.0
KEEP_EVERY_S = 60.0
ROSTER_EVERY_S = 30.0
HOUR_S = 3600.0
RESOLVED_SHOWN_S = 3600.0
_RESOLVED_READ = 200
_RESTART_MIN_S = 1.0
_RESTART_MAX_S = 60.0
# A thread that failed so shortly ago may fail again: between two failures lies no longer wait than _RESTART_MAX_S.
_UNWELL_S = 2 * _RESTART_MAX_S
_JOIN_S = 30.0
_GRACE_S = 5.0  # for InfluxDB, to take what is being written
_GIVEN_S = 600.0  # for a message that goes out, a sign of life, a look into the modem: each has its own limit, of a minute or two
_TESTED_S = 6 * 3600.0  # for a test of all ways to tell people of all points
_PART = 100  # points that are looked at without letting others at them: some milliseconds
_HEARD_MAX = 200  # batches that wait for somebody who looks at the points


class ServiceError(Exception):
    """Raised when the service cannot start. str() says what is wrong, where, and what to do."""


def make_service(site: Site, **options: Any) -> "Service":
    """A Service, with a new journal where the one that is there is damaged: that is set aside whole. Raises as Service does."""
    try:
        return Service(site, **options)
    except ServiceError as error:
        if not isinstance(error.__cause__, JournalDamagedError):
            raise
        _log.error("%s", error)
    begin_anew(site)
    return Service(site, **options)


def begin_anew(site: Site) -> None:
    """Set a damaged journal aside, and make a new one whose ids go on beyond it. Raises ServiceError."""
    path = site.path(site.region.journal)
    known = last_ids(path)
    try:
        aside = set_aside(path, time.time())
        journal = Journal(path)
        try:
            journal.begin_after(known.items())
        finally:
            journal.close()
    except JournalError as error:
        raise ServiceError(str(error)) from error
    _log.error("%s: damaged; it lies aside as %s, and a new one is begun: `paraat journal restore`", path, aside.name)


class Service:
    """The host service of one site. It is the status page's WebSource too."""

    def __init__(
        self,
        site: Site,
        *,
        clock: Clock,
        serve_web: bool = True,
        next_free_port: bool = False,
        host_probe: HostProbe | None = None,
        works: Sequence[Work] = (),
        sole_host: bool = False,
        hear_first: bool = False,
    ) -> None:
        """Read the journal back; nothing is connected or sent before `start`.

        hear_first: but that it connects at once, and stores and acknowledges what comes while the journal is read: that takes a
        while where it is long. Follow with `start`, or `stop`.
        next_free_port: where web.port is taken, serve the page on another one. host_probe: measures the machine; None:
        nothing of it is judged. works: what it does with boards by itself. sole_host: the broker is ours alone. Raises ServiceError when the journal cannot be used, SettingsError for a secret that cannot.
        """
        self.site = site
        self.clock = clock
        self.counters = Counters()
        self._serve_web = serve_web
        self._next_free_port = next_free_port
        self._host_probe = host_probe
        self._dating = Dating(
            clock_synchronised if host_probe is not None else lambda: None, steady=host_probe is not None
        )
        self._stop = threading.Event()
        self._lock = threading.Lock()  # around the tracker and self._alerts
        self._heard: deque[Stored] = deque()  # what is stored, and the points have not learnt yet
        self._known = (0, 0)  # the last ids of entry and fact that the points have learnt
        self._restoring = False  # the points learn what the journal had at our start; what is stored meanwhile waits
        self._influx: InfluxSink | None = None
        self._not_used: dict[Subject, str] = {}  # the points that are not in use, as they were looked at last, and why
        self._threads: list[threading.Thread] = []
        self._failed: dict[str, tuple[float, str]] = {}  # thread: (time.monotonic(), what it failed with)
        self._subscribers: dict[object, Callable[[], None]] = {}
        self._alert_listeners: list[Callable[[AlertState], None]] = []
        self._wake = threading.Event()  # of the tick
        self._untold: list[tuple[OfItself, float]] = []  # of the host itself, not in the journal yet
        self._journal_problem = ""
        self._damage = ""
        aside = set_aside_files(site.path(site.region.journal))
        self._set_aside = aside[-1].name if aside else ""
        self._spare: Spare | None = None  # where the alerts are kept while the disk takes nothing
        self._ticked_at: float | None = None
        self._progress = Progress()
        self._time_sent_at: float | None = None
        self._status_at: float | None = None
        self._kept_at: float | None = None  # when what was found was last looked at
        self._web: Handle | None = None
        self._health_web: Handle | None = None
        self._feed: Feed | None = None
        self._channels = make_channels(site)
        self._mailboxes = MailboxWatch.from_site(site, self._came_back)
        self._rosters = Rosters(site.directory, site.points, site.coordination, site.region.timezone, site.roster)
        self._roster_looked_at: float | None = None
        self._roster_kept: facts.Told | None = None  # the newest that stands in the journal
        self._nobody_at: tuple[float, tuple[str, ...]] | None = None  # when nobody is on duty, and for which points
        self._deliver = {name: threading.Event() for name in self._channels}  # wakes the thread of a channel
        token = _influx_token(site)
        self._ready = Ready(
            site.points,
            lambda asked: list(chain.from_iterable(self._views_of(asked, clock.now()))),
            clock.now,
            shown=self._shown,
        )
        self._inbox = Inbox()
        self._neighbours = Neighbours(site.watcher.neighbours, clock.now())
        self._boards = Boards(lambda topic, payload: self._transport.publish(topic, payload), clock.now)
        self._rollouts = Rollouts(folder_of(site))
        self._checks_seen: set[str] = set()  # names of files in site/commissioned
        self._checks_kept: set[tuple[str, int]] = set()  # point and unix seconds of those in the journal
        self._hosted = Hosted(
            [self._rollouts, *works],
            lambda topic, payload: self._transport.publish(topic, payload),
            clock.now,
            self._state_of,
        )
        others: dict[str, Callable[[str, bytes], None]] = {f"{topics.PREFIX}+/{topics.REPLY}": self._on_reply}
        if site.watcher.neighbours:
            others[host_codec.alive_topic("+")] = self._on_neighbour
        self._transport = Serving(
            site.broker,
            site.directory,
            self._inbox,
            now=clock.now,
            on_change=self._on_broker,
            others=others,
            spare=site.region.standby,
            sole=sole_host,
        )
        self._dead_man = DeadMan(site, hangs=self._hangs, now=clock.now)
        self._rules = make_rules(site.alerts, site.own_alerts)
        self._certificates = Certificates(site.directory)
        try:
            self.journal = Journal(site.path(site.region.journal))
            self._departures = Departures(self.journal.path)
            try:
                self._begin_intake(hear_first)
                self._tracker = Tracker(
                    site.points,
                    site.alerts,
                    profiles=site.profiles,
                    own=site.own_alerts,
                    since=clock.now(),
                    counts=self._counts,
                    certificate_until=self._certificates.board_until,
                )
                self._world = World(self._tracker)
                self._told_in = self._left_over()  # where alerts, and who is told of them, are kept now
                self._departures.teach(self._told_in)
                self.answers = Answers(site, self.journal, self, clock.now)
                self._dispatcher = Dispatcher(
                    site,
                    self._told_in,
                    self._channels,
                    acknowledged=self.acknowledged,
                    answers=self.answers,
                    roster=lambda: self.roster,
                    unreached=self._unreached,
                    refused=self._came_back,
                    record=self._departures,
                )
                self._returned = Returned(self.journal, language=site.region.language, learn=self._learn_returned)
                self._restore()
            except JournalError:
                self._end_intake()
                self._close_files()
                raise
        except JournalError as error:
            raise ServiceError(str(error)) from error
        self._gaps = Gaps(
            ask=self._boards.ask,
            gaps=self.journal.gaps,
            accept=self.keep,
            view=lambda point: self.view(point, clock.now()),
            silent_after_s=site.alerts.point_silent.after_s,
            uptime_s=time.monotonic,
        )
        self._trial = Trial(
            site,
            self._channels,
            alerts=self.alerts,
            view=self._view_now,
            screens=self._screens,
            roster=lambda: self.roster,
        )
        self._began = clock.now()
        self._tested = next((fact for fact in reversed(self.journal.facts(facts.Tested)) if _of_all(fact)), None)
        self._modem: ModemWatch | None = None
        log, siren, sms = (self._channels.get(name) for name in ("log", "siren", "sms"))
        if isinstance(log, LogChannel):
            log.connect(self._screens)
        if isinstance(siren, SirenChannel):
            siren.connect(self._boards.ask, self._view_now, unconnected=NoConnectionError, refusals=AskError)
        if isinstance(sms, SmsChannel):
            self._modem = self._watch_modem(sms)
        for alert in self._alerts:  # as far as is known: a board that was heard once may be off since
            if alert.subject.kind == UNKNOWN_BOARD:
                first_t, last_t = (float(alert.detail.get(key) or alert.since) for key in ("first_at", "last_at"))
                self._ingest.remember_stranger(alert.subject.id, first_t, last_t)
        if site.influx is not None:
            name_points(self.journal, site, clock.now())
            self._rows = Rows(site)
            try:
                self._influx = InfluxSink(
                    site.influx,
                    token,
                    self.journal,
                    self.counters,
                    self._stop,
                    now=clock.now,
                    ca_file=None if site.influx.ca_file is None else site.path(site.influx.ca_file),
                    language=site.region.language,
                    progress=self._progress,
                )
            except InfluxError as error:
                self._end_intake()
                self._close_files()
                raise ServiceError(error.said) from error

    def _begin_intake(self, hear: bool) -> None:
        """Make what stores, and have it store from now on. What the journal had before is read behind it. Raises JournalError."""
        self._known = self.journal.last_ids()
        self._newest_t = self.journal.newest_t()
        now = self.clock.now()  # it may have been set back while we were not running
        self._dating.ran_later((self._newest_t or now) - now)
        self._ingest = Ingest(
            self._inbox,
            self._transport,
            self.journal,
            self.counters,
            points=self.site.points,
            stop=self._stop,
            on_stored=self._on_stored,
            on_unkept=self._on_unkept,
            dating=self._dating,
            progress=self._progress,
        )
        if hear:
            self._restoring = True
            self._hear()

    def _hear(self) -> None:
        if not any(thread.name == "ingest" for thread in self._threads):
            self._spawn("ingest", self._ingest.run)
        self._transport.start()

    def _end_intake(self) -> None:
        """What was taken from the broker is stored; then it may have another of us."""
        self._stop.set()
        self._inbox.close()
        for thread in self._threads:
            thread.join(_JOIN_S)
        self._transport.stop()

    def _close_files(self) -> None:
        self.journal.close()
        self._departures.close()

    def _left_over(self) -> Journal:
        """The journal, with the alerts that a host before us kept in memory; while the disk takes nothing still, where they are."""
        left = Spare.left_by_another(self.journal)
        if left is None:
            return self.journal
        try:
            left.bring_back(self.journal)
        except JournalError as error:
            _log.error("%s; alerts stay in memory, as the host before this one kept them", error)
            self._spare = left
            return left.journal
        left.close()
        _log.info("%s: has the alerts that were kept in memory when the host ended", self.journal.path)
        return self.journal

    def _keep_sms(self, reference: int, message: str) -> None:
        """So that its delivery report is known also after a restart. That the message left is kept elsewhere."""
        try:
            now = self.clock.now()
            self.journal.record(facts.SmsTaken(reference=reference, message=message), HOST, t=now, now=now)
        except JournalError:
            self.counters.journal_errors.inc()

    def _watch_modem(self, channel: SmsChannel) -> ModemWatch:
        told = [fact.told for fact in self.journal.facts(facts.SmsTaken, limit=REMEMBERED)]
        sent = [(one.reference, one.message) for one in told if isinstance(one, facts.SmsTaken)]
        channel.connect(sent, self._keep_sms)
        tests = self.journal.facts(facts.ModemTested, limit=1)
        return ModemWatch(
            channel,
            BySms(
                self.site,
                self.journal,
                alerts=self.alerts,
                acknowledge=self.acknowledge_all,
                decline=self.decline_all,
                roster=lambda: self.roster,
            ),
            self.journal,
            came_back=self._came_back,
            language=self.site.region.language,
            count=lambda outcome: self.counters.sms_answers.labels(outcome).inc(),
            tested_at=tests[0].t if tests else None,
        )

    def _view_now(self, point: str) -> PointView | None:
        return self.view(point, self.clock.now()) if point in self.site.points else None

    def _on_reply(self, topic: str, payload: bytes) -> None:
        self._boards.heard(topic, payload)
        self._hosted.heard(topic, payload)

    def _state_of(self, point: str) -> NodeState | None:
        view = self._view_now(point)
        return None if view is None else view.node

    def _run_fleet(self) -> None:
        with self._rollouts.held():
            self._hosted.run(self._stop)

    def _counts(self, point: str) -> tuple[int, int]:
        return self.journal.stored(point), self.journal.missing(point)

    def _restore(self) -> None:
        """Rebuild what is known of the points and the alerts from the journal."""
        self._watch = Watch(
            self._rules,
            self._told_in,
            roster=self.roster,
            telling=self.site.telling,
            ways=self._dispatcher.ways,
            acknowledged=self.acknowledged,
            lost=self._lost,
            declined=self._declined,
        )
        self._alerts = self._watch.engine.active()
        self._resolved = [
            alert
            for alert in self._told_in.alerts(_RESOLVED_READ)
            if alert.state == "resolved" and alert.fired_at is not None
        ]
        now, (entry, fact) = self.clock.now(), self._known
        with self._lock:
            self.journal.fold(
                self._world,
                self.site.points,
                sets=sets_read_back(len(self.site.points)),
                until=Judged(now, entry, fact),
            )
            self._restoring = False
        checks = self.journal.facts(facts.Commissioned)
        self._checks_kept.update(
            (fact.told.point, round(fact.t)) for fact in checks if isinstance(fact.told, facts.Commissioned)
        )
        for point in self.site.points:
            self.counters.missing.labels(point).set(self.journal.missing(point))
        self._tracker.note_alerts(self._alerts)
        self._dispatcher.begin(now)
        self._dispatcher.note(self._alerts)
        self._tell_of_itself([Started(forget_after=self._believed_until(now, self._newest_t or now))], now)
        kept = self.journal.facts(facts.RosterRead, limit=1)
        self._roster_kept = kept[0].told if kept else None
        self._use_roster(now)
        news = in_force.changed(settings_kept(self.journal), in_force.texts(self.site))
        self._tell_of_itself([facts.SettingsRead(key=key, settings=text) for key, text in news.items()], now)

    def _believed_until(self, now: float, before: float) -> float:
        """What is dated later was dated by a wrong clock. before: what our clock said then, which may be later.

        Where nothing keeps our clock right, it is the one that may be wrong now.
        """
        return (now if self._dating.synchronised is not False else max(now, before)) + MAX_AHEAD_S

    def _tell_of_itself(self, befell: Sequence[OfItself], now: float) -> None:
        """Take in what befell the host. A disk that fails puts off that it is stored, and nothing else."""
        for one in befell:
            self._learn(Fact(id=0, after=0, t=now, recorded_at=now, author=HOST, told=one))
            self._untold.append((one, now))
        try:
            self._store_of_itself()
        except JournalError:  # the tick, which tries again, says so
            self.counters.journal_errors.inc()

    @property
    def roster(self) -> Roster:
        """Who is told, as roster.toml and its calendars say it now."""
        return self._rosters.roster

    def _look_at_roster(self, now: float) -> None:
        """Take a roster that was changed, and see whether it runs out. Now and then: both take files or a week of hours."""
        if self._roster_looked_at is not None and 0 <= now - self._roster_looked_at < ROSTER_EVERY_S:
            return
        before, self._roster_looked_at = self._roster_looked_at, now
        changed = self._rosters.look(now)
        if changed:
            _log.info("roster.toml or a calendar of it was changed: it counts from now on")
            self._use_roster(now)
        if changed or before is None or now // HOUR_S != before // HOUR_S:
            self._nobody_at = gap(self.site.points, self.roster, self._channels, now)

    def _use_roster(self, now: float) -> None:
        """Tell the people of the roster as it is now, and keep it, so that a replay tells the same."""
        self._watch.roster = self.roster
        told = facts.RosterRead(roster=roster_text(self.roster))
        if told != self._roster_kept:
            self._roster_kept = told
            self._tell_of_itself([told], now)

    def _store_of_itself(self) -> None:
        if not (untold := list(self._untold)):
            return
        with self.journal.atomic():
            kept = [self.journal.record(told, HOST, t=t, now=t) for told, t in untold]
        del self._untold[: len(untold)]
        with self._lock:
            self._known = (self._known[0], max(self._known[1], kept[-1].id))

    # --- start and stop ----------------------------------------------------------------------

    def start(self) -> None:
        """Serve the page, start the threads, connect. Raises ServiceError; stopped again then."""
        if self._serve_web:
            web = self.site.web
            try:
                app = create_app(self, base_url=web.base_url)
                self._web = serve(app, web.host, web.port, next_free=self._next_free_port)
                self._feed = app.state.feed
                if web.health_port is not None:
                    self._health_web = serve(create_health_app(self), web.host, web.health_port)
            except WebError as error:
                self.stop()
                raise ServiceError(str(error)) from error
            _log.info("status page: %s", self._web.url)
        self._hear()
        self._spawn("tick", self._tick)
        self._spawn("fleet", self._run_fleet)
        for name in self._deliver:
            self._spawn(f"delivery {name}", functools.partial(self._run_deliveries, name))
        if self._host_probe is not None:
            self._spawn("host", functools.partial(self._host_probe.run, self._stop))
        if self._influx is not None:
            self._spawn("influx", self._influx.run)
        self._spawn("gaps", self._run_gaps)
        self._spawn("journal check", self._run_check)
        if self._modem is not None:
            self._spawn("modem", functools.partial(self._run_modem, self._modem))
        for mailbox in self._mailboxes:
            self._spawn(f"mailbox {mailbox.channel}", functools.partial(self._run_mailbox, mailbox))
        if self._dead_man.is_there:
            self._spawn("watcher", functools.partial(self._dead_man.run, self._stop))
        if self.site.alert_test.weekly:
            self._spawn("alert test", self._run_tests)
        self._spawn("systemd", functools.partial(systemd.watch, self._stop, self._stands_still))
        systemd.notify("READY=1")

    @property
    def damage(self) -> str:
        """What was found wrong with the journal; "": nothing. Who runs us stops us then, sets it aside, and makes another of us."""
        return self._damage or self.journal.damage

    def set_aside(self) -> None:
        """After stop: put the damaged journal away, so that the next service begins a new one. Raises ServiceError."""
        begin_anew(self.site)

    def _run_check(self) -> None:
        """Now and then all of the journal is read: a page that nobody needs today may be damaged all the same."""
        wait_s = _FIRST_CHECK_S
        while not self._stop.wait(wait_s):
            self._damage = find_damage(self.journal.path)
            if self._damage:
                return
            wait_s = _CHECK_EVERY_S

    def stop(self) -> None:
        """End in the order that loses nothing; what was taken from the broker is stored first."""
        systemd.notify("STOPPING=1")
        self._stop.set()
        self._inbox.close()
        self._wake.set()
        for wake in self._deliver.values():
            wake.set()
        if self._influx is not None:
            self._influx.hurry(_GRACE_S)
        for channel in self._channels.values():
            channel.close()
        for mailbox in self._mailboxes:
            mailbox.close()
        self._boards.close()
        self._dead_man.close()
        for thread in self._threads:
            thread.join(_JOIN_S)
            if thread.is_alive():
                _log.warning("thread %s does not end within %g s", thread.name, _JOIN_S)
        # After the ingest, whose acknowledgements go out here.
        self._transport.stop()
        for web in filter(None, (self._web, self._health_web)):
            web.stop()
        if self._influx is not None:
            self._influx.close()
        try:
            self._watch.close()
        except JournalError as error:
            _log.warning("the last moments of judging are not kept: %s", error)
        if self._spare is not None:
            try:
                self._spare.bring_back(self.journal)
                self._spare.close()
            except JournalError:  # the next start of this journal's host finds it
                self._spare.leave()
        self._close_files()

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        """Run `target` in a thread until it returns; after an exception, which is ours, again."""

        def supervised() -> None:
            delay = _RESTART_MIN_S
            while True:
                try:
                    target()
                except Exception as error:  # noqa: BLE001 - the other threads and the points go on
                    _log.exception("thread %s failed; it starts again in %g s", name, delay)
                    self.counters.thread_errors.labels(name).inc()
                    self._failed[name] = (time.monotonic(), type(error).__name__)
                    self._changed()
                else:
                    self._progress.ended(name)
                    return
                self._progress.waits(name)
                if self._stop.wait(delay):
                    return
                delay = min(delay * 2, _RESTART_MAX_S)

        thread = threading.Thread(target=supervised, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    # --- from the broker's and the ingest's threads ------------------------------------------

    def _on_broker(self, connected: bool) -> None:
        self.counters.broker_connected.set(connected)
        self._neighbours.began(self.clock.now())  # while the broker is away nobody can be heard
        if connected:
            self._dating.began()
            self._time_sent_at = None  # boards without a clock wait for it
            self._wake.set()
        self._changed()

    def _on_stored(self, stored: Stored, states: Sequence[NodeState]) -> None:
        self._heard.append(stored)
        if len(self._heard) > _HEARD_MAX and not self._restoring:
            with self._lock:
                self._take_in()
        if any(state.online and not state.retained for state in states):
            # A board that has just started may have no clock. The next tick tells it, not this
            # moment: when the power comes back, a whole region starts at once.
            self._time_sent_at = None
        self._hosted.states(states)
        if self._influx is not None and stored.new:
            self._influx.notify()
        self._changed()

    def _on_unkept(self, sets: Sequence[SampleSet]) -> None:
        """Let the points know what came in and cannot be kept now: people are told of it all the same."""
        if self._restoring:  # it comes again before long
            return
        with self._lock:
            self._take_in()
            for a_set in sets:
                self._take_in_one(a_set)
        self._changed()

    def _take_in(self) -> None:
        """Let the points learn what was stored: by who looks at them, so that the intake waits for nobody. With the lock."""
        while self._heard:
            stored = self._heard.popleft()
            for a_set in stored.new:
                self._take_in_one(a_set)
            for fact in stored.states:
                self._take_in_one(fact)
            facts = (fact.id for fact in stored.states)
            self._known = (max(self._known[0], stored.last), max([self._known[1], *facts]))

    def _take_in_one(self, heard: Heard) -> None:
        try:
            self._world.apply(heard)
        except Exception as error:  # noqa: BLE001 - a mistake of ours with one set must not keep the others back
            _log.exception("what came in cannot be taken in by its point")
            self.counters.thread_errors.labels("ingest").inc()
            self._failed["ingest"] = (time.monotonic(), type(error).__name__)

    def _learn(self, fact: Fact) -> None:
        """Take in what somebody said or what befell the host, after all that was stored before it."""
        with self._lock:
            self._take_in()
            self._world.apply(fact)
            self._known = (max(self._known[0], fact.after), max(self._known[1], fact.id))

    def _on_neighbour(self, topic: str, _payload: bytes) -> None:
        self._neighbours.heard(host_codec.alive_host(topic), self.clock.now())

    # --- the tick ----------------------------------------------------------------------------

    def _tick(self) -> None:
        while True:
            self._wake.clear()
            if self._stop.is_set():
                return
            self._transport.start()  # should its thread have ended
            now = self.clock.now()
            if self._ticked_at is not None and now < self._ticked_at:
                before = self._ticked_at
                self._dating.set_back(before - now)
                self._tell_of_itself([ClockSetBack(forget_after=self._believed_until(now, before))], now)
            self._dating.look(now)
            self._ticked_at = now
            self._progress.works("tick", HUNG_S)
            self._send_time(now)
            for channel in self._channels.values():
                channel.rest()
            self._look_at_roster(now)
            self._work(now)
            self.clock.wait(self._wake, TICK_S)

    def _work(self, now: float) -> None:
        """Keep, judge and tell. What the disk does not take waits; people are told all the same, from memory."""
        problems = [self._try(lambda: self._keep_new(now))]
        if self._spare is not None:
            problems.append(self._try(self._come_back))
        judged = self._try(lambda: self._judge(now))
        if judged and self._spare is None:
            problems.append(judged)
            judged = self._try(lambda: self._go_on_from_memory(now)) or self._try(lambda: self._judge(now))
        problems += [judged, self._try(lambda: self._store_status(now))]
        problem = next(filter(None, problems), "")
        if problem and not self._journal_problem:
            _log.error("%s; until it works again alerts are kept in memory", problem)
        if bool(problem) != bool(self._journal_problem):
            self._ready.mark()
        self._journal_problem = problem

    def _try(self, act: Callable[[], None]) -> str:
        """Do something that needs the disk. Returns what is wrong with it; "": nothing."""
        try:
            act()
        except JournalError as error:
            self.counters.journal_errors.inc()
            return str(error)
        return ""

    def _keep_new(self, now: float) -> None:
        self._store_of_itself()
        self._keep_found(now)

    def _go_on_from_memory(self, now: float) -> None:
        """The disk does not take an alert: it and what is due of it are kept in memory from now on. Raises JournalError."""

        def make() -> Journal:
            self._spare = Spare.begin(self.journal, now)
            return self._spare.journal

        self._keep_alerts_in(make)

    def _come_back(self) -> None:
        """Let the journal have what was kept in memory, and keep alerts in it again. Raises JournalError: it stays so."""
        spare = self._spare
        assert spare is not None

        def make() -> Journal:
            spare.bring_back(self.journal)
            return self.journal

        self._keep_alerts_in(make)
        self._spare = None
        spare.close()
        _log.info("%s: works again, and has the alerts that were kept in memory", self.journal.path)

    def _keep_alerts_in(self, make: Callable[[], Journal]) -> None:
        def made() -> Journal:
            self._told_in = make()
            return self._told_in

        self._dispatcher.keep_in(made)
        self._watch.keep_in(self._told_in)

    def take(self, sets: Sequence[SampleSet]) -> None:
        """Store sets as if they had come from the broker. Raises JournalError."""
        self._on_stored(self.journal.store(sets, [], []), ())

    def step(self) -> None:
        """One tick and all messages that are ready, while time stands still: for a host that is not started. Raises JournalError."""
        self.judge()
        for name in self._channels:
            while self.send_next(name):
                pass

    def listen(self) -> None:
        """Connect to the broker and take in what comes, and nothing else: for a host whose time is moved by hand."""
        self._hear()

    def judge(self) -> None:
        """The part of `step` before any message leaves. Raises JournalError."""
        now = self.clock.now()
        self._keep_found(now)
        self._judge(now)

    def send_next(self, channel: str) -> bool:
        """Send the next message of one channel, if one is ready. May block as long as the channel may. Raises JournalError."""
        return self._dispatcher.send_next(channel, self.clock.now())

    def look_at_modem(self) -> None:
        """Take what lies in the modem, where there is one. May block as long as it may. Raises JournalError."""
        if self._modem is not None:
            self._modem.look(self.clock.now())

    def look_at_mailboxes(self) -> None:
        """Take what came back into the mailboxes, where there are any. May block as long as they may. Raises JournalError."""
        for mailbox in self._mailboxes:
            while mailbox.look(self.clock.now()):
                pass

    @property
    def connected(self) -> bool:
        """Whether the broker has us."""
        return self._transport.connected

    @property
    def channels(self) -> Sequence[str]:
        """The names of the ways to tell people."""
        return list(self._channels)

    def _send_time(self, now: float) -> None:
        sent_at = self._time_sent_at
        if sent_at is not None and 0 <= now - sent_at < TIME_EVERY_S:
            return
        if not self._dating.tells_time():
            return
        if self._transport.publish(topics.TIME, host_codec.encode_time(now), qos=0):
            self._time_sent_at = now

    def _keep_found(self, now: float) -> None:
        """Store what was found in the readings and must outlive them. Raises JournalError; then it comes again."""
        if self._kept_at is not None and 0 <= now - self._kept_at < KEEP_EVERY_S:
            return
        due: list[Found] = []
        for part in self._in_parts(self.site.points, self._tracker.due_of):
            due += chain.from_iterable(part)
            self._progress.works("tick", HUNG_S)
        if due:
            with self.journal.atomic():
                kept = [self.journal.record(found, HOST, t=now, now=now) for found in due]
            for fact in kept:
                self._learn(fact)
        self._keep_checks(now)
        self._kept_at = now

    def _keep_checks(self, now: float) -> None:
        """Keep the checks on the spot that were made here, or that came home from another machine. Raises JournalError."""
        for name, check in commission.checks(self.site.directory / commission.FOLDER, self._checks_seen):
            t = min(check.at.timestamp(), now)  # by the clock of whoever stood there
            new = check.point in self.site.points and (check.point, round(t)) not in self._checks_kept
            if new:
                author = Author(name=printable(check.by)[:_NAME_CHARS], way="cli")
                self._learn(self.journal.record(commission.fact_of(check), author, t=t, now=now))
                self._checks_kept.add((check.point, round(t)))
            self._checks_seen.add(name)

    def _judge(self, now: float) -> None:
        """Let the alerts follow the points. An alert and all that is due of it are stored at once."""
        try:
            # What could not be stored is stored first; meanwhile nothing is looked at.
            # Of points that another host serves, that one tells people.
            views = [] if self._watch.unsaved or self._transport.serving_elsewhere else self._look(now)
            found: list[View] = [*views, *self._own(now)]
            expected = {POINT: self.site.points, NEIGHBOUR: self.site.watcher.neighbours}
            changed, due = self._watch.step(now, found, expected=expected, holds=self._holds(now), known=self._known)
        except Exception:
            if not self._watch.unsaved:
                self._tracker.look_again()
            raise
        told = [one.alert for one in changed if one.announce]
        self._note_alerts(told)
        for name in {row.channel for row in due}:
            self._deliver[name].set()
        for alert in told:
            for listener in self._alert_listeners:
                listener(alert)
        if changed or due:
            self._changed()

    def _own(self, now: float) -> list[View]:
        """How the coordination point itself stands."""
        link = self._transport
        peers = HostPeers(
            now=now,
            elsewhere=link.serving_elsewhere,
            spare=self.site.region.standby,
            serving=link.serving,
            takeovers=link.takeovers,
        )
        found: list[View] = [peers, *self._certificates.own(now)]
        failed = self._dispatcher.failed_texts.items()
        found += [FailedText(text=text, now=now, failed_at=t) for text, t in failed]
        found += self._channels_now(now)
        found += self._returns(now)
        found += [
            MailboxHealth(now=now, channel=one.channel, failing_since=one.failing_since, why=one.why)
            for one in self._mailboxes
        ]
        found += self._loops(now)
        found.append(BrokerLink(now=now, connected=link.connected, problem=link.problem))
        if self._influx is not None:
            with contextlib.suppress(JournalError):  # not known then
                waiting, since = self.journal.backlog(SINK), self.journal.waiting_since(SINK)
                refused = self.journal.refused_count(SINK)
                found.append(DatabaseLag(now=now, waiting_since=since, waiting=waiting, refused=refused))
        if link.connected:  # what is not heard without a broker may send all the same
            found += [
                UnknownBoard(id=point, now=now, first_t=first_t, last_t=last_t, known=point in self.site.points)
                for point, (first_t, last_t) in self._ingest.strangers.items()
            ]
            found += self._neighbours.views(now)
        doubt = self._dating.doubt()
        found.append(
            ClockDoubt(now=now, behind_s=doubt and doubt.behind_s, boards=0 if doubt is None else doubt.boards)
        )
        found.append(JournalHealth(now=now, problem=self._unkept, set_aside=self._set_aside))
        found += self._host_probe.views() if self._host_probe is not None else ()
        # Measured a little earlier or not: judged is each as it is known now, and so it stands in the journal.
        return [msgspec.structs.replace(view, now=now) for view in found]  # type: ignore[type-var]

    def _channels_now(self, now: float) -> list[ChannelHealth]:
        """How each channel does: by the last message that it was given, and the modem also by the last look at it."""
        found = {
            state.name: ChannelHealth(now=now, name=state.name, failing_since=state.failing_since, why=state.why)
            for state in self._dispatcher.states()
        }
        modem = self._modem
        if modem is not None and modem.failing_since is not None:
            found[SMS] = ChannelHealth(now=now, name=SMS, failing_since=modem.failing_since, why=str(modem.problem))
        return list(found.values())

    def _holds(self, now: float) -> Holds:
        """By subject why nobody is to be told now: it is being built, out of use, or silenced by somebody."""
        with self._lock:
            silenced = self._world.standing.silenced(now)
        return holds_of(silenced, self._not_used, self.site.telling, now)

    def _look(self, now: float) -> list[PointView]:
        """The points about which something may be otherwise than it was, and those whose alerts wait."""
        with self._lock:
            self._take_in()
            waiting = {one.id for one in self._watch.engine.waiting(now) if one.kind == POINT}
            due = dict.fromkeys([*self._tracker.to_judge(now), *waiting.intersection(self.site.points)])
        views: list[PointView] = []
        for part in self._in_parts(due, lambda point: self._tracker.look(point, now)):
            views += part
            self._ready.take(part)
            self._progress.works("tick", HUNG_S)
        self._ready.take([])
        note_use(views, self._not_used)
        self.keep_presses(views)
        return views

    def _in_parts(self, points: Iterable[str], asked: Callable[[str], T]) -> Iterator[list[T]]:
        """What is asked of many points, part by part. Between the parts whoever waits for the tracker has his turn."""
        waiting = iter(points)
        while part := list(islice(waiting, _PART)):
            with self._lock:
                self._take_in()
                found = [asked(point) for point in part]
            yield found
            time.sleep(0)  # a lock that is let go of is not handed on: who waits must run to get it

    def _note_alerts(self, told: Sequence[AlertState]) -> None:
        active = self._watch.engine.active()
        self._dispatcher.note(active)
        with self._lock:
            self._alerts = active
            self._resolved = [
                *(alert for alert in told if alert.state == "resolved"),
                *self._resolved,
            ][:_RESOLVED_READ]
            self._tracker.note_alerts(active)
        self._ready.mark()
        firing = Counter(alert.rule for alert in active if alert.state == "firing")
        for rule in self._rules:
            self.counters.alerts_firing.labels(rule).set(firing[rule])

    def _store_status(self, now: float) -> None:
        """What the host makes of each point, as rows for the sinks."""
        influx = self.site.influx
        if influx is None or self._influx is None:
            return
        if self._status_at is not None and 0 <= now - self._status_at < influx.status_interval_s:
            return
        views = self.views(now)
        self._rows.store(
            self.journal,
            views,
            self.alerts(),
            host_row(self._own(now), now, points=len(self.site.points), poison=self.journal.refused_count(SINK)),
            acknowledged=self.acknowledged,
            round_=self._round(views),
            now=now,
        )
        self._status_at = now
        self._influx.notify()

    # --- deliveries --------------------------------------------------------------------------

    def _run_deliveries(self, channel: str) -> None:
        wake = self._deliver[channel]
        while True:
            wake.clear()
            self._progress.works(f"delivery {channel}", _GIVEN_S)
            if self._stop.is_set():
                return
            try:
                # One at a time: each may take seconds, and a stop waits for no more than that.
                more = self._dispatcher.send_next(channel, self.clock.now())
            except JournalError:  # the tick, which meets it too, says so
                self.counters.journal_errors.inc()
                more = False
            if not more:
                self.clock.wait(wake, TICK_S)

    # --- the modem, the watcher outside, and the test of the alerts --------------------------

    def _run_modem(self, modem: ModemWatch) -> None:
        look_every_s = self.site.channels.sms.look_every_s if self.site.channels.sms else TICK_S
        while not self._stop.is_set():
            self._progress.works("modem", look_every_s + _GIVEN_S)
            try:
                modem.look(self.clock.now())
            except JournalError:  # the tick, which meets it too, says so; the modem keeps what came in
                self.counters.journal_errors.inc()
            self._stop.wait(look_every_s)

    def _run_mailbox(self, mailbox: MailboxWatch) -> None:
        more = False
        while not self._stop.is_set():
            self._progress.works(f"mailbox {mailbox.channel}", mailbox.settings.look_every_s + _GIVEN_S)
            try:
                more = mailbox.look(self.clock.now())
            except JournalError:  # the tick, which meets it too, says so; what came back lies there
                self.counters.journal_errors.inc()
                more = False
            if not more:
                self._stop.wait(mailbox.settings.look_every_s)

    def _came_back(self, message: str, why: str, now: float) -> str:
        """Keep that a message was not delivered. While alerts are in memory alone it waits. As of Returned.came_back."""
        return LATER if self._spare is not None else self._returned.came_back(message, why, now)

    def _learn_returned(self, fact: Fact) -> None:
        self._learn(fact)
        self._wake.set()  # the next rung is told at once
        self._changed()

    def _unreached(self) -> Collection[tuple[str, str]]:
        """From which ways a message came back lately."""
        with self._lock:
            came_back = self._world.standing.came_back()
        return lately(came_back, self.clock.now(), self.site.alerts.message_returned.for_s)

    def _lost(self, alert_id: int) -> Collection[tuple[str, str]]:
        with self._lock:
            return self._world.standing.lost(alert_id)

    def _declined(self, alert_id: int) -> Mapping[str, float]:
        with self._lock:
            return self._world.standing.declined(alert_id)

    def _returns(self, now: float) -> list[Returns]:
        """What came back, of who is told by those ways now."""
        with self._lock:
            came_back = dict(self._world.standing.came_back())
        found: dict[str, list[tuple[str, str, float, str]]] = {channel: [] for channel, _ in came_back}
        for person in self.roster.people.values():
            for channel in person.reach:
                for address in person.addresses(channel):
                    fact = came_back.get((channel, address))
                    if fact is not None and isinstance(fact.told, CameBack):
                        found[channel].append((person.name, address, fact.t, fact.told.why))
        return [Returns(now=now, channel=channel, came=tuple(came)) for channel, came in found.items()]

    def _hangs(self) -> str:
        """What keeps this host from its work, while it looks alive; "": nothing."""
        self._progress.works("watcher", self.site.watcher.every_s + _GIVEN_S)  # who asks gives the signs
        return self._stands_still() or self._journal_problem or self._thread_problem("ingest", "tick")

    def _stands_still(self) -> str:
        """Which part does not get on without which the service is of no use; "": all do."""
        hung = self._progress.hung()
        if "tick" in hung:
            return Phrase("the judging of the points hangs")
        return Phrase("what comes in cannot be stored") if "ingest" in hung else ""

    def _loops(self, now: float) -> list[LoopProgress]:
        return [
            LoopProgress(now=now, name=name, hung_since=now - seconds if seconds else None)
            for name, seconds in self._progress.loops().items()
        ]

    def _run_gaps(self) -> None:
        while not self._stop.wait(TIME_EVERY_S):
            with contextlib.suppress(JournalError):  # the tick, which meets it too, says so
                self._gaps.look(self.site.points)

    def gaps(self) -> dict[str, list[tuple[int, int]]]:
        """By point the seqs that are missing and waited for, of points where any are."""
        found = {point: self.gaps_of(point) for point in self.site.points}
        return {point: gaps for point, gaps in found.items() if gaps}

    def gaps_of(self, point: str) -> list[tuple[int, int]]:
        """The same of one point. Raises JournalError."""
        return self.journal.gaps(point)

    def _run_tests(self) -> None:
        """The weekly test of every way to tell people."""
        while not self._stop.is_set():
            self._progress.works("alert test", _TESTED_S)
            self.test_if_due(self.clock.now())
            self._stop.wait(TIME_EVERY_S)

    def test_if_due(self, now: float) -> None:
        """Test every way to tell people of all points, when the week's moment for it has come. Raises JournalError."""
        since = self._began if self._tested is None else self._tested.t
        if is_due(self.site.alert_test.weekly, since, now, ZoneInfo(self.site.region.timezone)):
            self._tested = self._keep_test("", self._trial.of_all(f"{now:.0f}"), now)
            self._changed()

    def _keep_test(self, point: str, found: Sequence[Tried], now: float) -> Fact:
        failed = sum(not one.ok for one in found)
        return self.journal.record(facts.Tested(point=point, tried=len(found), failed=failed), HOST, t=now, now=now)

    @property
    def _test_problem(self) -> str:
        """What the last test of all points found; "": every message was taken, or there was no test yet."""
        told = None if self._tested is None else self._tested.told
        if not isinstance(told, facts.Tested) or not told.failed:
            return ""
        return Phrase(
            "{failed} of {tried} messages were not taken; `paraat alerts test` says which, point by point",
            failed=told.failed,
            tried=told.tried,
        )

    def test_alerts(self, point: str) -> list[Tried]:
        """Send "DIT IS EEN TEST" down every rung of a point; what each answered. May take a minute. Raises JournalError."""
        now = self.clock.now()
        found = self._trial.of_point(point, f"{now:.0f}")
        self._keep_test(point, found, now)
        return found

    # --- what the status page and the demo ask ----------------------------------------------

    @property
    def region(self) -> str:
        """The name of the safety region."""
        return self.site.region.region

    @property
    def language(self) -> str:
        """ "nl" or "en"."""
        return self.site.region.language

    @property
    def timezone(self) -> str:
        """The IANA zone in which times are shown."""
        return self.site.region.timezone

    @property
    def stale_after_s(self) -> float:
        """Seconds after which a value is shown as old."""
        return self.site.alerts.point_silent.after_s

    @property
    def places(self) -> Mapping[str, Point]:
        """By its id each point as its file has it."""
        return self.site.points

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """By point what it is judged by."""
        return self.site.profiles

    @property
    def web_url(self) -> str | None:
        """Where the status page is served; None when it is not."""
        return None if self._web is None else self._web.url

    def views(self, now: float) -> list[PointView]:
        """Every expected point as it stands at `now`."""
        return [self._shown(view) for view in chain.from_iterable(self._views_of(self.site.points, now))]

    def _views_of(self, points: Iterable[str], now: float) -> Iterator[list[PointView]]:
        return self._in_parts(points, lambda point: self._tracker.view(point, now))

    def stand(self) -> Stand:
        """How all points stand, as the page shows them."""
        return self._ready.stand()

    def view(self, point: str, now: float) -> PointView:
        """One point as it stands at `now`. Raises KeyError when it is not expected."""
        with self._lock:
            self._take_in()
            view = self._tracker.view(point, now)
        return self._shown(view)

    def past(self, t: float, point: str | None = None) -> Past:
        """Everything as it stood at t, by what the journal had by then; with as many sets as a start reads back.

        point: of the points only this one, which is soon done. Raises KeyError when it is not expected.
        """
        points = self.site.points
        return past_of(self.site, self.journal, t, points if point is None else {point: points[point]})

    def acknowledge(self, alert_id: int, author: Author, *, t: float | None = None) -> Fact | None:
        """Keep that somebody sees to an alert; None when no alert of that id fires. Raises JournalError.

        Who may do so is for the caller to know. t: when it was, if not now.
        """
        kept = self._answered([alert_id], lambda one: Acknowledged(alert=one), author, t)
        return kept[0] if kept else None

    def acknowledge_all(self, alert_ids: Collection[int], author: Author, link: str = "") -> list[Fact]:
        """The same of several, all or none: a fact for each that fires. link: the nonce of the link that was used."""
        return self._answered(alert_ids, lambda one: Acknowledged(alert=one, link=link), author, None)

    def decline_all(self, alert_ids: Collection[int], author: Author, person: str, link: str = "") -> list[Fact]:
        """Keep that somebody cannot see to these, so that the next one is asked at once: a fact for each that fires.

        person: his id in the roster. Raises JournalError: none is kept then.
        """

        def declined(alert_id: int) -> Declined:
            self.journal.note_declined(alert_id, person, Words(self.language).say(Phrase("says: I cannot see to it")))
            return Declined(alert=alert_id, person=person, link=link)

        return self._answered(alert_ids, declined, author, None)

    def _answered(
        self, alert_ids: Collection[int], told: Callable[[int], facts.Told], author: Author, t: float | None
    ) -> list[Fact]:
        with self._lock:
            firing = {alert.id for alert in self._alerts if alert.state == "firing"}
        now = self.clock.now()
        with self.journal.atomic():
            kept = [
                self.journal.record(told(alert_id), author, t=now if t is None else t, now=now)
                for alert_id in alert_ids
                if alert_id in firing
            ]
        for fact in kept:
            self._learn(fact)
        if kept:
            self._ready.mark()
            self._wake.set()
            self._changed()
        return kept

    def keep(self, told: facts.SaidOfPoint, author: Author) -> Fact:
        """Keep what somebody says of a point of this site, or what he silences. Raises JournalError.

        Who may say so is for the caller to know.
        """
        now = self.clock.now()
        if isinstance(told, Counted):
            with self._lock:
                tally, shown = self._tracker.tally(told.point), self._tracker.shown_people(told.point)
            told = msgspec.structs.replace(told, tally=tally, shown=shown)
        fact = self.journal.record(told, author, t=now, now=now)
        self._learn(fact)
        if isinstance(told, GapAccepted):
            self.counters.missing.labels(told.point).set(self.journal.missing(told.point))
        if isinstance(told, Silenced):
            self._ready.mark()
        else:
            self._ready.said(told.point)
        self._wake.set()
        self._changed()
        return fact

    def confirm_clock(self, author: Author) -> Fact:
        """Believe our clock again, by the word of somebody; what is dated later than it is let go of. Raises JournalError.

        Who may do so is for the caller to know.
        """
        now = self.clock.now()
        fact = self.journal.record(ClockConfirmed(), author, t=now, now=now)
        self._dating.confirm()
        self._tell_of_itself([ClockSetBack(forget_after=now + MAX_AHEAD_S)], now)
        self._time_sent_at = None
        self._wake.set()
        self._changed()
        return fact

    def refuel(self, stand: Stand) -> list[Stop]:
        """The refuel round, the most urgent first."""
        return self._round(stand.views.values())

    def refuel_of(self, view: PointView) -> Stop | None:
        """What one point wants, and who brings it; None of a point that is not in use."""
        return next(iter(self._round([view])), None)

    def _round(self, views: Iterable[PointView]) -> list[Stop]:
        with self._lock:
            return stops(views, self.site.points, self.site.profiles, self._world.standing)

    def acknowledged(self, alert_id: int) -> Fact | None:
        """The last time that somebody acknowledged an alert; None: nobody has."""
        with self._lock:
            return self._world.standing.acknowledged(alert_id)

    def seen(self, alert_ids: Collection[int]) -> dict[int, Fact]:
        """By alert the last time that somebody acknowledged it; those that nobody has are left out."""
        with self._lock:
            found = {alert_id: self._world.standing.acknowledged(alert_id) for alert_id in alert_ids}
        return {alert_id: fact for alert_id, fact in found.items() if fact is not None}

    def tellings(self, alert_ids: Collection[int]) -> dict[int, list[Told]]:
        """Who was told of these alerts. Raises JournalError."""
        rows: dict[int, list[Delivery]] = {alert_id: [] for alert_id in alert_ids}
        for row in self.journal.deliveries(*alert_ids):
            rows[row.alert_id].append(row)
        return {alert_id: told(found, self.site.roster) for alert_id, found in rows.items()}

    def silences(self) -> list[Fact]:
        """What is silenced now, and by whom."""
        with self._lock:
            return list(self._world.standing.silenced(self.clock.now()).values())

    @property
    def silence_most_s(self) -> float:
        """For how long something may be silenced at once."""
        return 3600 * self.site.telling.silence_most_h

    def told(self, alert_id: int) -> list[Told]:
        """Who was told of an alert, by which rung, when, and what came back. Raises JournalError."""
        return told(self._told_in.deliveries(alert_id), self.roster)

    def keep_presses(self, views: Sequence[PointView]) -> None:
        """Keep who acknowledged by the button of a board. Raises JournalError."""
        self.answers.by_button(presses(self._alerts, views, self.acknowledged))

    def by_link(self, nonce: str) -> Fact | None:
        """The time that somebody acknowledged by that link; None: nobody has."""
        with self._lock:
            return self._world.standing.by_link(nonce)

    def alerts(self) -> list[AlertState]:
        """The alerts that are pending or firing, and those resolved in the last hour."""
        since = self.clock.now() - RESOLVED_SHOWN_S
        with self._lock:
            recent = [alert for alert in self._resolved if (alert.resolved_at or 0.0) >= since]
            return [*self._alerts, *recent]

    @property
    def _unkept(self) -> str:
        """Why nothing can be kept now; "": it can."""
        return self._ingest.problem or self._journal_problem

    @property
    def _peers(self) -> Check | None:
        """What another host means for us; None: there is none."""
        link, spare = self._transport, self.site.region.standby
        if takeovers := link.takeovers:
            detail = Phrase(
                "another program connects to the broker as {name}, and took our place {n} times in five minutes: nothing is"
                " acknowledged to boards until that ends. Stop it, or give it another broker.client_id; it may be an older"
                " Paraat, or a copy of this machine",
                name=self.site.broker.client_id,
                n=takeovers,
            )
            return Check(name="second-host", ok=False, required=True, detail=detail)
        if link.doubled:
            detail = Phrase(
                "another host connects to the broker with the certificate of this one ({name}), so neither hears in time which"
                " of them serves. Stop `paraat serve` on one of the two; one spare host is all that a broker can have",
                name=SPARE_NAME if spare else WATCH_NAME,
            )
            return Check(name="lease", ok=False, required=False, detail=detail)
        if why := link.unwatched:
            return Check(name="lease", ok=False, required=False, detail=why)
        if link.unheard:
            detail = Phrase(
                "the broker passes the lease of this host on to nobody, so a second host would not see it: write the broker's"
                " configuration anew (`.venv/bin/paraat broker-config`), and reload it"
            )
            return Check(name="lease", ok=False, required=False, detail=detail)
        if not (other := link.serving_elsewhere):
            return None
        if spare:
            detail = Phrase(
                "{host} serves; this spare host stands by, and takes over when that one is gone", host=other
            )
            return Check(name="standby", ok=True, required=False, detail=detail)
        detail = Phrase(
            "{host} serves these boards already; this host stands by and tells nobody of them. Stop `paraat serve` on one of"
            " the two; where this one is meant as a spare, set standby = true under [site] in its site.toml",
            host=other,
        )
        return Check(name="second-host", ok=False, required=True, detail=detail)

    def _shown(self, view: PointView) -> PointView:
        """A point as it is shown: while nothing is kept, none may look as if all were well."""
        if not self._unkept or view.verdict is Verdict.UNKNOWN:
            return view
        return msgspec.structs.replace(view, verdict=Verdict.SILENT, reasons=(NOT_KEPT, *view.reasons))

    def health(self) -> list[Check]:
        """How the host itself does. InfluxDB is not required: the journal keeps what it lacks."""
        journal_problem = self._unkept
        broker, ingest = self._transport.problem, self._thread_problem("ingest")
        judging = self._thread_problem("tick", *(f"delivery {name}" for name in self._deliver))
        checks = [
            # Connected with a problem: the broker has us, and keeps topics from us.
            Check(name="broker", ok=self._transport.connected and not broker, required=True, detail=broker),
            Check(name="journal", ok=not journal_problem, required=True, detail=journal_problem),
            Check(name="ingest", ok=not ingest, required=True, detail=ingest),
            Check(name="alerts", ok=not judging, required=True, detail=judging),
        ]
        if (peers := self._peers) is not None:
            checks.append(peers)
        if self._set_aside:
            aside = Phrase(
                "the journal was damaged and lies aside as {file}; a new one was begun. Stop `paraat serve`, do `paraat"
                " journal restore`, start it again; and look at the health of the disk",
                file=self._set_aside,
            )
            checks.append(Check(name="journal-damaged", ok=False, required=False, detail=aside))
        if hung := self._progress.hung():
            late = ", ".join(f"{name} for {seconds:.0f} s" for name, seconds in sorted(hung.items()))
            detail = f"these parts do not get on: {late}; restart the service, and keep its log"
            checks.append(Check(name="loops", ok=False, required=bool(self._stands_still()), detail=detail))
        if (doubt := self._dating.doubt()) is not None:
            checks.append(Check(name="clock", ok=False, required=True, detail=_doubted(doubt)))
        if unread := self._rosters.problem:
            checks.append(Check(name="roster", ok=False, required=False, detail=unread))
        elif self._nobody_at is not None:
            at, points = self._nobody_at
            zone = ZoneInfo(self.site.region.timezone)
            why = f"roster.toml: from {local(at, zone):%Y-%m-%d %H:%M} on nobody who is reached is on duty for {', '.join(points[:4])}"
            checks.append(Check(name="roster-ends", ok=False, required=False, detail=f"{why} ({len(points)} in all)"))
        if undelivered := self._dispatcher.problem:
            checks.append(Check(name="delivery", ok=False, required=False, detail=undelivered))
        if unwatched := self._dead_man.problem:
            checks.append(Check(name="watcher", ok=False, required=False, detail=unwatched))
        if self._modem is not None and (broken := self._modem.problem):
            checks.append(Check(name="modem", ok=False, required=False, detail=broken))
        for mailbox in self._mailboxes:
            if mailbox.problem:
                checks.append(Check(name="mailbox", ok=False, required=False, detail=mailbox.problem))
        if untaken := self._test_problem:
            checks.append(Check(name="alert-test", ok=False, required=False, detail=untaken))
        days = self.site.alerts.certificate_expiry.raise_days
        if ending := self._certificates.problem(self.clock.now(), days):
            checks.append(Check(name="certificates", ok=False, required=False, detail=ending))
        for name, why in self._hosted.problems.items():
            checks.append(Check(name=name, ok=False, required=False, detail=why))
        if self._influx is not None:
            problem = self._influx.problem or self._thread_problem("influx")
            checks.append(Check(name="influx", ok=not problem, required=False, detail=problem))
        return checks

    def _thread_problem(self, *names: str) -> str:
        """Which of these threads has ended, or failed shortly ago, and what to do; empty when none."""
        ended = {thread.name for thread in self._threads if not thread.is_alive()}
        problems = [f"{name} ended: restart the service" for name in names if name in ended]
        for name in names:
            failed_s, error = self._failed.get(name, (float("-inf"), ""))
            if time.monotonic() - failed_s < _UNWELL_S:
                problems.append(f"{name} failed with {error} and starts again by itself: the log says why")
        return "; ".join(problems)

    def metrics(self) -> bytes:
        """The counters in Prometheus' text format."""
        return self.counters.render()

    def subscribe(self, on_change: Callable[[], None]) -> Callable[[], None]:
        """Call `on_change` when views, alerts or health may have changed; returns what ends it."""
        key = object()
        self._subscribers[key] = on_change

        def end() -> None:
            self._subscribers.pop(key, None)

        return end

    def _screens(self) -> int:
        """How many pages are open now."""
        return 0 if self._feed is None else self._feed.pages

    def on_alert(self, listener: Callable[[AlertState], None]) -> None:
        """Call `listener` (quick, never raises) with each alert that fires or is resolved."""
        self._alert_listeners.append(listener)

    def _changed(self) -> None:
        for on_change in tuple(self._subscribers.values()):
            on_change()


def _doubted(doubt: Doubt) -> str:
    minutes = f"{abs(doubt.behind_s) / 60:.0f}"
    if not doubt.boards and doubt.behind_s < 0:
        return Phrase(
            "the clock of this machine went {minutes} min ahead at once, and nothing keeps it right; until boards agree with it no"
            " board is told the time. Set it right (timedatectl). If it is right now: `paraat clock --by NAME`",
            minutes=minutes,
        )
    if not doubt.boards:
        return Phrase(
            "the clock of this machine says {minutes} min less than it did before; until boards agree with it no board is"
            " told the time. Set it right (timedatectl). If it is right now: `paraat clock --by NAME`",
            minutes=minutes,
        )
    if doubt.behind_s < 0:
        return Phrase(
            "the clock of this machine is {minutes} min ahead: {boards} of {heard} boards say so. Their times are kept as they"
            " sent them, and no board is told the time; points look older than they are. Set it right (timedatectl). If the"
            " boards are wrong: `paraat clock --by NAME`",
            minutes=minutes,
            boards=doubt.boards,
            heard=doubt.heard,
        )
    return Phrase(
        "the clock of this machine is {minutes} min behind: {ahead} of {heard} boards say so. Their times are kept as they"
        " sent them, and no board is told the time. Set it right (timedatectl). If the boards are wrong: `paraat clock --by"
        " NAME`",
        minutes=minutes,
        ahead=doubt.boards,
        heard=doubt.heard,
    )


def _of_all(fact: Fact) -> bool:
    return isinstance(fact.told, facts.Tested) and not fact.told.point


def past_of(site: Site, journal: Journal, t: float, points: Mapping[str, Point] | None = None) -> Past:
    """Everything as it stood at t, by what the journal had by then; with as many sets as a start reads back.

    points: of the site's only these.
    """
    return journal.past(
        t,
        site.points if points is None else points,
        site.alerts,
        site.profiles,
        sets=sets_read_back(len(site.points)),
        certificate_until=Certificates(site.directory).board_until,
        own=site.own_alerts,
    )


def check_files(site: Site) -> None:
    """Read every file that site.toml names, secrets too, as a start would. Raises SettingsError for the first bad one."""
    make_channels(site)
    MailboxWatch.from_site(site, lambda *_: "")
    DeadMan(site, hangs=str, now=float)
    _influx_token(site)
    Serving(site.broker, site.directory, Inbox(), now=float, on_change=lambda _: None, spare=site.region.standby)


def _influx_token(site: Site) -> str:
    """Without the file: for an InfluxDB that asks for no password."""
    if site.influx is None or not (path := site.path(site.influx.token_file)).exists():
        return ""
    return read_secret(path, "influx.token_file")
