"""The two rolled-up checks: when they fail, how badly, and what they show."""

import dagster as dg
import pytest

from assets.checks import mapped_frame
from assets.keys import synced_key
from sync_core.sync.report import EntityReport, RecordFailure

KEY = synced_key("stripe", "products")


def _report(venue: str, rows: int, bad: int) -> EntityReport:
    failures = tuple(RecordFailure(f"r{n}", "push", "too_long", "name is too long") for n in range(bad))
    return EntityReport(venue, "stripe", "products", "succeeded", failures=failures, frame_rows=rows, frame_bad=bad)


def test_a_clean_frame_passes() -> None:
    result = mapped_frame(KEY, [_report("arena", 10, 0)], max_bad_share=0.2)

    assert result.passed
    assert result.metadata["rows checked"] == dg.MetadataValue.int(10)


def test_no_rows_at_all_pass() -> None:
    assert mapped_frame(KEY, [_report("arena", 0, 0)], max_bad_share=0.0).passed


@pytest.mark.parametrize(("bad", "severity"), [(20, dg.AssetCheckSeverity.WARN), (21, dg.AssetCheckSeverity.ERROR)])
def test_bad_rows_warn_up_to_the_declared_share_and_are_an_error_above_it(
    bad: int, severity: dg.AssetCheckSeverity
) -> None:
    result = mapped_frame(KEY, [_report("arena", 100, bad)], max_bad_share=0.2)

    assert (result.passed, result.severity) == (False, severity)


def test_one_venue_above_the_share_is_an_error_however_many_are_clean() -> None:
    reports = [*(_report(f"v{n}", 1000, 0) for n in range(10)), _report("arena", 20, 9)]

    result = mapped_frame(KEY, reports, max_bad_share=0.2)

    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert result.metadata["venues above the share"] == dg.MetadataValue.text("arena")


def test_a_few_rows_are_too_few_to_blame_the_mapping() -> None:
    """The engine pushes on, so the check must not say that nothing was pushed."""
    result = mapped_frame(KEY, [_report("arena", 3, 3)], max_bad_share=0.2)

    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_the_table_shows_the_rows_of_venues_with_bad_frames() -> None:
    result = mapped_frame(KEY, [_report("arena", 10, 1)], max_bad_share=0.2)

    shown = result.metadata["first failures"]
    assert isinstance(shown, dg.TableMetadataValue)
    assert [record.data["venue"] for record in shown.records] == ["arena"]
