"""Jobs: everything that is synced, in one run for many venues."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.config import MODE_TAG
from assets.keys import synced_key
from sync_core.spec.provider import ProviderSpec

# Dagster exports no name for what define_asset_job returns.
AssetJob = Any

INCREMENTAL = "incremental_sync"
FULL = "full_sync"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def range_tags(first: str, last: str) -> dict[str, str]:
    """The run tags that make one run cover every venue from `first` to `last`, both included.

    The order is that of the partitions (as added), not of the alphabet. See docs/decisions/0004.
    """
    return {RANGE_START: first, RANGE_END: last}


def ranges(venues: Sequence[str], size: int) -> list[tuple[str, str]]:
    """The first and the last of each `size` neighbours in `venues`, which are in partition order."""
    batches = [venues[start : start + size] for start in range(0, len(venues), size)]
    return [(batch[0], batch[-1]) for batch in batches]


def provider_keys(spec: ProviderSpec) -> list[dg.AssetKey]:
    """The assets of one provider, in the order they are synced."""
    return [synced_key(spec.provider, entity) for entity in spec.in_order()]


def sync_jobs(specs: Mapping[str, ProviderSpec]) -> list[AssetJob]:
    """The incremental and the full sync of all entities of all providers."""
    return [
        _job(specs, INCREMENTAL, mode="incremental", description="What changed since the last sync, both ways."),
        _job(
            specs,
            FULL,
            mode="full",
            description="Every record on both sides is looked at again, and only what differs is written. "
            "Meant for one venue.",
        ),
    ]


def _job(specs: Mapping[str, ProviderSpec], name: str, *, mode: str, description: str) -> AssetJob:
    return dg.define_asset_job(
        name,
        selection=[key for spec in specs.values() for key in provider_keys(spec)],
        description=description,
        executor_def=dg.in_process_executor,
        tags={MODE_TAG: mode},
    )
