"""The world outside, in the simulators: an account per venue and provider, and what was sold there.

Keys are random and known to the simulators and the vault alone.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial
from typing import Any

import requests

from sync_core.errors import ProviderRefused
from sync_core.mapping.currencies import to_stripe_units
from sync_core.store.status import venue_currencies, venue_names
from sync_core.store.venue_sales import sales_for_provider
from sync_core.sync.engine import Engine
from sync_defs.demo.books import Seed, keep_books
from sync_defs.demo.friends import gather_friends
from sync_defs.demo.mailings import send_mailings
from sync_defs.demo.till import ring_up
from sync_sims.stripe.currencies import LARGEST_CHARGE, SMALLEST_CHARGE

ROWS_PER_REQUEST = 500
Sale = Mapping[str, Any]
Founding = Mapping[str, list[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Opening:
    """How an account is opened at a simulated provider: its id, the key, and what else belongs to the credential.

    `kept_in` says how the account comes to be kept in a currency: rows by collection. `happened` lets happen in it what
    was there before the venue was connected, until today, in the venue's currency.
    """

    account: Callable[[], str]
    key: Callable[[], str]
    parts: Callable[[str], Mapping[str, str]] = lambda _: {}
    kept_in: Callable[[str], Founding] = lambda _: {}
    happened: Callable[[Seed, date, str], None] = lambda _, __, ___: None


OPENINGS: Mapping[str, Opening] = {
    "stripe": Opening(
        lambda: f"acct_{secrets.token_hex(8)}",
        lambda: f"sk_test_{secrets.token_hex(24)}",
        happened=gather_friends,
    ),
    "square": Opening(lambda: f"ML{secrets.token_hex(8)}", lambda: f"EAAA{secrets.token_hex(24)}", happened=ring_up),
    "mailchimp": Opening(
        lambda: secrets.token_hex(12), lambda: f"{secrets.token_hex(16)}-us19", happened=send_mailings
    ),
    "quickbooks": Opening(
        lambda: str(secrets.randbelow(9 * 10**14) + 10**14),
        lambda: f"eyJ{secrets.token_hex(24)}",
        parts=lambda realm: {"realm_id": realm},
        kept_in=lambda currency: {"preferences": [{"CurrencyPrefs": {"HomeCurrency": {"value": currency}}}]},
        happened=lambda seed, today, _: keep_books(seed, today),
    ),
}


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
    """Open an account at each declared provider's simulator for each venue, connect it, and make the venue's sales in it.

    Raises ProviderRefused when a simulator refuses a sale.
    """
    with engine.database.connect() as conn:
        venues = venue_currencies(conn)
    accounts = sales = 0
    for provider in simulators.keys() & engine.specs.keys():
        address = simulators[provider]
        for venue, currency in venues.items():
            account_id = _open_account(engine, provider, address, venue, currency)
            accounts += 1
            till = _TILLS.get(provider)
            if till is not None:
                taken = [sale for sale in _sales(engine, provider, venue) if till.takes(sale)]
                _sell(f"{address}/_sim/accounts/{account_id}/seed/payments", [till.row(sale) for sale in taken])
                sales += len(taken)
    return World(accounts=accounts, sales=sales)


def unsold_orders(engine: Engine, providers: Collection[str]) -> frozenset[str]:
    """Ids of orders whose provider does not take so little or so much money, so that they have no payment."""
    with engine.database.connect() as conn:
        venues = venue_names(conn)
    return frozenset(
        sale["order_id"]
        for provider in _TILLS.keys() & set(providers)
        for venue in venues
        for sale in _sales(engine, provider, venue)
        if not _TILLS[provider].takes(sale)
    )


def _open_account(engine: Engine, provider: str, address: str, venue: str, currency: str) -> str:
    opening = OPENINGS[provider]
    account_id, key = opening.account(), opening.key()
    _send("PUT", f"{address}/_sim/accounts", {"credential": key, "account_id": account_id, "name": venue})
    for collection, rows in opening.kept_in(currency).items():
        _seed(address, account_id, collection, rows)
    opening.happened(partial(_seed, address, account_id), engine.clock.now().date(), currency)
    secret = {engine.spec(provider).auth.fields[0]: key, **opening.parts(account_id)}
    engine.connect(venue, provider, secret, environment="sandbox")
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


@dataclass(frozen=True, slots=True)
class Till:
    """Where venues' orders are paid: which sales the provider takes, and how one is told to its simulator."""

    takes: Callable[[Sale], bool]
    row: Callable[[Sale], dict[str, Any]]


_TILLS: Mapping[str, Till] = {
    "stripe": Till(_stripe_takes, _stripe_row),
    "square": Till(_square_takes, _square_row),
}


def _seed(address: str, account_id: str, collection: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    return _send("POST", f"{address}/_sim/accounts/{account_id}/seed/{collection}", {"rows": list(rows)})["objects"]


def _send(method: str, address: str, body: Mapping[str, Any]) -> Any:
    answer = requests.request(method, address, json=body, timeout=120)
    if not answer.ok:
        raise ProviderRefused(f"The simulator refuses: {answer.json().get('error', answer.status_code)}")
    return answer.json()
