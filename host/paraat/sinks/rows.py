"""All that the host makes of its points, alerts and itself, as rows of the journal: once in an interval, in one transaction.

What was written stands in the journal with it, as a cursor each: what happened while the host was stopped is written when it
starts, and nothing twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from zoneinfo import ZoneInfo

import msgspec

from paraat.domain import facts
from paraat.domain.facts import HOST, Fact, Named
from paraat.domain.model import AlertState, Derived, PointView, Row, Value
from paraat.domain.own import Backup, BrokerLink, ChannelHealth, DatabaseLag, DiskSpace, HostPower, HostTime
from paraat.domain.refuel import Stop
from paraat.domain.subjects import View
from paraat.domain.urgency import worst_first
from paraat.journal import Journal
from paraat.sinks import happenings, schema
from paraat.sinks.happenings import Reach
from paraat.sinks.slow import SlowRows
from paraat.sinks.status import derive
from paraat.site.site import Site

FACTS, DELIVERIES = (
    "rows/facts",
    "rows/deliveries",
)  # cursors: ids of facts; milliseconds up to which deliveries are written
_EVENTS = (*facts.HOST_KINDS, *facts.PEOPLE_KINDS, facts.FuelFound)


class Rows:
    """Makes the rows of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._fresh_s = site.alerts.point_silent.after_s
        self._slow = SlowRows(site.region.language, ZoneInfo(site.region.timezone))

    def store(
        self,
        journal: Journal,
        views: Sequence[PointView],
        alerts: Sequence[AlertState],
        host: Row,
        *,
        acknowledged: Callable[[int], Fact | None],
        round_: Sequence[Stop],
        now: float,
    ) -> None:
        """Write the rows of `now`. alerts: that fire, and that ended lately; round_: of the points for fuel, in its order.

        Raises JournalError.
        """
        _, last_fact = journal.last_ids()
        since = journal.cursor(DELIVERIES) / 1000
        try:
            with journal.atomic():
                points = list(self._points(views, alerts, round_))
                rows: list[Derived | Row] = [
                    _counted(host, points),
                    *points,
                    *self._slow.of_points(views, self._fresh_s),
                    *self._slow.of_alerts(alerts, _reach(journal), acknowledged, now, since),
                    *self._events(journal, last_fact),
                    *_deliveries(journal, since, now),
                ]
                journal.store_derived([self._placed(row) for row in rows], now)
                journal.advance(FACTS, last_fact)
                journal.advance(DELIVERIES, round(now * 1000))
        except Exception:
            self._slow.forget()
            raise

    def _placed(self, row: Derived | Row) -> Derived | Row:
        """A row that is about no point says of which region it is."""
        if isinstance(row, Derived) or row.point:
            return row
        return msgspec.structs.replace(row, tags={"region": self._site.region.region, **row.tags})

    def _points(
        self, views: Iterable[PointView], alerts: Iterable[AlertState], round_: Iterable[Stop]
    ) -> Iterator[Derived]:
        firing: dict[str, set[str]] = {}
        critical: set[str] = set()
        for alert in alerts:
            if alert.state == "firing" and alert.point is not None:
                firing.setdefault(alert.point, set()).add(alert.rule)
                if alert.severity == "critical":
                    critical.add(alert.point)
        ordered = sorted(views, key=lambda view: worst_first(view, view.point in critical))
        stop_of = {stop.point: (stop, turn) for turn, stop in enumerate(round_)}
        for rank, view in enumerate(ordered):
            tank = self._site.points[view.point].tank
            tank_l = None if tank is None else tank.capacity_l
            stop, turn = stop_of.get(view.point, (None, None))
            yield derive(view, firing.get(view.point, ()), self._fresh_s, tank_l, rank, stop, turn)

    def _events(self, journal: Journal, last: int) -> Iterator[Row]:
        """What happened since the last time; at the first time all that ever did."""
        since = journal.cursor(FACTS)

        def point_of(alert_id: int) -> str | None:
            alert = journal.alert(alert_id)
            return None if alert is None else alert.point

        for fact in journal.facts(*_EVENTS, since=since, until=last):
            row = happenings.of_fact(fact, self._site.region.language, point_of)
            if row is not None:
                yield row


