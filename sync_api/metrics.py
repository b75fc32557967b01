"""Prometheus metrics of the whole installation, read from the database: all processes' work, whoever answers the scrape.

Stays true: labels are providers, entities, statuses and the like, whose number is declared; never a venue, an account, an
address or a record. A counter is what the processes have added up and never goes down.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sync_core.clock import Clock
from sync_core.http.allowance import RECOVERY_SECONDS
from sync_core.spec.provider import ProviderSpec
from sync_core.store import alerts, breakers, call_counts, connection_health, gauges
from sync_core.store.call_counts import Counter
from sync_core.sync.meters import BOUNDS

PREFIX: Final = "venue_sync"
COUNTERS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "syncs": (("provider", "entity", "status"), "Syncs that have ended."),
    "readings": (("provider", "entity", "status"), "Readings of single objects for webhooks that have ended."),
    "records": (("provider", "entity", "outcome"), "Records by what a sync or a webhook did with them."),
    "webhooks": (("provider", "outcome"), "Webhook events received, rejected, applied, skipped, failed or dead."),
    "api_calls": (("provider", "environment"), "Requests to providers, repeats among them."),
    "api_retries": (("provider", "environment"), "Repeated requests to providers."),
    "api_throttles": (("provider", "environment"), "Answers 429 of providers."),
    "api_failures": (("provider", "environment"), "Answers 5xx of providers, and none at all."),
    "api_bytes": (("provider", "environment"), "Bytes of providers' answers."),
    "api_seconds": (("provider", "environment"), "Seconds spent waiting for providers' answers."),
    "kms_calls": (("kind",), "Data keys asked of the master key: generated, opened, failed; hits came from memory."),
}
"""What is counted under which name, by which labels, for what."""


def page(database: sa.Engine, specs: Mapping[str, ProviderSpec], *, clock: Clock) -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(database, specs, clock))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, database: sa.Engine, specs: Mapping[str, ProviderSpec], clock: Clock) -> None:
        self._database = database
        self._specs = specs
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """One moment's numbers, in one transaction."""
        with self._database.connect() as conn:
            totals = call_counts.totals(conn)
            yield from _counted(totals)
            yield _durations(totals)
            yield from self._standing(conn)
            yield from self._waiting(conn)
            yield from self._limits(conn)
            yield from self._quotas(conn)

    def _standing(self, conn: sa.Connection) -> Iterator[Metric]:
        connected = _gauge("connections", "Connections by what the last check found.", "provider", "status", "health")
        for labels, number in connection_health.counted(conn).items():
            connected.add_metric(labels, number)
        yield connected
        known = _gauge("alerts", "Alerts that are open.", "kind", "severity")
        for labels, number in alerts.counted(conn).items():
            known.add_metric(labels, number)
        yield known
        yield self._breakers(conn)

    def _breakers(self, conn: sa.Connection) -> Metric:
        family = _gauge(
            "breakers", "Breakers that are not closed, of providers and of accounts.", "provider", "of", "state"
        )
        counts = {(name, of, state): 0 for name in self._specs for of in ("provider", "account") for state in _STATES}
        for one in breakers.standing(conn):
            labels = (one.name.partition("/")[0], "account" if one.account else "provider", one.state)
            if labels in counts:
                counts[labels] += 1
        for labels, number in counts.items():
            family.add_metric(labels, number)
        return family

    def _waiting(self, conn: sa.Connection) -> Iterator[Metric]:
        for name, by, found in (
            ("queue", ("priority", "status"), gauges.queued(conn)),
            ("inbox", ("provider", "status"), gauges.inbox(conn)),
        ):
            items = _gauge(f"{name}_items", f"What stands in the {name} and is not done.", *by)
            oldest = _gauge(f"{name}_oldest_seconds", f"How long the first in the {name} has been there.", *by)
            for labels, waiting in found.items():
                items.add_metric(labels, waiting.items)
                oldest.add_metric(labels, waiting.oldest_seconds)
            yield from (items, oldest)
        pending = _gauge("pending_records", "Rows that wait for another look.", "provider", "entity")
        for labels, number in gauges.pending_records(conn).items():
            pending.add_metric(labels, number)
        yield pending
        letters = _gauge("dead_letters", "Records that need a person.", "provider", "entity", "direction")
        for labels, number in gauges.open_letters(conn).items():
            letters.add_metric(labels, number)
        yield letters

    def _limits(self, conn: sa.Connection) -> Iterator[Metric]:
        by = ("provider", "environment", "limit")
        used = _gauge("limited_accounts", "Accounts that were called under a limit within the last minute.", *by)
        slowed = _gauge("slowed_accounts", "Of them, those that go below their allowance after a 429.", *by)
        lowest = _gauge("allowance_ratio", "The part of its allowance that the slowest of them has.", *by)
        for labels, use in gauges.limits(conn, recovery_seconds=RECOVERY_SECONDS).items():
            used.add_metric(labels, use.accounts)
            slowed.add_metric(labels, use.slowed)
            lowest.add_metric(labels, use.lowest)
        yield from (used, slowed, lowest)

    def _quotas(self, conn: sa.Connection) -> Iterator[Metric]:
        today = self._clock.now().date()
        metered = call_counts.metered(conn, first=today.replace(day=1), last=today)
        used = _gauge("quota_used", "Metered calls of this month.", "provider")
        allowed = _gauge("quota_allowed", "Metered calls that a month may have.", "provider")
        for name, spec in self._specs.items():
            if spec.limits.metered is not None:
                used.add_metric((name,), metered.get(name, 0))
                allowed.add_metric((name,), spec.limits.metered.per_month)
        yield from (used, allowed)


_STATES: Final = ("open", "half_open")


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", says, labels=labels)


def _counted(totals: Mapping[Counter, float]) -> Iterator[Metric]:
    for name, (labels, says) in COUNTERS.items():
        family = CounterMetricFamily(f"{PREFIX}_{name}", says, labels=labels)
        for (metric, values), number in totals.items():
            if metric == name and len(values) == len(labels):
                family.add_metric(values, number)
        yield family


def _durations(totals: Mapping[Counter, float]) -> Metric:
    """How long syncs took. The database has each class by itself, Prometheus wants each with all below it."""
    family = HistogramMetricFamily(f"{PREFIX}_sync_seconds", "How long syncs took.", labels=("provider", "entity"))
    bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    for (metric, labels), seconds in totals.items():
        if metric != "sync_seconds_sum":
            continue
        below, buckets = 0.0, list[tuple[str, float]]()
        for bound in bounds:
            below += totals.get(("sync_seconds_bucket", (*labels, bound)), 0.0)
            buckets.append((bound, below))
        family.add_metric(labels, buckets=buckets, sum_value=seconds)
    return family
