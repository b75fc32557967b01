"""A canonical model says exactly what the venue's table says."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from mappings import FOLDER
from sync_core.mapping.compile import load_models
from sync_core.store.venue_tables import SYNCED

TABLES = {table.name: table for table in SYNCED}
MODELS = load_models(FOLDER)
NOT_IN_MODELS = {"venue_id", "id", "changed_xid", "deleted_at", "updated_at"}
KINDS: dict[type[Any], str] = {
    sa.Text: "text",
    sa.BigInteger: "integer",
    sa.Boolean: "boolean",
    sa.DateTime: "timestamp",
    pg.JSONB: "json",
}


# What lives in a list of its record has no table.
ELEMENTS = {name for name in MODELS if name.endswith("_lines")}


def test_every_synced_table_that_is_mapped_has_its_model() -> None:
    assert set(MODELS) - ELEMENTS == set(TABLES)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - ELEMENTS))
def test_a_model_has_exactly_the_columns_of_its_table(name: str) -> None:
    table = {c.name: c for c in TABLES[name].columns if c.name not in NOT_IN_MODELS}
    model = MODELS[name].columns
    assert set(model) == set(table)
    assert {n: c.type for n, c in model.items()} == {n: KINDS[type(c.type)] for n, c in table.items()}
    # A list that nobody gives is an empty one.
    needed = {n: not c.nullable and not (isinstance(c.type, pg.JSONB) and c.server_default) for n, c in table.items()}
    assert {n: c.required for n, c in model.items()} == needed


def test_everything_about_a_customer_is_personal() -> None:
    assert all(column.personal for column in MODELS["customers"].columns.values())
