"""A failed run that is executed again from its failure: it goes for the venues that did not go well, and for no other.

Dagster gives such a run all partitions of the first one, and would show those as failed that it fails to mention.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

RESUMED = "dagster/is_resume_retry"
"""Dagster's tag of runs that were begun by "Re-execute: from failure"."""
STATUS = "status"
NOT_CONNECTED: Mapping[str, Any] = {STATUS: "not connected"}
"""The metadata of a materialisation that stands for nothing done: the venue may have connected since."""


def done_before(context: dg.AssetExecutionContext, key: dg.AssetKey) -> set[str]:
    """Whom the run that this one takes up again has synced; nobody where this run stands for itself."""
    former = context.run.parent_run_id
    if former is None or context.run.tags.get(RESUMED) != "true":
        return set()
    return {
        made.partition
        for entry in context.instance.all_logs(former, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        if (made := entry.asset_materialization) is not None
        and made.asset_key == key
        and made.partition is not None
        and made.metadata.get(STATUS) != dg.MetadataValue.text(NOT_CONNECTED[STATUS])
    }


def tell_of(context: dg.AssetExecutionContext, key: dg.AssetKey, done: set[str]) -> None:
    """Let them stay as they are in Dagster's eyes, and say by which run they were synced."""
    metadata = {
        STATUS: "synced by the run before",
        "run": dg.MetadataValue.dagster_run(context.run.parent_run_id or ""),
    }
    for venue in sorted(done):
        context.log_event(dg.AssetMaterialization(asset_key=key, partition=venue, metadata=metadata))
