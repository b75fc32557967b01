"""What waits for no schedule runs in Dagster, and the run tells what it did."""

from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from assets.waiting import DRAIN, WORK, waiting_jobs
from sync_core.store import inbox, locks, queue
from sync_core.webhooks import Event
from tests.world import World, account, key, world

JOBS = {job.name: job for job in waiting_jobs()}


def _run(made: World, name: str, op: str) -> dict[str, Any]:
    done = JOBS[name].execute_in_process(
        resources={"engine": made.engine}, run_config={"ops": {op: {"config": {"quiet_seconds": 0}}}}
    )
    assert done.success
    (output,) = [event for event in done.all_node_events if event.is_successful_output]
    return {name: value.value for name, value in output.step_output_data.metadata.items()}


def test_the_runs_do_what_waits_and_tell_it_in_numbers(
    database: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    with world(database, tmp_path) as made:
        venue = made.venue()
        made_there = requests.post(
            f"{made.bases['stripe']}/v1/customers",
            data={"name": "Ann"},
            headers={"Authorization": f"Bearer {key(venue, 'stripe')}"},
            timeout=10,
        ).json()
        with database.begin() as conn:
            event = Event("evt_1", "customer.created", account(venue), "customer", made_there["id"], None, {})
            inbox.store(conn, [inbox.Arrival("stripe", event)])
            connection = made.connection(venue, "stripe").id
            queue.enqueue(conn, queue.Asked(connection, "customers", "incremental", "high", "somebody"))

        drained, worked = _run(made, DRAIN, "drain"), _run(made, WORK, "work")
        with database.connect() as guard, locks.only_one(guard, "drain"):
            beside = _run(made, DRAIN, "drain")

    assert (drained["applied"], drained["api calls"]) == (1, 1)
    assert (worked["succeeded"], worked["failed"]) == (1, 0)
    assert beside == {}
