"""A venue's own template: every declared one is accepted as its own, and one that gives up what is needed is refused."""

from collections.abc import Callable
from typing import Any

import pytest

import mappings
from sync_core.errors import DeclarationError
from sync_core.mapping.compile import Mapping, load_mappings
from sync_core.mapping.custom import customise, read_template, written
from sync_core.mapping.pairs import pairs_of, with_pairs
from sync_core.spec.load import load_providers
from tests.world import DEFS

SPECS = load_providers(DEFS)
MAPPINGS = load_mappings(SPECS, mappings.FOLDER)
Change = Callable[[dict[str, Any]], Any]


def own(provider: str, entity: str, change: Change) -> Mapping:
    declared = MAPPINGS[provider, entity]
    values = written(declared.template)
    change(values)
    return customise(declared, read_template(values, where="own"), SPECS[provider], entity, where="own")


@pytest.mark.parametrize(("provider", "entity"), MAPPINGS, ids="/".join)
def test_the_declared_template_is_a_good_own_one_and_comes_back_from_json_and_from_pairs(
    provider: str, entity: str
) -> None:
    declared = MAPPINGS[provider, entity]

    same = own(provider, entity, lambda _: None)

    assert (same.template, same.push_paths, same.pull_paths) == (
        declared.template,
        declared.push_paths,
        declared.pull_paths,
    )
    assert with_pairs(declared.template, pairs_of(declared), where="own") == declared.template


WRONG: dict[str, tuple[str, str, Change, str]] = {
    "another model": ("stripe", "customers", lambda v: v.update(model="products"), "model: must stay customers"),
    "unknown column": (
        "stripe",
        "customers",
        lambda v: v["fields"].update(shoe={"remote": "metadata.shoe"}),
        "fields.shoe: the model customers has no column 'shoe'",
    ),
    "unknown key": ("stripe", "customers", lambda v: v.update(colour="red"), "colour: Extra inputs are not permitted"),
    "the mark moved": (
        "stripe",
        "customers",
        lambda v: v["fields"]["id"].update(remote="metadata.other"),
        "fields.id: must stay {",
    ),
    "what it is matched on dropped": (
        "stripe",
        "customers",
        lambda v: v["fields"].pop("email"),
        "fields: customers.match_on names email, which is not pulled",
    ),
    "a reference dropped": (
        "stripe",
        "refunds",
        lambda v: v["fields"].pop("payment_id"),
        "fields.payment_id: must stay {",
    ),
    "a reference in a list dropped": (
        "quickbooks",
        "invoices",
        lambda v: v["each"]["lines"]["fields"].pop("product_id"),
        "each.lines.fields.product_id: must stay {",
    ),
    "money without its currency": (
        "stripe",
        "products",
        lambda v: v["fields"].pop("currency"),
        "fields.currency: must stay {",
    ),
    "a list dropped": ("square", "orders", lambda v: v["each"].pop("lines"), "each.lines: must stay"),
    "something required dropped": (
        "stripe",
        "products",
        lambda v: v["fields"].pop("name"),
        "fields: name is required by the provider",
    ),
    "one of several dropped": ("square", "customers", lambda v: v.pop("any_of"), "any_of: the provider needs"),
    "a NUL": ("stripe", "customers", lambda v: v.update(description="a\0"), "file: must not hold the character NUL"),
    "half a character": (
        "stripe",
        "customers",
        lambda v: v.update(description="\ud800"),
        "file: must be what JSON can",
    ),
    "an expression of its own": (
        "stripe",
        "customers",
        lambda v: v["fields"]["note"].update(check={"matches": "(a+)+b"}),
        "fields.note.check.matches: must be an expression of the declared template",
    ),
    "a far position": (
        "stripe",
        "customers",
        lambda v: v["fields"]["note"].update(remote="metadata[999999999].note"),
        "fields.note.remote: must be at most 200 characters, and a position at most 20",
    ),
    "two fields in one place": (
        "stripe",
        "customers",
        lambda v: v["fields"]["note"].update(remote="metadata.company"),
        "metadata.company is already written by fields.company.remote",
    ),
    "a path below a value": (
        "stripe",
        "customers",
        lambda v: v["fields"]["note"].update(remote="email.note"),
        "fields: ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_template_that_cannot_work_is_refused_by_path_and_reason(name: str) -> None:
    provider, entity, change, reason = WRONG[name]
    with pytest.raises(DeclarationError) as refused:
        own(provider, entity, change)
    assert str(refused.value).startswith("own: ")
    assert reason in str(refused.value)


def test_a_row_that_begins_at_the_provider_keeps_what_the_table_requires() -> None:
    complete = MAPPINGS["square", "products"]
    column = next(c for c in complete.new_row if complete.model.columns[c].required)
    with pytest.raises(DeclarationError, match=f"the venue's table requires {column}"):
        own("square", "products", lambda v: v["new_rows"].pop(column))


def test_pairs_choose_where_fields_go_and_keep_how_they_are_written() -> None:
    declared = MAPPINGS["stripe", "customers"]
    pairs = {**pairs_of(declared), "company": "metadata.firm"}
    del pairs["note"]

    template = with_pairs(declared.template, pairs, where="own")

    assert template.fields["company"].remote == "metadata.firm"
    assert template.fields["company"].transform == declared.template.fields["company"].transform
    assert "note" not in template.fields
    with pytest.raises(DeclarationError, match="given_name and family_name are one text"):
        with_pairs(declared.template, {**pairs, "given_name": "metadata.given"}, where="own")
