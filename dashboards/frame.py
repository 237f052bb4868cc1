"""What all dashboards share: the variables that choose, the links from one to another and to the status page, what is marked on graphs."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationTarget,
    DashboardCursorSync,
    DashboardLinkType,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards import looks
from dashboards.influxql import CHOSEN, DATASOURCE, REGION
from paraat.sinks import schema
from paraat.texts import Words

CONTEXT = "dashboard"
PAGE = "http://127.0.0.1:8080"  # where the status page is, until somebody types another address into the variable
_LABEL = r"/(?<text>.+) \((?<value>[^)]+)\)$/"  # a point's name, and its id in brackets
_LABEL_OR_ID = r"/\(?(?<value>[^() ]+)\)?$/"
_ALL = VariableOption(text="All", value="$__all")


def uid(name: str, language: str) -> str:
    """By which other dashboards know it, for ever."""
    return f"paraat-{name}-{language}"


def begin(name: str, language: str, *, since: str, chooses: str) -> Dashboard:
    """A dashboard without panels. name: of its uid and its words; chooses: "regions", "towns", "points", or one "point"."""
    words = Words(language, CONTEXT)
    board = (
        Dashboard(words(f"{name}.title"))
        .uid(uid(name, language))
        .description(words(f"{name}.description"))
        .tags(["paraat", f"paraat-{language}"])
        .timezone("Europe/Amsterdam")
        .week_start("monday")
        .refresh("1m")
        .time(since, "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(DatasourceVariable("datasource").label(words("source")).type("influxdb"))
    )
    board.with_variable(_variable(words, "region", ""))
    if chooses != "regions":
        board.with_variable(_variable(words, "municipality", f"WHERE {REGION}"))
    if chooses in ("points", "point"):
        board.with_variable(_variable(words, "point", f"WHERE {CHOSEN}", several=chooses == "points", shown="label"))
    page = TextBoxVariable("page").label(words("page")).default_value(PAGE)
    board.with_variable(page.current(VariableOption(text=PAGE, value=PAGE)))
    return board.link(_others(words, language)).link(_page(words))


def _variable(words: Words, tag: str, where: str, several: bool = True, shown: str = "") -> QueryVariable:
    """Every value of a tag of the host's rows. shown: the field that names it, ending with the value in brackets. It is asked of the rows
    that are written when something changes and each quarter of an hour: InfluxDB 1 goes through all of a field to find its last value, and
    of rows a minute that took it 800 ms over three days of 500 points."""
    query = f'SHOW TAG VALUES FROM "{schema.POINT}" WITH KEY = "{tag}" {where}'.strip()
    variable = QueryVariable(tag).label(words(f"choose.{tag}")).datasource(DATASOURCE)
    if shown:
        query = f'SELECT last("{shown}") FROM "{schema.WHY}" {where} AND time > now() - 7d GROUP BY "{tag}"'
        variable.regex(_LABEL)
    variable.query(query).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    if several:
        variable.multi(True).include_all(True).all_value(".*").current(_ALL)
    return variable


def choose_first(board: Dashboard, name: str, label: str, query: str) -> Dashboard:
    """A variable that nobody sees: the points that a query of `influxql.first_of` names. Panels ask for them with `influxql.those`."""
    variable = QueryVariable(name).label(label).datasource(DATASOURCE).query(query).regex(_LABEL_OR_ID)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED)
    variable.multi(True).include_all(True).current(_ALL).hide(VariableHide.HIDE_VARIABLE)
    return board.with_variable(variable)


def _others(words: Words, language: str) -> DashboardLink:
    """A button for each of our dashboards in this language, which keeps what was chosen."""
    link = DashboardLink(words("others")).type(DashboardLinkType.DASHBOARDS).tags([f"paraat-{language}"])
    return link.as_dropdown(False).include_vars(True).keep_time(True)


def _page(words: Words) -> DashboardLink:
    return (
        DashboardLink(words("page"))
        .type(DashboardLinkType.LINK)
        .icon("external link")
        .url("${page}")
        .target_blank(True)
    )


class InfluxAnnotation(AnnotationTarget):
    """A query whose rows are marked on every graph: its text column says what, its tags column of which point."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self.query = query

    def to_json(self) -> dict[str, Any]:
        return {
            "refId": "Anno",
            "query": self.query,
            "fromAnnotations": True,
            "textEditor": True,
            "textColumn": "text",
            "tagsColumn": "name",
            "titleColumn": "",
            "timeEndColumn": "",
        }


class _Target(Builder[AnnotationTarget]):
    def __init__(self, query: str) -> None:
        self._query = query

    def build(self) -> AnnotationTarget:
        return InfluxAnnotation(self._query)


def mark(board: Dashboard, words: Words, where: str, events: str = "", *, all_on: bool = False) -> Dashboard:
    """Mark on the graphs what happened, and where alerts fired and ended. events: which of them, where not all of `where`.

    all_on: of one point: all of them, and warnings and the ends of alerts too, which of many points would hide the graphs. Of many it is
    critical alerts, and what happened when a switch above the dashboard is turned on.
    """
    began = f'"what" =~ /^(fired|worse)$/ AND "severity" = \'critical\' AND {where}'
    marks = (
        ("mark.critical", looks.ALARM, schema.ALERT, began),
        ("mark.warning", looks.ATTENTION, schema.ALERT, began.replace("critical", "warning")),
        ("mark.resolved", looks.FINE, schema.ALERT, f"\"what\" = 'resolved' AND {where}"),
        ("mark.event", looks.PLAIN, schema.EVENT, events or where),
    )
    for key, colour, measurement, chosen in marks:
        if not all_on and key in ("mark.warning", "mark.resolved"):
            continue
        query = f'SELECT "text", "name" FROM "{measurement}" WHERE $timeFilter AND {chosen}'
        board.annotation(
            AnnotationQuery()
            .name(words(key))
            .datasource(DATASOURCE)
            .enable(all_on or key == "mark.critical")
            .hide(False)
            .icon_color(colour)
            .target(_Target(query))
        )
    return board
