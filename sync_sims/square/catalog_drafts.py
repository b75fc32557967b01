"""Reading catalog objects as sent: types, lengths and shapes, before anything is looked up.

Source of the limits: the CatalogItem schema of Square's published specification.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sync_sims.square.catalog_shelf import FAMILIES
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import invalid, missing

DATA = {
    "ITEM": "item_data",
    "IMAGE": "image_data",
    "CATEGORY": "category_data",
    "ITEM_VARIATION": "item_variation_data",
    "TAX": "tax_data",
    "DISCOUNT": "discount_data",
    "MODIFIER_LIST": "modifier_list_data",
    "MODIFIER": "modifier_data",
    "PRICING_RULE": "pricing_rule_data",
    "PRODUCT_SET": "product_set_data",
    "TIME_PERIOD": "time_period_data",
    "MEASUREMENT_UNIT": "measurement_unit_data",
    "SUBSCRIPTION_PLAN_VARIATION": "subscription_plan_variation_data",
    "ITEM_OPTION": "item_option_data",
    "ITEM_OPTION_VAL": "item_option_value_data",
    "CUSTOM_ATTRIBUTE_DEFINITION": "custom_attribute_definition_data",
    "QUICK_AMOUNTS_SETTINGS": "quick_amounts_settings_data",
    "SUBSCRIPTION_PLAN": "subscription_plan_data",
    "AVAILABILITY_PERIOD": "availability_period_data",
}

_PRODUCT_TYPES = frozenset(
    {
        "REGULAR",
        "GIFT_CARD",
        "APPOINTMENTS_SERVICE",
        "FOOD_AND_BEV",
        "EVENT",
        "DIGITAL",
        "DONATION",
        "LEGACY_SQUARE_ONLINE_SERVICE",
        "LEGACY_SQUARE_ONLINE_MEMBERSHIP",
    }
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One object as sent. `parent_id` is the sent id of the object it was nested in; `children` is None if absent."""

    given: Fields
    data: Fields
    kind: str
    sent_id: str
    position: int
    parent_id: str | None
    children: "tuple[Draft, ...] | None"

    def family(self) -> "Iterator[Draft]":
        """This object, then those nested in it."""
        yield self
        for child in self.children or ():
            yield from child.family()


def read_draft(given: Fields, *, position: int = 0, parent_id: str | None = None) -> Draft:
    """Read one object and those nested in it.

    Raises:
        Refused: A field has the wrong type, is too long or is missing.
    """
    kind = given.choice("type", DATA)
    if kind is None:
        raise missing(given.path("type"))
    sent_id = given.needed_text("id")
    given.whole("version")
    if given.flag("is_deleted"):
        raise given.wrong("INVALID_VALUE", "Field must not be set to `true`.", "is_deleted")
    for name in ("present_at_all_locations",):
        given.flag(name)
    for name in ("present_at_location_ids", "absent_at_location_ids"):
        given.texts(name)
    data = given.needed_inner(DATA[kind])
    _check(kind, data)
    return Draft(
        given=given,
        data=data,
        kind=kind,
        sent_id=sent_id,
        position=position,
        parent_id=parent_id,
        children=_children(kind, data, sent_id),
    )


def _children(kind: str, data: Fields, sent_id: str) -> tuple[Draft, ...] | None:
    family = FAMILIES.get(kind)
    if family is None or data.values.get(family.children) is None:
        return None
    drafts: list[Draft] = []
    for position, child in enumerate(data.objects(family.children)):
        draft = read_draft(child, position=position, parent_id=sent_id)
        if draft.kind != family.child_type:
            raise child.wrong("INVALID_VALUE", f"Expected an object of type {family.child_type}.", "type")
        drafts.append(draft)
    return tuple(drafts)


def _check(kind: str, data: Fields) -> None:
    if kind == "ITEM":
        _check_item(data)
    elif kind == "ITEM_VARIATION":
        _check_variation(data)
    else:
        data.text("name")


def _check_item(data: Fields) -> None:
    data.needed_text("name", longest=512)
    data.text("description", longest=4096)
    data.text("description_html", longest=65535)
    data.text("abbreviation", longest=24)
    data.text("category_id")
    data.flag("is_archived")
    data.flag("is_taxable")
    data.texts("tax_ids")
    data.texts("image_ids")
    data.choice("product_type", _PRODUCT_TYPES)
    for category in data.objects("categories"):
        category.needed_text("id")


def _check_variation(data: Fields) -> None:
    data.text("item_id")
    data.text("name", longest=255)
    data.text("sku")
    data.text("upc")
    data.text("user_data", longest=255)
    data.flag("track_inventory")
    data.flag("sellable")
    data.flag("stockable")
    if data.choice("pricing_type", {"FIXED_PRICING", "VARIABLE_PRICING"}) == "FIXED_PRICING":
        data.needed_inner("price_money")


def check_counts(batches: list[tuple[str, list[Draft]]], *, per_batch: int, per_request: int) -> None:
    """Refuse a request with too many objects; nested ones count.

    Raises:
        Refused: ARRAY_LENGTH_TOO_LONG.
    """
    total = 0
    for path, drafts in batches:
        number = sum(1 for draft in drafts for _ in draft.family())
        if number > per_batch:
            raise invalid(
                "ARRAY_LENGTH_TOO_LONG", f"A batch must not contain more than {per_batch} objects.", field=path
            )
        total += number
    if total > per_request:
        raise invalid(
            "ARRAY_LENGTH_TOO_LONG", f"A request must not contain more than {per_request} objects.", field="batches"
        )
