"""How assets, ops and partitions are named: the one place that turns a declared name into a Dagster name."""

import dagster as dg

VENUES = "venues"


def venue_partitions() -> dg.DynamicPartitionsDefinition:
    """The partitions of every synced asset: one per active venue."""
    return dg.DynamicPartitionsDefinition(name=VENUES)


def synced_key(provider: str, entity: str) -> dg.AssetKey:
    """The asset of an entity at a provider."""
    return dg.AssetKey([provider, entity])


def table_key(model: str) -> dg.AssetKey:
    """The external asset of one of the venue's own tables."""
    return dg.AssetKey(["venue", model])
