"""Writes as the engine would decide them."""

from typing import Any

from sync_core.providers.protocol import Remote, Write


def create_customer(local_id: str, **changes: Any) -> Write:
    """A new customer."""
    fields = {
        "GivenName": "Guest",
        "FamilyName": local_id,
        "PrimaryEmailAddr.Address": f"{local_id.lower()}@example.com",
        "Notes": None,
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def create_item(local_id: str, **changes: Any) -> Write:
    """A new ticket of 25.50 dollars."""
    fields = {
        "Name": f"Play {local_id}",
        "Description": None,
        "Sku": f"SKU-{local_id}",
        "Type": "Service",
        "UnitPrice": 25.5,
        "CurrencyRef.value": "USD",
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def create_receipt(local_id: str, **changes: Any) -> Write:
    """A new order of 90.50 dollars."""
    fields = {
        "PrivateNote": local_id,
        "TotalAmt": 90.5,
        "CurrencyRef.value": "USD",
        "TxnDate": "2026-01-02",
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


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


def line(amount: float, **detail: Any) -> dict[str, Any]:
    """A line as a mapping makes it."""
    return {"Amount": amount, "Description": "Hamlet", "SalesItemLineDetail": detail}


def create_invoice(local_id: str, customer: str, **changes: Any) -> Write:
    """A new invoice of 90.50 dollars."""
    fields = {
        "Mark": local_id,
        "CustomerRef.value": customer,
        "TxnStatus": "UnPaid",
        "TotalAmt": 90.5,
        "CurrencyRef.value": "USD",
        "TxnDate": "2026-01-02",
        "Line": [line(60.5, Qty=3), line(30)],
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def create_payment(local_id: str, customer: str, invoice: str | None, **changes: Any) -> Write:
    """A new payment of 40 dollars."""
    fields = {
        "Mark": local_id,
        "CustomerRef.value": customer,
        "status": "Received",
        "TotalAmt": 40,
        "CurrencyRef.value": "USD",
        "Line[0].LinkedTxn[0].TxnId": invoice,
    }
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)


def create_refund(local_id: str, **changes: Any) -> Write:
    """A new refund of 12.30 dollars."""
    fields = {"Mark": local_id, "TotalAmt": 12.3, "CurrencyRef.value": "USD", "CustomerMemo.value": "Rain"}
    return Write(operation="create", local_id=local_id, key=f"create-{local_id}", fields=fields | changes)
