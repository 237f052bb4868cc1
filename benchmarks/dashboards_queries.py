"""How long InfluxDB takes over each panel of each dashboard: 500 points over 72 hours, and 30 days from the means of five minutes.

    make dashboards-bench            prints a table, each time as a part of its limit, and fails where one is over

What is held against the limit is the processor time of InfluxDB, on however many cores: on a machine with other work the clock
says how busy that is. On a quiet one the clock is about as much, or less.

The rows are those that our sink makes of 20 points of a played region, written again for 500 points and for every minute. So
values repeat, and the disk holds less than a real site's; what InfluxDB must read and add up for a panel is as much. InfluxDB
keeps each series and each field apart, a thousand values to a block. So what a query asks over time stands there for the whole
period, of the points that it asks for: of all, of one, or of the twelve that come first; and what is asked of now alone, for its
last block. What no query asks is not written. InfluxDB is left alone until it is done with sorting away what was written.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from dashboards.panels import COARSE

from grafana_queries import Asked, answer, asked, filled, firsts
from paraat.simulate.servers import InfluxServer
from paraat.sinks.lines import lines
from paraat.sinks.server import MEANS
from played_regions import DATABASE, Play, Region, perform

POINTS, REGIONS = 500, 25
RAW_H, RAW_STEP_S = 72, 60
LABELS_DAYS = 7
NOW_H = 18  # more than a block of rows a minute
MEANS_DAYS, MEANS_STEP_S = 30, 300
RAW_LIMIT_MS, MEANS_LIMIT_MS = 300.0, 1000.0
RUNS = 5
_BATCH = 5_000  # lines
_TRIES = 20
_AHEAD_S = 900
_REST_S, _REST_LIMIT_S, _AT_REST = 5.0, 300.0, 0.02
_SLOW = ("why", "resource", "board", "alert")  # written when they change, and each quarter of an hour
_OF_ONE = ("point", "node", "battery", "climate", "power", "fuel", "people")
_NOW = re.compile(r"time > now\(\) - (5|20)m")
# Of a panel of a thousand pixels Grafana asks so many seconds to a point.
_EVERY = {RAW_H: "5m", MEANS_DAYS * 24: "1h"}
_COARSE = {RAW_H: "30m", MEANS_DAYS * 24: "2h"}  # of those that ask for half hours, 360 at most


class Timed(NamedTuple):
    """A panel, or a variable ("$") or mark ("@"): what its queries took together, by the processor and the clock, and may take."""

    board: str
    panel: str
    worked_ms: float
    clock_ms: float
    limit_ms: float

    @property
    def part(self) -> float:
        """Of the limit."""
        return self.worked_ms / self.limit_ms


def templates(region: Region) -> list[tuple[str, str]]:
    """(line without its time, point) of the newest rows of each point: the host's own, its resources, its alerts, and a board's last set."""
    places, language = region.service._influx._places, "nl"  # type: ignore[union-attr]
    newest: dict[tuple[str, str], tuple[str, str]] = {}
    for entry in region.service.journal.entries_after(0, 1_000_000):
        for line in lines(entry, places, language):
            row = line.decode().rsplit(" ", 1)[0]
            series = re.split(r"(?<!\\) ", row)[0].split(",state=")[0]
            if series.split(",")[0] in (*_OF_ONE, *_SLOW, "host", "event"):
                newest[(entry.point, series)] = (row, entry.point)
    return list(newest.values())


def rows(found: list[tuple[str, str]], names: list[str], measurements: tuple[str, ...]) -> list[str]:
    """Those templates for every point and region."""
    known = sorted({point for _, point in found if point})
    made = []
    for n, name in enumerate(names):
        region = f"Veiligheidsregio {n % REGIONS + 1}"
        mine = known[n % len(known)]
        for row, point in found:
            if point == mine and row.split(",")[0] in measurements:
                made.append(row.replace(mine, name).replace("Veiligheidsregio\\ 0", region.replace(" ", "\\ ")))
    return made


def only(rows_at: list[str], queries: list[Asked]) -> list[str]:
    """The rows with no other fields than these queries ask of their measurement: InfluxDB keeps each field apart, and reads no other."""
    wanted: dict[str, set[str]] = {}
    for query in queries:
        for measurement in re.findall(r'FROM (?:"\w+"\.)?"(\w+)"', query.query):
            wanted.setdefault(measurement, set()).update(re.findall(r'"([a-z_]+)"', query.query))
    found = []
    for row in rows_at:
        head, fields = re.split(r"(?<!\\) ", row, maxsplit=1)
        asked_of = wanted.get(head.split(",")[0], set())
        kept = [text for text, name in re.findall(r'(?:^|,)(([a-z_]+)=(?:"[^"]*"|[^,]+))', fields) if name in asked_of]
        if kept:
            found.append(f"{head} {','.join(kept)}")
    return found


def other_standings(whys: list[str]) -> Iterator[str]:
    """The same, as the points stood earlier that day: each is a series of its own."""
    for state in ("standby", "alerted", "opening"):
        for judged in ("ready", "limited"):
            for row in whys:
                yield re.sub(r",state=[a-z-]+,judged=[a-z-]+", f",state={state},judged={judged}", row)


def hosts(found: list[tuple[str, str]]) -> list[str]:
    """The row of each region's host."""
    return [
        row.replace("Veiligheidsregio\\ 0", f"Veiligheidsregio\\ {n + 1}")
        for n in range(REGIONS)
        for row, point in found
        if not point
    ]


