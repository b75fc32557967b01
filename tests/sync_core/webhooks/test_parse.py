"""What each provider's webhooks say, in one form."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks import Event, parse

JSON = "application/json"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def read(provider: str, sent: Any) -> list[Event]:
    return parse(provider, orjson.dumps(sent), JSON)


def said(event: Event) -> tuple[str, str | None, str | None, str | None]:
    return event.type, event.account_id, event.object_type, event.object_id


def test_a_stripe_event_names_its_object_and_the_connected_account() -> None:
    sent = {
        "id": "evt_1",
        "object": "event",
        "type": "customer.updated",
        "account": "acct_1",
        "created": 1_533_204_620,
        "data": {"object": {"id": "cus_1", "object": "customer", "name": "Zoë"}},
    }

    (event,) = read("stripe", sent)

    assert (event.id, event.derived_id) == ("evt_1", False)
    assert said(event) == ("customer.updated", "acct_1", "customer", "cus_1")
    assert event.occurred_at == datetime(2018, 8, 2, 10, 10, 20, tzinfo=UTC)
    assert event.payload == sent


def test_an_event_of_a_stripe_price_is_about_its_product() -> None:
    def price(product: Any) -> Event:
        shown = {"id": "price_1", "object": "price", "product": product}
        return read("stripe", {"id": "evt_1", "object": "event", "type": "price.updated", "data": {"object": shown}})[0]

    assert said(price("prod_1")) == ("price.updated", None, "product", "prod_1")
    assert said(price({"id": "prod_2", "object": "product"})) == ("price.updated", None, "product", "prod_2")


def test_a_thin_event_of_stripe_names_its_object_too() -> None:
    thin = {
        "id": "evt_2",
        "object": "v2.core.event",
        "type": "v2.core.account.updated",
        "created": "2026-11-20T10:00:00.000Z",
        "context": "acct_9",
        "related_object": {"id": "acct_9", "type": "v2.core.account", "url": "/v2/core/accounts/acct_9"},
    }

    assert said(read("stripe", thin)[0]) == ("v2.core.account.updated", "acct_9", "v2.core.account", "acct_9")


def test_a_square_event_names_merchant_and_object() -> None:
    sent = {
        "merchant_id": "M1",
        "type": "customer.deleted",
        "event_id": "e1",
        "created_at": "2022-11-09T21:26:50.123456789Z",
        "data": {"type": "customer", "id": "C1", "deleted": True, "object": {}},
    }

    (event,) = read("square", sent)

    assert event.id == "e1"
    assert said(event) == ("customer.deleted", "M1", "customer", "C1")
    assert event.occurred_at == datetime(2022, 11, 9, 21, 26, 50, 123456, tzinfo=UTC)


def test_a_square_inventory_event_is_an_event_for_each_article() -> None:
    counts = [{"catalog_object_id": article, "location_id": place} for article, place in (("A", 1), ("B", 1), ("A", 2))]
    sent = {
        "merchant_id": "M1",
        "type": "inventory.count.updated",
        "event_id": "e1",
        "data": {"type": "inventory_counts", "id": "own", "object": {"inventory_counts": counts}},
    }

    assert [(event.id, event.object_id) for event in read("square", sent)] == [("e1", "A"), ("e1#1", "B")]


def test_a_square_catalogue_event_names_no_object() -> None:
    sent = {
        "merchant_id": "M1",
        "type": "catalog.version.updated",
        "event_id": "e1",
        "data": {"type": "catalog_version", "id": "own", "object": {"catalog_version": {"updated_at": "2019"}}},
    }

    assert said(read("square", sent)[0]) == ("catalog.version.updated", "M1", "catalog_version", None)


def test_loyalty_points_of_square_are_about_the_account_that_got_them() -> None:
    sent = {
        "merchant_id": "M1",
        "type": "loyalty.event.created",
        "event_id": "e1",
        "data": {"type": "loyalty_event", "id": "le", "object": {"loyalty_event": {"loyalty_account_id": "la"}}},
    }

    assert read("square", sent)[0].object_id == "la"


def test_both_forms_of_quickbooks_say_the_same() -> None:
    old = {
        "eventNotifications": [
            {
                "realmId": "310687",
                "dataChangeEvent": {
                    "entities": [
                        {
                            "name": "Customer",
                            "id": "1",
                            "operation": "Update",
                            "lastUpdated": "2026-05-05T03:13:29.000Z",
                        },
                        {"name": "Invoice", "id": "9", "operation": "Void", "lastUpdated": "2026-05-05T03:13:29.000Z"},
                    ]
                },
            }
        ]
    }
    new = [
        {
            "specversion": "1.0",
            "id": f"d1a3-{number}",
            "source": "intuit.abc=",
            "type": f"qbo.{kind}.v1",
            "time": "2026-05-05T03:13:29.000000000Z",
            "intuitentityid": entity,
            "intuitaccountid": "310687",
            "data": {},
        }
        for number, (kind, entity) in enumerate(
            (("customer.updated", "1"), ("invoice.voided", "9"), ("invoice.void", "9"))
        )
    ]

    first, second = read("quickbooks", old)
    third, fourth, fifth = read("quickbooks", new)

    assert said(first) == said(third) == ("customer.updated", "310687", "customer", "1")
    assert said(second) == said(fourth) == said(fifth) == ("invoice.voided", "310687", "invoice", "9")
    assert first.occurred_at == third.occurred_at == datetime(2026, 5, 5, 3, 13, 29, tzinfo=UTC)
    assert (first.derived_id, third.derived_id, third.id) == (True, False, "d1a3-0")
    assert first.id != second.id
    assert read("quickbooks", old)[0].id == first.id, "the same notification has the same id"


def test_a_merge_at_quickbooks_is_about_both_objects() -> None:
    changed = {
        "name": "Customer",
        "id": "5",
        "operation": "Merge",
        "deletedId": "6",
        "lastUpdated": "2026-05-05T03:13Z",
    }
    sent = {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [changed]}}]}

    events = read("quickbooks", sent)

    assert [said(event) for event in events] == [
        ("customer.merged", "1", "customer", "5"),
        ("customer.merged", "1", "customer", "6"),
    ]
    assert len({event.id for event in events}) == 2


def test_one_delivery_of_quickbooks_may_be_of_several_companies() -> None:
    cloud = {"type": "qbo.item.created.v1", "intuitentityid": "7"}
    sent = [{**cloud, "id": "a", "intuitaccountid": "1"}, {**cloud, "id": "b", "intuitaccountid": "2"}]

    assert [event.account_id for event in read("quickbooks", sent)] == ["1", "2"]


def md5(address: str) -> str:
    return hashlib.md5(address.encode()).hexdigest()


def test_a_mailchimp_form_names_list_and_contact() -> None:
    body = (
        b"type=profile&fired_at=2009-03-26+21%3A35%3A57&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054"
        b"&data%5Bemail%5D=Api%40Mailchimp.com&data%5Bmerges%5D%5BFNAME%5D=Zo%C3%AB"
    )

    (event,) = parse("mailchimp", body, FORM)

    assert said(event) == ("profile", "a6b5da1054", "member", md5("api@mailchimp.com"))
    assert event.occurred_at == datetime(2009, 3, 26, 21, 35, 57, tzinfo=UTC)
    assert event.payload["data[merges][FNAME]"] == "Zoë"
    assert event.derived_id
    assert parse("mailchimp", body, FORM)[0].id == event.id
    assert parse("mailchimp", body.replace(b"57", b"58"), FORM)[0].id != event.id


def test_a_changed_address_at_mailchimp_is_about_both_contacts() -> None:
    body = (
        b"type=upemail&data[list_id]=l1&data[new_id]=x&data[new_email]=New%40x.example&data[old_email]=old%40x.example"
    )

    events = parse("mailchimp", body, FORM)

    assert [event.object_id for event in events] == [md5("new@x.example"), md5("old@x.example")]


def test_a_mailchimp_campaign_is_about_the_campaign() -> None:
    (event,) = parse("mailchimp", b"type=campaign&data[id]=5aa2102003&data[list_id]=l1&data[status]=sent", FORM)

    assert said(event) == ("campaign", "l1", "campaign", "5aa2102003")


@pytest.mark.parametrize(
    ("provider", "sent"),
    [
        ("stripe", {"id": "evt_1", "object": "event", "type": "moon.landed"}),
        ("square", {"event_id": "e1", "type": "moon.landed"}),
        ("quickbooks", [{"id": "q1", "type": "qbo.moon.landed.v1"}]),
        ("quickbooks", [{"id": "q1", "type": "quite.new"}]),
    ],
)
def test_types_that_nobody_knows_are_kept(provider: str, sent: Any) -> None:
    (event,) = read(provider, sent)

    assert event.type in ("moon.landed", "quite.new")
    assert event.object_id is None


@pytest.mark.parametrize(
    ("provider", "body", "content_type"),
    [
        ("stripe", b"this is not json", JSON),
        ("stripe", b"[]", JSON),
        ("stripe", b'{"object": "customer"}', JSON),
        ("square", b'{"data": {}}', JSON),
        ("quickbooks", b'"x"', JSON),
        ("mailchimp", b'{"type": "profile"}', JSON),
        ("mailchimp", b"data[id]=1", FORM),
        ("mailchimp", b"a=1&" * 2_000 + b"type=profile", FORM),
        ("paypal", b"{}", JSON),
    ],
)
def test_what_no_provider_sends_is_unreadable(provider: str, body: bytes, content_type: str) -> None:
    with pytest.raises(UnreadableWebhook):
        parse(provider, body, content_type)


def test_what_the_database_could_not_hold_is_left_out() -> None:
    shown = {"id": "cus_\x00", "object": "customer", "name": "a\x00b", "note": "\\u0000 as text"}
    (event,) = read("stripe", {"id": "e" * 600, "object": "event", "type": "t", "data": {"object": shown}})

    assert event.payload["data"]["object"] == {**shown, "id": "cus_", "name": "ab"}
    assert event.object_id == "cus_"
    assert event.derived_id, "an id that no index holds is replaced"
    assert len(event.id) < 100


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "object", "type", "data", "created", "event_id", "eventNotifications", "entities", "time"]
            )
            | st.just("dataChangeEvent"),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(provider=st.sampled_from(("stripe", "square", "quickbooks", "mailchimp")), sent=anything, raw=st.binary())
def test_whatever_is_sent_is_read_or_refused(provider: str, sent: Any, raw: bytes) -> None:
    for body in (orjson.dumps(sent), raw):
        try:
            events = parse(provider, body, FORM if provider == "mailchimp" else JSON)
        except UnreadableWebhook:
            continue
        assert all(isinstance(event.payload, dict) and event.id and event.type for event in events)


@pytest.mark.parametrize("provider", ["stripe", "square", "quickbooks"])
@pytest.mark.parametrize("depth", [101, 300, 1_000])
@pytest.mark.parametrize("inside", [b"", b'"\\u0000"'])
def test_what_is_nested_deeper_than_can_be_written_again_is_not_read(provider: str, depth: int, inside: bytes) -> None:
    body = b'{"object": "event", "type": "x", "eventNotifications": [], "data": %s}'
    with pytest.raises(UnreadableWebhook, match="deep"):
        parse(provider, body % (b"[" * depth + inside + b"]" * depth), JSON)
    assert parse("stripe", body % (b"[" * 99 + inside + b"]" * 99), JSON)[0].type == "x"
    wide = b"[" + b",".join([b"[{}]"] * 500) + b"]"
    assert parse("stripe", body % wide, JSON)[0].type == "x", "many beside each other are no harm"
