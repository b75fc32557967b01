"""The incremental sync at a provider's cadence: how many runs, for whom, and when none."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.run import due_tags
from sync_core.spec.load import load_providers
from sync_core.store import connections, turns
from sync_core.store.database import open_engine
from sync_core.store.venue_tables import venues
from sync_defs import schedules
from sync_defs.definitions import defs
from sync_defs.schedules import incremental_schedules

SPECS = load_providers(Path(__file__).parents[2] / "sync_defs" / "defs")
TICK = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    # Not the ephemeral one: a schedule opens the instance anew, from its reference.
    with dg.instance_for_test() as instance:
        yield instance


def _connect(database: sa.Engine, provider: str, *names: str) -> None:
    with database.begin() as conn:
        conn.execute(sa.insert(venues), [{"id": name, "name": name, "currency": "EUR"} for name in names])
        for name in names:
            connections.save(conn, name, provider, environment="sandbox", account_id=name, account_name=name)


def _tick(instance: dg.DagsterInstance, database: sa.Engine, provider: str) -> list[dg.RunRequest] | dg.SkipReason:
    schedule = next(s for s in incremental_schedules(SPECS) if s.name == f"{provider}_incremental")
    with dg.build_schedule_context(
        instance=instance, scheduled_execution_time=TICK, resources={"database": database}
    ) as context:
        result = schedule(context)
    assert isinstance(result, list | dg.SkipReason)
    return result


def test_each_provider_runs_at_its_own_cadence() -> None:
    assert {s.name: s.cron_schedule for s in incremental_schedules(SPECS)} == {
        f"{name}_incremental": spec.cadence for name, spec in SPECS.items()
    }


def test_without_anything_to_do_nothing_runs(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    assert _tick(instance, database, "stripe") == dg.SkipReason("No venue has anything to do.")


def test_due_venues_share_a_run_of_the_assets_that_are_due_for_one_of_them(
    instance: dg.DagsterInstance, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "VENUES_PER_RUN", 2)
    _connect(database, "stripe", "opera", "arena", "club", "park")
    with database.begin() as conn:
        park, club = connections.find(conn, "park", "stripe"), connections.find(conn, "club", "stripe")
        assert park is not None
        assert club is not None
        for entity in SPECS["stripe"].entities:
            turns.begin(conn, park.id, entity)
            if entity != "products":
                turns.begin(conn, club.id, entity)
                turns.end_well(conn, club.id, entity, chosen="")
        connections.suspend(conn, park.id, reason="Not paid.")

    requests = _tick(instance, database, "stripe")

    assert isinstance(requests, list)
    assert [{**request.tags} for request in requests] == [due_tags("arena", "club"), due_tags("opera", "opera")]
    assert len({request.run_key for request in requests}) == len(requests)
    assert {key.path[0] for request in requests for key in request.asset_selection or []} == {"stripe"}
    assert [len(request.asset_selection or []) for request in requests] == [9, 9]


@pytest.mark.parametrize(
    ("status", "runs"),
    [(dg.DagsterRunStatus.STARTING, 0), (dg.DagsterRunStatus.STARTED, 1), (dg.DagsterRunStatus.FAILURE, 1)],
)
def test_a_tick_waits_for_a_run_of_its_own_that_has_not_begun_and_not_for_one_that_hangs(
    instance: dg.DagsterInstance, database: sa.Engine, status: dg.DagsterRunStatus, runs: int
) -> None:
    _connect(database, "stripe", "arena")
    with database.begin() as conn:
        connections.save(conn, "arena", "square", environment="sandbox", account_id="a", account_name="a")
    instance.add_run(
        dg.DagsterRun(job_name="incremental_sync", status=status, tags={"dagster/schedule_name": "stripe_incremental"})
    )

    own, other = _tick(instance, database, "stripe"), _tick(instance, database, "square")

    assert (len(own) if isinstance(own, list) else 0, isinstance(other, list)) == (runs, True)


def test_dagster_takes_what_a_tick_asks_for_as_a_run_without_partitions(
    instance: dg.DagsterInstance, database: sa.Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    _connect(database, "stripe", "arena")
    schedule = defs().get_repository_def().get_schedule_def("stripe_incremental")
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=TICK,
        repository_def=defs().get_repository_def(),
        resources={"database": database},
    ) as context:
        [request] = schedule.evaluate_tick(context).run_requests or []

    assert request.partition_key is None
    assert request.tags["venue_sync/due_first"] == "arena"


def test_a_database_that_does_not_answer_is_a_reason_to_wait_and_no_secret_is_told(
    instance: dg.DagsterInstance,
) -> None:
    gone = open_engine("postgresql://somebody:s3cret@127.0.0.1:1/none")  # pragma: allowlist secret - of nobody

    assert _tick(instance, gone, "stripe") == dg.SkipReason("The database does not answer.")
