"""What is made and imported passes the checks of the shipped mappings: nothing starts as a dead letter."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from mappings import FOLDER
from sync_core.mapping.compile import load_mappings
from sync_core.spec.load import load_providers
from sync_core.store import venue_tables as tables
from sync_core.venue.demo import generate_demo
from sync_core.venue.importer import import_folder

ROOT = Path(__file__).parents[3]
PUSHED = (("products", tables.products), ("customers", tables.customers), ("refunds", tables.refunds))


def refused(database: sa.Engine, entity: str, table: sa.Table) -> list[Any]:
    with database.connect() as conn:
        records = [dict(row) for row in conn.execute(sa.select(table)).mappings()]
    assert records
    frame = pd.DataFrame(records, index=pd.Index([record["id"] for record in records]), dtype=object)
    # Before a push the engine puts remote ids in place of references; any text will do for the checks.
    for column in ("customer_id", "payment_id"):
        if column in frame:
            frame[column] = "remote"
    found: list[Any] = []
    for (_, name), mapping in load_mappings(load_providers(ROOT / "sync_defs" / "defs"), FOLDER).items():
        if name == entity:
            found.extend(mapping.validate_outbound(mapping.outbound(frame))[1])
    return found


@pytest.mark.parametrize(("entity", "table"), PUSHED)
def test_every_row_of_the_demo_may_be_pushed(database: sa.Engine, entity: str, table: sa.Table) -> None:
    generate_demo(database, venues=8)

    assert refused(database, entity, table) == []


@pytest.mark.parametrize(("entity", "table"), PUSHED)
def test_every_imported_row_may_be_pushed(database: sa.Engine, folder: Path, entity: str, table: sa.Table) -> None:
    import_folder(database, folder, venues=3)

    assert refused(database, entity, table) == []
