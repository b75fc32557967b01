"""Writes as the engine would decide them."""

from typing import Any

from sync_core.providers.protocol import Remote, Write


def create(local_id: str, **changes: Any) -> Write:
    """A new contact; `changes` are merge fields, `email` the address."""
    email = changes.pop("email", f"{local_id.lower()}@x.example")
    fields = {
        "email_address": email,
        "merge_fields.VENUEID": local_id,
        "merge_fields.FNAME": f"Guest {local_id}",
        "status_if_new": "transactional",
        **{f"merge_fields.{tag}": value for tag, value in changes.items()},
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields)


def product(local_id: str, **changes: Any) -> Write:
    """A new product at 25 dollars."""
    fields = {
        "id": local_id,
        "title": f"Play {local_id}",
        "description": None,
        "type": "ticket",
        "variants[0].sku": f"SKU-{local_id}",
        "variants[0].price": 25.0,
        "variants[0].visibility": True,
        "store.currency_code": "USD",
        **changes,
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields)


def order(local_id: str, address: str, *lines: Any, total: float, currency: str = "USD") -> Write:
    """A new order of these lines."""
    fields = {
        "id": local_id,
        "customer.email_address": address,
        "order_total": total,
        "currency_code": currency,
        "financial_status": "paid",
        "processed_at_foreign": "2026-05-01T19:30:00Z",
        **({"lines": list(lines)} if lines else {}),
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields)


def update(remote: Remote, fields: dict[str, Any], *, local_id: str = "L1") -> Write:
    """A change of an object that is known."""
    return Write(
        operation="update",
        local_id=local_id,
        key=f"update-{local_id}",
        fields=fields,
        remote_id=remote.id,
        remote_state=remote.state,
    )


def delete(remote: Remote, *, local_id: str = "L1") -> Write:
    """The end of an object."""
    return Write(
        operation="delete",
        local_id=local_id,
        key=f"delete-{local_id}",
        fields={},
        remote_id=remote.id,
        remote_state=remote.state,
    )
