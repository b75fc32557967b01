"""A run over many venues, end to end: real database, real HTTP, real Dagster events."""

import dagster as dg
import pytest

from assets.checks import MAPPED_FRAME, NO_DEAD_LETTERS
from sync_core.spec.connection import ConnectionSettings
from sync_core.store import connections, locks
from tests.assets.stage import Stage
from tests.tracing import caught

PRODUCTS = dg.AssetKey(["stripe", "products"])


def _failures(result: dg.ExecuteInProcessResult) -> dict[str, dg.Failure]:
    events = result.filter_events(lambda event: event.is_step_failure)
    return {event.step_key or "": event.step_failure_data.user_failure_data for event in events}  # pyright: ignore[reportReturnType]


def _check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    [evaluation] = [
        found
        for found in result.get_asset_check_evaluations()
        if (found.asset_key, found.check_name) == (PRODUCTS, name)
    ]
    return evaluation


@pytest.fixture
def season(stage: Stage) -> Stage:
    """Arena and opera are connected; the club's key is revoked; the park has no connection."""
    for venue in ("arena", "club", "opera", "park"):
        stage.add_venue(venue)
        stage.add_products(venue, f"{venue} floor", f"{venue} balcony")
    for venue in ("arena", "club", "opera"):
        stage.connect(venue)
    return stage


def test_every_venue_of_a_range_is_synced_and_materialised_with_its_numbers(season: Stage) -> None:
    result = season.sync("products", first="arena", last="arena")

    assert result.success
    [materialization] = result.asset_materializations_for_node("stripe__products")
    assert (materialization.partition, materialization.metadata["created"].value) == ("arena", 2)
    assert {p["name"] for p in season.stripe.objects("acct_arena", "products")} == {"arena floor", "arena balcony"}


def test_a_run_is_one_trace_with_a_span_for_each_venue_and_entity(season: Stage) -> None:
    with caught() as spans:
        result = season.sync("products", "customers", first="arena", last="opera")

    run = spans.one("run incremental_sync", correlation=result.run_id)
    assert run.parent is None
    for entity in ("products", "customers"):
        synced = spans.named(f"sync stripe/{entity}", correlation=result.run_id, status="succeeded")
        assert {one.attributes["venue_sync.venue"] for one in synced} == {"arena", "club", "opera"}
        assert {one.parent for one in synced} == {run.id}
    assert {one.trace for one in spans.all} == {run.trace}
    assert spans.all[-1] == run


def test_one_venues_revoked_key_fails_the_run_by_name_and_stops_nobody_else(season: Stage) -> None:
    season.stripe.revoke("sk_test_club0123456789abcdef")

    result = season.sync("products", "customers", first="arena", last="opera")

    assert not result.success
    failures = _failures(result)
    assert set(failures) == {"stripe__products", "stripe__customers"}
    assert failures["stripe__products"].description == "1 of 3 venues failed: club."
    table = failures["stripe__products"].metadata["failed venues"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["venue"] for record in table.records] == ["club"]
    assert (season.materialised("products"), season.materialised("customers")) == (
        {"arena", "opera"},
        {"arena", "opera"},
    )
    assert season.failed("products") == {"club"}


def test_a_run_of_those_that_are_due_passes_over_the_others_and_a_person_does_not(season: Stage) -> None:
    with season.database.begin() as conn:
        arena = connections.find(conn, "arena", "stripe")
        assert arena is not None
        connections.change_settings(conn, arena.id, ConnectionSettings(interval_seconds=3600))

    def synced(result: dg.ExecuteInProcessResult) -> set[str | None]:
        assert result.success
        return {one.partition for one in result.asset_materializations_for_node("stripe__products")}

    assert synced(season.sync_due("products")) == {"arena", "club", "opera"}
    assert synced(season.sync_due("products")) == set()
    season.add_products("arena", "arena box")
    season.add_products("club", "club box")
    assert synced(season.sync_due("products")) == {"club"}
    assert synced(season.sync("products", first="arena", last="opera")) == {"arena", "club", "opera"}


def test_of_those_that_were_due_only_the_venue_that_failed_shows_as_failed_and_is_due_again(season: Stage) -> None:
    season.sync_due("products", "customers")
    for venue in ("arena", "club"):
        season.add_products(venue, f"{venue} box")
    season.stripe.revoke("sk_test_club0123456789abcdef")

    result = season.sync_due("products", "customers")

    assert _failures(result)["stripe__products"].description == "1 of 2 venues failed: club."
    assert season.failed("products") == {"club"}
    assert season.materialised("products") == {"arena", "club", "opera"}


def test_a_venue_that_is_being_synced_at_the_moment_makes_no_run_of_the_due_fail(season: Stage) -> None:
    season.add_products("opera", "opera box")
    with season.database.connect() as conn:
        arena = connections.find(conn, "arena", "stripe")
        assert arena is not None
        with locks.holding(conn, arena.id, "customers"):
            result = season.sync_due("products")

    assert result.success
    assert season.materialised("products") == {"club", "opera"}


