"""What is counted shows in /metrics, and refusals fill no log."""

import logging

import pytest

from paraat.domain.model import Refusal
from paraat.runtime.counters import Counters


def refused(reason: str = "not-json", count: int = 1) -> Refusal:
    return Refusal(
        topic="paraat/v1/nsp-0101/telemetry\n",
        received_at=0.0,
        reason=reason,
        detail="x" * 500,
        count=count,
    )


def test_names_and_values() -> None:
    counters = Counters()
    counters.sets_stored.inc(3)
    counters.sets_duplicate.inc(1)
    counters.missing.labels("nsp-0101").set(4)
    counters.alerts_firing.labels("low_fuel").set(1)
    counters.count_refusals([refused(), refused("unknown-name", count=7)], 0.0)
    text = counters.render().decode()
    for line in (
        "paraat_sets_stored_total 3.0",
        "paraat_sets_duplicate_total 1.0",
        'paraat_missing_sets{point="nsp-0101"} 4.0',
        'paraat_alerts_firing{rule="low_fuel"} 1.0',
        'paraat_refused_total{reason="not-json"} 1.0',
        'paraat_refused_total{reason="unknown-name"} 7.0',
        "paraat_influx_backlog 0.0",
        "paraat_influx_refused_lines_total 0.0",
        "paraat_journal_seconds_count 0.0",
    ):
        assert line in text.splitlines()
    assert "_created" not in text


def test_two_services_do_not_mix() -> None:
    first, second = Counters(), Counters()
    first.sets_stored.inc()
    assert "paraat_sets_stored_total 0.0" in second.render().decode()


def test_one_line_for_each_reason_and_minute(caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters()
    with caplog.at_level(logging.WARNING):
        for second in range(59):
            counters.count_refusals([refused(), refused("nested")], 1000.0 + second)
        assert [("nested" in r.getMessage()) for r in caplog.records] == [False, True]
        counters.count_refusals([refused()], 1060.0)
    last = caplog.records[-1].getMessage()
    assert "not-json (59 since" in last
    assert "\n" not in last, "a topic cannot write lines of its own into the log"
    assert len(last) < 400


def test_a_clock_set_back_does_not_silence_the_log(caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters()
    with caplog.at_level(logging.WARNING):
        counters.count_refusals([refused()], 9_000_000.0)
        counters.count_refusals([refused()], 1000.0)
    assert len(caplog.records) == 2
