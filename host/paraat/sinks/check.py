"""What is wrong between a site and its InfluxDB, in words. Writes one line that tells nothing (`probe`), and reads it back."""

import email.utils
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from paraat.journal.outbox import OutboxReader
from paraat.sinks.influx import SINK
from paraat.sinks.server import Http, InfluxError, RefusedError, Server, Target, identify
from paraat.sinks.setup import Files
from paraat.sinks.writer import PROBE_LINE, PROBE_QUERY
from paraat.site.site import Site
from paraat.texts import Count, Phrase
from paraat.texts.localtime import local

_CLOCK_S = 60.0
_LATE = 5  # intervals without a row of a point
_ERRORS = 3


class Finding(NamedTuple):
    """One thing that was looked at. ok: None where it is only to be known."""

    ok: bool | None
    said: Phrase


def look(site: Site, journal: OutboxReader | None, now: float) -> Iterator[Finding]:
    """Everything, in the order in which it is best mended. journal: None where there is none yet. Raises SettingsError."""
    settings = site.influx
    assert settings is not None
    files = Files(site)
    link = None
    try:
        link = Http(settings.url, settings.timeout_s, None if settings.ca_file is None else site.path(settings.ca_file))
        host = files.read(files.host)
        found = identify(link, host)
        yield Finding(True, Phrase("InfluxDB {version} at {url}", version=found.version, url=settings.url))
        yield from _clock(link, now)
        server = Server(link, found, token=host, org=settings.org, token_file=settings.token_file)
        yield from _writes(server, settings.bucket)
        grafana = Server(link, found, token=files.read(files.grafana), org=settings.org, token_file=files.grafana.name)
        yield from _reads(grafana, settings.bucket)
        yield from _newest(grafana, site, now)
    except InfluxError as error:
        yield Finding(False, error.said)
    finally:
        if link is not None:
            link.close()
    if journal is not None:
        yield from _journal(journal)


def _clock(link: Http, now: float) -> Iterator[Finding]:
    """InfluxDB judges by its own clock what is too old."""
    date = link.ask("GET", "/ping").headers.get("date", "")
    try:
        ahead_s = now - email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if abs(ahead_s) > _CLOCK_S:
        yield Finding(
            False,
            Phrase(
                "its clock and that of this machine differ by {n} seconds: have both kept right by the time server",
                n=round(abs(ahead_s)),
            ),
        )


def _writes(server: Server, bucket: str) -> Iterator[Finding]:
    for target in (Target.raw(bucket), Target.means(bucket)):
        try:
            server.write(target, [PROBE_LINE])
        except RefusedError as error:
            said = Phrase(
                "it does not take a row for {name}: {why}; run `paraat influx setup`",
                name=target.bucket,
                why=str(error),
            )
            yield Finding(False, said)
        except InfluxError as error:
            yield Finding(False, error.said)
        else:
            yield Finding(True, Phrase("rows can be written to {name}", name=target.bucket))


def _reads(server: Server, bucket: str) -> Iterator[Finding]:
    """As Grafana does, in InfluxQL."""
    for target in (Target.raw(bucket), Target.means(bucket)):
        try:
            rows = server.query(PROBE_QUERY, target.database, target.policy)
        except InfluxError as error:
            yield Finding(False, Phrase("Grafana cannot read {name}: {why}", name=target.bucket, why=error.said))
            continue
        except RefusedError as error:
            said = Phrase(
                "Grafana cannot read {name}: {why}; run `paraat influx setup`", name=target.bucket, why=str(error)
            )
            yield Finding(False, said)
            continue
        if rows:
            yield Finding(True, Phrase("Grafana can read {name}", name=target.bucket))
        else:
            said = Phrase(
                "InfluxQL finds no rows in {name}: its mapping is missing or points elsewhere; run `paraat influx setup`",
                name=target.bucket,
            )
            yield Finding(False, said)


def _newest(server: Server, site: Site, now: float) -> Iterator[Finding]:
    """How new the newest row of the host is."""
    assert site.influx is not None
    target = Target.raw(site.influx.bucket)
    try:
        rows = server.query("SELECT last(verdict) FROM point", target.database, target.policy)
    except (InfluxError, RefusedError):  # said above
        return
    if not rows:
        yield Finding(None, Phrase("there are no rows of points yet: `paraat serve` writes them"))
        return
    t = float(rows[0]["time"])
    moment = local(t, ZoneInfo(site.region.timezone))
    when = format_datetime(moment, "d MMM HH:mm", locale=site.region.language)
    fresh = now - t <= _LATE * site.influx.status_interval_s
    if fresh:
        yield Finding(True, Phrase("the newest row of a point is of {when}", when=when))
    else:
        yield Finding(
            False, Phrase("the newest row of a point is of {when}: does `paraat serve` run for this site?", when=when)
        )


def _journal(journal: OutboxReader) -> Iterator[Finding]:
    """What waits in the journal, and what is kept aside."""
    waiting = journal.backlog(SINK)
    yield Finding(
        None,
        Count(waiting, "one entry waits in the journal to be written", "{n} entries wait in the journal to be written"),
    )
    poison = journal.refused_count(SINK)
    if not poison:
        return
    yield Finding(
        False,
        Count(
            poison,
            "one line was refused and is kept aside; the service tries it again each quarter of an hour",
            "{n} lines were refused and are kept aside; the service tries them again each quarter of an hour",
        ),
    )
    for line, why in journal.refused_lines(SINK, _ERRORS):
        yield Finding(
            None, Phrase("refused: {why}; the line: {line}", why=why, line=line[:200].decode(errors="replace"))
        )
