from collections.abc import Callable

import pytest

from sync_core.errors import OutcomeUnknown
from sync_core.providers.protocol import Write
from tests.sync_core.providers.outside import done, sought_of, write_one
from tests.sync_core.providers.stripe.conftest import StripeAccount
from tests.sync_core.providers.stripe.writes import create_customer, create_product


@pytest.mark.parametrize(("entity", "create"), [("products", create_product), ("customers", create_customer)])
def test_what_was_written_is_found_and_what_was_not_is_not(
    stripe: StripeAccount, entity: str, create: Callable[[str], Write]
):
    writes = [create(f"L{n}") for n in range(3)]
    sought = [sought_of(write, stripe.clock) for write in writes]
    made = done(write_one(stripe.provider, entity, writes[1]))
    found = stripe.provider.find(entity, sought)
    assert {local_id: remote.id for local_id, remote in found.items()} == {"L1": made.id}
    assert found["L1"].state == made.state


def test_a_write_whose_answer_was_lost_is_found_at_once(stripe: StripeAccount):
    write = create_customer("L1")
    sought = sought_of(write, stripe.clock)
    stripe.outside.faults({"kind": "error_after", "status": 500, "method": "POST", "times": 1})
    with pytest.raises(OutcomeUnknown):
        write_one(stripe.provider, "customers", write)
    assert list(stripe.provider.find("customers", [sought])) == ["L1"]


def test_customers_are_looked_for_among_the_young_ones_only(stripe: StripeAccount):
    stripe.outside.seed("customers", *({"name": f"Old {n}", "created": 1_700_000_000} for n in range(300)))
    sought = sought_of(create_customer("L1"), stripe.clock)
    assert stripe.provider.find("customers", [sought]) == {}
    assert stripe.outside.counted() == {"GET /v1/customers": 1}


def test_a_refund_is_found_under_what_it_refunds(stripe: StripeAccount):
    intent = stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})[0]
    write = Write(
        operation="create",
        local_id="R1",
        key="k1",
        fields={"payment_intent": intent["id"], "amount": 2000, "metadata.venue_sync_id": "R1"},
    )
    sought = [sought_of(write, stripe.clock)]
    assert stripe.provider.find("refunds", sought) == {}
    made = done(write_one(stripe.provider, "refunds", write))
    assert stripe.provider.find("refunds", sought)["R1"].id == made.id


def test_nothing_is_asked_for_when_nothing_is_sought_or_never_made(stripe: StripeAccount):
    assert stripe.provider.find("customers", []) == {}
    assert stripe.provider.find("charges", [sought_of(create_customer("L1"), stripe.clock)]) == {}
    assert stripe.outside.counted() == {}
