"""A canonical model says exactly what the venue's table says."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from mappings import FOLDER
from sync_core.mapping.compile import load_models
from sync_core.spec.load import load_template
from sync_core.store.venue_tables import SYNCED

TABLES = {table.name: table for table in SYNCED}
MODELS = load_models(FOLDER)
TEMPLATES = [load_template(file) for file in FOLDER.glob("*/*.yaml") if file.parent.name != "models"]
NOT_IN_MODELS = {"venue_id", "id", "changed_xid", "deleted_at", "updated_at"}
KINDS: dict[type[Any], str] = {
    sa.Text: "text",
    sa.BigInteger: "integer",
    sa.Boolean: "boolean",
    sa.DateTime: "timestamp",
    pg.JSONB: "json",
}


# Models of what lives in a list inside a record.
ELEMENTS = {each.model for template in TEMPLATES for each in template.each.values()} | {"order_lines"}


def test_every_synced_table_has_its_model_and_every_element_of_a_list_too() -> None:
    assert set(MODELS) - ELEMENTS == set(TABLES)
    assert set(MODELS) >= ELEMENTS


@pytest.mark.parametrize("name", sorted(MODELS.keys() & TABLES.keys()))
def test_a_model_has_exactly_the_columns_of_its_table(name: str) -> None:
    table = {c.name: c for c in TABLES[name].columns if c.name not in NOT_IN_MODELS}
    model = MODELS[name].columns
    assert set(model) == set(table)
    assert {n: c.type for n, c in model.items()} == {n: KINDS[type(c.type)] for n, c in table.items()}
    assert {n: c.required for n, c in model.items()} == {n: not c.nullable for n, c in table.items()}


def test_everything_about_a_customer_is_personal() -> None:
    assert all(column.personal for column in MODELS["customers"].columns.values())
