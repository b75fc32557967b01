"""Which endpoint answers which path: the one list of what is simulated."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync_sims.mailchimp import (
    account,
    automations,
    batches,
    campaigns,
    carts,
    customers,
    events,
    lists,
    member_batch,
    member_list,
    members,
    merge_fields,
    orders,
    products,
    reports,
    segments,
    stores,
    tags,
)
from sync_sims.mailchimp.call import Call

Endpoint = Callable[[Call], dict[str, Any] | None]
ROOT = "/3.0"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; one that gives nothing back answers 204."""

    method: str
    template: str
    endpoint: Endpoint

    @property
    def name(self) -> str:
        """Method and path template: "PUT /3.0/lists/{id}/members/{id}"."""
        return f"{self.method} {ROOT}{self.template}"


_LIST = "/lists/{id}"
_MEMBER = "/lists/{id}/members/{id}"
_FIELD = "/lists/{id}/merge-fields/{id}"
_SEGMENT = "/lists/{id}/segments/{id}"
_STORE = "/ecommerce/stores/{id}"
_PRODUCT = "/ecommerce/stores/{id}/products/{id}"
_VARIANT = "/ecommerce/stores/{id}/products/{id}/variants/{id}"
_CUSTOMER = "/ecommerce/stores/{id}/customers/{id}"
_ORDER = "/ecommerce/stores/{id}/orders/{id}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", account.read_root),
    Route("GET", "/ping", account.read_ping),
    Route("GET", "/lists", lists.read_lists),
    Route("POST", "/lists", lists.create_list),
    Route("GET", _LIST, lists.read_list),
    Route("PATCH", _LIST, lists.update_list),
    Route("DELETE", _LIST, lists.delete_list),
    Route("POST", _LIST, member_batch.batch_members),
    Route("GET", f"{_LIST}/members", member_list.read_members),
    Route("POST", f"{_LIST}/members", members.create_member),
    Route("GET", _MEMBER, members.read_member),
    Route("PUT", _MEMBER, members.upsert_member),
    Route("PATCH", _MEMBER, members.update_member),
    Route("DELETE", _MEMBER, members.archive_member),
    Route("POST", f"{_MEMBER}/actions/delete-permanent", members.forget_member),
    Route("GET", f"{_MEMBER}/tags", tags.read_member_tags),
    Route("POST", f"{_MEMBER}/tags", tags.write_member_tags),
    Route("GET", f"{_MEMBER}/events", events.read_events),
    Route("POST", f"{_MEMBER}/events", events.create_event),
    Route("GET", f"{_LIST}/tag-search", tags.search_tags),
    Route("GET", f"{_LIST}/merge-fields", merge_fields.read_merge_fields),
    Route("POST", f"{_LIST}/merge-fields", merge_fields.create_merge_field),
    Route("GET", _FIELD, merge_fields.read_merge_field),
    Route("PATCH", _FIELD, merge_fields.update_merge_field),
    Route("DELETE", _FIELD, merge_fields.delete_merge_field),
    Route("GET", f"{_LIST}/segments", segments.read_segments),
    Route("POST", f"{_LIST}/segments", segments.create_segment),
    Route("GET", _SEGMENT, segments.read_segment),
    Route("POST", _SEGMENT, segments.move_members),
    Route("PATCH", _SEGMENT, segments.update_segment),
    Route("DELETE", _SEGMENT, segments.delete_segment),
    Route("GET", f"{_SEGMENT}/members", segments.read_segment_members),
    Route("GET", "/ecommerce/orders", orders.read_all_orders),
    Route("GET", "/ecommerce/stores", stores.read_stores),
    Route("POST", "/ecommerce/stores", stores.create_store),
    Route("GET", _STORE, stores.read_store),
    Route("PATCH", _STORE, stores.update_store),
    Route("DELETE", _STORE, stores.delete_store),
    Route("GET", f"{_STORE}/products", products.read_products),
    Route("POST", f"{_STORE}/products", products.create_product),
    Route("GET", _PRODUCT, products.read_product),
    Route("PUT", _PRODUCT, products.upsert_product),
    Route("PATCH", _PRODUCT, products.update_product),
    Route("DELETE", _PRODUCT, products.delete_product),
    Route("GET", f"{_PRODUCT}/variants", products.read_variants),
    Route("POST", f"{_PRODUCT}/variants", products.create_variant),
    Route("GET", _VARIANT, products.read_variant),
    Route("PUT", _VARIANT, products.upsert_variant),
    Route("PATCH", _VARIANT, products.update_variant),
    Route("DELETE", _VARIANT, products.delete_variant),
    Route("GET", f"{_STORE}/customers", customers.read_customers),
    Route("POST", f"{_STORE}/customers", customers.create_customer),
    Route("GET", _CUSTOMER, customers.read_customer),
    Route("PUT", _CUSTOMER, customers.upsert_customer),
    Route("PATCH", _CUSTOMER, customers.update_customer),
    Route("DELETE", _CUSTOMER, customers.delete_customer),
    Route("GET", f"{_STORE}/orders", orders.read_orders),
    Route("POST", f"{_STORE}/orders", orders.create_order),
    Route("GET", _ORDER, orders.read_order),
    Route("PUT", _ORDER, orders.upsert_order),
    Route("PATCH", _ORDER, orders.update_order),
    Route("DELETE", _ORDER, orders.delete_order),
    Route("DELETE", f"{_ORDER}/lines/{{id}}", orders.delete_line),
    Route("GET", f"{_STORE}/carts", carts.read_carts),
    Route("GET", f"{_STORE}/carts/{{id}}", carts.read_cart),
    Route("GET", "/campaigns", campaigns.read_campaigns),
    Route("GET", "/campaigns/{id}", campaigns.read_campaign),
    Route("GET", "/reports", reports.read_reports),
    Route("GET", "/reports/{id}", reports.read_report),
    Route("GET", "/reports/{id}/sub-reports", reports.read_sub_reports),
    Route("GET", "/automations", automations.read_automations),
    Route("GET", "/automations/{id}", automations.read_automation),
    Route("POST", "/customer-journeys/journeys/{id}/steps/{id}/actions/trigger", events.trigger_journey),
    Route("GET", "/batches", batches.read_batches),
    Route("POST", "/batches", batches.create_batch),
    Route("GET", "/batches/{id}", batches.read_batch),
    Route("DELETE", "/batches/{id}", batches.delete_batch),
)

_Parts = tuple[str, ...]
_BY_LENGTH: dict[tuple[str, int], list[tuple[_Parts, Route]]] = defaultdict(list)
for _route in ROUTES:
    _parts = tuple(_route.template.strip("/").split("/"))
    _BY_LENGTH[_route.method, len(_parts)].append((_parts, _route))
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route of a request and the ids in its path, None when there is none."""
    if path != ROOT and not path.startswith(f"{ROOT}/"):
        return None
    asked = tuple(path[len(ROOT) :].strip("/").split("/"))
    for parts, route in _BY_LENGTH.get((method, len(asked)), ()):
        if all(part == given or (part == "{id}" and given) for part, given in zip(parts, asked, strict=True)):
            return route, tuple(given for part, given in zip(parts, asked, strict=True) if part == "{id}")
    return None


def allowed(path: str) -> list[str]:
    """The methods that have an endpoint at this path."""
    return [method for method in METHODS if find(method, path) is not None]
