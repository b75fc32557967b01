from collections.abc import Iterable

import pytest

from sync_core.errors import AuthorizationLost, ConfigurationError, ProviderRefused, ThrottledError
from sync_core.providers.protocol import Account, Remote
from tests.sync_core.providers.outside import Answering, done, read_all, write_one
from tests.sync_core.providers.stripe.conftest import KEY, StripeAccount
from tests.sync_core.providers.stripe.writes import create_product


def names(remotes: Iterable[Remote]) -> list[str]:
    return [remote.record["name"] for remote in remotes]


def test_the_account_is_named_as_its_owner_names_it(stripe: StripeAccount):
    assert stripe.provider.account() == Account(id="acct_venue7", name="Hall 7")


def test_an_empty_account_has_one_empty_last_page(stripe: StripeAccount):
    pages = list(stripe.provider.read("customers", cursor=None))
    assert [(page.records, page.last) for page in pages] == [([], True)]


def test_the_first_reading_shows_everything_in_pages_of_a_hundred(stripe: StripeAccount):
    stripe.outside.seed("customers", *({"name": f"Guest {n}", "created": 1_700_000_000 + n} for n in range(230)))
    pages = list(stripe.provider.read("customers", cursor=None))
    assert [len(page.records) for page in pages] == [100, 100, 30]
    assert [page.last for page in pages] == [False, False, True]
    assert sorted(names(remote for page in pages for remote in page.records)) == sorted(
        f"Guest {n}" for n in range(230)
    )
    assert {record.updated_at for page in pages for record in page.records} == {None}


def test_a_first_reading_that_was_cut_short_goes_on_where_it_was(stripe: StripeAccount):
    stripe.outside.seed("customers", *({"name": f"Guest {n}", "created": 1_700_000_000 + n} for n in range(230)))
    first = next(iter(stripe.provider.read("customers", cursor=None)))
    rest, _ = read_all(stripe.provider, "customers", first.cursor)
    assert len(rest) == 130
    assert {one.id for one in first.records} & {one.id for one in rest} == set()


def test_a_first_reading_whose_place_is_refused_starts_again_and_keeps_its_older_time(stripe: StripeAccount):
    ids = [one["id"] for one in stripe.outside.seed("products", *({"name": f"Play {n}"} for n in range(120)))]
    first = next(iter(stripe.provider.read("products", cursor=None)))
    stripe.outside.faults({"kind": "refuse", "path": "/v1/products", "times": 1})
    rest, cursor = read_all(stripe.provider, "products", first.cursor)
    assert {one.id for one in rest} == set(ids)
    assert cursor == {"phase": "events", "since": first.cursor["since"]}


def test_changes_during_the_first_reading_are_told_by_the_next_one(stripe: StripeAccount):
    stripe.outside.seed("customers", *({"name": f"Guest {n}", "created": 1_700_000_000 + n} for n in range(150)))
    pages = stripe.provider.read("customers", cursor=None)
    first = next(pages)
    stripe.outside.seed("customers", {"id": first.records[0].id, "name": "Renamed meanwhile"})
    cursor = list(pages)[-1].cursor
    changed, _ = read_all(stripe.provider, "customers", cursor)
    assert names(changed) == ["Renamed meanwhile"]


def test_an_unchanged_account_costs_one_call(stripe: StripeAccount):
    write_one(stripe.provider, "products", create_product("L1"))
    for entity in ("products", "customers"):
        _, cursor = read_all(stripe.provider, entity, None)
        _, cursor = read_all(stripe.provider, entity, cursor)
        before = stripe.outside.calls.snapshot().total.calls
        records, again = read_all(stripe.provider, entity, cursor)
        assert (records, again) == ([], cursor)
        assert stripe.outside.calls.snapshot().total.calls == before + 1


def test_only_what_changed_is_told_and_the_event_itself_is_enough(stripe: StripeAccount):
    guests = stripe.outside.seed("customers", *({"name": f"Guest {n}", "created": 1_700_000_000} for n in range(5)))
    _, cursor = read_all(stripe.provider, "customers", None)
    stripe.clock.advance(200)
    stripe.outside.seed("customers", {"id": guests[3]["id"], "name": "Renamed"})
    calls = stripe.outside.calls.snapshot().total.calls
    changed, cursor = read_all(stripe.provider, "customers", cursor)
    assert names(changed) == ["Renamed"]
    assert changed[0].updated_at == stripe.clock.now()
    assert stripe.outside.calls.snapshot().total.calls == calls + 1
    assert read_all(stripe.provider, "customers", cursor)[0] == []


