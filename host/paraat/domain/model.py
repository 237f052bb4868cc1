"""The values that travel between the parts of the host. All times are unix seconds (UTC), as float.

gc=False, here and in what they hold: of a fleet there are a hundred thousand, and none can hold itself. Python's search for
cycles does not look at them: of 3,366 points it took an eighth of the time of judging, 0.17 s at a stretch, and takes 0.04 s now.
"""

from functools import lru_cache

import msgspec

from paraat.domain.activation import STANDBY, Activation
from paraat.domain.fuel_events import FuelEvent, is_in_doubt
from paraat.domain.passages import Present
from paraat.domain.profiles import Profile
from paraat.domain.readiness import ResourceState, Verdict
from paraat.domain.remarks import Remark
from paraat.domain.subjects import CERTIFICATE, POINT, TEXT, Subject
from paraat.domain.upkeep import Upkeep

Value = float | int | bool

# The fault of a set whose board does not know, in this boot, when it was read. It is of the sending, not of the reading.
AGE_UNSURE = "node/clock"


class SampleSet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a board read at one moment (kind "telemetry") or what happened there (kind "event").

    seq counts both kinds of a point in one sequence. `dated_by_host` is true when the board did not know the time
    and sent an age. values and faults are keyed by metric name as on the wire, such as "climate/temperature/hall".
    """

    point: str
    kind: str
    seq: int
    t: float
    received_at: float
    values: dict[str, Value]
    faults: dict[str, str]
    dated_by_host: bool = False


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """The board's retained `state` message. `retained` tells that the broker replayed it: no proof of life."""

    point: str
    received_at: float
    retained: bool
    online: bool
    boot: int | None = None
    reset: str | None = None
    error: str | None = None
    fw: str | None = None
    build: int | None = None
    update: str | None = None
    config: int | None = None
    config_trial: bool | None = None
    config_refused: int | None = None
    config_error: str | None = None
    board: str | None = None
    certificate: str | None = None  # serial number of the one with which it is connected
    renewal: str | None = None  # why it went back to that from a newer one
    clock: str | None = None
    next: int | None = None
    idf_free: int | None = None  # bytes of the chip's own heap
    idf_largest: int | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that arrived and was not taken: a whole payload, or one record of it (record is its name).

    reason is a word of paraat_wire.host_codec.REASONS, or "unknown-point", "unknown-topic", "retained", "too-many-names",
    "seq-conflict", "host-error". Records of one payload that were refused for one reason are one Refusal: `record` is
    the name of the first, `count` says how many.
    """

    topic: str
    received_at: float
    reason: str
    detail: str
    record: str | None = None
    payload: bytes = b""
    count: int = 1


class Latest(msgspec.Struct, frozen=True, gc=False):
    """The newest of a metric: its value (None while the sensor is at fault), the fault's code, the time it was read."""

    value: Value | None
    fault: str | None
    t: float


