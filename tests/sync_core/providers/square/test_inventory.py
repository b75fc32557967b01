import pytest

from sync_core.errors import BatchRefused
from sync_core.providers.protocol import Batch, Remote
from tests.sync_core.providers.outside import done, read_all, sought_of, write_many, write_one
from tests.sync_core.providers.square.conftest import SquareAccount
from tests.sync_core.providers.square.writes import count, create_item, delete, update


@pytest.fixture
def variations(square: SquareAccount) -> list[str]:
    made = write_many(square.provider, "products", "create", [create_item(f"P{n}") for n in range(3)])
    return [done(one).state["variation_id"] for one in made]


def counts(square: SquareAccount) -> dict[str, str]:
    return {one["catalog_object_id"]: one["quantity"] for one in square.outside.objects("inventory_counts")}


def test_counts_are_set_in_one_request_after_the_location_is_known(square: SquareAccount, variations: list[str]):
    writes = [count(one, str(n), local_id=f"L{n}", key=f"k{n}") for n, one in enumerate(variations, start=5)]
    outcomes = write_many(square.provider, "inventory", "create", writes)
    assert [done(one).id for one in outcomes] == variations
    assert counts(square) == dict(zip(variations, ["5", "6", "7"], strict=True))
    assert [done(one).record["quantity"] for one in outcomes] == ["5", "6", "7"]
    write_one(square.provider, "inventory", update(done(outcomes[0]), "k9", {"quantity": "1"}, local_id="L5"))
    counted = square.outside.counted()
    assert (counted["GET /v2/locations"], counted["POST /v2/inventory/changes/batch-create"]) == (1, 2)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "throttle"])
def test_a_count_disturbed_once_is_taken(square: SquareAccount, variations: list[str], kind: str):
    square.outside.faults({"kind": kind, "status": 503, "path": "/v2/inventory/changes/*", "times": 1})
    write_one(square.provider, "inventory", count(variations[0], "5"))
    assert counts(square) == {variations[0]: "5"}


def test_a_count_repeated_later_under_its_key_is_taken_again(square: SquareAccount, variations: list[str]):
    write_one(square.provider, "inventory", count(variations[0], "5"))
    square.clock.advance(3600)
    assert done(write_one(square.provider, "inventory", count(variations[0], "5"))).record["quantity"] == "5"
    assert counts(square) == {variations[0]: "5"}


def test_an_unchanged_count_is_answered_too(square: SquareAccount, variations: list[str]):
    for key in ("k1", "k2"):
        made = done(write_one(square.provider, "inventory", count(variations[0], "5", key=key)))
        assert (made.id, made.record["quantity"]) == (variations[0], "5")


def test_a_bad_count_among_many_refuses_the_batch_and_alone_refuses_itself(
    square: SquareAccount, variations: list[str]
):
    bad = count("NO-SUCH-VARIATION", "5", local_id="L2", key="k2")
    with pytest.raises(BatchRefused):
        write_many(square.provider, "inventory", "create", [count(variations[0], "5"), bad])
    assert counts(square) == {}
    assert write_one(square.provider, "inventory", bad).refused_code is not None


def test_a_record_without_a_variation_is_refused_and_its_neighbours_go_on(square: SquareAccount, variations: list[str]):
    homeless, counted = write_many(
        square.provider,
        "inventory",
        "create",
        [count("", "5", local_id="L1"), count(variations[0], "6", local_id="L2")],
    )
    assert homeless.refused_code == "NO_REMOTE_ID"
    assert done(counted).record["quantity"] == "6"


def test_stock_cannot_be_deleted(square: SquareAccount, variations: list[str]):
    gone = delete(Remote(id=variations[0], record={}), "k1")
    outcomes = square.provider.write("inventory", Batch(key="b1", operation="delete", writes=[gone]))
    assert outcomes[0].refused_code == "UNSUPPORTED"


def test_counts_are_read_when_they_change(square: SquareAccount, variations: list[str]):
    write_one(square.provider, "inventory", count(variations[0], "5"))
    records, cursor = read_all(square.provider, "inventory", None)
    assert [(one.id, one.record["quantity"]) for one in records] == [(variations[0], "5")]
    square.clock.advance(600)
    square.outside.seed("inventory_changes", {"catalog_object_id": variations[1], "quantity": "8"})
    changed, cursor = read_all(square.provider, "inventory", cursor)
    assert (variations[1], "8") in [(one.id, one.record["quantity"]) for one in changed]
    square.clock.advance(600)
    square.outside.seed("inventory_changes", {"catalog_object_id": variations[2], "quantity": "9"})
    changed, _ = read_all(square.provider, "inventory", cursor)
    assert {one.id for one in changed} == {variations[1], variations[2]}


def test_a_count_in_doubt_is_found_by_its_variation(square: SquareAccount, variations: list[str]):
    write = count(variations[0], "5")
    sought = [sought_of(write, square.clock)]
    assert "5" not in [one.record["quantity"] for one in square.provider.find("inventory", sought).values()]
    write_one(square.provider, "inventory", write)
    assert square.provider.find("inventory", sought)["L1"].record["quantity"] == "5"