def fill(server: InfluxServer, rows_at: list[str], begin: float, end: float, step_s: int, policy: str) -> int:
    """Write those rows at each moment. Returns how many."""
    url = f"http://127.0.0.1:{server.port}/write?db={DATABASE}&precision=s&rp={policy}"
    count, batch = 0, []
    for moment in range(int(begin), int(end) + 1, step_s):
        batch += [f"{row} {moment}" for row in rows_at]
        if len(batch) >= _BATCH:
            count += _post(url, batch)
            batch = []
    return count + (_post(url, batch) if batch else 0)


class Written:
    """What stands there up to which moment: rows of each minute, and those of each quarter of an hour. Nothing is written twice, as of
    what is, InfluxDB must read both."""

    def __init__(self, begin: float) -> None:
        self.until = begin

    def upto(self, server: InfluxServer, end: float, each_minute: list[str], each_quarter: list[str]) -> int:
        """Go on to that moment. Returns how many rows that were."""
        count = fill(server, each_minute, self.until, end, RAW_STEP_S, "autogen")
        count += fill(server, each_quarter, max(self.until, end - 3600), end, 900, "autogen")
        self.until = int(self.until) + (int(end) - int(self.until)) // RAW_STEP_S * RAW_STEP_S + RAW_STEP_S
        return count


def _post(url: str, batch: list[str]) -> int:
    """On a busy machine InfluxDB gives a write up after ten seconds, and says 500; what was written twice is there once."""
    data = "\n".join(batch).encode()
    for attempt in range(_TRIES):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data=data, method="POST"), timeout=120):
                return len(batch)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.INTERNAL_SERVER_ERROR or attempt == _TRIES - 1:
                raise
    raise AssertionError


def measured(
    server: InfluxServer, hours: int, limit_ms: float, queries: list[Asked], first: Mapping[str, str]
) -> Iterator[Timed]:
    """Each panel of these queries, the middle of RUNS. first: what stands in the hidden variables."""
    panels: dict[tuple[str, str], list[str]] = {}
    for one in queries:
        point = "nsp-0001" if one.board == "support_point" else ".*"
        every = (_COARSE if one.interval == COARSE else _EVERY)[hours]
        text = filled(one.query, point=point, first=first, hours=hours, every=every)
        panels.setdefault((one.board, one.where), []).append(text)
    for (board, panel), texts in panels.items():
        took, worked = [], []
        for _ in range(RUNS):
            began_s, worked_ms = time.perf_counter(), _worked_ms(server)
            for text in texts:
                answer(server, DATABASE, text)
            took.append((time.perf_counter() - began_s) * 1000)
            worked.append(_worked_ms(server) - worked_ms)
        yield Timed(board, panel, statistics.median(worked), statistics.median(took), limit_ms)


def rest(server: InfluxServer) -> None:
    """Until InfluxDB has nothing to do of its own: its processor time is what is measured."""
    until = time.monotonic() + _REST_LIMIT_S
    while time.monotonic() < until:
        before = _worked_ms(server)
        time.sleep(_REST_S)
        if _worked_ms(server) - before <= _REST_S * 1000 * _AT_REST:
            return
    print(f"InfluxDB was not at rest within {_REST_LIMIT_S:.0f} s: the figures are too high", flush=True)


