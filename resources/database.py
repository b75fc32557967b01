"""The database of the venues and of the sync, as assets and sensors receive it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import sqlalchemy as sa
from pydantic import Field

from sync_core.errors import ConfigurationError
from sync_core.settings import Settings, read_settings
from sync_core.store.database import open_engine


class DatabaseResource(dg.ConfigurableResource[sa.Engine]):
    """A connection pool on DATABASE_URL, which `venue-sync up` sets for every process that it starts."""

    pool_size: int = Field(default=20, description="Connections kept open; twice as many may be open at once.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[sa.Engine]:  # noqa: ARG002 - Dagster's signature
        """Open the pool lazily (nothing connects yet) and close it afterwards.

        Raises ConfigurationError when DATABASE_URL is not set.
        """
        with pool(read_settings(os.environ), size=self.pool_size) as engine:
            yield engine


@contextmanager
def pool(settings: Settings, *, size: int) -> Iterator[sa.Engine]:
    """A pool of `size` connections or one for each worker, closed afterwards. Raises ConfigurationError when DATABASE_URL is not set."""
    if settings.database_url is None:
        raise ConfigurationError(
            "DATABASE_URL is not set, so Dagster cannot reach the venues' database: "
            "start Dagster with 'venue-sync up', or set DATABASE_URL and DAGSTER_DATABASE_URL yourself."
        )
    # Every venue worked on at once holds a connection of its own, with its lock.
    engine = open_engine(settings.database_url, pool_size=max(size, settings.workers))
    try:
        yield engine
    finally:
        engine.dispose()
