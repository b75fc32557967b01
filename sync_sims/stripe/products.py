"""Products (docs.stripe.com/api/products): the caller may choose the id; stock is unknown to Stripe."""

from typing import Any

from sync_sims.stripe.errors import ApiError, missing_parameter
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.expansion import deleted_stub
from sync_sims.stripe.listing import filtered_page, page_of
from sync_sims.stripe.parameters import Array, Boolean, Choice, Decimal, Hash, Metadata, Text, merged_metadata
from sync_sims.stripe.prices import PRICE_TERMS, new_price
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_PACKAGE = Hash(
    {name: Decimal() for name in ("height", "length", "weight", "width")},
    required=("height", "length", "weight", "width"),
    clearable=True,
)
_SHARED = Hash(
    {
        "active": Boolean(),
        "description": Text(longest=40000, clearable=True),
        "images": Array(Text(longest=2048), most=8, clearable=True),
        "marketing_features": Array(Hash({"name": Text(longest=80)}, required=("name",)), most=15, clearable=True),
        "metadata": Metadata(),
        "name": Text(longest=5000),
        "package_dimensions": _PACKAGE,
        "shippable": Boolean(),
        "statement_descriptor": Text(longest=22),
        "tax_code": Text(clearable=True),
        "unit_label": Text(longest=12, clearable=True),
        "url": Text(clearable=True),
    }
)
CREATE = _SHARED.extended(
    {"default_price_data": PRICE_TERMS, "id": Text(longest=255), "type": Choice(("good", "service"))},
    required=("name",),
)
UPDATE = _SHARED.extended({"default_price": Text(clearable=True)})
FILTERS = {
    "active": Boolean(),
    "ids": Array(Text()),
    "shippable": Boolean(),
    "type": Choice(("good", "service")),
    "url": Text(),
}
_PLAIN = tuple(name for name in _SHARED.fields if name != "metadata")


def create_product(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/products, with its default price where `default_price_data` is given.

    Raises:
        ApiError: The chosen id is taken.
    """
    product = new_product(call, given)
    if "default_price_data" not in given:
        return product
    price = new_price(call, {**given["default_price_data"], "product": product["id"]})
    after = call.put("products", {**product, "default_price": price["id"]})
    emit_update(call, "product.updated", before=product, after=after)
    return after


def new_product(call: Call, given: dict[str, Any]) -> Object:
    """A product without a price, as `create_product` and inline `product_data` make it.

    Raises:
        ApiError: The chosen id is taken.
    """
    product_id = given.get("id") or call.new_id("products", "prod_", length=14)
    taken = call.shelf("products").get(product_id)
    if taken is not None and not taken.get("deleted"):
        raise ApiError("Product already exists.", code="resource_already_exists", param="id")
    product: Object = {
        "id": product_id,
        "object": "product",
        "active": True,
        "created": call.now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": call.livemode,
        "marketing_features": [],
        "metadata": merged_metadata({}, given.get("metadata", {})),
        "name": given["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": given.get("type", "service"),
        "unit_label": None,
        "updated": call.now,
        "url": None,
        **{name: given[name] for name in _PLAIN if name in given},
    }
    call.put("products", product)
    emit(call, "product.created", product)
    return product


def get_product(call: Call, product_id: str) -> Object:
    """GET /v1/products/{id}."""
    return call.addressed("products", product_id)


def update_product(call: Call, product_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/products/{id}: parameters left out stay as they are.

    Raises:
        ApiError: The new default price belongs to another product.
    """
    before = call.addressed("products", product_id)
    after = {**before, **{name: given[name] for name in _PLAIN if name in given}, "updated": call.now}
    if "metadata" in given:
        after["metadata"] = merged_metadata(before["metadata"], given["metadata"])
    if "default_price" in given:
        after["default_price"] = _own_price(call, product_id, given["default_price"])
    call.put("products", after)
    emit_update(call, "product.updated", before=before, after=after)
    return after


def _own_price(call: Call, product_id: str, price_id: str | None) -> str | None:
    if price_id is None:
        return None
    price = call.named("prices", price_id, param="default_price")
    refuse_unless(
        price["product"] == product_id,
        f"The price `{price_id}` does not belong to the product `{product_id}`.",
        param="default_price",
    )
    refuse_unless(price["active"], f"The price `{price_id}` is inactive.", param="default_price")
    return price_id


def delete_product(call: Call, product_id: str) -> Object:
    """DELETE /v1/products/{id}: only a product without prices.

    Raises:
        ApiError: The product has prices.
    """
    before = call.addressed("products", product_id)
    priced = next(call.shelf("prices").newest_first(term=("product", product_id)), None)
    refuse_unless(
        priced is None, "This product cannot be deleted because it has one or more user-created prices.", param="id"
    )
    call.put("products", {**before, "deleted": True})
    emit(call, "product.deleted", before)
    return deleted_stub(before)


def list_products(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/products."""
    if "ids" not in given:
        return filtered_page(call, "products", given, fields=("active", "shippable", "type", "url"))
    ids = frozenset(given["ids"])
    return page_of(
        call,
        "products",
        given,
        wanted=lambda entry: entry["id"] in ids and given.get("active", entry["active"]) == entry["active"],
    )


def create_price(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/prices, of an existing product or of one made on the spot from `product_data`.

    Raises:
        ApiError: Both or neither are given, or the price is refused.
    """
    refuse_unless(
        not ("product" in given and "product_data" in given),
        "You may only specify one of these parameters: product, product_data.",
    )
    if "product_data" not in given:
        if "product" not in given:
            raise missing_parameter("product")
        return new_price(call, given)
    product = new_product(call, given["product_data"])
    return new_price(call, {**given, "product": product["id"]})
