"""Which endpoint answers which path: the one list of what is simulated."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync_sims.square import (
    catalog_read,
    catalog_write,
    customer_bulk,
    customer_search,
    customers,
    inventory_read,
    inventory_write,
    loyalty,
    merchants,
    order_search,
    orders,
    payment_lists,
    payments,
    refunds,
)
from sync_sims.square.call import Call
from sync_sims.square.profiles import WRITABLE

Endpoint = Callable[[Call], dict[str, Any]]
_ID = re.compile(r"\{id\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; `fields` are the body's top-level fields, empty for requests without a body."""

    method: str
    template: str
    endpoint: Endpoint
    fields: frozenset[str] = frozenset()
    writes: bool = False

    @property
    def name(self) -> str:
        """Method and path template: "PUT /v2/customers/{id}"."""
        return f"{self.method} {self.template}"


def _reads(method: str, template: str, endpoint: Endpoint, fields: str = "") -> Route:
    return Route(method, template, endpoint, frozenset(fields.split()))


def _writes(method: str, template: str, endpoint: Endpoint, fields: str = "") -> Route:
    return Route(method, template, endpoint, frozenset(fields.split()), writes=True)


_PROFILE = " ".join(sorted(WRITABLE))
_PAYMENT = (
    "source_id idempotency_key amount_money tip_money app_fee_money delay_duration delay_action autocomplete order_id"
    " customer_id location_id team_member_id reference_id verification_token accept_partial_authorization"
    " buyer_email_address buyer_phone_number billing_address shipping_address note statement_description_identifier"
    " cash_details external_details customer_details offline_payment_details"
)
_REFUND = (
    "idempotency_key amount_money app_fee_money payment_id destination_id unlinked location_id customer_id reason"
    " payment_version_token team_member_id cash_details external_details"
)
_SEARCH = (
    "cursor object_types include_deleted_objects include_related_objects begin_time query limit"
    " include_category_path_to_root"
)
_RETRIEVE = "object_ids include_related_objects catalog_version include_deleted_objects include_category_path_to_root"
_ORDERS = "location_ids cursor query limit return_entries"
_POINTS = "accumulate_points idempotency_key location_id"
_ADJUSTMENT = "idempotency_key adjust_points allow_negative_balance"
_CHANGES = "catalog_object_ids location_ids types states updated_after updated_before cursor limit"

