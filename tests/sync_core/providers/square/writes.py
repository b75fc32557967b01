"""Writes as the engine would decide them."""

from typing import Any

from sync_core.providers.protocol import Remote, Write

VARIATION = "item_data.variations[0].item_variation_data"


def create_item(local_id: str, key: str | None = None, **changes: Any) -> Write:
    """A new item of 25.00 dollars."""
    fields = {
        "item_data.name": f"Play {local_id}",
        "item_data.description": None,
        f"{VARIATION}.sku": f"SKU-{local_id}",
        f"{VARIATION}.price_money.amount": 2500,
        f"{VARIATION}.price_money.currency": "USD",
        f"{VARIATION}.track_inventory": True,
    }
    return Write(operation="create", local_id=local_id, key=key or f"create-{local_id}", fields=fields | changes)


def create_customer(local_id: str, **changes: Any) -> Write:
    """A new customer."""
    fields = {"given_name": f"Guest {local_id}", "email_address": "guest@example.com", "note": None}
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def count(variation_id: str, quantity: str, *, local_id: str = "L1", key: str = "count") -> Write:
    """A first stock count of a variation."""
    fields = {"catalog_object_id": variation_id, "quantity": quantity}
    return Write(operation="create", local_id=local_id, key=key, fields=fields)


def update(remote: Remote, key: str, fields: dict[str, Any], *, local_id: str = "L1") -> Write:
    """A change of an object that is known."""
    return Write(
        operation="update", local_id=local_id, key=key, fields=fields, remote_id=remote.id, remote_state=remote.state
    )


def delete(remote: Remote, key: str, *, local_id: str = "L1") -> Write:
    """The end of an object."""
    return Write(
        operation="delete", local_id=local_id, key=key, fields={}, remote_id=remote.id, remote_state=remote.state
    )
