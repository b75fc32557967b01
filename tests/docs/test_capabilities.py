"""The page of capabilities is what the declarations say, and says something of every provider."""

from pathlib import Path

import pytest

from sync_core.spec.load import load_providers
from sync_core.spec.provider import EntitySpec
from sync_defs.capabilities import PAGE, page

SPECS = load_providers(Path(__file__).parents[2] / "sync_defs" / "defs")


def test_the_page_is_what_make_capabilities_would_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(SPECS), "run 'make capabilities'"


@pytest.mark.parametrize("provider", SPECS)
def test_every_provider_says_what_it_cannot_do_and_where_that_is_written(provider: str) -> None:
    spec = SPECS[provider]
    said = [*spec.cannot.values(), *(reason for entity in spec.entities.values() for reason in entity.cannot.values())]
    assert said
    assert [reason for reason in said if "(" not in reason] == []


def test_a_provider_without_stock_says_so() -> None:
    silent = {
        name
        for name, spec in SPECS.items()
        if all(entity.kind != "inventory" for entity in spec.entities.values()) and "inventory" not in spec.cannot
    }
    assert silent == set()


def test_a_column_with_a_policy_of_its_own_and_columns_to_match_by_are_shown() -> None:
    square = SPECS["square"]
    products: EntitySpec = square.entities["products"].model_copy(
        update={"conflict_of": {"price_minor": "venue_wins"}, "match_on": (("sku",), ("name", "currency"))}
    )
    shown = page({"square": square.model_copy(update={"entities": {"products": products}})})
    assert (
        "| Square | products | products | both ways | newer change wins; `price_minor`: venue wins "
        "| `sku`, or `name` and `currency` | archived there | 500, 500, 200 |"
    ) in shown