def test_two_changes_within_one_second_are_cleared_up_by_asking(stripe: StripeAccount):
    guest = stripe.outside.seed("customers", {"name": "Guest", "created": 1_700_000_000})[0]
    _, cursor = read_all(stripe.provider, "customers", None)
    stripe.clock.advance(200)
    stripe.outside.seed(
        "customers", {"id": guest["id"], "name": "First name"}, {"id": guest["id"], "name": "Second name"}
    )
    changed, _ = read_all(stripe.provider, "customers", cursor)
    assert names(changed) == ["Second name"]
    assert stripe.outside.counted()["GET /v1/customers/{id}"] == 1


def test_deleted_objects_are_told_as_deleted(stripe: StripeAccount):
    guest = stripe.outside.seed("customers", {"name": "Guest", "created": 1_700_000_000})[0]
    play = stripe.outside.seed("products", {"name": "Play", "created": 1_700_000_000})[0]
    cursors = {entity: read_all(stripe.provider, entity, None)[1] for entity in ("customers", "products")}
    stripe.clock.advance(10)
    stripe.outside.seed("customers", {"id": guest["id"], "deleted": True})
    stripe.outside.seed("products", {"id": play["id"], "name": "Renamed"}, {"id": play["id"], "deleted": True})
    for entity, gone in (("customers", guest), ("products", play)):
        changed, _ = read_all(stripe.provider, entity, cursors[entity])
        assert [(one.id, one.deleted) for one in changed] == [(gone["id"], True)]


def test_changed_products_come_with_their_price_a_hundred_per_call(stripe: StripeAccount):
    made = [done(write_one(stripe.provider, "products", create_product(f"L{n}"))) for n in range(130)]
    _, cursor = read_all(stripe.provider, "products", None)
    stripe.clock.advance(200)
    stripe.outside.seed("products", *({"id": one.id, "name": f"New {one.id}"} for one in made))
    before = stripe.outside.counted()["GET /v1/products"]
    pages = list(stripe.provider.read("products", cursor=cursor))
    assert stripe.outside.counted()["GET /v1/products"] == before + 2
    assert [len(page.records) for page in pages] == [100, 30]
    assert [page.cursor == cursor for page in pages] == [True, False]
    assert all(one.record["default_price"]["unit_amount"] == 2500 for page in pages for one in page.records)
    assert all(one.state["amount"] == 2500 for page in pages for one in page.records)


def test_late_readings_never_lose_an_event_among_many(stripe: StripeAccount):
    """Cursor after cursor, every change is told at least once, and the last word is the true one."""
    guests = stripe.outside.seed("customers", *({"name": f"G{n}", "created": 1_700_000_000} for n in range(8)))
    told = {}
    records, cursor = read_all(stripe.provider, "customers", None)
    told |= {one.id: one.record["name"] for one in records}
    for turn in range(30):
        stripe.clock.advance(turn % 4 * 45)
        stripe.outside.seed(
            "customers",
            *({"id": guests[(turn * 3 + n) % 8]["id"], "name": f"G{turn}-{n}"} for n in range(turn % 3 + 1)),
        )
        records, cursor = read_all(stripe.provider, "customers", cursor)
        told |= {one.id: one.record["name"] for one in records}
        assert told == {one["id"]: one["name"] for one in stripe.outside.objects("customers")}


def test_a_quiet_account_keeps_its_cursor_young_and_an_old_cursor_means_everything(stripe: StripeAccount):
    stripe.outside.seed("customers", {"name": "Guest", "created": 1_700_000_000})
    _, cursor = read_all(stripe.provider, "customers", None)
    stripe.clock.advance(200)
    records, cursor = read_all(stripe.provider, "customers", {**cursor, "since": cursor["since"] - 20 * 86400})
    assert cursor["since"] > stripe.clock.now().timestamp() - 2 * 3600
    stripe.clock.advance(30 * 86400)
    records, cursor = read_all(stripe.provider, "customers", cursor)
    assert names(records) == ["Guest"]


@pytest.mark.parametrize(
    "cursor", [{}, {"phase": "events"}, {"phase": "events", "since": "soon"}, {"phase": "list", "since": 1}, {"x": 1}]
)
@pytest.mark.parametrize("entity", ["customers", "balance_transactions"])
def test_a_cursor_that_cannot_be_read_means_everything(stripe: StripeAccount, cursor: dict[str, object], entity: str):
    stripe.outside.seed("customers", {"name": "Guest"})
    stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})
    assert len(read_all(stripe.provider, entity, cursor)[0]) == 1


