"""Reading the catalog: one object, many by id, lists, and the search that incremental sync lives on.

Sources: ListCatalog, SearchCatalogObjects, BatchRetrieveCatalogObjects and CatalogInfo in Square's specification.
"""

from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.catalog_drafts import DATA
from sync_sims.square.catalog_query import keep_for
from sync_sims.square.catalog_rows import references
from sync_sims.square.catalog_shelf import PARENTS, CatalogShelf
from sync_sims.square.catalog_write import IDS_PER_DELETE, OBJECTS_PER_BATCH, OBJECTS_PER_REQUEST
from sync_sims.square.fields import Fields
from sync_sims.square.paging import Listing
from sync_sims.square.refusal import not_found
from sync_sims.square.shelf import Row
from sync_sims.square.timestamps import milliseconds, of_milliseconds, parsed

_NESTED = frozenset({*PARENTS, "IMAGE"})
TOP_LEVEL = frozenset(DATA) - _NESTED
_LIST_PAGE = 100
_SEARCH_PAGE = 100
_LARGEST_SEARCH_PAGE = 1000
_IDS_PER_RETRIEVE = 1000


def info(call: Call) -> dict[str, Any]:
    """GET /v2/catalog/info."""
    del call
    return {
        "limits": {
            "batch_upsert_max_objects_per_batch": OBJECTS_PER_BATCH,
            "batch_upsert_max_total_objects": OBJECTS_PER_REQUEST,
            "batch_retrieve_max_object_ids": _IDS_PER_RETRIEVE,
            "search_max_page_limit": _LARGEST_SEARCH_PAGE,
            "batch_delete_max_object_ids": IDS_PER_DELETE,
            "update_item_taxes_max_item_ids": 1000,
            "update_item_taxes_max_taxes_to_enable": 1000,
            "update_item_taxes_max_taxes_to_disable": 1000,
            "update_item_modifier_lists_max_item_ids": 1000,
            "update_item_modifier_lists_max_modifier_lists_to_enable": 1000,
            "update_item_modifier_lists_max_modifier_lists_to_disable": 1000,
        }
    }


def retrieve_object(call: Call) -> dict[str, Any]:
    """GET /v2/catalog/object/{id}; a deleted object is not found."""
    catalog = call.books.catalog
    row = catalog.living(call.ids[0])
    if row is None:
        raise not_found(f"Catalog object with ID `{call.ids[0]}` not found.")
    answer: dict[str, Any] = {"object": catalog.shown(row)}
    return _with_related(answer, [row], catalog, wanted=call.query.flag("include_related_objects"))


def batch_retrieve(call: Call) -> dict[str, Any]:
    """POST /v2/catalog/batch-retrieve; unknown ids are left out."""
    call.body.needed_array("object_ids", most=_IDS_PER_RETRIEVE)
    catalog = call.books.catalog
    look = catalog.rows.get if call.body.flag("include_deleted_objects") else catalog.living
    found = [look(object_id) for object_id in call.body.texts("object_ids") or ()]
    rows = [row for row in found if row is not None]
    if not rows:
        return {}
    answer = {"objects": [catalog.shown(row) for row in rows]}
    return _with_related(answer, rows, catalog, wanted=call.body.flag("include_related_objects"))


def list_catalog(call: Call) -> dict[str, Any]:
    """GET /v2/catalog/list: living objects, 100 a page."""
    text = call.query.text("types") or ""
    types = _types(call.query, [name.strip().upper() for name in text.split(",") if name.strip()], "types")
    catalog = call.books.catalog
    listing = Listing(catalog, keep=lambda row: row["type"] in types and not row["is_deleted"], order=_by_creation)
    rows, cursor = call.page(listing, call.bookmark(call.query), limit=_LIST_PAGE)
    return with_cursor({"objects": [catalog.shown(row) for row in rows]}, cursor)


def search_objects(call: Call) -> dict[str, Any]:
    """POST /v2/catalog/search; the first page settles `latest_time` for those that follow."""
    catalog = call.books.catalog
    types = _types(call.body, call.body.texts("object_types") or [], "object_types")
    matches = keep_for(call.body.inner("query"))
    with_deleted = bool(call.body.flag("include_deleted_objects"))
    since = _begin(call.body)
    bookmark = call.bookmark(call.body, pinned={"latest": catalog.latest})
    until: int = bookmark.pinned["latest"]

    def keep(row: Row) -> bool:
        return (
            since < row["version"] <= until
            and row["type"] in types
            and (with_deleted or not row["is_deleted"])
            and matches(row)
        )

    rows, cursor = call.page(Listing(catalog, keep=keep, order=_by_creation), bookmark, limit=_search_limit(call.body))
    answer = with_cursor({"objects": [catalog.shown(row) for row in rows]}, cursor)
    answer["latest_time"] = of_milliseconds(until) if until else call.books.created_at
    return _with_related(answer, rows, catalog, wanted=call.body.flag("include_related_objects"))


def _by_creation(row: Row) -> str:
    return row["created_at"]


def _types(fields: Fields, given: list[str], name: str) -> frozenset[str]:
    """The object types asked for; without any, those that are not nested in others."""
    for value in given:
        if value not in DATA:
            raise fields.wrong(
                "INVALID_ENUM_VALUE", f"`{value}` is not a valid enum value for `{fields.path(name)}`.", name
            )
    return frozenset(given) or TOP_LEVEL


def _begin(body: Fields) -> int:
    """`begin_time` as a version; it is exclusive."""
    text = body.moment("begin_time")
    moment = None if text is None else parsed(text)
    return -1 if moment is None else milliseconds(moment)


def _search_limit(body: Fields) -> int:
    """A limit outside 1-1000 is ignored."""
    limit = body.whole("limit")
    return limit if limit is not None and 0 < limit <= _LARGEST_SEARCH_PAGE else _SEARCH_PAGE


def _with_related(
    answer: dict[str, Any], rows: list[Row], catalog: CatalogShelf, *, wanted: bool | None
) -> dict[str, Any]:
    """The answer with the objects its rows refer to, one level deep."""
    if not wanted:
        return answer
    mine = {row["id"] for row in rows}
    found = {referred: catalog.living(referred) for row in rows for referred in references(row) if referred not in mine}
    related = [catalog.shown(row) for row in found.values() if row is not None]
    return {**answer, "related_objects": related} if related else answer
