"""The filters of SearchCatalogObjects. Exactly one query may be given; names of attributes are those of the data.

Source: the CatalogQuery schemas of Square's specification.
"""

from collections.abc import Callable
from typing import Any

from sync_sims.square.catalog_drafts import DATA
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import Refused, error, invalid
from sync_sims.square.shelf import Row

Keep = Callable[[Row], bool]
_SHORTEST_KEYWORD = 3


def keep_for(query: Fields | None) -> Keep:
    """The filter a query asks for; everything passes without one.

    Raises:
        Refused: The query is malformed, or of a kind that is not simulated.
    """
    if query is None or not query.values:
        return lambda _: True
    kinds = [name for name, value in query.values.items() if value is not None]
    if len(kinds) != 1:
        raise invalid("BAD_REQUEST", "Exactly one query type must be set.", field=query.at)
    maker = _MAKERS.get(kinds[0])
    if maker is None:
        raise Refused(501, error("NOT_IMPLEMENTED", f"The simulator has no {kinds[0]}.", field=query.path(kinds[0])))
    return maker(query.needed_inner(kinds[0]))


def _attribute(row: Row, name: str) -> Any:
    return row[DATA[row["type"]]].get(name)


def _exact(given: Fields) -> Keep:
    name = given.needed_text("attribute_name")
    wanted = given.needed_text("attribute_value").casefold()
    return lambda row: wanted in _text(row, name)


def _prefix(given: Fields) -> Keep:
    name = given.needed_text("attribute_name")
    wanted = given.needed_text("attribute_prefix").casefold()
    return lambda row: _text(row, name).startswith(wanted)


def _set(given: Fields) -> Keep:
    name = given.needed_text("attribute_name")
    given.needed_array("attribute_values", most=250)
    wanted = {value.casefold() for value in given.texts("attribute_values") or ()}
    return lambda row: _text(row, name) in wanted


def _range(given: Fields) -> Keep:
    name = given.needed_text("attribute_name")
    lowest, highest = given.whole("attribute_min_value"), given.whole("attribute_max_value")

    def keep(row: Row) -> bool:
        value = _attribute(row, name)
        if not isinstance(value, int):
            return False
        return (lowest is None or value >= lowest) and (highest is None or value <= highest)

    return keep


def _words(given: Fields) -> Keep:
    given.needed_array("keywords", most=3)
    keywords = [word.casefold() for word in given.texts("keywords") or ()]
    wanted = [word for word in keywords if sum(map(str.isalnum, word)) >= _SHORTEST_KEYWORD]

    def keep(row: Row) -> bool:
        text = " ".join(_text(row, name) for name in ("name", "description", "abbreviation", "sku"))
        return all(word in text for word in wanted)

    return keep


def _sorted(given: Fields) -> Keep:
    name = given.needed_text("attribute_name")
    given.choice("sort_order", {"ASC", "DESC"})
    first = (given.text("initial_attribute_value") or "").casefold()
    return lambda row: _text(row, name) >= first


def _with_tax(given: Fields) -> Keep:
    given.needed_array("tax_ids")
    wanted = set(given.texts("tax_ids") or ())
    return lambda row: row["type"] == "ITEM" and not wanted.isdisjoint(_attribute(row, "tax_ids") or ())


def _with_modifiers(given: Fields) -> Keep:
    given.needed_array("modifier_list_ids")
    wanted = set(given.texts("modifier_list_ids") or ())

    def keep(row: Row) -> bool:
        lists = _attribute(row, "modifier_list_info") or ()
        return row["type"] == "ITEM" and any(entry.get("modifier_list_id") in wanted for entry in lists)

    return keep


def _text(row: Row, name: str) -> str:
    value = _attribute(row, name)
    return "" if value is None else str(value).casefold()


_MAKERS: dict[str, Callable[[Fields], Keep]] = {
    "exact_query": _exact,
    "prefix_query": _prefix,
    "set_query": _set,
    "range_query": _range,
    "text_query": _words,
    "sorted_attribute_query": _sorted,
    "items_for_tax_query": _with_tax,
    "items_for_modifier_list_query": _with_modifiers,
}
