"""Writes as the engine would decide them."""

from typing import Any

from sync_core.providers.protocol import Remote, Write


def create_product(local_id: str, key: str | None = None, **changes: Any) -> Write:
    """A new product of 25.00 dollars."""
    fields = {
        "name": f"Play {local_id}",
        "description": None,
        "metadata.venue_sync_id": local_id,
        "default_price.unit_amount": 2500,
        "default_price.currency": "usd",
    }
    return Write(operation="create", local_id=local_id, key=key or f"create-{local_id}", fields=fields | changes)


def create_customer(local_id: str, **changes: Any) -> Write:
    """A new customer."""
    fields = {"name": f"Guest {local_id}", "email": "guest@example.com", "metadata.venue_sync_id": local_id}
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def update(remote: Remote, key: str, fields: dict[str, Any]) -> Write:
    """A change of an object that is known."""
    return Write(
        operation="update", local_id="L1", key=key, fields=fields, remote_id=remote.id, remote_state=remote.state
    )


def delete(remote: Remote, key: str) -> Write:
    """The end of an object."""
    return Write(operation="delete", local_id="L1", key=key, fields={}, remote_id=remote.id, remote_state=remote.state)
