"""The migrated database is the declared one, and every step can be undone."""

import sqlalchemy as sa

from sync_core.store import migrate
from sync_core.store.database import open_engine
from sync_core.store.venue_tables import SYNCED


def _names(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname IN ('venue', 'sync') AND c.relkind = 'r' "
                "UNION ALL SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n "
                "ON n.oid = p.pronamespace WHERE n.nspname IN ('venue', 'sync')"
            )
        )
        return {row[0] for row in rows}


def test_the_migrated_database_equals_the_declared_tables(database: sa.Engine) -> None:
    assert migrate.differences(database) == []
    assert migrate.current(database) == migrate.newest()


def test_a_difference_is_noticed(database: sa.Engine) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE venue.customers DROP COLUMN note"))

    assert len(migrate.differences(database)) == 1


def test_down_to_nothing_and_up_again_leaves_the_declared_database(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    migrate.upgrade(engine)
    before = _names(engine)
    migrate.downgrade(engine, revision="base")

    assert _names(engine) == {f"sync.{migrate.VERSION_TABLE}"}
    migrate.upgrade(engine)
    assert _names(engine) == before
    assert migrate.differences(engine) == []
    engine.dispose()


def test_every_synced_table_stamps_the_transaction_that_changed_a_row(database: sa.Engine) -> None:
    with database.connect() as connection:
        stamped = connection.execute(
            sa.text("SELECT event_object_table FROM information_schema.triggers WHERE trigger_name = 'stamp'")
        )

        assert {row[0] for row in stamped} == {table.name for table in SYNCED}


def test_an_order_takes_its_lines_in_without_becoming_due_and_gives_them_back(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    migrate.upgrade(engine, revision="0002")
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO venue.venues (id, name, currency) VALUES ('a', 'A', 'GBP');"
                "INSERT INTO venue.orders (venue_id, id, provider, total_minor, currency, ordered_at) VALUES "
                "('a', '1', 'square', 30, 'GBP', now()), ('a', '2', 'square', 5, 'GBP', now());"
                "INSERT INTO venue.order_lines (venue_id, order_id, line, product_id, quantity, amount_minor) VALUES "
                "('a', '1', 2, NULL, 1, 10), ('a', '1', 1, 'mug', 2, 20)"
            )
        )
        lines = connection.execute(sa.text("SELECT * FROM venue.order_lines ORDER BY line")).all()
        stamps = connection.execute(sa.text("SELECT id, changed_xid::text FROM venue.orders ORDER BY id")).all()

    migrate.upgrade(engine, revision="0003")
    with engine.connect() as connection:
        orders = connection.execute(sa.text("SELECT id, changed_xid::text, lines FROM venue.orders ORDER BY id")).all()
    assert [(order.id, order.changed_xid) for order in orders] == [tuple(stamp) for stamp in stamps]
    assert [[line["product_id"] for line in order.lines] for order in orders] == [["mug", None], []]

    migrate.downgrade(engine, revision="0002")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT * FROM venue.order_lines ORDER BY line")).all() == lines
    engine.dispose()