def _counted(host: Row, points: Iterable[Derived]) -> Row:
    """The host's row with the counts of its points, and the one that lasts the shortest: a graph of weeks, or a table of the
    country, need not go through every row of every point."""
    points = list(points)
    found: dict[str, Value | str] = {
        name: sum(int(row.values.get(metric, 0)) for row in points) for name, metric in schema.COUNTED.items()
    }
    known = [row.values for row in points if row.values["point/in-use"] and "off-grid/hours-low" in row.values]
    if known:
        least = min(known, key=lambda values: values["off-grid/hours-low"])
        found |= {name: least[metric] for name, metric in schema.OF_THE_SHORTEST.items() if metric in least}
    return msgspec.structs.replace(host, fields=host.fields | found)


def _deliveries(journal: Journal, since: float, now: float) -> Iterator[Row]:
    """What became of messages since the last time. The clock may have been set back: then what came meanwhile is left out."""
    for delivery in journal.settled_between(since, now):
        alert = journal.alert(delivery.alert_id)
        if alert is not None and delivery.rung != "log":
            yield happenings.of_delivery(delivery, alert)


def _reach(journal: Journal) -> dict[int, Reach]:
    """By alert that fires how its messages stand."""
    sent: dict[int, dict[str, int]] = {}
    waiting: dict[int, int] = {}
    uncertain: dict[int, int] = {}
    for alert, rung, state, count in journal.standing_deliveries():
        of_rungs = sent.setdefault(alert, {})
        if state == "sent":
            of_rungs[rung] = of_rungs.get(rung, 0) + count
        elif state in ("due", "sending"):
            waiting[alert] = waiting.get(alert, 0) + count
        elif state == "uncertain":
            uncertain[alert] = uncertain.get(alert, 0) + count
    return {alert: Reach(rungs, waiting.get(alert, 0), uncertain.get(alert, 0)) for alert, rungs in sent.items()}


def host_row(own: Iterable[View], now: float, *, points: int, poison: int) -> Row:
    """How the coordination point itself stands. own: what is judged of it. poison: lines that InfluxDB would not have."""
    fields: dict[str, Value | str] = {"version": version("paraat"), "points": points, "poison_lines": poison}
    failing = 0
    for view in own:
        match view:
            case BrokerLink(connected=connected):
                fields["broker"] = connected
            case DatabaseLag(waiting=waiting, waiting_since=since):
                fields |= {"influx_backlog": waiting, "influx_late_s": 0.0 if since is None else max(0.0, now - since)}
            case DiskSpace(free=free, total=total, full_in_h=full_in_h):
                fields |= {"disk_free_b": free, "disk_total_b": total}
                if full_in_h is not None:
                    fields["disk_full_in_h"] = full_in_h
            case HostTime(synchronised=synchronised) if synchronised is not None:
                fields["clock_synchronised"] = synchronised
            case HostPower(on_battery=on_battery, charge_percent=charge, left_h=left_h):
                known = {"on_battery": on_battery, "ups_charge_percent": charge, "ups_left_h": left_h}
                fields |= {name: value for name, value in known.items() if value is not None}
            case Backup(newest_t=newest_t) if newest_t is not None:
                fields["backup_age_s"] = max(0.0, now - newest_t)
            case ChannelHealth(failing_since=failing_since):
                failing += failing_since is not None
    fields["channels_failing"] = failing
    return Row(point="", t=now, measurement=schema.HOST, tags={}, fields=fields)


def name_points(journal: Journal, site: Site, now: float) -> None:
    """Keep what each point is called from here on, where that is new. Raises JournalError."""
    known = {fact.told.point: fact.told for fact in journal.facts(Named) if isinstance(fact.told, Named)}
    region = site.region.region
    named = [
        Named(point=point.id, name=point.name, municipality=point.municipality, region=region, position=point.position)
        for point in site.points.values()
    ]
    with journal.atomic():
        for told in named:
            if known.get(told.point) != told:
                journal.record(told, HOST, t=now, now=now)
