"""What this process has counted and the database has not got yet: calls, syncs, records, webhooks, the master key's use.

Stays true: counting never waits for the database, and whoever ends a sync adds everything by one statement of theirs;
what could not be added stays here for the next one. The number of different labels does not grow with venues or records.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from sync_core.clock import Clock
from sync_core.http.calls import CallCount
from sync_core.spec.provider import ProviderSpec
from sync_core.store import call_counts
from sync_core.store.call_counts import Called, Counter
from sync_core.sync.report import Counts, Status
from sync_core.vault.cache import CacheCounts

BOUNDS: Final = (0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0)
"""Seconds: upper bounds of the classes that durations of syncs are counted in; the last class has none."""
EVERY_SECONDS: Final = 5.0
"""While a long sync is under way it adds what it has counted so often."""
_log = logging.getLogger(__name__)


class Meters:
    """The counts of one process. Thread-safe."""

    def __init__(self, *, clock: Clock, vault_counts: Callable[[], CacheCounts]) -> None:
        self._clock = clock
        self._vault_counts = vault_counts
        self._lock = threading.Lock()
        self._calls: dict[tuple[int, str], Called] = {}
        self._counters: dict[Counter, float] = {}
        self._keys_told = vault_counts()
        self._written_at = clock.monotonic()

    def count(self, metric: str, *labels: str, by: float = 1.0) -> None:
        """Count something."""
        if by:
            with self._lock:
                self._bump((metric, labels), by)

    def calls(
        self, spec: ProviderSpec, environment: str, news: Mapping[str, CallCount], *, connection_id: int | None
    ) -> None:
        """Count calls by endpoint; of no connection in particular while it is not known yet."""
        total = CallCount()
        with self._lock:
            for endpoint, count in news.items():
                total = total.plus(count)
                if connection_id is not None:
                    metered = count.calls if spec.limits.meters(endpoint, environment) else 0
                    self._add(Called(connection_id, endpoint, count, metered))
            for name, number in asdict(total).items():
                if number:
                    self._bump((f"api_{name}", (spec.provider, environment)), number)

    def synced(self, provider: str, entity: str, *, status: Status, counts: Counts, seconds: float) -> None:
        """Count a sync that has ended, what became of its records, and how long it took."""
        bound = next((f"{bound:g}" for bound in BOUNDS if seconds <= bound), "+Inf")
        with self._lock:
            self._bump(("syncs", (provider, entity, status)), 1)
            self._bump(("sync_seconds_bucket", (provider, entity, bound)), 1)
            self._bump(("sync_seconds_sum", (provider, entity)), seconds)
            self._records(provider, entity, counts)

    def read_again(self, provider: str, entity: str, *, status: Status, counts: Counts) -> None:
        """Count a reading of single objects, and what became of them."""
        with self._lock:
            self._bump(("readings", (provider, entity, status)), 1)
            self._records(provider, entity, counts)

    def _records(self, provider: str, entity: str, counts: Counts) -> None:
        for outcome, number in asdict(counts).items():
            if number:
                self._bump(("records", (provider, entity, outcome)), number)

    def write(self, conn: sa.Connection) -> None:
        """Add everything to the database, in the caller's transaction. What it refuses is kept, and its error raised."""
        self._count_keys()
        with self._lock:
            calls, self._calls = self._calls, {}
            counters, self._counters = self._counters, {}
            self._written_at = self._clock.monotonic()
        if not calls and not counters:
            return
        try:
            call_counts.add(conn, calls=list(calls.values()), counters=counters)
        except BaseException:
            with self._lock:
                for called in calls.values():
                    self._add(called)
                for counter, number in counters.items():
                    self._bump(counter, number)
            raise

    def write_now(self, database: sa.Engine) -> None:
        """The same at once, through a connection of its own. What cannot be added now stays for the next one.

        Where nothing was counted the database is not asked for a connection.
        """
        self._count_keys()
        if not self._calls and not self._counters:
            return
        try:
            with database.begin() as conn:
                self.write(conn)
        except SQLAlchemyError as failed:
            _log.warning("counts.kept error=%s", type(failed).__name__)

    def write_now_and_then(self, database: sa.Engine) -> None:
        """The same, if nothing was added for a while."""
        if self._clock.monotonic() - self._written_at >= EVERY_SECONDS:
            self.write_now(database)

    @contextmanager
    def written(self, database: sa.Engine) -> Iterator[None]:
        """Whatever comes of it, what is counted inside is added at the end."""
        try:
            yield
        finally:
            self.write_now(database)

    def _count_keys(self) -> None:
        """The master key's use is counted where it happens; here comes what was added since."""
        with self._lock:
            # Asked with the lock held: what another thread asked for later must not be told before.
            now = self._vault_counts()
            told, self._keys_told = self._keys_told, now
            for kind in ("generated", "opened", "failed", "hits"):
                number = getattr(now, kind) - getattr(told, kind)
                if number > 0:
                    self._bump(("kms_calls", (kind,)), number)

    def _add(self, called: Called) -> None:
        key = (called.connection_id, called.endpoint)
        known = self._calls.get(key)
        if known is not None:
            called = Called(*key, known.count.plus(called.count), known.metered + called.metered)
        self._calls[key] = called

    def _bump(self, counter: Counter, by: float) -> None:
        self._counters[counter] = self._counters.get(counter, 0.0) + by
