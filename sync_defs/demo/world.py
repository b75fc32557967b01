"""The world outside, in the simulators: an account per venue and provider, and what was sold there.

Keys are random and known to the simulators and the vault alone.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import requests

from sync_core.errors import ProviderRefused
from sync_core.mapping.currencies import to_stripe_units
from sync_core.store.status import venue_names
from sync_core.store.venue_sales import sales_for_provider
from sync_core.sync.engine import Engine
from sync_sims.stripe.currencies import LARGEST_CHARGE, SMALLEST_CHARGE

ROWS_PER_REQUEST = 500
PREFIXES: Mapping[str, str] = {"stripe": "sk_test_", "square": "EAAA"}
ACCOUNTS: Mapping[str, str] = {"stripe": "acct_", "square": "ML"}
Sale = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What stands outside.

    Attributes:
        accounts: how many accounts were opened.
        sales: how many sales were made in them.
    """

    accounts: int
    sales: int


def build_world(engine: Engine, simulators: Mapping[str, str]) -> World:
    """Open an account at each simulator for each venue, connect it, and make the venue's sales in it.

    Raises ProviderRefused when a simulator refuses a sale.
    """
    with engine.database.connect() as conn:
        venues = venue_names(conn)
    sales = 0
    for provider, address in simulators.items():
        for venue in venues:
            account_id = _open_account(engine, provider, address, venue)
            taken = [sale for sale in _sales(engine, provider, venue) if _TAKES[provider](sale)]
            _sell(f"{address}/_sim/accounts/{account_id}/seed/payments", [_ROWS[provider](sale) for sale in taken])
            sales += len(taken)
    return World(accounts=len(venues) * len(simulators), sales=sales)


def unsold_orders(engine: Engine, providers: Collection[str]) -> frozenset[str]:
    """Ids of orders whose provider does not take so little or so much money, so that they have no payment."""
    with engine.database.connect() as conn:
        venues = venue_names(conn)
    return frozenset(
        sale["order_id"]
        for provider in providers
        for venue in venues
        for sale in _sales(engine, provider, venue)
        if not _TAKES[provider](sale)
    )


def _open_account(engine: Engine, provider: str, address: str, venue: str) -> str:
    account_id = ACCOUNTS[provider] + secrets.token_hex(8)
    key = PREFIXES[provider] + secrets.token_hex(24)
    _send("PUT", f"{address}/_sim/accounts", {"credential": key, "account_id": account_id, "name": venue})
    part = engine.spec(provider).auth.fields[0]
    engine.connect(venue, provider, {part: key}, environment="sandbox")
    return account_id


def _sales(engine: Engine, provider: str, venue: str) -> list[Sale]:
    with engine.database.connect() as conn:
        return [sale for sale in sales_for_provider(conn, provider, venue) if sale["amount_minor"] > 0]


def _sell(address: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), ROWS_PER_REQUEST):
        _send("POST", address, {"rows": rows[start : start + ROWS_PER_REQUEST]})


def _stripe_takes(sale: Sale) -> bool:
    currency = sale["currency"]
    amount = to_stripe_units(sale["amount_minor"], currency)
    return SMALLEST_CHARGE.get(currency.lower(), 1) <= amount <= LARGEST_CHARGE


def _square_takes(sale: Sale) -> bool:
    return sale["amount_minor"] > 0


_TAKES = {"stripe": _stripe_takes, "square": _square_takes}


def _stripe_row(sale: Sale) -> dict[str, Any]:
    return {
        "amount": to_stripe_units(sale["amount_minor"], sale["currency"]),
        "currency": sale["currency"].lower(),
        "description": sale["description"],
        "metadata": {"order_id": sale["order_id"]},
        "created": int(sale["ordered_at"].timestamp()),
    }


def _square_row(sale: Sale) -> dict[str, Any]:
    return {
        "amount": sale["amount_minor"],
        "currency": sale["currency"],
        "reference_id": sale["order_id"],
        "note": sale["description"],
        "created_at": sale["ordered_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


_ROWS = {"stripe": _stripe_row, "square": _square_row}


def _send(method: str, address: str, body: Mapping[str, Any]) -> Any:
    answer = requests.request(method, address, json=body, timeout=120)
    if not answer.ok:
        raise ProviderRefused(f"The simulator refuses: {answer.json().get('error', answer.status_code)}")
    return answer.json()
