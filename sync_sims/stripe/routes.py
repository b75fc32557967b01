"""The endpoints: which method and path does what, with which parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_sims.stripe import (
    balance,
    charges,
    customers,
    disputes,
    events,
    intents,
    invoices,
    payment_methods,
    prices,
    products,
    refunds,
    subscriptions,
)
from sync_sims.stripe.account import get_account
from sync_sims.stripe.invoice_lines import ITEM, LINES_FILTERS, list_lines
from sync_sims.stripe.listing import PAGING
from sync_sims.stripe.parameters import Array, Hash, Kind, Text
from sync_sims.stripe.search import SEARCH, search
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

Run = Callable[[Call, str, dict[str, Any]], Object]

_NOTHING = Hash({})


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its parameters (expand included) and what it does with the id in its path."""

    method: str
    template: str
    parameters: Hash
    run: Run

    @property
    def endpoint(self) -> str:
        """Method and template, as calls are counted."""
        return f"{self.method} {self.template}"


def _table() -> dict[tuple[str, str], Route]:
    routes = [
        _route("GET", "/v1/account", _NOTHING, lambda call, _, __: get_account(call)),
        *_writable("products", products.CREATE, products.create_product, products.UPDATE, products.update_product),
        *_readable("products", products.FILTERS, products.list_products, products.get_product),
        _route("DELETE", "/v1/products/{id}", _NOTHING, lambda call, key, _: products.delete_product(call, key)),
        *_writable("prices", prices.CREATE, products.create_price, prices.UPDATE, prices.update_price),
        *_readable("prices", prices.FILTERS, prices.list_prices, prices.get_price),
        *_writable(
            "customers", customers.CREATE, customers.create_customer, customers.UPDATE, customers.update_customer
        ),
        *_readable("customers", customers.FILTERS, customers.list_customers, customers.get_customer),
        _route("DELETE", "/v1/customers/{id}", _NOTHING, lambda call, key, _: customers.delete_customer(call, key)),
        *_writable("payment_intents", intents.CREATE, intents.create_intent, intents.UPDATE, intents.update_intent),
        *_readable("payment_intents", intents.FILTERS, intents.list_intents, intents.get_intent),
        _route("POST", "/v1/payment_intents/{id}/confirm", intents.CONFIRM, intents.confirm_intent),
        _route("POST", "/v1/payment_intents/{id}/cancel", intents.CANCEL, intents.cancel_intent),
        *_readable("charges", charges.FILTERS, charges.list_charges, charges.get_charge),
        _route("POST", "/v1/charges/{id}", charges.UPDATE, charges.update_charge),
        *_writable("refunds", refunds.CREATE, refunds.create_refund, refunds.UPDATE, refunds.update_refund),
        *_readable("refunds", refunds.FILTERS, refunds.list_refunds, refunds.get_refund),
        *_readable(
            "balance_transactions", balance.FILTERS, balance.list_balance_transactions, balance.get_balance_transaction
        ),
        *_billing(),
        *_readable("disputes", disputes.FILTERS, disputes.list_disputes, disputes.get_dispute),
        _route("POST", "/v1/disputes/{id}", disputes.UPDATE, disputes.update_dispute),
        _route("POST", "/v1/disputes/{id}/close", disputes.CLOSE, disputes.close_dispute),
        *_readable("events", events.FILTERS, events.list_events, events.get_event),
        *(_searchable(name) for name in ("charges", "customers", "payment_intents", "prices", "products")),
    ]
    return {(route.method, route.template): route for route in routes}


def _billing() -> list[Route]:
    return [
        _route(
            "POST", "/v1/payment_methods/{id}/attach", payment_methods.ATTACH, payment_methods.attach_payment_method
        ),
        *_writable(
            "subscriptions",
            subscriptions.CREATE,
            subscriptions.create_subscription,
            subscriptions.UPDATE,
            subscriptions.update_subscription,
        ),
        *_readable(
            "subscriptions", subscriptions.FILTERS, subscriptions.list_subscriptions, subscriptions.get_subscription
        ),
        _route("DELETE", "/v1/subscriptions/{id}", subscriptions.CANCEL, subscriptions.cancel_subscription),
        *_writable("invoices", invoices.CREATE, invoices.create_invoice, invoices.UPDATE, invoices.update_invoice),
        *_readable("invoices", invoices.FILTERS, invoices.list_invoices, invoices.get_invoice),
        _route("DELETE", "/v1/invoices/{id}", _NOTHING, lambda call, key, _: invoices.delete_invoice(call, key)),
        _route("GET", "/v1/invoices/{id}/lines", Hash(LINES_FILTERS), list_lines),
        _route("POST", "/v1/invoices/{id}/finalize", invoices.FINALIZE, invoices.finalize_invoice),
        _route("POST", "/v1/invoices/{id}/pay", invoices.PAY, invoices.pay_invoice),
        _route("POST", "/v1/invoices/{id}/void", _NOTHING, invoices.void_invoice),
        _route("POST", "/v1/invoices/{id}/mark_uncollectible", _NOTHING, invoices.mark_uncollectible),
        _route("POST", "/v1/invoiceitems", ITEM, lambda call, _, given: invoices.create_item(call, given)),
    ]


def _route(method: str, template: str, parameters: Hash, run: Run) -> Route:
    return Route(method, template, parameters.extended({"expand": Array(Text())}), run)


def _writable(
    collection: str,
    creation: Hash,
    create: Callable[[Call, dict[str, Any]], Object],
    change: Hash,
    update: Run,
) -> list[Route]:
    return [
        _route("POST", f"/v1/{collection}", creation, lambda call, _, given: create(call, given)),
        _route("POST", f"/v1/{collection}/{{id}}", change, update),
    ]


def _readable(
    collection: str,
    filters: Mapping[str, Kind],
    page: Callable[[Call, dict[str, Any]], Object],
    get: Callable[[Call, str], Object],
) -> list[Route]:
    return [
        _route("GET", f"/v1/{collection}", Hash({**PAGING, **filters}), lambda call, _, given: page(call, given)),
        _route("GET", f"/v1/{collection}/{{id}}", _NOTHING, lambda call, key, _: get(call, key)),
    ]


def _searchable(collection: str) -> Route:
    return _route("GET", f"/v1/{collection}/search", SEARCH, lambda call, _, given: search(call, collection, given))


ROUTES = _table()


def template_of(method: str, path: str) -> tuple[str, str]:
    """The path's template and the id in it ("" when it has none)."""
    if (method, path) in ROUTES:
        return path, ""
    parts = path.split("/")
    if len(parts) < 4:
        return path, ""
    object_id, parts[3] = parts[3], "{id}"
    return "/".join(parts), object_id


def route_for(method: str, template: str) -> Route | None:
    """The endpoint behind a method and a template, None when Stripe has none there."""
    return ROUTES.get((method, template))
