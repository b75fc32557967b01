"""The seller itself: one merchant with one location."""

from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.refusal import not_found
from sync_sims.square.timestamps import whole_seconds

_COUNTRIES = {"USD": "US", "CAD": "CA", "GBP": "GB", "EUR": "IE", "AUD": "AU", "JPY": "JP"}


def _merchant(call: Call) -> dict[str, Any]:
    currency = call.books.currency or "USD"
    return {
        "id": call.books.account_id,
        "business_name": call.books.name,
        "country": _COUNTRIES.get(currency, "US"),
        "language_code": "en-US",
        "currency": currency,
        "status": "ACTIVE",
        "main_location_id": call.books.location_id,
        "created_at": whole_seconds(call.books.created_at),
    }


def _location(call: Call) -> dict[str, Any]:
    currency = call.books.currency or "USD"
    return {
        "id": call.books.location_id,
        "name": call.books.name,
        "timezone": "Etc/UTC",
        "capabilities": ["CREDIT_CARD_PROCESSING"],
        "status": "ACTIVE",
        "created_at": whole_seconds(call.books.created_at),
        "merchant_id": call.books.account_id,
        "country": _COUNTRIES.get(currency, "US"),
        "language_code": "en-US",
        "currency": currency,
        "business_name": call.books.name,
        "type": "PHYSICAL",
        "mcc": "7922",
    }


def list_locations(call: Call) -> dict[str, Any]:
    """GET /v2/locations."""
    return {"locations": [_location(call)]}


def retrieve_location(call: Call) -> dict[str, Any]:
    """GET /v2/locations/{id}; "main" is the seller's main location."""
    if call.ids[0] not in {"main", call.books.location_id}:
        raise not_found(f"Location with ID `{call.ids[0]}` not found.", field="location_id")
    return {"location": _location(call)}


def list_merchants(call: Call) -> dict[str, Any]:
    """GET /v2/merchants: the one that the token belongs to."""
    return {"merchant": [_merchant(call)]}


def retrieve_merchant(call: Call) -> dict[str, Any]:
    """GET /v2/merchants/{id}; "me" is the one that the token belongs to."""
    if call.ids[0] not in {"me", call.books.account_id}:
        raise not_found(f"Merchant with ID `{call.ids[0]}` not found.", field="merchant_id")
    return {"merchant": _merchant(call)}
