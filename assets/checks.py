"""Two checks per asset, rolled up over the venues of the run; the details are in our own tables.

A check speaks of the venues of the latest run only. Dagster's checks per partition are a preview, and ten thousand of
them per asset would be read by nobody.
"""

from collections.abc import Sequence

import dagster as dg

from assets.keys import synced_key
from assets.metadata import failure_table, named, table
from sync_core.store.dead_letters import OpenLetter
from sync_core.sync.push import ENOUGH_TO_JUDGE
from sync_core.sync.report import EntityReport

MAPPED_FRAME = "mapped_frame"
NO_DEAD_LETTERS = "no_dead_letters"


def check_specs(provider: str, entity: str) -> list[dg.AssetCheckSpec]:
    """What is checked of one entity at one provider."""
    key = synced_key(provider, entity)
    return [
        dg.AssetCheckSpec(
            MAPPED_FRAME,
            asset=key,
            description="Every mapped row passes its schema before it is written. A warning while the bad rows of each "
            "venue stay within the declared share (the others go on), an error above it (nothing is pushed).",
        ),
        dg.AssetCheckSpec(
            NO_DEAD_LETTERS,
            asset=key,
            description="No record of the venues of the latest run waits for a person.",
        ),
    ]


def mapped_frame(key: dg.AssetKey, reports: Sequence[EntityReport], *, max_bad_share: float) -> dg.AssetCheckResult:
    """The outcome of validating the mapped frames of these venues."""
    rows, bad = sum(report.frame_rows for report in reports), sum(report.frame_bad for report in reports)
    touched = [report for report in reports if report.frame_bad]
    blocked = [
        report.venue
        for report in touched
        if report.frame_rows >= ENOUGH_TO_JUDGE and report.frame_bad > max_bad_share * report.frame_rows
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "rows checked": dg.MetadataValue.int(rows),
        "rows bad": dg.MetadataValue.int(bad),
        "share bad": dg.MetadataValue.float(round(bad / rows, 4) if rows else 0.0),
        "share allowed": dg.MetadataValue.float(max_bad_share),
        "venues": dg.MetadataValue.int(len(reports)),
    }
    if any(report.failures for report in touched):
        metadata["first failures"] = failure_table(touched)
    if blocked:
        metadata["venues above the share"] = dg.MetadataValue.text(named(blocked))
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=MAPPED_FRAME,
        passed=bad == 0,
        severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=f"{bad} of {rows} mapped rows do not pass their schema."
        if bad
        else f"All {rows} mapped rows pass.",
    )


def no_dead_letters(key: dg.AssetKey, latest: Sequence[OpenLetter], *, total: int, venues: int) -> dg.AssetCheckResult:
    """Whether records of the run's venues wait for a person: `total` do, of which `latest` are shown."""
    metadata: dict[str, dg.MetadataValue] = {
        "open dead letters": dg.MetadataValue.int(total),
        "venues": dg.MetadataValue.int(venues),
    }
    if latest:
        metadata["latest"] = table(
            {
                "venue": letter.venue,
                "record": letter.record_id,
                "direction": letter.direction,
                "code": letter.code,
                "reason": letter.reason,
                "since": letter.first_at.isoformat(timespec="seconds"),
            }
            for letter in latest
        )
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=NO_DEAD_LETTERS,
        passed=total == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=f"{total} records wait for a person." if total else "No record waits for a person.",
    )
