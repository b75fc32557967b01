"""Products of a store and their variants; the client chooses the ids.

Source: the specification's /ecommerce/stores/{store_id}/products, where 3.0.85 has PUT as well.
"""

from typing import Any

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import bad_request, invalid, not_found
from sync_sims.mailchimp.finding import living_store
from sync_sims.mailchimp.shape import MOMENT, NUMBER, TEXT, WHOLE, Kind, Shape, several, within
from sync_sims.mailchimp.shelf import Row

_VARIANT: dict[str, Kind] = {
    "id": TEXT,
    "title": TEXT,
    "url": TEXT,
    "sku": TEXT,
    "price": NUMBER,
    "inventory_quantity": WHOLE,
    "image_url": TEXT,
    "backorders": TEXT,
    "visibility": TEXT,
}
VARIANT = Shape(_VARIANT, required=("id", "title"))
_BLANK_VARIANT: Row = {
    "url": "",
    "sku": "",
    "price": 0,
    "inventory_quantity": 0,
    "image_url": "",
    "backorders": "",
    "visibility": "",
}
_IMAGE = Shape({"id": TEXT, "url": TEXT, "variant_ids": several(TEXT)}, required=("id", "url"))
_TEXTS = ("handle", "url", "description", "type", "vendor", "image_url", "published_at_foreign")
PRODUCT = Shape(
    {
        "id": TEXT,
        "title": TEXT,
        **dict.fromkeys(_TEXTS, TEXT),
        "published_at_foreign": MOMENT,
        "variants": several(within(VARIANT)),
        "images": several(within(_IMAGE)),
    },
    required=("id", "title", "variants"),
)


def _key(call: Call) -> str:
    return f"{living_store(call)['id']}/{call.ids[1]}"


def _living(call: Call) -> Row:
    row = call.books.products.rows.get(_key(call))
    if row is None:
        raise not_found()
    return row


def _variants(call: Call, given: list[Row], before: list[Row]) -> list[Row]:
    """The variants sent, each over what was known of it."""
    if not given:
        raise invalid(("variants", "A product must have at least one variant."))
    known = {row["id"]: row for row in before}
    merged = {entry["id"]: _variant(call, entry, known.get(entry["id"])) for entry in given}
    return list(merged.values())


def _variant(call: Call, given: Row, before: Row | None) -> Row:
    base = before or {**_BLANK_VARIANT, "created_at": call.stamp, "updated_at": call.stamp}
    merged = {**base, **given}
    return merged if merged == base else {**merged, "updated_at": call.stamp}


def _merged(call: Call, before: Row, given: Row) -> Row:
    row = {**before, **given}
    if "variants" in given:
        row["variants"] = _variants(call, given["variants"], before["variants"])
    if "images" in given:
        row["images"] = [{"variant_ids": [], **image} for image in given["images"]]
    return row


def write_product(call: Call, store_id: str, product_id: str, given: Row) -> Row:
    """Create the product or change the one that is there; unchanged, it is not written."""
    key = f"{store_id}/{product_id}"
    before = call.books.products.rows.get(key)
    blank: Row = {**dict.fromkeys(_TEXTS, ""), "variants": [], "images": [], "store_id": store_id}
    row = {**_merged(call, before or blank, given), "id": product_id}
    if row != before:
        call.books.put(call.books.products, key, row)
    return row


def _shown(call: Call, row: Row) -> Row:
    path = f"/ecommerce/stores/{row['store_id']}/products/{row['id']}"
    answer = {name: value for name, value in row.items() if name != "store_id"}
    answer["currency_code"] = call.books.stores.rows[row["store_id"]]["currency_code"]
    answer["variants"] = [
        call.linked(variant, f"{path}/variants/{variant['id']}", "Ecommerce/Stores/Products/Variants")
        for variant in row["variants"]
    ]
    return call.linked(answer, path, "Ecommerce/Stores/Products")


def read_products(call: Call) -> Row:
    """GET …/products."""
    store_id = living_store(call)["id"]
    rows = list(call.books.products.family(store_id).values())
    page = [_shown(call, row) for row in call.asking.page(rows)]
    path = f"/ecommerce/stores/{store_id}/products"
    return call.collection("products", page, total=len(rows), path=path, store_id=store_id)