def _worked_ms(server: InfluxServer) -> float:
    """Processor time that InfluxDB has used: on a busy machine it says more than the clock."""
    process = server._process
    assert process is not None
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def report(found: list[Timed], title: str) -> bool:
    """Print the table; whether all are within their limit."""
    print(f"\n{title}\n\n| dashboard | panel | processor time, ms | of the limit | clock, ms |\n|---|---|---|---|---|")
    for one in sorted(found, key=lambda one: -one.part):
        print(f"| {one.board} | {one.panel} | {one.worked_ms:.0f} | {one.part:.2f} | {one.clock_ms:.0f} |")
    over = [one for one in found if one.part > 1]
    print(f"\n{len(found)} panels, {len(over)} over the limit of {found[0].limit_ms:.0f} ms", flush=True)
    return not over


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS)
    asked_for = parser.parse_args(arguments)
    names = [f"nsp-{n + 1:04}" for n in range(asked_for.points)]
    with tempfile.TemporaryDirectory() as directory, InfluxServer(Path(directory) / "influx") as server:
        server.create_database(DATABASE)
        (region,) = perform(Path(directory), server, Play(regions=("Veiligheidsregio 0",)))
        found, now = templates(region), time.time()
        region.close()
        server.query(f'DROP DATABASE "{DATABASE}"', method="POST")
        server.create_database(DATABASE)
        queries = list(asked())
        of_means = [query for query in queries if f'"{MEANS}".' in query.query]
        of_rows = [query for query in queries if query not in of_means]
        each, one = rows(found, names, ("point", "node")), rows(found, names[:1], _OF_ONE)
        slow = [row for row in rows(found, names, _SLOW) if ",what=" not in row or ",what=standing" in row]
        formerly = [*other_standings(rows(found, names, ("why",)))]
        now_alone = only([*each, *hosts(found)], of_rows)
        written = Written(now - NOW_H * 3600)
        count = written.upto(server, now, now_alone, slow)
        moments = [row for row in rows(found, names, ("alert", "event")) if ",what=standing" not in row]
        labels = only(rows(found, names, ("why",)), of_rows)
        count += fill(server, formerly, now - 1800, now - 1800, 900, "autogen")
        count += fill(server, labels, now - LABELS_DAYS * 86_400, now - 4500, 900, "autogen")

        def renew() -> None:
            """Write the newest rows up to the present: what is asked of now would find none, as filling takes longer."""
            written.upto(server, time.time() + _AHEAD_S, now_alone, slow)
            rest(server)

        renew()
        first = firsts(lambda query: answer(server, DATABASE, filled(query, hours=RAW_H, every=_EVERY[RAW_H])), queries)
        of_first = sorted({name for value in first.values() for name in value.strip("()").split("|")})

        def over_time(asked_over: list[Asked]) -> list[str]:
            """What these queries ask: of the points that come first, of all, and of one."""
            others = [query for query in asked_over if query.board != "support_point" and not _NOW.search(query.query)]
            of_some = [query for query in others if any(name in query.query for name in first)]
            of_all = [query for query in others if query not in of_some]
            some = only(rows(found, of_first, ("point", "node")), of_some)
            return only([*each, *hosts(found)], of_all) + some + only(one, asked_over)

        earlier = over_time(of_rows)
        count += fill(server, earlier, now - RAW_H * 3600, now - NOW_H * 3600 - RAW_STEP_S, RAW_STEP_S, "autogen")
        count += fill(server, only(one, of_rows), now - NOW_H * 3600, now, RAW_STEP_S, "autogen")
        print(f"{count} rows of {len(names)} points over {RAW_H} h; load {os.getloadavg()[0]:.1f}", flush=True)
        count = fill(server, over_time(of_means), now - MEANS_DAYS * 86_400, now, MEANS_STEP_S, MEANS)
        print(f"{count} means over {MEANS_DAYS} days; load {os.getloadavg()[0]:.1f}", flush=True)
        fired = time.time() - 300  # the worst moment: all of them at once, a few minutes ago
        fill(server, moments, fired, fired, 900, "autogen")
        renew()
        timed = list(measured(server, RAW_H, RAW_LIMIT_MS, queries, first))
        good = report(timed, f"{RAW_H} hours")
        timed = list(measured(server, MEANS_DAYS * 24, MEANS_LIMIT_MS, of_means, first))
        good = report(timed, f"{MEANS_DAYS} days from the means") and good
        print(json.dumps({"points": len(names), "load": os.getloadavg()}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
