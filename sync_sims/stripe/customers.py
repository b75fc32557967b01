"""Customers (docs.stripe.com/api/customers): nothing is required, e-mail addresses are not unique."""

from typing import Any

from sync_sims.stripe.addresses import ADDRESS, SHIPPING, address_from, shipping_from
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.expansion import deleted_stub
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import Array, Choice, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_UPDATE = Hash(
    {
        "address": ADDRESS,
        "balance": Integer(),
        "business_name": Text(longest=150, clearable=True),
        "description": Text(clearable=True),
        "email": Text(longest=512, clearable=True),
        "individual_name": Text(longest=150, clearable=True),
        "invoice_prefix": Text(longest=12, clearable=True),
        "metadata": Metadata(),
        "name": Text(longest=256, clearable=True),
        "next_invoice_sequence": Integer(least=1),
        "phone": Text(longest=20, clearable=True),
        "preferred_locales": Array(Text(), clearable=True),
        "shipping": SHIPPING,
        "tax_exempt": Choice(("exempt", "none", "reverse"), clearable=True),
    }
)
CREATE = _UPDATE
UPDATE = _UPDATE
FILTERS = {"email": Text(longest=512)}
_PLAIN = (
    "balance",
    "business_name",
    "description",
    "email",
    "individual_name",
    "invoice_prefix",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
)


def create_customer(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/customers."""
    customer_id = call.new_id("customers", "cus_", length=14)
    blank: Object = {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": call.world.new_id("", length=8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": call.livemode,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer = call.put("customers", _with(blank, given))
    emit(call, "customer.created", customer)
    return customer


def _with(customer: Object, given: dict[str, Any]) -> Object:
    """The customer with the given parameters applied.

    Raises:
        ApiError: The e-mail address is not one.
    """
    changed = {**customer, **{name: given[name] for name in _PLAIN if name in given}}
    email = given.get("email")
    refuse_unless(
        email is None or _plausible(email), f"Invalid email address: {email}", param="email", code="email_invalid"
    )
    if "metadata" in given:
        changed["metadata"] = merged_metadata(customer["metadata"], given["metadata"])
    if "address" in given:
        changed["address"] = address_from(given["address"])
    if "shipping" in given:
        changed["shipping"] = shipping_from(given["shipping"])
    if "tax_exempt" in given:
        changed["tax_exempt"] = given["tax_exempt"] or "none"
    return changed


def _plausible(email: str) -> bool:
    local, at, domain = email.rpartition("@")
    return bool(local and at and domain) and not any(character.isspace() for character in email)


def get_customer(call: Call, customer_id: str) -> Object:
    """GET /v1/customers/{id}: a deleted customer still answers, as deleted."""
    entry = call.shelf("customers").get(customer_id)
    if entry is not None and entry.get("deleted"):
        return deleted_stub(entry)
    return call.addressed("customers", customer_id)


def update_customer(call: Call, customer_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/customers/{id}: parameters left out stay as they are."""
    before = call.addressed("customers", customer_id)
    after = call.put("customers", _with(before, given))
    emit_update(call, "customer.updated", before=before, after=after)
    return after


def delete_customer(call: Call, customer_id: str) -> Object:
    """DELETE /v1/customers/{id}: for good."""
    before = call.addressed("customers", customer_id)
    call.put("customers", {**before, "deleted": True})
    emit(call, "customer.deleted", before)
    return deleted_stub(before)


def list_customers(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/customers: the e-mail filter is case-sensitive."""
    return filtered_page(call, "customers", given, fields=("email",))
