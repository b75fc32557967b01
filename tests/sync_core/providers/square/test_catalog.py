import pytest

from sync_core.errors import AuthorizationLost, BatchRefused, OutcomeUnknown, ThrottledError, TransientError
from tests.sync_core.providers.outside import done, overtaken, read_all, sought_of, write_many, write_one
from tests.sync_core.providers.square.conftest import TOKEN, SquareAccount
from tests.sync_core.providers.square.writes import VARIATION, create_item, delete, update


def items(square: SquareAccount) -> list[dict[str, object]]:
    return [one["item_data"] for one in square.outside.objects("catalog") if one["type"] == "ITEM"]


def test_a_batch_of_items_is_one_request_and_answers_in_order(square: SquareAccount):
    writes = [create_item(f"L{n}") for n in range(60)]
    outcomes = write_many(square.provider, "products", "create", writes)
    assert square.outside.counted() == {"POST /v2/catalog/batch-upsert": 1}
    assert [done(one).record["item_data"]["name"] for one in outcomes] == [f"Play L{n}" for n in range(60)]
    state = done(outcomes[0]).state
    variation = done(outcomes[0]).record["item_data"]["variations"][0]
    assert (state["variation_id"], state["variation_version"]) == (variation["id"], variation["version"])
    assert variation["item_variation_data"]["price_money"] == {"amount": 2500, "currency": "USD"}


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_before", "error_after"]
)
def test_a_create_disturbed_anywhere_happens_once(square: SquareAccount, kind: str):
    square.outside.faults({"kind": kind, "status": 503, "path": "/v2/catalog/batch-upsert", "times": 1})
    write_many(square.provider, "products", "create", [create_item("L1"), create_item("L2")])
    assert len(items(square)) == 2


def test_the_same_batch_sent_again_later_changes_nothing(square: SquareAccount):
    first = done(write_one(square.provider, "products", create_item("L1")))
    square.clock.advance(3600)
    assert done(write_one(square.provider, "products", create_item("L1"))).id == first.id
    assert len(items(square)) == 1


def test_a_bad_record_among_many_refuses_the_batch_and_alone_refuses_itself(square: SquareAccount):
    bad = create_item("L2", **{f"{VARIATION}.price_money.currency": "NOPE"})
    with pytest.raises(BatchRefused, match="None of the 2 records"):
        write_many(square.provider, "products", "create", [create_item("L1"), bad])
    assert items(square) == []
    outcome = write_one(square.provider, "products", bad)
    assert outcome.remote is None
    assert "currency" in (outcome.refused_reason or "")


def test_a_key_used_for_another_batch_is_unknown(square: SquareAccount):
    write_one(square.provider, "products", create_item("L1"))
    with pytest.raises(OutcomeUnknown, match="another request"):
        write_one(square.provider, "products", create_item("L1", **{"item_data.name": "Other"}))


def test_an_update_keeps_what_the_seller_added_since(square: SquareAccount):
    made = done(write_one(square.provider, "products", create_item("L1")))
    square.outside.seed(
        "catalog", {**made.record, "item_data": {**made.record["item_data"], "abbreviation": "PL", "name": "Theirs"}}
    )
    dearer = {f"{VARIATION}.price_money.amount": 3000}
    now = overtaken(write_one(square.provider, "products", update(made, "k2", dearer)))
    assert now.record["item_data"]["name"] == "Theirs"
    changed = done(write_one(square.provider, "products", update(now, "k3", dearer)))
    assert changed.record["item_data"]["abbreviation"] == "PL"
    assert changed.record["item_data"]["name"] == "Theirs"
    data = changed.record["item_data"]["variations"][0]["item_variation_data"]
    assert (data["price_money"]["amount"], data["sku"]) == (3000, "SKU-L1")


def test_of_many_updates_only_the_overtaken_one_is_left_out(square: SquareAccount):
    one, other = (done(write_one(square.provider, "products", create_item(name))) for name in ("L1", "L2"))
    square.outside.seed("catalog", {**one.record, "item_data": {**one.record["item_data"], "name": "Theirs"}})
    first, second = write_many(
        square.provider,
        "products",
        "update",
        [update(one, "k1", {"item_data.name": "A"}), update(other, "k2", {"item_data.name": "B"}, local_id="L2")],
    )
    assert overtaken(first).id == one.id
    assert done(second).id == other.id
    assert {found["name"] for found in items(square)} == {"Theirs", "B"}


def test_an_archiving_that_was_overtaken_is_decided_anew(square: SquareAccount):
    client = square.archiving()
    made = done(write_one(client, "products", create_item("L1")))
    square.outside.seed("catalog", {**made.record, "item_data": {**made.record["item_data"], "name": "Theirs"}})
    now = overtaken(write_one(client, "products", delete(made, "d1")))
    assert done(write_one(client, "products", delete(now, "d2"))).deleted


