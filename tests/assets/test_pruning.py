"""Dagster's event log after pruning, in Dagster's real PostgreSQL storage: shorter, and everything derived from it the same."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.events import AssetMaterializationPlannedData
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from assets.keys import VENUES, venue_partitions
from sync_core.store.dagster_history import Pruned, prune
from sync_core.store.database import dagster_url

ROOT = Path(__file__).parents[2]
KEY = dg.AssetKey("tickets")
CHECK = dg.AssetCheckKey(KEY, "sold")
FORTNIGHT = timedelta(days=14)


@pytest.fixture
def instance(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_DATABASE_URL", dagster_url(database_url))
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(VENUES, ["arena", "club", "opera", "park"])
        yield instance


def _run(instance: dg.DagsterInstance, *good: str, bad: str | None = None) -> str:
    """A run that materialises these venues and fails for one; its id."""

    @dg.asset(
        key=KEY,
        partitions_def=venue_partitions(),
        output_required=False,
        check_specs=[dg.AssetCheckSpec("sold", asset=KEY)],
    )
    def tickets(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult]:
        for venue in good:
            context.log_event(dg.AssetMaterialization(KEY, partition=venue, metadata={"rows": len(good)}))
        if bad is not None:
            planned = AssetMaterializationPlannedData(KEY, partition=bad)
            event = dg.DagsterEvent.build_asset_materialization_planned_event("sell", "tickets", planned)
            context.instance.report_dagster_event(event, context.run.run_id, logging.DEBUG)
        yield dg.AssetCheckResult(passed=bad is None)
        if bad is not None:
            raise dg.Failure("One venue failed.", allow_retries=False)

    definitions = dg.Definitions(assets=[tickets], jobs=[dg.define_asset_job("sell", selection=[KEY])])
    return definitions.resolve_job_def("sell").execute_in_process(instance=instance, raise_on_error=False).run_id


def _age(database: sa.Engine, days: int) -> None:
    """Let everything that Dagster has stored be so much older."""
    columns = {"event_logs": "timestamp", "runs": "update_timestamp", "asset_check_executions": "create_timestamp"}
    with database.begin() as conn:
        for table, column in columns.items():
            conn.execute(sa.text(f"UPDATE dagster.{table} SET {column} = {column} - interval '{days} days'"))


def _standing(instance: dg.DagsterInstance) -> dict[str, Any]:
    """How things stand in Dagster's pages, nothing of it remembered."""
    instance.wipe_asset_cached_status([KEY])
    status = get_and_update_asset_status_cache_value(
        instance, KEY, venue_partitions(), dynamic_partitions_loader=instance
    )
    assert status is not None
    [record] = instance.get_asset_records([KEY])
    latest = instance.event_log_storage.get_latest_storage_id_by_partition(
        KEY, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    check = instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK])[CHECK]
    return {
        "materialised": instance.get_materialized_partitions(KEY),
        "shown": set(status.deserialize_materialized_partition_subsets(venue_partitions()).get_partition_keys()),
        "failed": set(status.deserialize_failed_partition_subsets(venue_partitions()).get_partition_keys()),
        "latest": latest,
        "last": record.asset_entry.last_materialization_storage_id,
        "check": (check.run_id, check.status, check.event is not None),
    }


def _events(database: sa.Engine) -> int:
    with database.connect() as conn:
        return conn.execute(sa.text("SELECT count(*) FROM dagster.event_logs")).scalar_one()


def test_what_says_how_things_stand_stays_and_the_rest_of_what_is_old_goes(
    instance: dg.DagsterInstance, database: sa.Engine
) -> None:
    superseded = _run(instance, "arena", "club", bad="opera")
    latest_of_club = _run(instance, "club", "opera")
    failed = _run(instance, "arena", bad="park")
    _age(database, 20)
    recent = _run(instance, "arena")
    before, events = _standing(instance), _events(database)
    assert (before["materialised"], before["failed"]) == ({"arena", "club", "opera"}, {"park"})

    pruned = prune(database, older_than=FORTNIGHT)

    assert pruned is not None
    assert (pruned.runs, pruned.checks) == (1, 3)
    assert _events(database) == events - pruned.events
    assert _standing(instance) == before
    assert {run.run_id for run in instance.get_runs()} == {latest_of_club, failed, recent}
    assert len(instance.all_logs(recent)) > 10
    assert superseded not in {run.run_id for run in instance.get_runs()}
    # Of the old ones stays: the latest of club and opera, and the plan for the park.
    assert len(instance.all_logs(latest_of_club)) == 2
    assert [log.dagster_event_type for log in instance.all_logs(failed)] == [
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    ]
    assert prune(database, older_than=FORTNIGHT) == Pruned(0, 0, 0, 0)


def test_a_run_that_is_under_way_keeps_all_its_events_however_old(
    instance: dg.DagsterInstance, database: sa.Engine
) -> None:
    run_id = _run(instance, "arena")
    _run(instance, "arena")
    with database.begin() as conn:
        conn.execute(sa.text("UPDATE dagster.runs SET status = 'STARTED' WHERE run_id = :r"), {"r": run_id})
    _age(database, 400)
    before = len(instance.all_logs(run_id))

    pruned = prune(database, older_than=FORTNIGHT)

    assert pruned is not None
    assert pruned.events > 0
    assert len(instance.all_logs(run_id)) == before


def test_where_dagster_keeps_its_log_elsewhere_nothing_is_touched(database: sa.Engine) -> None:
    assert prune(database, older_than=FORTNIGHT) is None
