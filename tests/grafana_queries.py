"""Every query of every dashboard, with Grafana's variables filled in as Grafana does it, and what InfluxDB answers."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import dashboards
from paraat.simulate.servers import InfluxServer, ServerError
from paraat.texts import Phrase

Series = dict[str, Any]


class Asked(NamedTuple):
    """One query. where: the title of its panel, or which variable or annotation it is of. ref: its letter there. interval: the finest
    that its panel asks for."""

    board: str
    where: str
    ref: str
    query: str
    interval: str = ""


def asked(language: str = "nl") -> Iterator[Asked]:
    """All of them in a language, with their variables."""
    for name in dashboards.BUILDERS:
        board = json.loads(dashboards.render(name, language))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield Asked(name, f"${variable['name']}", "", variable["query"])
        for mark in board["annotations"]["list"]:
            yield Asked(name, f"@{mark['name']}", "", mark["target"]["query"])
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                if "query" in target:  # what is always there asks nobody
                    yield Asked(name, panel["title"], target["refId"], target["query"], panel.get("interval", ""))


def firsts(ask: Callable[[str], list[Series]], queries: Iterable[Asked]) -> dict[str, str]:
    """By hidden variable, such as "$urgent", what Grafana puts there: the ids that its query finds, for a regular expression.

    ask: answers a query in which the other variables are still to be filled.
    """
    found = {}
    for one in queries:
        if re.search(r"\b(bottom|top)\(", one.query) and one.where.startswith("$"):
            labels = [row[1] for series in ask(one.query) for row in series["values"]]
            points = dict.fromkeys(re.search(r"\(?([^() ]+)\)?$", label).group(1) for label in labels)  # type: ignore[union-attr]
            found[one.where] = f"({'|'.join(points)})"
    return found


def filled(
    query: str,
    *,
    point: str = ".*",
    region: str = ".*",
    town: str = ".*",
    first: Mapping[str, str] | None = None,
    hours: float,
    every: str,
) -> str:
    """As Grafana sends it. first: by hidden variable what stands there. Raises AssertionError where something is not filled in."""
    for name, value in (
        *(first or {}).items(),
        ("$timeFilter", f"time >= now() - {hours * 60:.0f}m and time <= now()"),
        ("$__interval", every),
        ("$region", region),
        ("$municipality", town),
        ("$point", point),
    ):
        query = query.replace(name, value)
    assert not re.search(r"\$[a-zA-Z_{]", query), query
    return query


def answer(server: InfluxServer, database: str, query: str) -> list[Series]:
    """The series of a query: name, tags, columns, values. Raises ServerError where InfluxDB will not answer it."""
    words = urllib.parse.urlencode({"q": query, "db": database, "epoch": "ms"})
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/query?{words}", timeout=60) as response:
        (result,) = json.load(response)["results"]
    if "error" in result:
        raise ServerError(Phrase("influxd: {error} in {influxql}", error=result["error"], influxql=query))
    found: list[Series] = result.get("series", [])
    return found


def write(server: InfluxServer, database: str, line: str) -> None:
    """A line of somebody else."""
    url = f"http://127.0.0.1:{server.port}/write?db={database}"
    with urllib.request.urlopen(urllib.request.Request(url, data=line.encode(), method="POST"), timeout=60):
        pass