ROUTES: tuple[Route, ...] = (
    _reads("GET", "/v2/locations", merchants.list_locations),
    _reads("GET", "/v2/locations/{id}", merchants.retrieve_location),
    _reads("GET", "/v2/merchants", merchants.list_merchants),
    _reads("GET", "/v2/merchants/{id}", merchants.retrieve_merchant),
    _reads("GET", "/v2/catalog/info", catalog_read.info),
    _reads("GET", "/v2/catalog/list", catalog_read.list_catalog),
    _reads("GET", "/v2/catalog/object/{id}", catalog_read.retrieve_object),
    _reads("POST", "/v2/catalog/search", catalog_read.search_objects, _SEARCH),
    _reads("POST", "/v2/catalog/batch-retrieve", catalog_read.batch_retrieve, _RETRIEVE),
    _writes("POST", "/v2/catalog/object", catalog_write.upsert_object, "idempotency_key object"),
    _writes("POST", "/v2/catalog/batch-upsert", catalog_write.batch_upsert, "idempotency_key batches"),
    _writes("POST", "/v2/catalog/batch-delete", catalog_write.batch_delete, "object_ids"),
    _writes("DELETE", "/v2/catalog/object/{id}", catalog_write.delete_object),
    _reads("GET", "/v2/customers", customer_search.list_customers),
    _reads("POST", "/v2/customers/search", customer_search.search_customers, "cursor limit query count"),
    _writes("POST", "/v2/customers/bulk-create", customer_bulk.bulk_create, "customers"),
    _writes("POST", "/v2/customers/bulk-update", customer_bulk.bulk_update, "customers"),
    _reads("POST", "/v2/customers/bulk-retrieve", customer_bulk.bulk_retrieve, "customer_ids"),
    _writes("POST", "/v2/customers/bulk-delete", customer_bulk.bulk_delete, "customer_ids"),
    _writes("POST", "/v2/customers", customers.create_customer, "idempotency_key " + _PROFILE),
    _reads("GET", "/v2/customers/{id}", customers.retrieve_customer),
    _writes("PUT", "/v2/customers/{id}", customers.update_customer, "version " + _PROFILE),
    _writes("DELETE", "/v2/customers/{id}", customers.delete_customer),
    _writes(
        "POST",
        "/v2/inventory/changes/batch-create",
        inventory_write.batch_create_changes,
        "idempotency_key changes ignore_unchanged_counts",
    ),
    _reads("POST", "/v2/inventory/changes/batch-retrieve", inventory_read.batch_retrieve_changes, _CHANGES),
    _reads("POST", "/v2/inventory/counts/batch-retrieve", inventory_read.batch_retrieve_counts, _CHANGES),
    _reads("GET", "/v2/inventory/physical-counts/{id}", inventory_read.retrieve_physical_count),
    _reads("GET", "/v2/inventory/adjustments/{id}", inventory_read.retrieve_adjustment),
    _reads("GET", "/v2/inventory/{id}", inventory_read.retrieve_counts),
    _reads("GET", "/v2/payments", payment_lists.list_payments),
    _reads("GET", "/v2/payments/{id}", payments.retrieve_payment),
    _writes("POST", "/v2/payments", payments.create_payment, _PAYMENT),
    _writes("POST", "/v2/payments/{id}/complete", payments.complete_payment, "version_token"),
    _writes("POST", "/v2/payments/{id}/cancel", payments.cancel_payment, "version_token"),
    _reads("GET", "/v2/refunds", payment_lists.list_refunds),
    _reads("GET", "/v2/refunds/{id}", refunds.retrieve_refund),
    _writes("POST", "/v2/refunds", refunds.refund_payment, _REFUND),
    _writes("POST", "/v2/orders", orders.create_order, "order idempotency_key"),
    _reads("POST", "/v2/orders/search", order_search.search_orders, _ORDERS),
    _reads("POST", "/v2/orders/batch-retrieve", orders.batch_retrieve, "location_id order_ids"),
    _reads("GET", "/v2/orders/{id}", orders.retrieve_order),
    _writes("PUT", "/v2/orders/{id}", orders.update_order, "order fields_to_clear idempotency_key"),
    _writes("POST", "/v2/orders/{id}/pay", orders.pay_order, "idempotency_key order_version payment_ids"),
    _reads("GET", "/v2/loyalty/programs/{id}", loyalty.retrieve_program),
    _writes("POST", "/v2/loyalty/accounts", loyalty.create_account, "loyalty_account idempotency_key"),
    _reads("POST", "/v2/loyalty/accounts/search", loyalty.search_accounts, "query limit cursor"),
    _reads("GET", "/v2/loyalty/accounts/{id}", loyalty.retrieve_account),
    _writes("POST", "/v2/loyalty/accounts/{id}/accumulate", loyalty.accumulate, _POINTS),
    _writes("POST", "/v2/loyalty/accounts/{id}/adjust", loyalty.adjust, _ADJUSTMENT),
    _reads("POST", "/v2/loyalty/events/search", loyalty.search_events, "query limit cursor"),
)

# Deprecated 2021-06-16, retired 2023-11-15 (Square's deprecation notes of the Inventory API).
RETIRED = frozenset(
    {
        "/v2/inventory/batch-change",
        "/v2/inventory/batch-retrieve-changes",
        "/v2/inventory/batch-retrieve-counts",
    }
)

_EXACT = {(route.method, route.template): route for route in ROUTES if "{id}" not in route.template}
_WITH_IDS = [
    (route.method, re.compile(_ID.sub("([^/]+)", route.template) + "$"), route)
    for route in ROUTES
    if "{id}" in route.template
]
_METHODS = {"GET", "POST", "PUT", "DELETE"}


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a request and the ids in its path, None when there is none."""
    exact = _EXACT.get((method, path))
    if exact is not None:
        return exact, ()
    for wanted, pattern, route in _WITH_IDS:
        match = pattern.match(path) if wanted == method else None
        if match is not None:
            return route, match.groups()
    return None


def is_known(path: str) -> bool:
    """Whether another method has an endpoint at this path."""
    return any(find(method, path) is not None for method in _METHODS)
