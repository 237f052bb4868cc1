"""What stands in InfluxDB: every measurement with its tags and the type of each field. docs/influxdb.md tells it to people.

The metrics are in their own table (paraat_wire.metrics); here are the rows that are none: tables about a resource, an alert, a
delivery. A field has one type for ever, and a measurement is never used for another thing.
"""

import msgspec

from paraat_wire import metrics

FLOAT, INT, BOOL, TEXT = metrics.FLOAT, metrics.INT, metrics.BOOL, "s"

POINT = "point"  # the measurement of what the host makes of a point
SENSOR = "sensor"
# Tags of every row that the host writes about a point. The id alone is on what boards measured.
PLACE_TAGS = ("point", "name", "municipality", "region")

FAULT, LATE, WHY, RESOURCE, FIGURE, ALERT, DELIVERY, EVENT, BOARD, HOST = (
    "fault", "late", "why", "resource", "figure", "alert", "delivery", "event", "board", "host",
)  # fmt: skip


# Of the measurement HOST: sums over its points, by field.
COUNTED = {
    "in_use": "point/in-use",
    "ready": "point/ready",
    "limited": "point/limited",
    "not_ready": "point/not-ready",
    "unknown": "point/unknown",
    "quiet": "point/quiet",
    "operational": "point/operational",
    "low_fuel": "point/low-fuel",
    "alerts_firing": "point/alerts",
    "people": "people/likely",
    "capacity": "point/capacity",
    "short": "point/short",
    "hours_unknown": "point/hours-unknown",
    "mains_out": "point/mains-out",
}
# Of the measurement HOST: of the point in use that lasts the shortest, as far as that is known of any.
OF_THE_SHORTEST = {
    "least_hours_low": "off-grid/hours-low",
    "least_hours": "off-grid/hours",
    "least_hours_high": "off-grid/hours-high",
    "least_target_h": "off-grid/target",
}


class Shape(msgspec.Struct, frozen=True):
    """A measurement. tags: beside those of the place; fields: name, type, unit and meaning."""

    tags: tuple[str, ...]
    fields: tuple[tuple[str, str, str, str], ...]

    @property
    def types(self) -> dict[str, str]:
        """By field its type."""
        return {name: kind for name, kind, _, _ in self.fields}


