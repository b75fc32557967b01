"""Runs whose process was killed are given up, and no other ones."""

import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.waiting import WORK, waiting_jobs
from resources.engine import WATCHED
from sensors.runs import runs_left_behind
from sync_core.store import lifelines
from sync_core.store.database import open_engine

WORKING = next(job for job in waiting_jobs() if job.name == WORK)
PROCESS = """
import sys, time
from sync_core.store import lifelines
from sync_core.store.database import open_engine
with lifelines.held(open_engine(sys.argv[1]), sys.argv[2]):
    print("living", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def _run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> str:
    return instance.create_run_for_job(WORKING, status=status, tags={WATCHED: "yes"}).run_id


def _ticks(instance: dg.DagsterInstance, database: sa.Engine, number: int) -> None:
    cursor = None
    for _ in range(number):
        with dg.build_sensor_context(instance=instance, resources={"database": database}, cursor=cursor) as context:
            runs_left_behind(context)
            cursor = context.cursor


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_is_given_up_at_the_second_look_after_its_process_was_killed(
    instance: dg.DagsterInstance, database: sa.Engine, database_url: str
) -> None:
    run_id = _run(instance)
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, database_url, run_id], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "living\n"
        _ticks(instance, database, 3)
        assert _status(instance, run_id) == dg.DagsterRunStatus.STARTED
        process.kill()

    _wait_until_gone(database, run_id)
    _ticks(instance, database, 1)
    assert _status(instance, run_id) == dg.DagsterRunStatus.STARTED
    _ticks(instance, database, 2)
    assert _status(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_run_that_was_being_stopped_when_it_was_killed_is_canceled(
    instance: dg.DagsterInstance, database: sa.Engine
) -> None:
    run_id = _run(instance, dg.DagsterRunStatus.CANCELING)

    _ticks(instance, database, 2)

    assert _status(instance, run_id) == dg.DagsterRunStatus.CANCELED


def test_a_run_that_has_not_begun_or_never_showed_that_it_lives_is_left_alone(
    instance: dg.DagsterInstance, database: sa.Engine
) -> None:
    waiting = _run(instance, dg.DagsterRunStatus.STARTING)
    another = instance.create_run_for_job(WORKING, status=dg.DagsterRunStatus.STARTED).run_id

    _ticks(instance, database, 2)

    assert _status(instance, waiting) == dg.DagsterRunStatus.STARTING
    assert _status(instance, another) == dg.DagsterRunStatus.STARTED


def test_a_run_that_lost_its_connection_shows_again_that_it_lives(database: sa.Engine) -> None:
    with lifelines.held(database, "r", look_every=0.05):
        _terminate_others(database)
        deadline = time.monotonic() + 5
        while not _living(database, "r") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _living(database, "r")
    assert not _living(database, "r")


def test_a_database_that_does_not_answer_ends_no_run(instance: dg.DagsterInstance) -> None:
    run_id = _run(instance)

    _ticks(instance, open_engine("postgresql://somebody@127.0.0.1:1/none"), 2)

    assert _status(instance, run_id) == dg.DagsterRunStatus.STARTED


def _living(database: sa.Engine, name: str) -> bool:
    with database.connect() as conn:
        return lifelines.among(conn, [name]) == {name}


def _wait_until_gone(database: sa.Engine, name: str) -> None:
    deadline = time.monotonic() + 10
    while _living(database, name) and time.monotonic() < deadline:
        time.sleep(0.05)


def _terminate_others(database: sa.Engine) -> None:
    with database.begin() as conn:
        conn.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
