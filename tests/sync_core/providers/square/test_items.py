from typing import Any

import pytest

from sync_core.providers.protocol import Write
from sync_core.providers.square.items import draft, merged, remote_item
from tests.sync_core.providers.square.writes import VARIATION, create_item


def item() -> dict[str, Any]:
    """An item with a variation that the seller put before ours."""
    return {
        "type": "ITEM",
        "id": "I1",
        "version": 7,
        "item_data": {
            "name": "Play",
            "description": "Old",
            "description_html": "<p>Old</p>",
            "tax_ids": ["T1"],
            "variations": [
                {
                    "type": "ITEM_VARIATION",
                    "id": "V0",
                    "version": 7,
                    "item_variation_data": {
                        "name": "Seller's own",
                        "pricing_type": "VARIABLE_PRICING",
                    },
                },
                {
                    "type": "ITEM_VARIATION",
                    "id": "V1",
                    "version": 6,
                    "item_variation_data": {
                        "name": "Regular",
                        "pricing_type": "FIXED_PRICING",
                        "price_money": {"amount": 2500, "currency": "USD"},
                    },
                },
            ],
        },
    }


def change(fields: dict[str, Any]) -> dict[str, Any]:
    write = Write(
        operation="update", local_id="L1", key="k", fields=fields, remote_id="I1", remote_state={"variation_id": "V1"}
    )
    return merged(item(), write)


def test_our_variation_is_changed_wherever_it_stands_and_all_else_stays():
    changed = change({f"{VARIATION}.price_money.amount": 3000})
    expected = item()
    expected["item_data"]["variations"][1]["item_variation_data"]["price_money"]["amount"] = 3000
    assert changed == expected


def test_without_a_price_the_price_is_asked_for_at_the_counter():
    changed = change({f"{VARIATION}.price_money.amount": None})
    assert changed["item_data"]["variations"][1]["item_variation_data"] == {
        "name": "Regular",
        "pricing_type": "VARIABLE_PRICING",
    }


def test_a_new_description_replaces_both_of_its_forms():
    data = change({"item_data.description": "New"})["item_data"]
    assert (data["description"], "description_html" in data) == ("New", False)
    assert "description" not in change({"item_data.description": None})["item_data"]


def test_the_known_variation_stays_known_when_the_seller_adds_one_before_it():
    assert remote_item(item()).state["variation_id"] == "V0"
    assert change({f"{VARIATION}.sku": "S"})["item_data"]["variations"][1]["item_variation_data"]["sku"] == "S"


def test_the_same_write_always_makes_the_same_draft():
    assert draft(create_item("L1")) == draft(create_item("L1"))
    made = draft(create_item("L1"))
    assert (made["id"], made["item_data"]["variations"][0]["id"]) == ("#L1", "#L1-v")
    assert made["item_data"]["variations"][0]["item_variation_data"]["user_data"] == "L1"
    assert "description" not in made["item_data"]


@pytest.mark.parametrize(
    ("amount", "pricing"), [(2500, "FIXED_PRICING"), (0, "FIXED_PRICING"), (None, "VARIABLE_PRICING")]
)
def test_a_draft_says_how_it_is_priced(amount: int | None, pricing: str):
    changes: dict[str, Any] = {f"{VARIATION}.price_money.amount": amount}
    data = draft(create_item("L1", **changes))
    assert data["item_data"]["variations"][0]["item_variation_data"]["pricing_type"] == pricing
