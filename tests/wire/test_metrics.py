"""The table of metrics keeps its own rules."""

from paraat_wire import metrics, topics


def test_names_are_unique_and_well_formed():
    names = [row[metrics.NAME] for row in metrics.ROWS]
    assert len(set(names)) == len(names)
    for name in names:
        parts = name.split("/")
        assert len(parts) == 2, name
        assert metrics.FAULT not in parts
        assert name not in metrics.RETIRED
        assert metrics.lookup(name) == (metrics.row_of(name), "", False)
        assert metrics.lookup(name + "/fault") == (metrics.row_of(name), "", True)
        assert metrics.lookup(name + "/hall") == (metrics.row_of(name), "hall", False)
        assert metrics.lookup(name + "/hall/fault") == (metrics.row_of(name), "hall", True)


def test_no_two_metrics_share_a_field():
    fields = [(row[metrics.MEASUREMENT], row[metrics.FIELD]) for row in metrics.ROWS]
    assert len(set(fields)) == len(fields)


def test_every_row_has_a_type_a_range_and_a_meaning():
    for row in metrics.ROWS:
        assert row[metrics.TYPE] in (metrics.FLOAT, metrics.INT, metrics.BOOL), row
        assert row[metrics.SOURCE] in (metrics.TELEMETRY, metrics.EVENT, metrics.HOST), row
        assert row[metrics.LOW] < row[metrics.HIGH], row
        assert row[metrics.MEANING], row
        # On the board a number travels with its unit, a truth without one.
        if row[metrics.SOURCE] != metrics.HOST:
            assert (row[metrics.UNIT] is None) == (row[metrics.TYPE] == metrics.BOOL), row


def test_what_is_no_name_is_not_found():
    for name in (
        "",
        "fuel",
        "/",
        "fuel/",
        "fuel/level/",
        "fuel/level/fault/fault",
        "fuel/level/a b",
        "seq",
        "fault/fault",
    ):
        assert metrics.lookup(name) is None, name


def test_topics_go_there_and_back():
    assert topics.topic("nsp-0123", topics.TELEMETRY) == "paraat/v1/nsp-0123/telemetry"
    for leaf in topics.FROM_BOARD + topics.TO_BOARD:
        assert topics.parse(topics.topic("nsp-0123", leaf)) == ("nsp-0123", leaf)
    for name in ("paraat/v1/_all/time", "paraat/v2/nsp-0123/state", "paraat/v1/nsp-0123", "paraat/v1/NSP/state", "a/b",
                 "paraat/v1/nsp-0123/other", "paraat/v1/nsp-0123/state/x"):  # fmt: skip
        assert topics.parse(name) is None, name


def test_point_ids():
    for good in ("ab", "nsp-0123", "0a", "a" * 31):
        assert topics.is_point_id(good), good
    for bad in ("", "a", "-ab", "nsp_1", "NSP", "a" * 32, "nsp 1", "nsp/1", "é1"):
        assert not topics.is_point_id(bad), bad