def create_product(call: Call) -> Row:
    """POST …/products."""
    store_id = living_store(call)["id"]
    given = call.given(PRODUCT)
    if f"{store_id}/{given['id']}" in call.books.products.rows:
        raise bad_request("A product with the provided ID already exists in the account for this list.")
    return _shown(call, write_product(call, store_id, given["id"], given))


def read_product(call: Call) -> Row:
    """GET …/products/{product_id}."""
    return _shown(call, _living(call))


def upsert_product(call: Call) -> Row:
    """PUT …/products/{product_id}."""
    known = _key(call) in call.books.products.rows
    given = call.changes(PRODUCT) if known else call.given(PRODUCT)
    return _shown(call, write_product(call, call.ids[0], call.ids[1], given))


def update_product(call: Call) -> Row:
    """PATCH …/products/{product_id}."""
    _living(call)
    return _shown(call, write_product(call, call.ids[0], call.ids[1], call.changes(PRODUCT)))


def delete_product(call: Call) -> None:
    """DELETE …/products/{product_id}."""
    _living(call)
    call.books.remove(call.books.products, _key(call))


def _variant_of(call: Call, product: Row) -> Row | None:
    return next((variant for variant in product["variants"] if variant["id"] == call.ids[2]), None)


def _write_variant(call: Call, product: Row, variant_id: str, given: Row) -> Row:
    before = next((variant for variant in product["variants"] if variant["id"] == variant_id), None)
    after = _variant(call, {**given, "id": variant_id}, before)
    variants = [after if variant is before else variant for variant in product["variants"]]
    variants += [] if before is not None else [after]
    if after != before:
        key = f"{product['store_id']}/{product['id']}"
        call.books.put(call.books.products, key, {**product, "variants": variants})
    return _shown_variant(call, after)


def _shown_variant(call: Call, variant: Row) -> Row:
    path = f"/ecommerce/stores/{call.ids[0]}/products/{call.ids[1]}/variants/{variant['id']}"
    return call.linked(variant, path, "Ecommerce/Stores/Products/Variants")


def read_variants(call: Call) -> Row:
    """GET …/products/{product_id}/variants."""
    product = _living(call)
    page = [_shown_variant(call, variant) for variant in call.asking.page(product["variants"])]
    path = f"/ecommerce/stores/{call.ids[0]}/products/{call.ids[1]}/variants"
    more: dict[str, Any] = {"store_id": call.ids[0], "product_id": call.ids[1]}
    return call.collection("variants", page, total=len(product["variants"]), path=path, **more)


def create_variant(call: Call) -> Row:
    """POST …/products/{product_id}/variants."""
    product = _living(call)
    given = call.given(VARIANT)
    if any(variant["id"] == given["id"] for variant in product["variants"]):
        raise bad_request("A variant with the provided ID already exists for this product.")
    return _write_variant(call, product, given["id"], given)


def read_variant(call: Call) -> Row:
    """GET …/variants/{variant_id}."""
    variant = _variant_of(call, _living(call))
    if variant is None:
        raise not_found()
    return _shown_variant(call, variant)


def upsert_variant(call: Call) -> Row:
    """PUT …/variants/{variant_id}."""
    product = _living(call)
    known = _variant_of(call, product) is not None
    given = call.changes(VARIANT) if known else call.given(VARIANT)
    return _write_variant(call, product, call.ids[2], given)


def update_variant(call: Call) -> Row:
    """PATCH …/variants/{variant_id}."""
    product = _living(call)
    if _variant_of(call, product) is None:
        raise not_found()
    return _write_variant(call, product, call.ids[2], call.changes(VARIANT))


def delete_variant(call: Call) -> None:
    """DELETE …/variants/{variant_id}; the last one stays."""
    product = _living(call)
    variant = _variant_of(call, product)
    if variant is None:
        raise not_found()
    if len(product["variants"]) == 1:
        raise bad_request("A product must have at least one variant.")
    rest = [other for other in product["variants"] if other is not variant]
    call.books.put(call.books.products, _key(call), {**product, "variants": rest})
