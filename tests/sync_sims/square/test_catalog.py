"""The catalog through the official SDK: writing, versions, batches, searching, deleting."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response

Ask = Callable[..., Response]

ONCE = {"max_retries": 0}
ACCOUNT = "MLEFBHHSJGVHD"


def item(name: str, *, key: str = "i", price: int = 499, **more: Any) -> dict[str, Any]:
    """An item with one variation, as a client sends it."""
    variation = {
        "type": "ITEM_VARIATION",
        "id": f"#{key}-v",
        "item_variation_data": {
            "name": "Regular",
            "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": price, "currency": "USD"},
        },
    }
    return {"type": "ITEM", "id": f"#{key}", "item_data": {"name": name, "variations": [variation], **more}}


def upsert(ask: Ask, given: Any, *, key: str) -> Response:
    """Send one object."""
    return ask("POST", "/v2/catalog/object", {"idempotency_key": key, "object": given})


def only_code(response: Response) -> str:
    """The code of the only error."""
    assert len(response.body["errors"]) == 1
    return response.body["errors"][0]["code"]


def test_a_created_item_reads_as_square_recorded_it(ask: Ask) -> None:
    body = upsert(ask, item("Dryrun Test Item 2", description="Hot & wet"), key="dryrun").body
    made, variation = body["catalog_object"], body["catalog_object"]["item_data"]["variations"][0]
    common = {
        "updated_at": "2026-07-15T19:58:09.286Z",
        "created_at": "2026-07-15T19:58:09.286Z",
        "version": 1784145489286,
        "is_deleted": False,
        "present_at_all_locations": True,
    }
    assert variation == {
        "type": "ITEM_VARIATION",
        "id": variation["id"],
        **common,
        "item_variation_data": {
            "item_id": made["id"],
            "name": "Regular",
            "ordinal": 0,
            "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": 499, "currency": "USD"},
            "sellable": True,
            "stockable": True,
        },
    }
    assert made == {
        "type": "ITEM",
        "id": made["id"],
        **common,
        "item_data": {
            "name": "Dryrun Test Item 2",
            "description": "Hot & wet",
            "description_html": "<p>Hot &amp; wet</p>",
            "description_plaintext": "Hot & wet",
            "is_taxable": True,
            "product_type": "REGULAR",
            "is_archived": False,
            "variations": [variation],
        },
    }
    assert body["id_mappings"] == [
        {"client_object_id": "#i", "object_id": made["id"]},
        {"client_object_id": "#i-v", "object_id": variation["id"]},
    ]


def test_a_write_replaces_the_whole_object(square: Any) -> None:
    made = square.catalog.object.upsert(idempotency_key="1", object=item("Tea", description="Hot")).catalog_object
    variation = made.item_data.variations[0]
    sent = {
        "type": "ITEM",
        "id": made.id,
        "version": made.version,
        "item_data": {
            "name": "Tea",
            "variations": [
                {
                    "type": "ITEM_VARIATION",
                    "id": variation.id,
                    "version": variation.version,
                    "item_variation_data": {"item_id": made.id, "name": "Cup"},
                }
            ],
        },
    }
    changed = square.catalog.object.upsert(idempotency_key="2", object=sent).catalog_object
    assert changed.item_data.description is None
    assert changed.item_data.variations[0].item_variation_data.price_money is None
    assert changed.item_data.variations[0].item_variation_data.pricing_type == "VARIABLE_PRICING"
    assert changed.version > made.version
    assert changed.created_at == made.created_at


@pytest.mark.parametrize("status", [409, 400])
def test_a_stale_or_missing_version_is_a_mismatch(ask: Ask, simulator: SquareSimulator, status: Any) -> None:
    simulator.terms.version_conflict_status = status
    made = upsert(ask, item("Tea"), key="1").body["catalog_object"]
    newer = upsert(ask, made, key="2").body["catalog_object"]
    without = {name: value for name, value in newer.items() if name != "version"}
    for number, stale in enumerate((made, without)):
        response = upsert(ask, stale, key=f"stale-{number}")
        assert (response.status, response.body["errors"]) == (
            status,
            [
                {
                    "category": "INVALID_REQUEST_ERROR",
                    "code": "VERSION_MISMATCH",
                    "detail": "Object version does not match latest database version.",
                    "field": "version",
                }
            ],
        )


def test_a_nested_variation_needs_its_own_version(ask: Ask) -> None:
    made = upsert(ask, item("Tea"), key="1").body["catalog_object"]
    variation = {**made["item_data"]["variations"][0]}
    del variation["version"]
    sent = {**made, "item_data": {**made["item_data"], "variations": [variation]}}
    assert only_code(upsert(ask, sent, key="2")) == "VERSION_MISMATCH"


def test_a_variation_left_out_of_its_item_is_deleted(ask: Ask) -> None:
    two = item("Tea")
    two["item_data"]["variations"].append(
        {"type": "ITEM_VARIATION", "id": "#second", "item_variation_data": {"name": "Large"}}
    )
    made = upsert(ask, two, key="1").body["catalog_object"]
    keep, drop = made["item_data"]["variations"]
    upsert(ask, {**made, "item_data": {**made["item_data"], "variations": [keep]}}, key="2")
    assert ask("GET", f"/v2/catalog/object/{drop['id']}").status == 404
    assert ask("GET", f"/v2/catalog/object/{keep['id']}").status == 200


def test_a_variation_may_be_written_on_its_own(ask: Ask) -> None:
    made = upsert(ask, item("Tea"), key="1").body["catalog_object"]
    variation = copy.deepcopy(made["item_data"]["variations"][0])
    variation["item_variation_data"]["sku"] = "TEA-1"
    changed = upsert(ask, variation, key="2").body["catalog_object"]
    assert changed["item_variation_data"]["sku"] == "TEA-1"
    shown = ask("GET", f"/v2/catalog/object/{made['id']}").body["object"]
    assert shown["item_data"]["variations"] == [changed]
    assert shown["version"] == made["version"]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda given: given["item_data"].pop("variations"), "BAD_REQUEST"),
        (lambda given: given["item_data"].update(variations={}), "EXPECTED_ARRAY"),
        (lambda given: given["item_data"].update(category_id="#Beverages"), "INVALID_VALUE"),
        (lambda given: given["item_data"].update(categories=[{"id": "NOWHERE"}]), "INVALID_VALUE"),
        (lambda given: given["item_data"].update(name="x" * 513), "VALUE_TOO_LONG"),
        (lambda given: given["item_data"].update(name=None), "MISSING_REQUIRED_PARAMETER"),
        (lambda given: given["item_data"].update(product_type="TICKET"), "INVALID_ENUM_VALUE"),
        (lambda given: given.update(is_deleted=True), "INVALID_VALUE"),
        (lambda given: given.update(type="THING"), "INVALID_ENUM_VALUE"),
        (lambda given: given.update(id="NOWHERE"), "NOT_FOUND"),
        (lambda given: given.update(version="1"), "EXPECTED_INTEGER"),
        (lambda given: given.pop("item_data"), "MISSING_REQUIRED_PARAMETER"),
        (
            lambda given: given["item_data"]["variations"][0]["item_variation_data"]["price_money"].update(amount="1"),
            "EXPECTED_INTEGER",
        ),
        (
            lambda given: given["item_data"]["variations"][0]["item_variation_data"].pop("price_money"),
            "MISSING_REQUIRED_PARAMETER",
        ),
    ],
)
def test_a_malformed_item_is_refused_and_nothing_is_written(
    ask: Ask, simulator: SquareSimulator, spoil: Any, expected: Any
) -> None:
    given = item("Tea")
    spoil(given)
    assert only_code(upsert(ask, given, key="1")) == expected
    assert simulator.objects(ACCOUNT, "catalog") == []


def test_temporary_ids_tie_objects_of_one_batch_together(square: Any) -> None:
    category = {"type": "CATEGORY", "id": "#drinks", "category_data": {"name": "Drinks"}}
    answer = square.catalog.batch_upsert(
        idempotency_key="1",
        batches=[{"objects": [category, item("Tea", categories=[{"id": "#drinks"}], category_id="#drinks")]}],
    )
    ids = {mapping.client_object_id: mapping.object_id for mapping in answer.id_mappings or []}
    assert answer.objects[1].item_data.category_id == ids["#drinks"]
    assert answer.objects[1].item_data.categories[0].id == ids["#drinks"]
    related = square.catalog.object.get(ids["#i"] or "", include_related_objects=True).related_objects
    assert [found.id for found in related] == [ids["#drinks"]]


def test_a_batch_is_all_or_nothing_and_batches_are_independent(ask: Ask, simulator: SquareSimulator) -> None:
    batches = [
        {"objects": [item("A", key="a"), item("B", key="b", category_id="NOWHERE")]},
        {"objects": [item("C", key="c")]},
    ]
    response = ask("POST", "/v2/catalog/batch-upsert", {"idempotency_key": "1", "batches": batches})
    assert response.status == 200
    assert [made["item_data"]["name"] for made in response.body["objects"]] == ["C"]
    assert [error["code"] for error in response.body["errors"]] == ["INVALID_VALUE"]
    names = [row["item_data"]["name"] for row in simulator.objects(ACCOUNT, "catalog") if row["type"] == "ITEM"]
    assert names == ["C"]


def test_a_request_whose_every_batch_fails_is_an_error(ask: Ask) -> None:
    batches = [{"objects": [item("A", category_id="NOWHERE")]}]
    response = ask("POST", "/v2/catalog/batch-upsert", {"idempotency_key": "1", "batches": batches})
    assert (response.status, only_code(response)) == (400, "INVALID_VALUE")


def test_a_batch_takes_a_thousand_objects_variations_included(ask: Ask, simulator: SquareSimulator) -> None:
    objects = [item(str(number), key=str(number)) for number in range(501)]
    response = ask("POST", "/v2/catalog/batch-upsert", {"idempotency_key": "1", "batches": [{"objects": objects}]})
    assert (response.status, only_code(response)) == (400, "ARRAY_LENGTH_TOO_LONG")
    assert simulator.objects(ACCOUNT, "catalog") == []
    fits = {"idempotency_key": "2", "batches": [{"objects": objects[:500]}]}
    assert ask("POST", "/v2/catalog/batch-upsert", fits).status == 200


def test_a_request_takes_ten_thousand_objects(ask: Ask, simulator: SquareSimulator) -> None:
    batch = [{"type": "CATEGORY", "id": f"#{number}", "category_data": {"name": "c"}} for number in range(1000)]
    extra = [{"objects": batch[:1]}]
    eleven = {"idempotency_key": "1", "batches": [{"objects": batch}] * 10 + extra}
    assert only_code(ask("POST", "/v2/catalog/batch-upsert", eleven)) == "ARRAY_LENGTH_TOO_LONG"
    ten = {"idempotency_key": "2", "batches": [{"objects": batch}] * 10}
    assert ask("POST", "/v2/catalog/batch-upsert", ten).status == 200
    assert len(simulator.objects(ACCOUNT, "catalog")) == 10_000


def test_a_repeated_request_is_answered_from_memory(ask: Ask, simulator: SquareSimulator) -> None:
    first = upsert(ask, item("Tea"), key="1")
    assert upsert(ask, item("Tea"), key="1").body == first.body
    assert only_code(upsert(ask, item("Coffee"), key="1")) == "IDEMPOTENCY_KEY_REUSED"
    assert len(simulator.objects(ACCOUNT, "catalog")) == 2


def test_a_request_refused_for_its_content_keeps_its_key(ask: Ask) -> None:
    assert only_code(upsert(ask, item("Tea", category_id="NOWHERE"), key="1")) == "INVALID_VALUE"
    assert only_code(upsert(ask, item("Tea"), key="1")) == "IDEMPOTENCY_KEY_REUSED"
    assert upsert(ask, item("Tea"), key="2").status == 200


def test_a_key_may_have_128_characters(ask: Ask) -> None:
    assert only_code(upsert(ask, item("Tea"), key="k" * 129)) == "VALUE_TOO_LONG"
    assert only_code(upsert(ask, item("Tea"), key="")) == "VALUE_EMPTY"
    assert upsert(ask, item("Tea"), key="k" * 128).status == 200


def test_one_catalog_write_at_a_time_when_told_so(ask: Ask, simulator: SquareSimulator, clock: Any) -> None:
    simulator.register("other", account_id="ML2", name="Other")
    simulator.terms.catalog_write_seconds = 2
    assert upsert(ask, item("Tea"), key="1").status == 200
    second = upsert(ask, item("Coffee"), key="2")
    assert (second.status, only_code(second)) == (429, "RATE_LIMITED")
    body = {"idempotency_key": "1", "object": item("Tea")}
    assert ask("POST", "/v2/catalog/object", body, token="other").status == 200
    assert ask("POST", "/v2/catalog/search", {}).status == 200
    clock.forward(seconds=2)
    assert upsert(ask, item("Coffee"), key="2").status == 200


def test_listing_pages_by_a_hundred_and_shows_no_deleted_objects(square: Any, simulator: SquareSimulator) -> None:
    made = simulator.seed(ACCOUNT, "catalog", [item(str(number), key=str(number)) for number in range(120)])
    square.catalog.object.delete(made[0]["id"])
    first = square.catalog.list(types="ITEM")
    assert len(first.items or []) == 100
    assert {found.id for found in square.catalog.list(types="item")} == {row["id"] for row in made[1:]}
    assert {found.type for found in square.catalog.list()} == {"ITEM"}
    assert len(list(square.catalog.list(types="ITEM,ITEM_VARIATION"))) == 238


def test_search_pages_with_its_limit_and_ignores_a_senseless_one(square: Any, simulator: SquareSimulator) -> None:
    simulator.seed(ACCOUNT, "catalog", [item(str(number), key=str(number)) for number in range(150)])
    found: list[str] = []
    cursor = None
    while True:
        page = square.catalog.search(object_types=["ITEM"], limit=70, cursor=cursor)
        found.extend(row.item_data.name for row in page.objects or [])
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(found, key=int) == [str(number) for number in range(150)]
    for limit in (0, -1, 1001):
        assert len(square.catalog.search(object_types=["ITEM"], limit=limit).objects or []) == 100
    assert len(square.catalog.search(object_types=["ITEM_VARIATION"], limit=1000).objects or []) == 150


def test_incremental_search_returns_what_changed_after_the_latest_time(ask: Ask, clock: Any) -> None:
    def changed(since: str | None, **more: Any):
        body = {"object_types": ["ITEM"], **more} | ({} if since is None else {"begin_time": since})
        answer = ask("POST", "/v2/catalog/search", body).body
        return [row["item_data"]["name"] for row in answer.get("objects", [])], answer["latest_time"]

    first = upsert(ask, item("A", key="a"), key="1").body["catalog_object"]
    assert changed(None) == (["A"], first["updated_at"])
    assert changed(first["updated_at"]) == ([], first["updated_at"])
    second = upsert(ask, item("B", key="b"), key="2").body["catalog_object"]
    assert second["updated_at"] > first["updated_at"], "two writes in one millisecond must differ"
    assert changed(first["updated_at"]) == (["B"], second["updated_at"])
    clock.forward(seconds=5)
    gone = ask("DELETE", f"/v2/catalog/object/{first['id']}").body
    assert changed(second["updated_at"]) == ([], gone["deleted_at"])
    assert changed(second["updated_at"], include_deleted_objects=True) == (["A"], gone["deleted_at"])


def test_the_pages_of_a_search_agree_on_the_latest_time(ask: Ask, simulator: SquareSimulator, clock: Any) -> None:
    simulator.seed(ACCOUNT, "catalog", [item(name, key=name) for name in "abc"])
    body = {"object_types": ["ITEM"], "limit": 2}
    first = ask("POST", "/v2/catalog/search", body).body
    clock.forward(seconds=1)
    newer = upsert(ask, item("z", key="z"), key="1").body["catalog_object"]
    second = ask("POST", "/v2/catalog/search", {**body, "cursor": first["cursor"]}).body
    assert second["latest_time"] == first["latest_time"] < newer["updated_at"]
    assert [row["item_data"]["name"] for row in second["objects"]] == ["c"]
    after = ask("POST", "/v2/catalog/search", {"object_types": ["ITEM"], "begin_time": first["latest_time"]}).body
    assert [row["item_data"]["name"] for row in after["objects"]] == ["z"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"exact_query": {"attribute_name": "name", "attribute_value": "TEA"}}, ["Green Tea", "Teapot"]),
        ({"prefix_query": {"attribute_name": "name", "attribute_prefix": "tea"}}, ["Teapot"]),
        ({"set_query": {"attribute_name": "name", "attribute_values": ["Mug", "Spoon"]}}, ["Mug"]),
        ({"text_query": {"keywords": ["green", "of"]}}, ["Green Tea"]),
        ({"sorted_attribute_query": {"attribute_name": "name", "initial_attribute_value": "M"}}, ["Mug", "Teapot"]),
    ],
)
def test_search_understands_queries(ask: Ask, simulator: SquareSimulator, query: Any, expected: list[str]) -> None:
    simulator.seed(ACCOUNT, "catalog", [item(name, key=name) for name in ("Green Tea", "Mug", "Teapot")])
    found = ask("POST", "/v2/catalog/search", {"object_types": ["ITEM"], "query": query}).body["objects"]
    assert sorted(row["item_data"]["name"] for row in found) == expected


def test_search_refuses_two_queries_at_once(ask: Ask) -> None:
    query = {
        "text_query": {"keywords": ["tea"]},
        "exact_query": {"attribute_name": "name", "attribute_value": "tea"},
    }
    assert only_code(ask("POST", "/v2/catalog/search", {"query": query})) == "BAD_REQUEST"


def test_deleting_an_item_takes_its_variations_along(square: Any, simulator: SquareSimulator) -> None:
    made = square.catalog.object.upsert(idempotency_key="1", object=item("Tea")).catalog_object
    variation = made.item_data.variations[0]
    gone = square.catalog.batch_delete(object_ids=[made.id, "nothing"])
    assert gone.deleted_object_ids == [made.id, variation.id]
    assert all(row["is_deleted"] for row in simulator.objects(ACCOUNT, "catalog"))
    with pytest.raises(ApiError) as caught:
        square.catalog.object.get(made.id)
    assert caught.value.status_code == 404
    assert square.catalog.batch_get(object_ids=[made.id]).objects is None
    kept = square.catalog.batch_get(object_ids=[made.id], include_deleted_objects=True).objects
    assert (kept[0].is_deleted, kept[0].updated_at) == (True, gone.deleted_at)
    assert [child.id for child in kept[0].item_data.variations] == [variation.id]
    with pytest.raises(ApiError) as caught:
        square.catalog.object.delete(made.id)
    assert caught.value.status_code == 404


def test_the_limits_are_told_and_kept(square: Any, ask: Ask) -> None:
    limits = square.catalog.info().limits
    assert limits.batch_upsert_max_objects_per_batch == 1000
    assert limits.batch_delete_max_object_ids == 200
    assert only_code(ask("POST", "/v2/catalog/batch-delete", {"object_ids": ["x"] * 201})) == "ARRAY_LENGTH_TOO_LONG"
    assert only_code(ask("POST", "/v2/catalog/batch-retrieve", {"object_ids": ["x"] * 1001})) == "ARRAY_LENGTH_TOO_LONG"


def test_an_edit_at_the_dashboard_needs_no_version(simulator: SquareSimulator) -> None:
    made = simulator.seed(ACCOUNT, "catalog", [item("Tea")])[0]
    edited = {**made, "item_data": {**made["item_data"], "name": "Chai"}}
    del edited["version"]
    changed = simulator.seed(ACCOUNT, "catalog", [edited])[0]
    assert (changed["id"], changed["item_data"]["name"]) == (made["id"], "Chai")
    assert changed["version"] > made["version"]
    gone = simulator.seed(ACCOUNT, "catalog", [{"id": made["id"], "is_deleted": True}])[0]
    assert gone["is_deleted"] is True
