"""What is kept, for how long, and that it goes without an API too: by Dagster's own job."""

from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.tidying import tidy_job
from sync_core.store import locks


def test_syncs_decisions_and_audit_lines_go_after_their_time_but_never_the_last_good_sync_nor_the_last(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Dagster, as where no API runs; while another process is at it nothing is done twice."""
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")

    def sql(statement: str) -> list[Any]:
        with database.begin() as conn:
            result = conn.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    sql("INSERT INTO venue.venues (id, name, currency) VALUES ('v', 'v', 'USD')")
    [(connection,)] = sql(
        "INSERT INTO sync.connections (venue_id, provider, environment, status) "
        "VALUES ('v', 'stripe', 'sandbox', 'connected') RETURNING id"
    )
    for run, days, status in (
        ("older", 200, "succeeded"),
        ("last good", 120, "succeeded"),
        ("failed next", 110, "failed"),
        ("was killed", 105, "running"),
        ("failed since", 100, "failed"),
    ):
        sql(
            "INSERT INTO sync.sync_log (connection_id, entity, run_id, mode, status, started_at) VALUES "
            f"({connection}, 'customers', '{run}', 'full', '{status}', now() - interval '{days} days')"
        )
    sql(
        "INSERT INTO sync.sync_log (connection_id, entity, run_id, mode, status, started_at) VALUES "
        f"({connection}, 'products', 'young', 'full', 'succeeded', now() - interval '80 days'), "
        f"({connection}, 'products', 'newest', 'full', 'succeeded', now())"
    )
    for days in (300, 401):
        sql(
            "INSERT INTO sync.audit_log (at, actor, role, action, subject, request_id) VALUES "
            f"(now() - interval '{days} days', 'user:ana', 'admin', 'a', '/a', '{days}')"
        )

    for days in (91, 89):
        sql(
            "INSERT INTO sync.conflicts (connection_id, entity, local_id, field, policy, winner, at) VALUES "
            f"({connection}, 'customers', '{days}', 'email', 'newest_wins', 'venue', now() - interval '{days} days')"
        )

    with database.connect() as other, locks.only_one(other, "tidy"):
        tidy_job().execute_in_process(resources={"database": database})
        beside = sql("SELECT count(*) FROM sync.sync_log")
    done = tidy_job().execute_in_process(resources={"database": database})

    assert beside == [(7,)]
    runs = {run for (run,) in sql("SELECT run_id FROM sync.sync_log")}
    assert runs == {"last good", "failed since", "young", "newest"}
    assert sql("SELECT request_id FROM sync.audit_log") == [("300",)]
    assert sql("SELECT local_id FROM sync.conflicts") == [("89",)]
    (output,) = [event for event in done.all_node_events if event.is_successful_output]
    assert output.step_output_data.metadata["syncs"] == dg.MetadataValue.int(3)