class Autonomy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hours of fuel left, with a range.

    source: "slope" (burn rate measured from the level), "load" (the generator's curve at the measured load) or "record"
    (the tank record's rate). hours_full: how long a tank that was just filled lasts, cautious.
    """

    hours_low: float
    hours: float
    hours_high: float
    burn_l_per_h: float
    source: str
    empty_at: float
    refuel_before: float
    hours_full: float | None = None


class BatteryLeft(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of battery left at load_w. source: "monitor" (its own monitor reckons them), or of the load: "current" (its
    own), "load" (of the point), "record", or "told" (what was drawn last, where that is not measured now). load_w is None
    where only the monitor knows it.
    """

    hours: float
    load_w: float | None
    source: str


class OffGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Hours that the point can do without the grid. source: "fuel", "battery" or "fuel+battery"."""

    hours_low: float
    hours: float
    hours_high: float
    source: str


class LastFuel(msgspec.Struct, frozen=True, kw_only=True):
    """At least this is left. t: when the level was last read; hours_low: while the generator runs; refuel_before: unix seconds."""

    t: float
    litres: float
    percent: float
    hours_low: float
    refuel_before: float


class HelpCall(msgspec.Struct, frozen=True):
    """Somebody asked for help at t; it came in at received_at, which may be hours later."""

    t: float
    received_at: float


class PointView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One point as everybody sees it at `now`: alert rules, the status page, the API, the InfluxDB status rows."""

    point: str
    name: str
    municipality: str
    phone: str | None = None  # of who is there
    capacity: int
    now: float
    verdict: Verdict
    last_verdict: Verdict  # of a silent point: by what it said last; else the same
    reasons: tuple[str, ...]  # what else is the matter, also with its board: words of the texts tables, e.g. "missing"
    online: bool | None  # by birth and will; None: never heard of
    watched_since: float  # when the host began to listen for it
    heard_at: float | None  # the last moment at which the board is known to have lived
    data_t: float | None  # when the newest set was read
    latest: dict[str, Latest]
    litres: float | None  # filtered: one wild reading does not show
    has_tank: bool = True  # of a generator; without one it lives on its battery, and nothing is asked of fuel
    fuel_t: float | None = None  # when the newest fuel was read; it may be older than the newest set
    fuel_percent: float | None  # of the tank's capacity, from litres
    autonomy: Autonomy | None
    fuel_events: tuple[FuelEvent, ...] = ()  # found in the level, in order of their beginning
    battery: BatteryLeft | None = None
    off_grid: OffGrid | None = None
    stored: int  # sets and events the host has
    missing: int  # seq numbers below the highest that the host does not have
    node: NodeState | None
    certificate_until: float | None = None  # when its board's certificate ends; None: not known here
    resources: tuple[ResourceState, ...] = ()
    activation: Activation = STANDBY
    profile: Profile | None = None  # what it is judged by
    people: Present | None = None  # None: nobody counted, and no counter was ever heard
    remarks: tuple[Remark, ...] = ()  # figures that must not pass for fine
    judged: tuple[str, ...] = ()  # the codes of remarks whose figures are known
    upkeep: Upkeep = Upkeep()
    fuel_log: tuple[FuelEvent, ...] = ()  # fuel_events, and those of before that the host kept
    help_call: HelpCall | None = None  # the newest
    mains_t: float | None = None  # the newest moment at which the mains were there
    generator_t: float | None = None  # and at which the generator ran
    last_fuel: LastFuel | None = None  # where the gauge tells nothing now
    starts: tuple[float, ...] = ()  # of its board, the newest last
    gap_t: float | None = None  # of the first set behind the newest gap in its sequence numbers

    @property
    def subject(self) -> Subject:
        """The point, for the rules."""
        return Subject(POINT, self.point)

    @property
    def age_s(self) -> float | None:
        """Seconds since the point was last heard; None when never."""
        return None if self.heard_at is None else max(0.0, self.now - self.heard_at)

    @property
    def fuel_doubtful(self) -> bool:
        """Whether the gauge of the fuel cannot be believed."""
        return is_in_doubt(self.fuel_events, self.fuel_log, self.fuel_t, self.litres)

    @property
    def fuel_left(self) -> Autonomy | None:
        """How long the fuel lasts, for who is told of it; None where nobody knows, also by a gauge that cannot be believed."""
        return None if self.fuel_doubtful else self.autonomy

    def value(self, name: str) -> Value | None:
        """The newest value of a metric; None when absent or at fault."""
        latest = self.latest.get(name)
        return None if latest is None else latest.value

    def fresh(self, name: str, limit_s: float) -> Value | None:
        """The newest value of a metric when it is at most limit_s old; None when it is not known now."""
        latest = self.latest.get(name)
        return None if latest is None or self.now - latest.t > limit_s else latest.value

    def last_word(self, name: str, silent_after_s: float) -> Value | None:
        """As fresh; of a point that is silent, what it said last: trouble is not over because nobody tells of it."""
        return self.latest[name].value if self.is_last_word(name, silent_after_s) else None

    def is_last_word(self, name: str, silent_after_s: float) -> bool:
        """Whether a metric, or its fault, stands among the last that the point has to say."""
        latest = self.latest.get(name)
        if latest is None:
            return False
        silent = self.heard_at is None or self.now - self.heard_at > silent_after_s
        newest_t = self.data_t if silent and self.data_t is not None else self.now
        return newest_t - latest.t <= silent_after_s

    def named(self, base: str) -> tuple[str, ...]:
        """Every metric of a kind that was ever heard: the plain one, and those of sensors with a name of their own."""
        return _named(base, tuple(self.latest))


@lru_cache(maxsize=4096)
def _named(base: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a kind, sorted. What a fleet measures is told by few lists of names, over and over."""
    own = f"{base}/"
    return tuple(sorted(name for name in names if name == base or name.startswith(own)))


class OwnCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of the coordination point itself at `now`. kind: "broker", "host", "watch", "spare", "desk" or "authority"."""

    kind: str
    now: float
    until: float

    @property
    def subject(self) -> Subject:
        """The certificate, for the rules."""
        return Subject(CERTIFICATE, self.kind)


class FailedText(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a text ("<rule>.<wording>") failed at failed_at, the last time, as known at `now`."""

    text: str
    now: float
    failed_at: float

    @property
    def subject(self) -> Subject:
        """The text, for the rules."""
        return Subject(TEXT, self.text)


ACKNOWLEDGED = "acknowledged"


class AlertState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One alert of one rule about one subject. state: "pending", "firing", "resolved".

    since: when the condition began; fired_at, resolved_at: when it became so, else None. detail: numbers for the text.
    wording: which of the rule's texts says it while it fires. id is given by the journal when it fires; 0 before.

    role: whose job it is, of roster.Rung. rank: how bad it is, by its rule. turn: how many times it was told anew, because it
    got worse; turned_at: when the last turn began. worse_since: since when it seems worse than was told. flapping: it
    came and went so often that it stands until it stays away. held_by: why nobody is told ("building", "out-of-use",
    "silenced", or the rule of its cause). left: it ended because its subject was taken out of the site.
    """

    rule: str
    subject: Subject
    state: str
    since: float
    severity: str  # "warning" or "critical"
    detail: dict[str, float | int | str | None]
    wording: str = "firing"
    id: int = 0
    fired_at: float | None = None
    resolved_at: float | None = None
    role: str = "lead"
    rank: float = 0.0
    turn: int = 1
    turned_at: float | None = None
    worse_since: float | None = None
    flapping: bool = False
    held_by: str = ""
    left: bool = False

    @property
    def point(self) -> str | None:
        """The id of the point that it is about; None: it is about the coordination point itself."""
        return self.subject.point

    @property
    def told_since(self) -> float:
        """When its last turn began, from which the ladder counts."""
        return self.turned_at or self.fired_at or self.since

    def stage(self, acknowledged_t: float | None) -> str:
        """Where it stands for people: its state, or "acknowledged" while it fires and somebody sees to its last turn.

        acknowledged_t: when somebody last acknowledged it. What gets worse afterwards fires again.
        """
        seen = acknowledged_t is not None and acknowledged_t >= self.told_since
        return ACKNOWLEDGED if self.state == "firing" and seen else self.state


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """That one person is to be told of an alert, for one reason, through one channel at one address: once.

    reason: as of alerts/ladder.py. person: the id in the roster. due_at: when it is sent at the earliest; first_due_at: the
    first time. state: "due", "sending", "sent", "uncertain" (the host was stopped while it was sent), "dropped" (it was
    overtaken) or "returned" (it was taken, and came back later). message: the key of the message that carried it, a digest carries several. answer: what came back, or why
    not. settled_at: when that was. id is given by the journal, 0 before.
    """

    alert_id: int
    reason: str
    rung: str
    person: str
    channel: str
    address: str
    created_at: float
    due_at: float
    first_due_at: float
    id: int = 0
    attempts: int = 0
    state: str = "due"
    message: str = ""
    answer: str = ""
    settled_at: float | None = None

    @property
    def key(self) -> tuple[int, str, str, str, str]:
        """What there is only one of, for ever."""
        return self.alert_id, self.reason, self.person, self.channel, self.address


class Judged(msgspec.Struct, frozen=True):
    """The alerts were judged at `at`, when these were the last ids known of entry and fact.

    own: what the host observed of itself then, where it was otherwise than at the moment before (alerts/observed.py).
    """

    at: float
    entry: int
    fact: int
    own: str = ""


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """What the host worked out about a point at t; the names are rows of the metrics table with source HOST."""

    point: str
    t: float
    values: dict[str, Value]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row for the sinks that is no set of metrics; sinks/schema.py has its measurement, tags and fields.

    point: "" where it is about no point. t: unix seconds.
    """

    point: str
    t: float
    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value | str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal, as a sink reads it. kind: "telemetry", "event", "derived" or "row" (then seq is 0).

    ids only grow and are never used again, so that a cursor never skips a row. row: of that kind alone.
    """

    id: int
    point: str
    kind: str
    seq: int
    t: float
    values: dict[str, Value]
    faults: dict[str, str]
    received_at: float = 0.0
    row: Row | None = None
