"""What a venue's staff does to its records, as far as the demo does it for them."""

import sqlalchemy as sa

from sync_core.store.venue_tables import customers, disputes, loyalty_points, products, stock, subscriptions


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


def let_end(conn: sa.Connection, venue: str, subscription: str) -> None:
    """Wish that a subscription ends with the period that is paid for."""
    mine = (subscriptions.c.venue_id == venue, subscriptions.c.id == subscription)
    conn.execute(sa.update(subscriptions).where(*mine).values(cancel_at_period_end=True, updated_at=sa.func.now()))


def end_now(conn: sa.Connection, venue: str, subscription: str) -> None:
    """Wish that a subscription ends at once."""
    mine = (subscriptions.c.venue_id == venue, subscriptions.c.id == subscription)
    conn.execute(sa.update(subscriptions).where(*mine).values(status="canceled", updated_at=sa.func.now()))


def answer(conn: sa.Connection, venue: str, dispute: str, *, evidence: str, product: str) -> None:
    """Answer a dispute, and send the answer."""
    mine = (disputes.c.venue_id == venue, disputes.c.id == dispute)
    answered = {"evidence": evidence, "evidence_product": product, "evidence_submitted": True}
    conn.execute(sa.update(disputes).where(*mine).values(**answered, updated_at=sa.func.now()))


def give_points(
    conn: sa.Connection, venue: str, account: str, *, provider: str, points: int, order: str | None, reason: str
) -> None:
    """Give a customer points, or take them where the number is negative."""
    row = {"venue_id": venue, "id": f"{account}-points", "provider": provider, "account_id": account, "points": points}
    conn.execute(sa.insert(loyalty_points).values({**row, "order_id": order, "reason": reason}))
