"""What the host counts, for /metrics, and the log of what it refused."""

import logging
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from paraat.domain.model import Refusal

_log = logging.getLogger(__name__)
_LOG_EVERY_S = 60.0

disable_created_metrics()  # type: ignore[no-untyped-call]


class Counters:
    """The counters of one service, in a registry of their own: two services in a process (tests) do
    not mix.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self.messages = Counter("paraat_messages", "MQTT messages taken from the broker", registry=registry)
        self.sets_stored = Counter("paraat_sets_stored", "Sample sets and events stored", registry=registry)
        self.sets_duplicate = Counter(
            "paraat_sets_duplicate", "Sample sets that were stored already", registry=registry
        )
        self.undated = Counter(
            "paraat_sets_undated",
            "Sample sets of no known time that were left to their boards because our own clock is doubted",
            registry=registry,
        )
        self.refused = Counter("paraat_refused", "Payloads and records not taken", ["reason"], registry=registry)
        self.missing = Gauge(
            "paraat_missing_sets",
            "Sets below the highest seq of a point that the host does not have",
            ["point"],
            registry=registry,
        )
        self.alerts_firing = Gauge("paraat_alerts_firing", "Alerts that fire", ["rule"], registry=registry)
        self.broker_connected = Gauge("paraat_broker_connected", "1 while the broker has us", registry=registry)
        self.journal_seconds = Histogram(
            "paraat_journal_seconds",
            "Time of one batch's transaction, sync included",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=registry,
        )
        self.journal_errors = Counter(
            "paraat_journal_errors",
            "Transactions that failed and were tried again",
            registry=registry,
        )
        self.influx_backlog = Gauge(
            "paraat_influx_backlog", "Journal entries InfluxDB does not have yet", registry=registry
        )
        self.influx_lines = Counter("paraat_influx_lines", "Lines InfluxDB took", registry=registry)
        self.influx_refused_lines = Counter(
            "paraat_influx_refused_lines", "Lines InfluxDB would not take", registry=registry
        )
        self.influx_poison = Gauge(
            "paraat_influx_poison_lines", "Lines InfluxDB would not take, kept aside now", registry=registry
        )
        self.influx_means_lines = Counter(
            "paraat_influx_means_lines", "Lines of means of five minutes InfluxDB took", registry=registry
        )
        self.influx_old_lines = Counter(
            "paraat_influx_old_lines", "Lines not written because InfluxDB keeps nothing so old", registry=registry
        )
        self.thread_errors = Counter(
            "paraat_thread_errors",
            "Mistakes of ours that a thread of the service survived",
            ["thread"],
            registry=registry,
        )
        self.sms_answers = Counter(
            "paraat_sms_answers", "SMS that came in, by what became of them", ["outcome"], registry=registry
        )
        self._logged_at: dict[str, float] = {}
        self._since: dict[str, int] = {}

    def count_refusals(self, refusals: Iterable[Refusal], now: float) -> None:
        """Count refusals by reason; log the first of a reason in a minute, with how many there were
        since.
        """
        for refusal in refusals:
            reason = refusal.reason
            self.refused.labels(reason).inc(refusal.count)
            self._since[reason] = self._since.get(reason, 0) + refusal.count
            logged_at = self._logged_at.get(reason)
            # A clock that was set back starts a new minute.
            if logged_at is not None and 0 <= now - logged_at < _LOG_EVERY_S:
                continue
            self._logged_at[reason] = now
            _log.warning(
                "refused: %s (%d since the last line about it) on %.80r: %.200r",
                reason,
                self._since.pop(reason),
                refusal.topic,
                refusal.detail,
            )

    def render(self) -> bytes:
        """Everything in Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)
