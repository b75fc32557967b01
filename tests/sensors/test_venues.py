"""Partitions follow the active venues, whatever happens to the database."""

from collections.abc import Iterator

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.keys import VENUES
from sensors import venues as module
from sensors.venues import venues_to_partitions
from sync_core.store.database import open_engine
from sync_core.store.failures import SENTENCES
from sync_core.store.venue_tables import venues


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def _add(database: sa.Engine, *ids: str) -> None:
    with database.begin() as conn:
        conn.execute(sa.insert(venues), [{"id": name, "name": name, "currency": "EUR"} for name in ids])


def _tick(instance: dg.DagsterInstance, database: sa.Engine) -> dg.SensorResult | dg.SkipReason:
    """One tick, its requests applied as Dagster's daemon does."""
    with dg.build_sensor_context(instance=instance, resources={"database": database}) as context:
        result = venues_to_partitions(context)
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    for request in (result.dynamic_partitions_requests or []) if isinstance(result, dg.SensorResult) else []:
        if isinstance(request, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        else:
            for key in request.partition_keys:
                instance.delete_dynamic_partition(request.partitions_def_name, key)
    return result


def test_new_venues_become_partitions_in_name_order(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    _add(database, "opera", "arena", "jazz-club")

    _tick(instance, database)

    assert list(instance.get_dynamic_partitions(VENUES)) == ["arena", "jazz-club", "opera"]


def test_a_second_tick_finds_nothing_to_do(instance: dg.DagsterInstance, database: sa.Engine) -> None:
    _add(database, "arena")
    _tick(instance, database)

    assert _tick(instance, database) == dg.SkipReason("The partitions equal the 1 active venues.")


def test_a_venue_that_is_gone_or_inactive_loses_its_partition(
    instance: dg.DagsterInstance, database: sa.Engine
) -> None:
    _add(database, "arena", "jazz-club", "opera")
    _tick(instance, database)
    with database.begin() as conn:
        conn.execute(sa.update(venues).where(venues.c.id == "arena").values(active=False))
        conn.execute(sa.delete(venues).where(venues.c.id == "opera"))
    _add(database, "ballet")

    _tick(instance, database)

    assert list(instance.get_dynamic_partitions(VENUES)) == ["jazz-club", "ballet"]


def test_many_changes_are_spread_over_several_ticks(
    instance: dg.DagsterInstance, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHANGES_PER_TICK", 2)
    _add(database, "a", "b", "c")

    _tick(instance, database)
    after_one = list(instance.get_dynamic_partitions(VENUES))
    _tick(instance, database)

    assert (after_one, list(instance.get_dynamic_partitions(VENUES))) == (["a", "b"], ["a", "b", "c"])


def test_a_database_that_is_down_is_a_reason_to_skip_that_does_not_tell_its_address(
    instance: dg.DagsterInstance,
) -> None:
    instance.add_dynamic_partitions(VENUES, ["arena"])
    closed = open_engine("postgresql://someone:hush@127.0.0.1:1/nowhere")

    result = _tick(instance, closed)

    assert result == dg.SkipReason(SENTENCES["gone"])
    assert list(instance.get_dynamic_partitions(VENUES)) == ["arena"]
