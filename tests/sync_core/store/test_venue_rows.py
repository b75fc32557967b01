"""Bulk loading: new rows come in, changed ones are updated, unchanged ones are not touched."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from sync_core.store.venue_rows import Loaded, load, replace_rejections, rows_from_records
from sync_core.store.venue_tables import customers, import_rejections, stock, venues

AWKWARD = 'O\'Brien, "Zoë"\n\\N\ttab;\r\n😀 \\. {}'


def with_venue(database: sa.Engine) -> None:
    with database.begin() as conn:
        rows = rows_from_records(venues, [{"id": "a", "name": "A", "currency": "GBP"}])
        assert load(conn, venues, rows) == Loaded("venues", 1, 0, 0)


def person(number: int, note: str | None) -> dict[str, Any]:
    return {"venue_id": "a", "id": str(number), "note": note}


def test_any_text_survives_and_nothing_differs_from_the_empty_text(database: sa.Engine) -> None:
    with_venue(database)
    texts = [AWKWARD, "", None, "\\N", "\\.", "NULL", " "]

    with database.begin() as conn:
        load(conn, customers, rows_from_records(customers, [person(n, text) for n, text in enumerate(texts)]))

    with database.connect() as conn:
        assert conn.scalars(sa.select(customers.c.note).order_by(customers.c.id)).all() == texts


def test_inserted_updated_and_unchanged_are_told_apart(database: sa.Engine) -> None:
    with_venue(database)
    before = [person(1, "one"), person(2, None), person(3, "three")]
    after = [person(1, "one"), person(2, "two"), person(3, None), person(4, "four")]

    with database.begin() as conn:
        load(conn, customers, rows_from_records(customers, before))
    with database.begin() as conn:
        loaded = load(conn, customers, rows_from_records(customers, after))

    assert loaded == Loaded("customers", 1, 2, 1)


def test_columns_that_are_not_given_keep_their_value(database: sa.Engine) -> None:
    with_venue(database)
    with database.begin() as conn:
        load(conn, customers, rows_from_records(customers, [{**person(1, "one"), "email": "a@example.com"}]))
        load(conn, customers, rows_from_records(customers, [person(1, "uno")]))
        kept = conn.execute(sa.select(customers.c.email, customers.c.note)).one()

    assert tuple(kept) == ("a@example.com", "uno")


def test_what_is_for_the_first_time_only_is_never_written_again(database: sa.Engine) -> None:
    with_venue(database)
    with database.begin() as conn:
        for quantity in (5, 7):
            rows = rows_from_records(stock, [{"venue_id": "a", "id": "x", "quantity": quantity}])
            loaded = load(conn, stock, rows, first_only=("quantity",))
        assert conn.scalars(sa.select(stock.c.quantity)).all() == [5]

    assert loaded == Loaded("stock", 0, 0, 1)


def test_a_table_that_begins_with_an_empty_chunk_is_loaded_whole(database: sa.Engine) -> None:
    with_venue(database)
    parts = [rows_from_records(stock, []), rows_from_records(stock, [{"venue_id": "a", "id": "x", "quantity": 1}])]

    with database.begin() as conn:
        loaded = load(conn, stock, pa.concat_tables(parts, promote_options="default"))

    assert loaded == Loaded("stock", 1, 0, 0)


def test_no_rows_are_no_trouble(database: sa.Engine) -> None:
    with database.begin() as conn:
        assert load(conn, stock, rows_from_records(stock, [])) == Loaded("stock", 0, 0, 0)


def test_rejections_are_those_of_the_latest_import_of_the_file(database: sa.Engine) -> None:
    def rejected(source: str, row: int) -> dict[str, Any]:
        return {"source": source, "row": row, "reason": "r", "content": '{"at": "\\u00e9"}'}

    with database.begin() as conn:
        first = rows_from_records(import_rejections, [rejected("x", 1), rejected("x", 2), rejected("y", 1)])
        replace_rejections(conn, first, sources=["x", "y"])
        second = rows_from_records(import_rejections, [rejected("x", 3)])
        assert replace_rejections(conn, second, sources=["x"]) == 1
        kept = conn.execute(sa.select(*import_rejections.columns).order_by("source", "row")).all()

    assert [(row.source, row.row, row.content) for row in kept] == [("x", 3, {"at": "é"}), ("y", 1, {"at": "é"})]
    assert all(row.imported_at <= datetime.now(UTC) for row in kept)
