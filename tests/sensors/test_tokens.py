"""Tokens that come to their end start one run, however many they are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.tokens import REFRESH, token_jobs
from sensors.tokens import tokens_due
from sync_core.store import tokens
from sync_core.store.database import open_engine
from sync_core.store.failures import SENTENCES
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import venues


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def _tokens(database: sa.Engine, *, count: int, due_in: timedelta) -> None:
    now = datetime.now(UTC)
    times = tokens.Times(obtained_at=now, expires_at=None, refresh_expires_at=None, due_at=now + due_in)
    with database.begin() as conn:
        for number in range(count):
            conn.execute(sa.insert(venues).values(id=f"v{number}", name="v", currency="EUR"))
            values = {"venue_id": f"v{number}", "provider": "square", "environment": "sandbox", "status": "connected"}
            made = conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()
            tokens.begin(conn, made, times=times, scopes="", refreshable=True)


def _tick(instance: dg.DagsterInstance, database: sa.Engine) -> dg.RunRequest | dg.SkipReason:
    with dg.build_sensor_context(instance=instance, resources={"database": database}) as context:
        result = tokens_due(context)
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def test_many_tokens_that_are_due_are_one_run(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    _tokens(database, count=5, due_in=timedelta(seconds=30))
    assert isinstance(_tick(instance, database), dg.RunRequest)


def test_while_a_run_is_on_its_way_there_is_no_second_one(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    _tokens(database, count=1, due_in=timedelta(0))
    instance.create_run_for_job(token_jobs()[0])
    assert instance.get_runs_count(dg.RunsFilter(job_name=REFRESH)) == 1
    assert _tick(instance, database) == dg.SkipReason("Tokens are due, and a run is on its way.")


def test_nothing_due_starts_nothing(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    _tokens(database, count=1, due_in=timedelta(minutes=5))
    assert _tick(instance, database) == dg.SkipReason("No token is due.")


def test_a_database_that_is_away_is_no_error(instance: dg.DagsterInstance) -> None:
    away = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    assert _tick(instance, away) == dg.SkipReason(SENTENCES["gone"])
    away.dispose()
