"""One sync of one connection's entity: what its steps share, and what it has counted so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from sync_core.clock import Clock
from sync_core.errors import DatabaseFailure
from sync_core.mapping.compile import Mapping
from sync_core.providers.protocol import Provider
from sync_core.spec.provider import Conflict, EntitySpec, ProviderSpec
from sync_core.store.connections import Connection
from sync_core.store.failures import SENTENCES
from sync_core.store.rows import Scope
from sync_core.sync.report import FIRST_FAILURES, Counts, Mode, OnProgress, RecordFailure
from sync_core.sync.terms import Terms, terms_of
from sync_core.trouble import Category


@dataclass(slots=True)
class Tally:
    """Running totals; the report is made from them at the end. `category` says who must act next once it has failed."""

    counts: Counts = field(default_factory=Counts)
    failures: list[RecordFailure] = field(default_factory=list[RecordFailure])
    frame_rows: int = 0
    frame_bad: int = 0
    category: Category | None = None

    def add(self, **counts: int) -> None:
        """Add to the counts of these names."""
        self.counts += Counts(**counts)

    def restore(self, kept: "Tally") -> None:
        """Back to what was counted before: the transaction that it was counted in came to nothing."""
        self.counts, self.frame_rows, self.frame_bad = kept.counts, kept.frame_rows, kept.frame_bad
        del self.failures[len(kept.failures) :]

    def fail(self, failure: RecordFailure) -> None:
        """Keep the first failures for people to read."""
        if len(self.failures) < FIRST_FAILURES:
            self.failures.append(failure)


@dataclass(frozen=True, slots=True)
class Work:
    """What the steps of one sync share.

    All settling goes through `conn`, which holds the lock: losing it ends the sync's power to settle.
    `new_key` makes idempotency keys; it is passed in so that tests can follow them.
    """

    conn: sa.Connection
    connection: Connection
    entity: str
    provider_spec: ProviderSpec
    mapping: Mapping
    scope: Scope
    provider: Provider
    clock: Clock
    new_key: Callable[[], str]
    mode: Mode
    on_progress: OnProgress
    tally: Tally

    @property
    def spec(self) -> EntitySpec:
        """The entity's declaration."""
        return self.provider_spec.entities[self.entity]

    @property
    def terms(self) -> Terms:
        """What the connection's settings leave of the declaration."""
        return terms_of(self.connection.settings, self.spec, self.entity)

    @property
    def mark(self) -> str:
        """Tells apart under what a place was reached: the settings' filters, and which mapping of the venue's own."""
        version = self.mapping.version
        return self.terms.mark if version is None else f"{self.terms.mark} mapping {version}".strip()

    @property
    def exceptions(self) -> dict[str, Conflict]:
        """The conflict policies of single fields, by the provider's path."""
        if not self.spec.conflict_of:
            return {}
        columns = {path: self.mapping.local_of([path]) for path in self.mapping.pull_paths}
        return {
            path: policy
            for path, mapped in columns.items()
            for column, policy in self.spec.conflict_of.items()
            if column in mapped
        }

    @property
    def key(self) -> tuple[int, str]:
        """How the store names this work: connection id and entity."""
        return self.connection.id, self.entity

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """All or nothing, counts too; no transaction stays open while the provider is called.

        Raises DatabaseFailure when the connection was lost, which SQLAlchemy would replace by one without the lock.
        """
        if self.conn.invalidated:
            raise DatabaseFailure(SENTENCES["gone"], trouble="gone")
        kept = replace(self.tally, failures=list(self.tally.failures))
        try:
            yield self.conn
            self.conn.commit()
        except BaseException:
            self.tally.restore(kept)
            self.conn.rollback()
            raise