def test_many_updates_are_two_requests(square: SquareAccount):
    made = write_many(square.provider, "products", "create", [create_item(f"L{n}") for n in range(20)])
    writes = [update(done(one), f"u{one.local_id}", {"item_data.name": "New"}, local_id=one.local_id) for one in made]
    write_many(square.provider, "products", "update", writes)
    assert {one["name"] for one in items(square)} == {"New"}
    assert square.outside.counted() == {"POST /v2/catalog/batch-upsert": 2, "POST /v2/catalog/batch-retrieve": 1}


@pytest.mark.parametrize("status", [400, 409])
def test_a_change_between_reading_and_writing_is_noticed_and_merged(square: SquareAccount, status: int):
    made = done(write_one(square.provider, "products", create_item("L1")))
    mismatch = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "VERSION_MISMATCH", "detail": "Too old."}]}
    square.outside.faults(
        {"kind": "refuse", "status": status, "path": "/v2/catalog/batch-upsert", "times": 2, "body": mismatch}
    )
    assert done(write_one(square.provider, "products", update(made, "k2", {"item_data.name": "New"}))).id == made.id
    assert square.outside.counted()["POST /v2/catalog/batch-retrieve"] == 3


def test_a_catalog_that_never_stands_still_is_tried_later(square: SquareAccount):
    made = done(write_one(square.provider, "products", create_item("L1")))
    mismatch = {"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "VERSION_MISMATCH", "detail": "Too old."}]}
    square.outside.faults({"kind": "refuse", "path": "/v2/catalog/batch-upsert", "body": mismatch})
    with pytest.raises(TransientError, match="changed again"):
        write_one(square.provider, "products", update(made, "k2", {"item_data.name": "New"}))


def test_an_update_of_what_is_gone_is_refused_alone(square: SquareAccount):
    one, other = (done(write_one(square.provider, "products", create_item(name))) for name in ("L1", "L2"))
    square.outside.seed("catalog", {"id": one.id, "is_deleted": True})
    gone, kept = write_many(
        square.provider,
        "products",
        "update",
        [update(one, "k1", {"item_data.name": "A"}), update(other, "k2", {"item_data.name": "B"}, local_id="L2")],
    )
    assert gone.refused_code == "NOT_FOUND"
    assert done(kept).record["item_data"]["name"] == "B"


def test_deleting_is_archiving_where_the_declaration_says_so(square: SquareAccount):
    made = done(write_one(square.provider, "products", create_item("L1")))
    provider = square.archiving()
    assert done(write_one(provider, "products", delete(made, "k2"))).deleted
    assert [one["is_archived"] for one in items(square)] == [True]
    square.outside.seed("catalog", {"id": made.id, "is_deleted": True})
    assert done(write_one(provider, "products", delete(made, "k3"))).deleted, "gone already is as good"


def test_items_are_deleted_and_may_be_gone_already(square: SquareAccount):
    made = done(write_one(square.provider, "products", create_item("L1")))
    for key in ("k2", "k3"):
        assert done(write_one(square.provider, "products", delete(made, key))).deleted
    changed, _ = read_all(square.provider, "products", {"since": "2026-01-01T00:00:00.000Z"})
    assert [(one.id, one.deleted) for one in changed] == [(made.id, True)]


def test_only_what_changed_is_read_again(square: SquareAccount):
    made = write_many(square.provider, "products", "create", [create_item(f"L{n}") for n in range(5)])
    records, cursor = read_all(square.provider, "products", None)
    assert len(records) == 5
    square.clock.advance(600)
    square.outside.seed("catalog", {"id": done(made[3]).id, "is_deleted": True})
    changed, cursor = read_all(square.provider, "products", cursor)
    assert [(one.id, one.deleted) for one in changed if one.deleted] == [(done(made[3]).id, True)]
    square.clock.advance(600)
    calls = square.outside.calls.snapshot().total.calls
    read_all(square.provider, "products", cursor)
    assert square.outside.calls.snapshot().total.calls == calls + 1


def test_an_item_whose_answer_was_lost_is_found_by_the_venue_s_own_id(square: SquareAccount):
    writes = [create_item("L1"), create_item("L2")]
    sought = [sought_of(write, square.clock) for write in writes]
    square.clock.advance(5)
    made = done(write_one(square.provider, "products", writes[1]))
    assert {local: one.id for local, one in square.provider.find("products", sought).items()} == {"L2": made.id}


def test_writers_in_each_other_s_way_wait(square: SquareAccount):
    square.outside.faults({"kind": "throttle", "path": "/v2/catalog/batch-upsert", "times": 3})
    done(write_one(square.provider, "products", create_item("L1")))
    assert square.outside.calls.snapshot().total.throttles == 3
    square.outside.faults({"kind": "throttle", "path": "/v2/catalog/batch-upsert"})
    with pytest.raises(ThrottledError, match="POST /v2/catalog/batch-upsert"):
        write_one(square.provider, "products", create_item("L2"))


def test_a_worthless_token_is_the_venue_s_to_renew(square: SquareAccount):
    square.outside.revoke(TOKEN)
    with pytest.raises(AuthorizationLost) as caught:
        list(square.provider.read("products", cursor=None))
    assert TOKEN not in str(caught.value)
