"""The rules of Grafana's own dashboard linter (github.com/grafana/dashboard-linter) that are not about Prometheus or Loki, and ours.

The linter is a program of its own and no package that we can install; what it asks is said again here. Two rules are broken on
purpose: its template-datasource-rule wants the label "Data source", and ours is in the reader's language; and bands have a
sentence from Grafana's own data source beside their queries, where panel-datasource-rule wants one source for a panel.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

import dashboards

Json = dict[str, Any]
BOARDS = {path.stem: json.loads(text) for path, text in dashboards.files().items()}
every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS.keys())


def panels(board: Json) -> list[Json]:
    found: list[Json] = board["panels"]
    return found


def asks(board: Json) -> list[Json]:
    return [panel for panel in panels(board) if panel["type"] != "text"]


@every_board
def test_template_datasource_rule(board: Json) -> None:
    (variable,) = [one for one in board["templating"]["list"] if one["type"] == "datasource"]
    assert (variable["name"], variable["query"]) == ("datasource", "influxdb")


@every_board
def test_template_on_time_change_reload_rule(board: Json) -> None:
    assert all(one["refresh"] == 2 for one in board["templating"]["list"] if one["type"] == "query")


@every_board
def test_panel_datasource_rule(board: Json) -> None:
    for panel in asks(board):
        sources = [target["datasource"] for target in panel["targets"] if "query" in target]
        if panel["type"] != "state-timeline":  # those say also what holds at every time
            sources.append(panel["datasource"])
        for source in sources:
            assert source == {"type": "influxdb", "uid": "${datasource}"}, panel["title"]


@every_board
def test_panel_title_description_rule(board: Json) -> None:
    assert all(panel["title"] and panel["description"] for panel in panels(board))


@every_board
def test_panel_units_rule(board: Json) -> None:
    for panel in asks(board):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] in ("stat", "timeseries"):
            assert defaults.get("unit") or defaults.get("mappings"), panel["title"]


@every_board
def test_panel_no_targets_rule(board: Json) -> None:
    assert all(target["query"] for panel in asks(board) for target in panel["targets"] if "snapshot" not in target)
    assert all(panel["targets"] for panel in asks(board))


@every_board
def test_bands_say_in_words_what_it_means_where_there_is_none(board: Json) -> None:
    """Grafana's own "No data in response" comes where no target has a row; this one always has."""
    for panel in asks(board):
        said = [target for target in panel["targets"] if "snapshot" in target]
        assert len(said) == (panel["type"] == "state-timeline"), panel["title"]
        for target in said:
            (frame,) = target["snapshot"]
            times, texts = frame["data"]["values"]
            assert times[0] < 1.77e12 < 4e12 < times[-1], "before the first board was sold, and after the last"
            assert len(set(texts)) == 1
            named = [one for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == target["refId"]]
            assert texts[0] in [
                prop["value"] for one in named for prop in one["properties"] if prop["id"] == "displayName"
            ]


@every_board
def test_uneditable_dashboard_rule(board: Json) -> None:
    assert board["editable"] is False


@every_board
def test_ids_and_letters_are_unique(board: Json) -> None:
    ids = [panel["id"] for panel in panels(board)]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(one, int) and one > 0 for one in ids)
    for panel in asks(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters), panel["title"]
    names = [one["name"] for one in board["templating"]["list"]]
    assert len(set(names)) == len(names)
    assert all("id" not in one for one in board["templating"]["list"]), "the SDK's is one for all"


def test_uids_are_unique_and_short_enough() -> None:
    uids = [board["uid"] for board in BOARDS.values()]
    assert len(set(uids)) == len(BOARDS)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid) for uid in uids)


@every_board
def test_panels_do_not_overlap_and_leave_no_holes_in_a_row(board: Json) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(board):
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    for row in {y for _, y in taken}:
        assert {x for x, y in taken if y == row} == set(range(24)), row