ROWS = {
    FAULT: Shape(("sensor", "metric"), (("code", TEXT, "", "why a sensor gave no value, as its driver says it"),)),
    LATE: Shape((), (("late_s", FLOAT, "s", "between the moment of a set and its arrival, where that is more than a minute"),)),
    WHY: Shape(
        # Its phase and its verdict, in words. Not of POINT: each value seen is one more series of all its fields, at every query.
        ("state", "judged"),
        (
            ("text", TEXT, "", "what keeps a point from being ready, the worst alone, in the site's language, as the page says it"),
            ("to_do", TEXT, "", "what to do about that"),
            ("more", INT, "", "how many reasons there are beside it"),
            ("label", TEXT, "", "its name, and its id in brackets: of all points that there were in a week, for Grafana's lists"),
        ),
    ),
    RESOURCE: Shape(
        ("resource",),
        (
            ("text", TEXT, "", "why it stands so, in the site's language, as the page says it"),
            ("standing", INT, "", "0 unknown, 2 ready, 3 limited, 4 not ready, 5 expired, 6 not required"),
            ("code", TEXT, "", "why, such as never-attested; docs/readiness.md has them"),
            ("required", BOOL, "", "the profile requires it"),
            ("critical", BOOL, "", "missing, it caps the whole point"),
            ("by_word", BOOL, "", "somebody attests it; else it is measured"),
            ("age_s", FLOAT, "s", "since it was read or attested"),
            ("ends_in_s", FLOAT, "s", "until the word on it expires; below 0: it has"),
        ),
    ),
    FIGURE: Shape(
        ("figure",),
        (
            ("known", INT, "", "1 while it is known, else 0"),
            ("code", TEXT, "", "why not: never, silent, old, doubtful, or the fault's own code; empty while it is known"),
            ("age_s", FLOAT, "s", "since it was read"),
        ),
    ),
    ALERT: Shape(
        ("rule", "severity", "what"),
        (
            ("id", INT, "", "the alert's number, as on the page"),
            ("firing", INT, "", "1 while it fires, 0 once it is over"),
            ("text", TEXT, "", "what it is about, in the site's language"),
            ("age_s", FLOAT, "s", "since its condition began"),
            ("turn", INT, "", "how many times it was told anew, because it got worse"),
            ("acknowledged", BOOL, "", "somebody sees to it"),
            ("by", TEXT, "", "the role of who does, never a name"),
            ("held_by", TEXT, "", "why nobody is told: silenced, building, out-of-use, or the rule of its cause"),
            ("reached", TEXT, "", "the rungs to which a message went out, such as: lead, deputy"),
            ("reached_count", INT, "", "how many messages went out"),
            ("waiting", INT, "", "how many wait to go out"),
            ("uncertain", INT, "", "of how many nobody knows whether they arrived"),
        ),
    ),
    DELIVERY: Shape(
        ("rule", "rung", "channel", "outcome"),
        (
            ("alert", INT, "", "the alert's number"),
            ("reason", TEXT, "", "turn-1, copy-1, reminder-1-1, resolved, left"),
            ("attempts", INT, "", "how often it was tried"),
            ("after_s", FLOAT, "s", "from when it was due until it was sent"),
        ),
    ),
    EVENT: Shape(
        ("kind", "way"),
        (
            ("text", TEXT, "", "what happened, in the site's language"),
            ("value", FLOAT, "", "litres, people, percent: what the kind says"),
            ("role", TEXT, "", "the role of who did it, never a name"),
        ),
    ),
    BOARD: Shape(
        (),
        (
            ("online", BOOL, "", "by its birth and its will"),
            ("firmware", TEXT, "", "its version"),
            ("build", INT, "", "of that firmware"),
            ("config", INT, "", "the version of its configuration"),
            ("config_refused", INT, "", "a version that it would not have"),
            ("hardware", TEXT, "", "the folder of its board in boards/"),
            ("boot", INT, "", "how often it started"),
            ("reset", TEXT, "", "why it started last"),
            ("clock", TEXT, "", "where its time comes from"),
            ("certificate_left_s", FLOAT, "s", "until its certificate ends"),
        ),
    ),
    HOST: Shape(
        (),
        (
            ("version", TEXT, "", "of Paraat"),
            ("points", INT, "", "that this site has"),
            *((name, INT, "", f"sum over its points: {metrics.row_of(metric)[metrics.MEANING]}") for name, metric in COUNTED.items()),
            *(
                (name, FLOAT, "h", f"of the point that lasts the shortest: {metrics.row_of(metric)[metrics.MEANING]}")
                for name, metric in OF_THE_SHORTEST.items()
            ),
            ("broker", BOOL, "", "the broker has us"),
            ("influx_backlog", INT, "", "entries that InfluxDB had not got"),
            ("influx_late_s", FLOAT, "s", "since the oldest of them came in"),
            ("poison_lines", INT, "", "lines that InfluxDB would not have, kept in the journal"),
            ("disk_free_b", INT, "B", "of the disk of the journal"),
            ("disk_total_b", INT, "B", "of that disk"),
            ("disk_full_in_h", FLOAT, "h", "until it is full, as it fills lately"),
            ("clock_synchronised", BOOL, "", "something keeps the clock right"),
            ("on_battery", BOOL, "", "the supply is a battery"),
            ("ups_charge_percent", FLOAT, "%", "of that battery"),
            ("ups_left_h", FLOAT, "h", "that it lasts, by its own word"),
            ("backup_age_s", FLOAT, "s", "since the newest backup"),
            ("channels_failing", INT, "", "ways to tell people by which nothing goes out"),
        ),
    ),
}  # fmt: skip

# Written beside the metrics of POINT, from what the point was called at the time.
PLACE_FIELDS = (
    ("label", TEXT, "", "its name, and its id in brackets"),
    ("latitude", FLOAT, "deg", "where it is; absent where its file does not say"),
    ("longitude", FLOAT, "deg", "where it is"),
)


def fields() -> dict[str, dict[str, str]]:
    """By measurement the type of each of its fields, of all there is."""
    found = {name: shape.types for name, shape in ROWS.items()}
    for row in metrics.ROWS:
        found.setdefault(row[metrics.MEASUREMENT], {})[row[metrics.FIELD]] = row[metrics.TYPE]
    found[POINT] |= {name: kind for name, kind, _, _ in PLACE_FIELDS}
    return found


def tags(measurement: str) -> tuple[str, ...]:
    """The tags that a row of a measurement may have."""
    if measurement == POINT:
        return PLACE_TAGS
    if measurement in ROWS:
        of_place = ("point",) if measurement in (FAULT, LATE) else ("region",) if measurement == HOST else PLACE_TAGS
        return (*of_place, *ROWS[measurement].tags)
    return ("point", SENSOR)
