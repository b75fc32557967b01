import pytest

from sync_core.errors import ConfigurationError
from sync_core.providers.protocol import Remote
from tests.sync_core.providers.outside import read_all, write_one
from tests.sync_core.providers.stripe.conftest import StripeAccount
from tests.sync_core.providers.stripe.writes import create_product


@pytest.mark.parametrize(
    "entity", ["products", "customers", "charges", "payment_intents", "refunds", "balance_transactions"]
)
def test_what_is_fetched_looks_as_it_was_read_and_comes_in_the_order_asked_for(stripe: StripeAccount, entity: str):
    for number in range(3):
        write_one(stripe.provider, "products", create_product(f"L{number}"))
        stripe.outside.seed("customers", {"name": f"Guest {number}"})
        intent = stripe.outside.seed("payments", {"amount": 5000 + number, "currency": "usd"})[0]
        stripe.outside.seed("refunds", {"payment_intent": intent["id"], "amount": 2000})
    read, _ = read_all(stripe.provider, entity, None)
    wanted = [read[-1], read[0], read[-1], read[1]]
    assert stripe.provider.fetch(entity, [one.id for one in wanted]) == wanted


def test_what_is_gone_is_told_as_gone_without_its_neighbours_suffering(stripe: StripeAccount):
    guest, other = stripe.outside.seed("customers", {"name": "Guest"}, {"name": "Other"})
    play = stripe.outside.seed("products", {"name": "Play"})[0]
    stripe.outside.seed("customers", {"id": guest["id"], "deleted": True})
    stripe.outside.seed("products", {"id": play["id"], "deleted": True})
    gone, never, there = stripe.provider.fetch("customers", [guest["id"], "cus_never", other["id"]])
    assert (gone, never) == (Remote(guest["id"], {}, deleted=True), Remote("cus_never", {}, deleted=True))
    assert (there.record["name"], there.deleted) == ("Other", False)
    assert stripe.provider.fetch("products", [play["id"]]) == [Remote(play["id"], {}, deleted=True)]


def test_a_hundred_products_cost_one_call(stripe: StripeAccount):
    made = stripe.outside.seed("products", *({"name": f"Play {n}"} for n in range(100)))
    calls = stripe.outside.calls.snapshot().total.calls
    assert len(stripe.provider.fetch("products", [one["id"] for one in made])) == 100
    assert stripe.outside.calls.snapshot().total.calls == calls + 1


def test_nothing_asked_for_costs_nothing(stripe: StripeAccount):
    assert stripe.provider.fetch("customers", []) == []
    assert stripe.outside.calls.snapshot().total.calls == 0


def test_an_entity_that_nobody_knows_is_our_mistake(stripe: StripeAccount):
    with pytest.raises(ConfigurationError, match="Stripe has no entity 'payouts'"):
        stripe.provider.fetch("payouts", ["po_1"])
