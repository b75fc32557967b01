"""One run is started when something waits and nobody is at it, and not otherwise."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.waiting import DRAIN, WORK, waiting_jobs
from sensors.waiting import Tick, syncs_waiting, webhooks_waiting
from sync_core.store import connections, inbox, locks, queue
from sync_core.store.database import open_engine
from sync_core.store.failures import SENTENCES
from sync_core.webhooks import Event

JOBS = {job.name: job for job in waiting_jobs()}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def connection(database: sa.Engine) -> int:
    with database.begin() as conn:
        conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES ('barn', 'Barn', 'USD')"))
        return connections.save(conn, "barn", "stripe", environment="sandbox", account_id="acct_b", account_name="Barn")


def _tick(sensor: Callable[..., object], instance: dg.DagsterInstance, database: sa.Engine) -> Tick:
    with dg.build_sensor_context(instance=instance, resources={"database": database}) as context:
        result = sensor(context)
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def _event(account: str) -> inbox.Arrival:
    return inbox.Arrival("stripe", Event("evt_1", "customer.updated", account, "customer", "cus_1", None, {}))


def test_a_waiting_event_starts_a_drain(instance: dg.DagsterInstance, database: sa.Engine, connection: int) -> None:
    assert isinstance(_tick(webhooks_waiting, instance, database), dg.SkipReason)
    with database.begin() as conn:
        inbox.store(conn, [_event("acct_b")])

    asked = _tick(webhooks_waiting, instance, database)
    assert isinstance(asked, dg.RunRequest)
    assert asked.job_name == DRAIN

    instance.create_run_for_job(JOBS[DRAIN], status=dg.DagsterRunStatus.STARTING)
    assert isinstance(_tick(webhooks_waiting, instance, database), dg.SkipReason)


def test_no_drain_is_started_while_a_process_is_draining_but_after_it_was_killed(
    instance: dg.DagsterInstance, database: sa.Engine, connection: int
) -> None:
    with database.begin() as conn:
        inbox.store(conn, [_event("acct_b")])
    instance.create_run_for_job(JOBS[DRAIN], status=dg.DagsterRunStatus.STARTED)

    with database.connect() as guard, locks.only_one(guard, "drain"):
        assert isinstance(_tick(webhooks_waiting, instance, database), dg.SkipReason)
        guard.invalidate()
    assert isinstance(_tick(webhooks_waiting, instance, database), dg.RunRequest)


def test_an_event_of_nobody_starts_a_drain_when_its_owner_connects(
    instance: dg.DagsterInstance, database: sa.Engine, connection: int
) -> None:
    with database.begin() as conn:
        inbox.store(conn, [_event("acct_other")])
        inbox.park(conn, inbox.due(conn, limit=1), reason="Nobody has it.")
    assert isinstance(_tick(webhooks_waiting, instance, database), dg.SkipReason)

    with database.begin() as conn:
        connections.save(conn, "barn", "stripe", environment="sandbox", account_id="acct_other", account_name="Barn")
    assert isinstance(_tick(webhooks_waiting, instance, database), dg.RunRequest)


def test_an_item_of_the_queue_starts_a_worker_and_so_does_one_that_a_dead_worker_left(
    instance: dg.DagsterInstance, database: sa.Engine, connection: int
) -> None:
    assert isinstance(_tick(syncs_waiting, instance, database), dg.SkipReason)
    with database.begin() as conn:
        queue.enqueue(conn, queue.Asked(connection, "customers", "incremental", "high", "somebody"))
    asked = _tick(syncs_waiting, instance, database)
    assert isinstance(asked, dg.RunRequest)
    assert asked.job_name == WORK

    with database.begin() as conn:
        queue.claim(conn, worker="dead")
    assert isinstance(_tick(syncs_waiting, instance, database), dg.SkipReason)
    with database.begin() as conn:
        conn.execute(sa.text("UPDATE sync.work SET seen_at = now() - interval '31 minutes'"))
    assert isinstance(_tick(syncs_waiting, instance, database), dg.RunRequest)
    run = instance.create_run_for_job(JOBS[WORK], status=dg.DagsterRunStatus.STARTED)
    assert isinstance(_tick(syncs_waiting, instance, database), dg.SkipReason)
    instance.report_run_failed(run)
    assert isinstance(_tick(syncs_waiting, instance, database), dg.RunRequest)


@pytest.mark.parametrize("sensor", [webhooks_waiting, syncs_waiting])
def test_a_database_that_does_not_answer_is_a_reason_to_wait_and_no_secret_is_told(
    instance: dg.DagsterInstance, sensor: Callable[..., object]
) -> None:
    gone = open_engine("postgresql://somebody:s3cret@127.0.0.1:1/none")  # pragma: allowlist secret - of nobody

    assert _tick(sensor, instance, gone) == dg.SkipReason(SENTENCES["gone"])