def test_payments_and_refunds_are_told_when_they_change(stripe: StripeAccount):
    entities = ("payment_intents", "charges", "refunds", "balance_transactions")
    cursors = {entity: read_all(stripe.provider, entity, None)[1] for entity in entities}
    stripe.clock.advance(10)
    intent = stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})[0]
    stripe.clock.advance(10)
    stripe.outside.seed("refunds", {"payment_intent": intent["id"], "amount": 2000})
    changed = {entity: read_all(stripe.provider, entity, cursors[entity])[0] for entity in entities}
    assert [one.record["status"] for one in changed["payment_intents"]] == ["succeeded"]
    assert [one.record["amount_refunded"] for one in changed["charges"]] == [2000]
    assert [one.record["amount"] for one in changed["refunds"]] == [2000]
    assert sorted(one.record["amount"] for one in changed["balance_transactions"]) == [-2000, 5000]


def test_balance_transactions_are_read_again_while_the_oldest_is_pending(stripe: StripeAccount):
    for _ in range(3):
        stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})
        stripe.clock.advance(7200)
    seen, cursor = read_all(stripe.provider, "balance_transactions", None)
    assert {one.record["status"] for one in seen} == {"pending"}
    assert cursor["pending"] == min(one.record["created"] for one in seen)
    stripe.clock.advance(30 * 86400)
    again, cursor = read_all(stripe.provider, "balance_transactions", cursor)
    assert [one.record["status"] for one in again] == ["available"] * 3
    assert cursor["pending"] is None
    last, _ = read_all(stripe.provider, "balance_transactions", cursor)
    assert len(last) == 1, "only the overlap of an hour is read again"


def test_the_balance_is_read_through_pages_and_can_be_resumed(stripe: StripeAccount):
    stripe.outside.seed("payments", *({"amount": 100 + n, "currency": "usd"} for n in range(120)))
    first = next(iter(stripe.provider.read("balance_transactions", cursor=None)))
    rest, cursor = read_all(stripe.provider, "balance_transactions", first.cursor)
    assert len({one.id for one in [*first.records, *rest]}) == 120
    assert cursor["phase"] == "window"


def test_a_list_in_circles_ends_in_an_error_not_in_an_endless_reading(stripe: StripeAccount):
    stripe.outside.seed("customers", {"name": "Guest"})
    customer = stripe.outside.objects("customers")[0]
    body = {"object": "list", "has_more": True, "data": [customer]}
    circling = Answering(body)
    stripe.session.mount(stripe.outside.base, circling)
    with pytest.raises(ProviderRefused, match="goes in circles"):
        list(stripe.provider.read("customers", cursor=None))
    stripe.session.mount(stripe.outside.base, Answering({**body, "data": []}))
    with pytest.raises(ProviderRefused, match="empty page"):
        list(stripe.provider.read("customers", cursor=None))


def test_a_worthless_key_is_the_venue_s_to_renew(stripe: StripeAccount):
    stripe.outside.revoke(KEY)
    with pytest.raises(AuthorizationLost, match=r"GET /v1/customers .*the venue must connect again"):
        list(stripe.provider.read("customers", cursor=None))


def test_throttling_that_does_not_end_is_told_with_its_time(stripe: StripeAccount):
    stripe.outside.faults({"kind": "throttle"})
    with pytest.raises(ThrottledError, match="GET /v1/customers"):
        list(stripe.provider.read("customers", cursor=None))
    assert stripe.outside.calls.snapshot().total.throttles == 6


def test_an_entity_nobody_knows_is_our_mistake(stripe: StripeAccount):
    with pytest.raises(ConfigurationError, match="no entity 'tickets'"):
        stripe.provider.read("tickets", cursor=None)


def test_no_error_shows_the_key_or_what_was_asked(stripe: StripeAccount):
    stripe.outside.faults(
        {"kind": "refuse", "body": {"error": {"type": "invalid_request_error", "message": f"Bad {KEY}"}}}
    )
    with pytest.raises(ProviderRefused) as caught:
        list(stripe.provider.read("customers", cursor=None))
    assert str(caught.value) == "Stripe refuses GET /v1/customers: Bad [secret]."
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
