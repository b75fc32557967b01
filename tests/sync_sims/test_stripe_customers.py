"""Customers of the simulated Stripe."""

from typing import Any

import pytest
import stripe

ADDRESS = {"line1": "1 Main St", "city": "Rome", "country": "IT", "postal_code": "00100"}


def test_nothing_is_required_and_e_mail_addresses_may_repeat(client: Any):
    blank = client.v1.customers.create()
    assert (blank.email, blank.metadata.to_dict(), blank.address) == (None, {}, None)
    twins = [client.v1.customers.create({"email": "a@example.com"}).id for _ in range(2)]
    assert [customer.id for customer in client.v1.customers.list({"email": "a@example.com"}).data] == twins[::-1]
    assert client.v1.customers.list({"email": "A@example.com"}).data == []


def test_hashes_come_back_whole_and_an_empty_value_clears(client: Any):
    created = client.v1.customers.create(
        {"name": "Ann", "phone": "123", "address": ADDRESS, "shipping": {"name": "Ann", "address": {"city": "Rome"}}}
    )
    assert created.address.to_dict() == {**ADDRESS, "line2": None, "state": None}
    assert created.shipping.address.city == "Rome"
    cleared = client.v1.customers.update(created.id, {"name": "", "phone": "", "address": "", "shipping": ""})
    assert (cleared.name, cleared.phone, cleared.address, cleared.shipping) == (None, None, None, None)


def test_metadata_merges_and_empty_values_remove_their_keys(client: Any):
    created = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    assert client.v1.customers.update(created.id, {"metadata": {"a": "", "c": "3"}}).metadata.to_dict() == {
        "b": "2",
        "c": "3",
    }
    many = {f"k{number}": "x" for number in range(49)}
    with pytest.raises(stripe.InvalidRequestError, match="50 keys"):
        client.v1.customers.update(created.id, {"metadata": many})
    assert client.v1.customers.retrieve(created.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_a_deleted_customer_answers_as_deleted_and_can_no_longer_be_changed(client: Any):
    created = client.v1.customers.create({"name": "Ann"})
    assert client.v1.customers.delete(created.id).deleted is True
    assert client.v1.customers.retrieve(created.id).to_dict() == {
        "id": created.id,
        "object": "customer",
        "deleted": True,
    }
    assert client.v1.customers.list().data == []
    for change in (
        lambda: client.v1.customers.update(created.id, {"name": "B"}),
        lambda: client.v1.customers.delete(created.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            change()
        assert caught.value.http_status == 404


def test_every_change_is_told_as_an_event_with_its_request_and_key(client: Any):
    created = client.v1.customers.create({"name": "Ann"}, {"idempotency_key": "k1"})
    client.v1.customers.update(created.id, {"name": "Bea"})
    client.v1.customers.update(created.id, {"name": "Bea"})
    client.v1.customers.delete(created.id)
    events = [event.to_dict() for event in client.v1.events.list({"type": "customer.*"}).data]
    assert [event["type"] for event in events] == ["customer.deleted", "customer.updated", "customer.created"]
    assert [event["data"]["object"]["name"] for event in events] == ["Bea", "Bea", "Ann"]
    assert events[1]["data"]["previous_attributes"] == {"name": "Ann"}
    assert events[2]["request"] == {"id": created.last_response.request_id, "idempotency_key": "k1"}
    assert events[2]["api_version"] == "2026-10-28.endive"
