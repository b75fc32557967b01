"""The incremental sync at a provider's cadence: how many runs, for whom, and when none."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.keys import VENUES
from sync_core.spec.load import load_providers
from sync_defs import schedules
from sync_defs.schedules import incremental_schedules

SPECS = load_providers(Path(__file__).parents[2] / "sync_defs" / "defs")
TICK = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    # Not the ephemeral one: a schedule opens the instance anew, from its reference.
    with dg.instance_for_test() as instance:
        yield instance


def _tick(instance: dg.DagsterInstance, provider: str) -> list[dg.RunRequest] | dg.SkipReason:
    schedule = next(s for s in incremental_schedules(SPECS) if s.name == f"{provider}_incremental")
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=TICK) as context:
        result = schedule(context)
    assert isinstance(result, list | dg.SkipReason)
    return result


def test_each_provider_runs_at_its_own_cadence() -> None:
    assert {s.name: s.cron_schedule for s in incremental_schedules(SPECS)} == {
        f"{name}_incremental": spec.cadence for name, spec in SPECS.items()
    }


def test_without_venues_nothing_runs(instance: dg.DagsterInstance) -> None:
    assert _tick(instance, "stripe") == dg.SkipReason("There is no venue yet.")


def test_neighbouring_venues_share_a_run_of_the_providers_assets(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "VENUES_PER_RUN", 2)
    instance.add_dynamic_partitions(VENUES, ["opera", "arena", "club"])

    requests = _tick(instance, "stripe")

    assert isinstance(requests, list)
    assert [request.partition_key_range for request in requests] == [
        dg.PartitionKeyRange("opera", "arena"),
        dg.PartitionKeyRange("club", "club"),
    ]
    assert len({request.run_key for request in requests}) == len(requests)
    assert {key.path[0] for request in requests for key in request.asset_selection or []} == {"stripe"}


@pytest.mark.parametrize(
    ("status", "runs"),
    [(dg.DagsterRunStatus.STARTED, 0), (dg.DagsterRunStatus.STARTING, 0), (dg.DagsterRunStatus.FAILURE, 1)],
)
def test_a_tick_waits_for_the_previous_sync_of_its_own_provider(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, runs: int
) -> None:
    instance.add_dynamic_partitions(VENUES, ["arena"])
    instance.add_run(
        dg.DagsterRun(job_name="incremental_sync", status=status, tags={"dagster/schedule_name": "stripe_incremental"})
    )

    own, other = _tick(instance, "stripe"), _tick(instance, "square")

    assert (len(own) if isinstance(own, list) else 0, isinstance(other, list)) == (runs, True)
