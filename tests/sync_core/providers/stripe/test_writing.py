import itertools
import logging

import pytest

from sync_core.errors import AuthorizationLost, OutcomeUnknown, ProviderRefused, ThrottledError, TransientError
from sync_core.providers.protocol import Write
from tests.sync_core.providers.outside import done, sought_of, write_many, write_one
from tests.sync_core.providers.stripe.conftest import KEY, StripeAccount
from tests.sync_core.providers.stripe.writes import create_customer, create_product, delete, update


def test_a_product_is_created_with_its_price_in_one_call(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    assert stripe.outside.counted() == {"POST /v1/products": 1}
    assert (made.record["name"], made.record["description"]) == ("Play L1", None)
    assert made.state == {"price_id": made.record["default_price"]["id"], "amount": 2500, "currency": "usd"}


def test_a_product_without_a_price_is_created_without_one(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1", **{"default_price.unit_amount": None})))
    assert (made.record["default_price"], made.state) == (None, {})


def test_a_second_create_under_another_key_finds_the_first_and_brings_it_up_to_date(stripe: StripeAccount):
    first = done(write_one(stripe.provider, "products", create_product("L1", key="k1")))
    again = create_product("L1", key="k2", name="New name", **{"default_price.unit_amount": 3000})
    second = done(write_one(stripe.provider, "products", again))
    assert second.id == first.id
    assert [one["name"] for one in stripe.outside.objects("products")] == ["New name"]
    assert second.state["amount"] == 3000


def test_a_second_create_with_the_same_price_makes_no_second_price(stripe: StripeAccount):
    for key in ("k1", "k2", "k3"):
        write_one(stripe.provider, "products", create_product("L1", key=key))
    assert len(stripe.outside.objects("prices")) == 1


def test_an_archived_product_that_comes_back_is_in_use_again(stripe: StripeAccount):
    provider = stripe.archiving()
    made = done(write_one(provider, "products", create_product("L1", key="k1")))
    assert done(write_one(provider, "products", delete(made, "k2"))).deleted
    assert [one["active"] for one in stripe.outside.objects("products")] == [False]
    assert done(write_one(provider, "products", create_product("L1", key="k3"))).record["active"] is True


def test_a_product_with_our_id_but_another_s_mark_is_not_taken_over(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1", key="k1")))
    stripe.outside.seed("products", {"id": made.id, "metadata": {"venue_sync_id": "somebody else's"}})
    outcome = write_one(stripe.provider, "products", create_product("L1", key="k2"))
    assert outcome.refused_code == "resource_already_exists"


def test_a_new_price_replaces_the_old_one_which_goes_out_of_use(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    changed = done(
        write_one(
            stripe.provider, "products", update(made, "k2", {"default_price.unit_amount": 4000, "name": "Dearer"})
        )
    )
    assert (changed.record["name"], changed.state["amount"], changed.state["currency"]) == ("Dearer", 4000, "usd")
    prices = {one["unit_amount"]: one["active"] for one in stripe.outside.objects("prices")}
    assert prices == {2500: False, 4000: True}


def test_a_price_can_be_changed_when_we_have_never_seen_the_old_one(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    blind = Write(
        operation="update", local_id="L1", key="k2", fields={"default_price.unit_amount": 4000}, remote_id=made.id
    )
    assert done(write_one(stripe.provider, "products", blind)).state["currency"] == "usd"
    assert sorted(one["active"] for one in stripe.outside.objects("prices")) == [False, True]


def test_a_price_can_be_taken_away(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    bare = done(write_one(stripe.provider, "products", update(made, "k2", {"default_price.unit_amount": None})))
    assert bare.record["default_price"] is None
    assert [one["active"] for one in stripe.outside.objects("prices")] == [False]


def test_an_update_touches_only_what_it_names_and_none_clears(stripe: StripeAccount):
    made = done(
        write_one(
            stripe.provider,
            "customers",
            create_customer("L1", **{"phone": "+15550001", "address.city": "Reno", "metadata.tier": "gold"}),
        )
    )
    changed = done(
        write_one(
            stripe.provider,
            "customers",
            update(made, "k2", {"phone": None, "metadata.tier": None, "address.line1": "1 Main St"}),
        )
    )
    assert changed.record["phone"] is None
    assert changed.record["metadata"] == {"venue_sync_id": "L1"}
    assert changed.record["email"] == "guest@example.com"
    assert changed.record["address"]["line1"] == "1 Main St"


def test_a_customer_is_deleted_once_and_may_be_gone_already(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "customers", create_customer("L1")))
    for key in ("k2", "k3"):
        gone = done(write_one(stripe.provider, "customers", delete(made, key)))
        assert (gone.id, gone.deleted) == (made.id, True)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_after"])
def test_a_deletion_disturbed_once_is_done_once(stripe: StripeAccount, kind: str):
    made = done(write_one(stripe.provider, "customers", create_customer("L1")))
    stripe.outside.faults({"kind": kind, "status": 503, "method": "DELETE", "times": 1})
    assert done(write_one(stripe.provider, "customers", delete(made, "k2"))).deleted
    assert [one.get("deleted") for one in stripe.outside.objects("customers")] == [True]


def test_nothing_of_a_customer_reaches_a_log(stripe: StripeAccount, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="sync_core")
    write_one(stripe.provider, "customers", create_customer("L1", email="jane@example.com"))
    stripe.outside.faults({"kind": "throttle", "times": 1})
    stripe.provider.find("customers", [sought_of(create_customer("L1"), stripe.clock)])
    told = [one.getMessage() for one in caplog.records if not one.name.startswith("uvicorn")]
    assert len(told) == 1, "the call that failed, and no other"
    assert "GET /v1/customers outcome=HTTP 429" in told[0]
    assert not any(secret in told[0] for secret in ("jane", "example.com", "L1", "query"))


def test_a_product_with_prices_cannot_be_deleted_and_says_so(stripe: StripeAccount):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    outcome = write_one(stripe.provider, "products", delete(made, "k2"))
    assert outcome.remote is None
    assert outcome.refused_reason is not None
    assert outcome.refused_reason.startswith("Stripe refuses DELETE /v1/products/{id}: ")


def test_a_refund_is_made_once(stripe: StripeAccount):
    intent = stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})[0]
    fields = {"payment_intent": intent["id"], "amount": 2000, "metadata.venue_sync_id": "R1"}
    write = Write(operation="create", local_id="R1", key="k1", fields=fields)
    first, second = (done(write_one(stripe.provider, "refunds", write)) for _ in range(2))
    assert first.id == second.id
    assert [one["amount"] for one in stripe.outside.objects("refunds")] == [2000]


def test_a_refused_record_names_its_field_and_its_neighbours_go_on(stripe: StripeAccount):
    writes = [create_customer("L1"), create_customer("L2", email="not an address"), create_customer("L3")]
    good, bad, other = write_many(stripe.provider, "customers", "create", writes)
    assert good.remote is not None
    assert other.remote is not None
    assert (bad.remote, bad.refused_code) == (None, "email_invalid")
    assert "email" in (bad.refused_reason or "")


def test_an_update_of_what_stripe_has_not_is_refused(stripe: StripeAccount):
    write = Write(operation="update", local_id="L1", key="k1", fields={"name": "x"}, remote_id="cus_none")
    assert write_one(stripe.provider, "customers", write).refused_code == "resource_missing"
    nameless = Write(operation="update", local_id="L1", key="k2", fields={"name": "x"})
    assert write_one(stripe.provider, "customers", nameless).refused_code == "no_remote_id"


def test_what_stripe_does_not_offer_is_refused_as_a_whole(stripe: StripeAccount):
    with pytest.raises(ProviderRefused, match="charges cannot take a create"):
        write_one(stripe.provider, "charges", create_customer("L1"))


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_before"])
def test_a_write_disturbed_once_happens_once(stripe: StripeAccount, kind: str):
    stripe.outside.faults({"kind": kind, "status": 503, "method": "POST", "times": 1})
    done(write_one(stripe.provider, "customers", create_customer("L1")))
    assert len(stripe.outside.objects("customers")) == 1


@pytest.mark.parametrize("disturbed", range(1, 4))
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "throttle"])
def test_a_price_change_disturbed_anywhere_ends_as_if_it_had_not_been(stripe: StripeAccount, kind: str, disturbed: int):
    made = done(write_one(stripe.provider, "products", create_product("L1")))
    paths = ["/v1/prices", "/v1/products/*", "/v1/prices/*"]
    stripe.outside.faults({"kind": kind, "method": "POST", "path": paths[disturbed - 1], "times": 6})
    write = update(made, "k2", {"default_price.unit_amount": 4000})
    with pytest.raises(TransientError):
        write_one(stripe.provider, "products", write)
    stripe.outside.faults()
    stripe.clock.advance(120)
    assert done(write_one(stripe.provider, "products", write)).state["amount"] == 4000
    prices = {one["unit_amount"]: one["active"] for one in stripe.outside.objects("prices")}
    assert prices == {2500: False, 4000: True}


def test_a_stored_failure_is_unknown_and_is_asked_for_only_once_more(stripe: StripeAccount):
    stripe.outside.faults({"kind": "error_after", "status": 500, "method": "POST", "times": 1})
    with pytest.raises(OutcomeUnknown, match="POST /v1/customers"):
        write_one(stripe.provider, "customers", create_customer("L1"))
    assert stripe.outside.counted()["POST /v1/customers"] == 2
    assert len(stripe.outside.objects("customers")) == 1, "it did happen"


def test_a_key_used_for_something_else_is_unknown(stripe: StripeAccount):
    write_one(stripe.provider, "customers", create_customer("L1"))
    with pytest.raises(OutcomeUnknown, match="another request"):
        write_one(stripe.provider, "customers", create_customer("L1", name="Other"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "throttle"}, ThrottledError),
        ({"kind": "drop_before"}, TransientError),
        ({"kind": "error_before", "status": 503}, TransientError),
        ({"kind": "error_before", "status": 500}, OutcomeUnknown),
    ],
)
def test_a_lasting_disturbance_tells_who_must_act(stripe: StripeAccount, fault: dict[str, object], error: type):
    stripe.outside.faults(fault)
    with pytest.raises(error):
        write_one(stripe.provider, "customers", create_customer("L1"))


def test_a_worthless_key_stops_the_batch(stripe: StripeAccount):
    stripe.outside.revoke(KEY)
    with pytest.raises(AuthorizationLost):
        write_one(stripe.provider, "customers", create_customer("L1"))


def test_venue_records_have_products_of_their_own(stripe: StripeAccount):
    ids = [done(write_one(stripe.provider, "products", create_product(f"L{n}"))).id for n in range(5)]
    assert all(one != other for one, other in itertools.combinations(ids, 2))
