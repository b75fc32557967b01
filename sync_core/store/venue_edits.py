"""What a venue's staff does to its records, as far as the demo does it for them."""

import sqlalchemy as sa

from sync_core.store.venue_tables import customers, products, stock


def raise_price(conn: sa.Connection, venue: str, product: str, *, by_minor: int) -> None:
    """Make a product dearer by `by_minor` of its currency's minor units."""
    mine = (products.c.venue_id == venue, products.c.id == product)
    conn.execute(
        sa.update(products).where(*mine).values(price_minor=products.c.price_minor + by_minor, updated_at=sa.func.now())
    )


def count_stock(conn: sa.Connection, venue: str, product: str, *, quantity: int) -> None:
    """Note how many pieces of a product were counted."""
    mine = (stock.c.venue_id == venue, stock.c.id == product)
    conn.execute(sa.update(stock).where(*mine).values(quantity=quantity, updated_at=sa.func.now()))


def note_phone(conn: sa.Connection, venue: str, customer: str, *, phone: str) -> None:
    """Note a customer's new telephone number."""
    mine = (customers.c.venue_id == venue, customers.c.id == customer)
    conn.execute(sa.update(customers).where(*mine).values(phone=phone, updated_at=sa.func.now()))
