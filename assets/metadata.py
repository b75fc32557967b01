"""The report of a sync as metadata that a person reads, sorts and plots in Dagster's UI."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from sync_core.spec.provider import EntitySpec
from sync_core.sync.report import Counts, EntityReport
from sync_core.trouble import trouble_of_code

FIRST = 20
Metadata = Mapping[str, dg.MetadataValue]

PUSHED = {
    "records read": "read",
    "created": "created",
    "updated": "updated",
    "deleted": "deleted",
    "unchanged": "unchanged",
    "failed": "failed",
    "waiting": "waiting",
    "left out by settings": "filtered",
}
PULLED = {
    "pulled: records read": "pulled_read",
    "pulled: created": "pulled_created",
    "pulled: updated": "pulled_updated",
    "pulled: deleted": "pulled_deleted",
    "pulled: unchanged": "pulled_unchanged",
    "pulled: failed": "pulled_failed",
    "pulled: left out by settings": "pulled_filtered",
}


def of_venue(report: EntityReport, entity: EntitySpec) -> Metadata:
    """One venue's sync: its first failures if there are any, counts in the declared directions, and cost.

    The numbers keep their names from run to run, zeros included, so that they can be plotted.
    """
    failures = {"first failures": failure_table([report])} if report.failures else {}
    return {
        **failures,
        **_counts(report.counts, entity),
        "API calls": dg.MetadataValue.int(report.api_calls),
        "records per second": dg.MetadataValue.float(round(report.rate, 1)),
        "seconds": dg.MetadataValue.float(round(report.seconds, 3)),
    }


def of_run(reports: Sequence[EntityReport], entity: EntitySpec) -> Metadata:
    """The venues of a run together."""
    total = sum((report.counts for report in reports), Counts())
    return {
        "venues": dg.MetadataValue.int(len(reports)),
        "venues synced": dg.MetadataValue.int(sum(report.status == "succeeded" for report in reports)),
        "venues not connected": dg.MetadataValue.int(sum(report.status == "not_connected" for report in reports)),
        **_counts(total, entity),
        "API calls": dg.MetadataValue.int(sum(report.api_calls for report in reports)),
    }


def failure_table(reports: Iterable[EntityReport]) -> dg.MetadataValue:
    """The first records that could not be synced, with the venue they belong to."""
    return table(
        {
            "venue": report.venue,
            "record": failure.record_id,
            "direction": failure.direction,
            "category": trouble_of_code(report.provider, failure.code).category,
            "code": failure.code,
            "reason": failure.reason,
        }
        for report in reports
        for failure in report.failures
    )


def error_table(failed: Iterable[EntityReport]) -> dg.MetadataValue:
    """Venues, who must act next (docs/runbooks/what-an-error-means.md), and the sentence that says why each failed."""
    return table(
        {"venue": report.venue, "category": report.category or "-", "error": report.error or report.status}
        for report in failed
    )


def table(rows: Iterable[Mapping[str, str]]) -> dg.MetadataValue:
    """At most `FIRST` of `rows` as a table."""
    records = [dg.TableRecord(dict(row)) for row, _ in zip(rows, range(FIRST), strict=False)]
    return dg.MetadataValue.table(records)


def named(venues: Sequence[str]) -> str:
    """The first venues by name and how many there are besides."""
    more = f" and {len(venues) - FIRST} more" if len(venues) > FIRST else ""
    return ", ".join(venues[:FIRST]) + more


def _counts(counts: Counts, entity: EntitySpec) -> dict[str, dg.MetadataValue]:
    labels = {**(PUSHED if entity.pushes else {}), **(PULLED if entity.pulls else {})}
    if entity.direction == "both":
        labels["conflicts"] = "conflicts"
    return {label: dg.MetadataValue.int(getattr(counts, name)) for label, name in labels.items()}
