"""Venues, their database, their Stripe and a Dagster instance: everything real but the provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from assets.keys import VENUES, venue_partitions
from assets.run import due_tags
from sync_core.store.venue_tables import products, venues
from sync_core.sync.engine import Engine
from sync_defs.definitions import defs
from sync_defs.jobs import range_tags
from sync_sims.stripe import StripeSimulator


@dataclass(frozen=True, slots=True)
class Stage:
    """Venues, their database, their Stripe and the Dagster instance that syncs them."""

    instance: dg.DagsterInstance
    stripe: StripeSimulator
    engine: Engine
    definitions: dg.Definitions = field(default_factory=cache(defs))  # they read no environment, so one does for all

    @property
    def database(self) -> sa.Engine:
        """The venues' database."""
        return self.engine.database

    def add_venue(self, venue: str) -> None:
        """A venue that is a partition and has no connection yet."""
        with self.database.begin() as conn:
            conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="EUR"))
        self.instance.add_dynamic_partitions(VENUES, [venue])

    def add_products(self, venue: str, *names: str) -> None:
        """Tickets of a venue, one per name; the name is the id too."""
        rows = [
            {
                "venue_id": venue,
                "id": name[:20],
                "kind": "ticket",
                "name": name,
                "price_minor": 1500,
                "currency": "EUR",
            }
            for name in names
        ]
        with self.database.begin() as conn:
            conn.execute(sa.insert(products), rows)

    def connect(self, venue: str) -> str:
        """A Stripe account for the venue; its key."""
        key = f"sk_test_{venue}0123456789abcdef"
        self.stripe.register(key, account_id=f"acct_{venue}", name=venue)
        self.engine.connect(venue, "stripe", {"api_key": key}, environment="sandbox")
        return key

    def sync(self, *entities: str, first: str, last: str, **more: Any) -> dg.ExecuteInProcessResult:
        """One run of the incremental job for the entities of Stripe and the venues from `first` to `last`."""
        tags: Mapping[str, str] = {**range_tags(first, last), **more.pop("tags", {})}
        return self.definitions.resolve_job_def("incremental_sync").execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(["stripe", entity]) for entity in entities],
            tags=dict(tags),
            raise_on_error=False,
            **more,
        )

    def sync_due(self, *entities: str) -> dg.ExecuteInProcessResult:
        """One run of the incremental job as the schedule starts it, for whoever is due at Stripe."""
        return self.definitions.resolve_job_def("incremental_sync").execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(["stripe", entity]) for entity in entities],
            tags=due_tags("a", "z"),
            raise_on_error=False,
        )

    def failed(self, entity: str) -> set[str]:
        """The venues that Dagster shows as failed."""
        key = dg.AssetKey(["stripe", entity])
        status = get_and_update_asset_status_cache_value(
            self.instance, key, venue_partitions(), dynamic_partitions_loader=self.instance
        )
        assert status is not None
        subset = status.deserialize_failed_partition_subsets(venue_partitions())
        return set(subset.get_partition_keys())

    def materialised(self, entity: str) -> set[str]:
        """The venues of which Dagster knows that the entity is synced."""
        return set(self.instance.get_materialized_partitions(dg.AssetKey(["stripe", entity])))