def _unknown(made: Any, known: Any, path: str) -> Iterator[str]:
    """Where the schema, read and written again, has lost something."""
    if isinstance(made, dict):
        for key, value in made.items():
            if not isinstance(known, dict) or key not in known:
                yield f"{path}.{key}"
            else:
                yield from _unknown(value, known[key], f"{path}.{key}")
    elif isinstance(made, list):
        for n, value in enumerate(made):
            yield from _unknown(value, known[n], f"{path}[{n}]")
    elif made != known:
        yield f"{path}: {made!r} is {known!r}"


# Of an InfluxQL target and annotation the SDK has no model. An empty text or a default that it leaves out is none lost.
_OURS = re.compile(r"\.targets\[\d+\]\.|\.annotations\.list\[\d+\]\.target\.")


@every_board
def test_every_field_is_known_to_grafanas_schema(board: Json) -> None:
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    assert [path for path in _unknown(board, again, "") if not _OURS.search(path)] == []


@every_board
def test_an_influxql_target_has_the_fields_of_grafanas_editor_and_no_other(board: Json) -> None:
    for panel in asks(board):
        for target in panel["targets"]:
            if "snapshot" in target:
                assert set(target) == {"refId", "datasource", "queryType", "snapshot"}
                continue
            assert set(target) <= {"refId", "datasource", "rawQuery", "query", "resultFormat", "alias"}
            assert target["rawQuery"] is True
            assert target["resultFormat"] in ("table", "time_series")
    for mark in board["annotations"]["list"]:
        assert mark["target"]["fromAnnotations"] is True
        assert mark["target"]["query"].startswith("SELECT ")


@every_board
def test_every_panel_says_in_words_why_it_is_empty(board: Json) -> None:
    assert all(panel["fieldConfig"]["defaults"]["noValue"] for panel in asks(board))


@every_board
def test_no_colour_stands_without_a_word_or_a_sign(board: Json) -> None:
    """A mapping says its state in text; where thresholds colour a cell, the figure itself is the text."""
    for panel in asks(board):
        config = panel["fieldConfig"]
        mapped = [
            *config["defaults"].get("mappings", ()),
            *(
                one
                for override in config["overrides"]
                for prop in override["properties"]
                if prop["id"] == "mappings"
                for one in prop["value"]
            ),
        ]
        for mapping in mapped:
            results = mapping["options"].values() if mapping["type"] == "value" else [mapping["options"]["result"]]
            assert all(result["text"].strip() or "color" not in result for result in results), panel["title"]


def _columns(panel: Json) -> Iterator[tuple[str, Json]]:
    """The settings of each column of a table, by its name."""
    for override in panel["fieldConfig"]["overrides"]:
        yield override["matcher"]["options"], {prop["id"]: prop["value"] for prop in override["properties"]}


def _tables(board: Json) -> Iterator[Json]:
    return (panel for panel in panels(board) if panel["type"] == "table")


@every_board
def test_a_cell_without_a_value_has_no_colour_of_a_figure(board: Json) -> None:
    """Grafana gives it the lowest step: a point without a planned delivery stood there as one whose delivery did not come."""
    for panel in _tables(board):
        for name, settings in _columns(panel):
            if settings.get("custom.cellOptions", {}).get("type") == "color-background":
                nulls = [
                    one["options"]["result"] for one in settings["mappings"] if one["options"].get("match") == "null"
                ]
                assert nulls, (panel["title"], name)
                assert all(result["color"] for result in nulls), (panel["title"], name)


@every_board
def test_a_column_without_any_value_does_not_say_null(board: Json) -> None:
    """Grafana does not know what such a column is, and writes "null", but in a cell that has a colour."""
    for panel in _tables(board):
        for name, settings in _columns(panel):
            known = settings.get("custom.hidden") or "links" in settings
            assert known or "custom.cellOptions" in settings, (panel["title"], name)


