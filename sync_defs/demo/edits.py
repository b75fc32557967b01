"""What people change between two syncs: customers' phones at the providers, prices and stock at the venues.

Everything is changed as a person would: through the provider's public API with the venue's key, or in the venue's tables.
"""

from collections.abc import Callable
from typing import Any

import requests

from sync_core.errors import ProviderRefused
from sync_core.store import connections, venue_edits, venue_records
from sync_core.sync.engine import KIND, Engine

DEARER_BY = 100  # minor units: a multiple of 10, because Stripe wants Kuwaiti dinars in tens of fils
PHONES = {"stripe": "+44 20 7946 0101", "square": "+44 20 7946 0202"}


def edit_both_sides(engine: Engine) -> list[str]:
    """Change something of every venue at both providers and at home; what was changed, in words."""
    with engine.database.connect() as conn:
        connected = [c for c in connections.all_of(conn) if c.status == "connected"]
    done: list[str] = []
    for connection in connected:
        with engine.database.connect() as conn:
            secret = engine.vault.read(
                conn, connection_id=connection.id, venue=connection.venue, provider=connection.provider, kind=KIND
            )
        spec = engine.spec(connection.provider)
        key = secret[spec.auth.fields[0]]
        name = _PHONE_CHANGES[connection.provider](engine.settings.bases[spec.api.base_env], key)
        if name is not None:
            done.append(f"{connection.provider} customer {name} of {connection.venue} has a new phone number")
    for venue in dict.fromkeys(connection.venue for connection in connected):
        done.extend(_edit_venue(engine, venue))
    return done


def _edit_venue(engine: Engine, venue: str) -> list[str]:
    with engine.database.begin() as conn:
        priced = [row for row in venue_records.living(conn, "products", venue) if row["price_minor"] is not None]
        counted = [row for row in venue_records.living(conn, "stock", venue) if row["quantity"] >= 0]
        done: list[str] = []
        if priced:
            venue_edits.raise_price(conn, venue, priced[0]["id"], by_minor=DEARER_BY)
            done.append(f"{priced[0]['name']} of {venue} has become dearer")
        if counted:
            venue_edits.count_stock(conn, venue, counted[-1]["id"], quantity=counted[-1]["quantity"] + 7)
            done.append(f"stock of {counted[-1]['id']} of {venue} was counted again")
        return done


def _change_at_stripe(base: str, key: str) -> str | None:
    headers = {"Authorization": f"Bearer {key}"}
    found = _answer(requests.get(f"{base}/v1/customers", params={"limit": 1}, headers=headers, timeout=30))["data"]
    if not found:
        return None
    phone = {"phone": PHONES["stripe"]}
    _answer(requests.post(f"{base}/v1/customers/{found[0]['id']}", data=phone, headers=headers, timeout=30))
    return found[0]["id"]


def _change_at_square(base: str, key: str) -> str | None:
    headers = {"Authorization": f"Bearer {key}"}
    # The oldest here and the newest at Stripe: two people, so that neither edit meets the other.
    asked = {"limit": 1, "sort_field": "CREATED_AT", "sort_order": "ASC"}
    found = _answer(requests.get(f"{base}/v2/customers", params=asked, headers=headers, timeout=30)).get("customers")
    if not found:
        return None
    change = {"phone_number": PHONES["square"], "version": found[0]["version"]}
    _answer(requests.put(f"{base}/v2/customers/{found[0]['id']}", json=change, headers=headers, timeout=30))
    return found[0]["id"]


_PHONE_CHANGES: dict[str, Callable[[str, str], str | None]] = {"stripe": _change_at_stripe, "square": _change_at_square}


def _answer(response: requests.Response) -> Any:
    if not response.ok:
        raise ProviderRefused(f"The provider answers {response.status_code} to an edit of the demo.")
    return response.json()
