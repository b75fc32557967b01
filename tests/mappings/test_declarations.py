"""The providers' declarations say what their documentation says."""

from pathlib import Path

import pytest

from sync_core.spec.load import load_providers
from sync_core.store.rows import TABLES

SPECS = load_providers(Path(__file__).parents[2] / "sync_defs" / "defs")


def test_stripe_is_worked_no_harder_than_it_allows() -> None:
    limits = SPECS["stripe"].limits
    assert (limits.production.per_second, limits.production.per_endpoint_per_second) == (100, 25)
    assert (limits.sandbox.per_second, limits.sandbox.per_endpoint_per_second) == (25, 25)
    assert limits.idempotency_hours == 24
    assert {e.batch.create for e in SPECS["stripe"].entities.values()} == {1}


def test_square_takes_batches_of_its_own_sizes_and_one_catalogue_write_at_a_time() -> None:
    entities = SPECS["square"].entities
    products = entities["products"].batch
    assert (products.create, products.update, products.delete, products.concurrency) == (500, 500, 200, 1)
    assert entities["customers"].batch.update == entities["inventory"].batch.update == 100


def test_mailchimp_is_worked_over_fewer_connections_than_it_allows_and_in_batches_of_its_own_size() -> None:
    mailchimp = SPECS["mailchimp"]
    members = mailchimp.entities["members"]
    assert mailchimp.limits.concurrency <= 10
    assert (members.batch.create, members.batch.update, members.batch.delete) == (500, 500, 1)
    assert (members.only_with, members.match_on) == (("email",), (("email",),))


def test_quickbooks_is_worked_below_its_limits_by_the_minute_and_in_batches_of_thirty() -> None:
    limits = SPECS["quickbooks"].limits
    for rate in (limits.production, limits.sandbox):
        assert (rate.per_second, rate.all_per_minute) == (10, 500)
        assert rate.per_minute == {"POST /v3/company/{id}/batch": 40}
    assert limits.concurrency <= 10
    pushed = [entity for entity in SPECS["quickbooks"].entities.values() if entity.pushes]
    assert {(one.batch.create, one.batch.update, one.batch.delete) for one in pushed} == {(30, 30, 30)}


def test_only_real_sales_are_booked_and_whoever_takes_the_money() -> None:
    receipts = SPECS["quickbooks"].entities["sales_receipts"]
    assert (receipts.model, receipts.direction, receipts.where) == ("orders", "push", {"origin": "sale"})


@pytest.mark.parametrize(
    ("provider", "version"), [("stripe", "2026-10-28.endive"), ("square", "2026-09-16"), ("quickbooks", "75")]
)
def test_every_request_is_pinned_to_a_version_and_the_address_can_be_overridden(provider: str, version: str) -> None:
    api = SPECS[provider].api
    assert api.version == version
    assert api.base_env == f"{provider.upper()}_API_BASE"
    assert SPECS[provider].client == f"sync_core.providers.{provider}:connect"


def test_what_belongs_to_one_provider_is_kept_apart_by_it() -> None:
    for name in ("stripe", "square"):
        for entity in SPECS[name].entities.values():
            belongs = "provider" in TABLES[entity.model].columns
            assert entity.where.get("provider") == (name if belongs else None)


def test_reports_are_read_when_everything_that_makes_them_is_booked() -> None:
    entities = SPECS["quickbooks"].entities
    booked = {name for name, entity in entities.items() if entity.kind in ("transactions", "inventory")}
    assert set(entities["reports"].needs) == booked - {"reports"}
    assert SPECS["quickbooks"].in_order()[-1] == "reports"


def test_what_is_referred_to_is_synced_first() -> None:
    stripe, square = SPECS["stripe"].in_order(), SPECS["square"].in_order()
    assert stripe.index("customers") < stripe.index("charges") < stripe.index("refunds")
    assert square.index("products") < square.index("inventory")
    assert square.index("customers") < square.index("payments") < square.index("refunds")


def test_stock_is_the_venues_word_and_products_go_to_stripe_only() -> None:
    inventory = SPECS["square"].entities["inventory"]
    assert (inventory.direction, inventory.conflict, inventory.model) == ("both", "venue_wins", "stock")
    products = SPECS["stripe"].entities["products"]
    assert (products.direction, products.on_delete) == ("push", "archive")