@every_board
def test_what_is_not_known_never_becomes_a_number(board: Json) -> None:
    """Told to make numbers of a column, Grafana makes 0 of each null: 0 hours and 0 % of a tank that nobody can read."""
    for panel in asks(board):
        made = [one for one in panel.get("transformations", ()) if one["id"] == "convertFieldType"]
        kinds = {one["destinationType"] for step in made for one in step["options"]["conversions"]}
        assert kinds <= {"time"}, panel["title"]


@every_board
def test_a_text_has_no_colour_that_is_made_to_stand_behind_it(board: Json) -> None:
    for panel in _tables(board):
        for name, settings in _columns(panel):
            if settings.get("custom.cellOptions", {}).get("type") == "color-text":
                assert '"color"' not in json.dumps(settings["mappings"]), (panel["title"], name)


@every_board
def test_a_point_without_a_reason_does_not_say_that_the_host_is_silent(board: Json) -> None:
    """For an empty text Grafana puts what the panel says when it has no row at all."""
    for panel in panels(board):
        if panel["type"] == "stat" and panel["options"]["textMode"] == "name":
            settings = dict(_columns(panel))
            assert any(one["options"].get("match") == "empty" for one in settings["text"]["mappings"]), panel["title"]


@every_board
def test_a_minute_without_a_row_is_no_stripe_in_a_band(board: Json) -> None:
    for panel in (panel for panel in panels(board) if panel["type"] == "state-timeline"):
        asked = {target["refId"] for target in panel["targets"] if "query" in target}
        spanned = {name for name, settings in _columns(panel) if settings.get("custom.spanNulls", 0) >= 300_000}
        assert asked, panel["title"]
        assert spanned == asked, panel["title"]


@every_board
def test_lines_of_means_are_lines_and_no_dots(board: Json) -> None:
    """Means stand five minutes apart, and Grafana joins what lies nearer than its limit, not what lies at it."""
    for panel in (panel for panel in panels(board) if panel["type"] == "timeseries"):
        if '"means".' in json.dumps([target.get("query", "") for target in panel["targets"]]).replace("\\", ""):
            span_ms = panel["fieldConfig"]["defaults"]["custom"]["spanNulls"]
            assert panel["interval"] in ("5m", "30m"), panel["title"]
            assert span_ms > 300_000, panel["title"]


@every_board
def test_nothing_is_fetched_from_the_internet(board: Json) -> None:
    found = re.findall(r"https?://[^\"\s)]+", json.dumps(board))
    assert set(found) <= {"http://127.0.0.1:8080"}
    for panel in panels(board):
        if panel["type"] == "geomap":
            assert panel["options"]["basemap"]["config"]["url"].startswith("data:image/")


@every_board
def test_no_alert_is_grafanas(board: Json) -> None:
    assert all("alert" not in panel for panel in panels(board))


@pytest.mark.parametrize("name", dashboards.BUILDERS)
def test_both_languages_are_one_dashboard_but_for_the_words(name: str) -> None:
    nl, en = (json.loads(dashboards.render(name, language)) for language in ("nl", "en"))

    def shape(board: Json) -> list[Any]:
        return [
            (panel["type"], panel["gridPos"], [_wordless(t.get("query", "")) for t in panel.get("targets", ())])
            for panel in panels(board)
        ]

    assert shape(nl) == shape(en)
    assert nl["timezone"] == en["timezone"] == "Europe/Amsterdam"
    assert nl["uid"].removesuffix("-nl") == en["uid"].removesuffix("-en")


def _wordless(query: str) -> str:
    """Of the lines of the forecast the names are words."""
    return re.sub(r'AS "[^"]+"', "AS", query)


@every_board
def test_links_lead_to_dashboards_that_are_there(board: Json) -> None:
    uids = {one["uid"] for one in BOARDS.values()}
    linked = set(re.findall(r"/d/([a-z-]+)\?", json.dumps(board)))
    assert linked <= uids
    assert {link["type"] for link in board["links"]} == {"dashboards", "link"}