def test_what_others_need_is_synced_first_although_nothing_depends_on_it(season: Stage) -> None:
    result = season.sync("refunds", "charges", "customers", first="arena", last="arena")

    started = [event.step_key for event in result.all_events if event.is_step_start]
    assert started == ["stripe__customers", "stripe__charges", "stripe__refunds"]


def test_a_connection_that_another_sync_holds_is_named_and_left_for_the_next_run(season: Stage) -> None:
    with season.database.connect() as conn:
        arena = connections.find(conn, "arena", "stripe")
        assert arena is not None
        with locks.holding(conn, arena.id, "products"):
            result = season.sync("products", first="arena", last="opera")

    table = _failures(result)["stripe__products"].metadata["failed venues"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data for record in table.records] == [
        {
            "venue": "arena",
            "category": "-",
            "error": "Another sync of products of arena/stripe is running; this one did nothing.",
        }
    ]
    assert season.materialised("products") == {"club", "opera"}


def test_a_venue_without_a_connection_is_neither_red_nor_green(season: Stage) -> None:
    result = season.sync("products", first="opera", last="park")

    assert result.success
    assert season.materialised("products") == {"opera"}


def test_in_a_backfill_a_venue_without_a_connection_is_done_so_that_the_backfill_can_finish(season: Stage) -> None:
    result = season.sync("products", first="park", last="park", tags={"dagster/backfill": "abc"})

    [materialization] = result.asset_materializations_for_node("stripe__products")
    assert materialization.metadata == {"status": dg.MetadataValue.text("not connected")}


def test_rows_that_cannot_be_mapped_fail_the_checks_with_a_table_and_the_rest_is_pushed(season: Stage) -> None:
    season.add_products("arena", *(f"seat {n}" for n in range(20)), "x" * 5001)

    result = season.sync("products", first="arena", last="opera")

    assert result.success
    frame, letters = _check(result, MAPPED_FRAME), _check(result, NO_DEAD_LETTERS)
    assert (frame.passed, frame.severity, letters.passed) == (False, dg.AssetCheckSeverity.WARN, False)
    assert (frame.metadata["rows checked"].value, frame.metadata["rows bad"].value) == (27, 1)
    for table in (frame.metadata["first failures"], letters.metadata["latest"]):
        assert isinstance(table, dg.TableMetadataValue)
        assert [(record.data["venue"], record.data["record"]) for record in table.records] == [("arena", "x" * 20)]
    assert len(season.stripe.objects("acct_arena", "products")) == 22


def test_clean_rows_pass_both_checks(season: Stage) -> None:
    result = season.sync("products", first="arena", last="opera")

    assert [_check(result, name).passed for name in (MAPPED_FRAME, NO_DEAD_LETTERS)] == [True, True]


def test_a_second_run_finds_nothing_to_write_and_a_full_one_looks_at_everything(season: Stage) -> None:
    season.sync("products", first="arena", last="arena")

    again = season.sync("products", first="arena", last="arena")
    full = season.sync(
        "products",
        first="arena",
        last="arena",
        run_config={"ops": {"stripe__products": {"config": {"mode": "full"}}}},
    )

    read = [run.asset_materializations_for_node("stripe__products")[0].metadata for run in (again, full)]
    assert [(m["records read"].value, m["created"].value, m["unchanged"].value) for m in read] == [(0, 0, 0), (2, 0, 2)]


def test_a_mode_that_makes_no_sense_stops_the_run_before_any_call(season: Stage) -> None:
    result = season.sync(
        "products",
        first="arena",
        last="arena",
        run_config={"ops": {"stripe__products": {"config": {"mode": "since"}}}},
    )

    assert not result.success
    assert season.materialised("products") == set()
    assert list(season.stripe.objects("acct_arena", "products")) == []


def test_no_key_is_left_in_what_dagster_stores_even_after_a_failure(season: Stage) -> None:
    keys = [f"sk_test_{venue}0123456789abcdef" for venue in ("arena", "club", "opera")]
    season.stripe.revoke(keys[1])

    result = season.sync("products", "customers", first="arena", last="park")

    records = season.instance.all_logs(result.run_id)
    run = season.instance.get_run_by_id(result.run_id)
    assert run is not None
    snapshot = season.instance.get_job_snapshot(run.job_snapshot_id or "")
    stored = "\n".join(
        [*(dg.serialize_value(record) for record in records), dg.serialize_value(run), dg.serialize_value(snapshot)]
    )
    assert len(records) > 20
    assert "club" in stored
    assert [key for key in keys if key in stored] == []
    assert season.engine.database.url.render_as_string(hide_password=False) not in stored
