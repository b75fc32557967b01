"""What a venue has sold, as its box office would tell a provider."""

from typing import Any

import sqlalchemy as sa

from sync_core.store.venue_tables import orders


def sales_for_provider(conn: sa.Connection, provider: str, venue: str) -> list[dict[str, Any]]:
    """The orders of `venue` that are paid at `provider`, oldest first.

    Each is a dict of `order_id` and `customer_id` (None for a guest), `amount_minor` (smallest unit of `currency`),
    `currency` (ISO 4217, upper case), `ordered_at` (aware UTC) and `description` (one line for people, of the
    order's first line). Orders deleted in the venue are left out.
    """
    query = (
        sa.select(
            orders.c.id,
            orders.c.customer_id,
            orders.c.total_minor,
            orders.c.currency,
            orders.c.ordered_at,
            orders.c.origin,
            orders.c.lines[0]["description"].astext.label("description"),
            sa.func.jsonb_array_length(orders.c.lines).label("lines"),
        )
        .where(orders.c.venue_id == venue, orders.c.provider == provider, orders.c.deleted_at.is_(None))
        .order_by(orders.c.ordered_at, orders.c.id)
    )
    return [
        {
            "order_id": row.id,
            "customer_id": row.customer_id,
            "amount_minor": row.total_minor,
            "currency": row.currency,
            "ordered_at": row.ordered_at,
            "description": _described(row),
        }
        for row in conn.execute(query)
    ]


def _described(row: sa.Row[Any]) -> str:
    if row.lines == 0:
        return f"{row.origin.capitalize()} {row.id}"
    more = f" and {row.lines - 1} more" if row.lines > 1 else ""
    return f"Order {row.id}: {row.description or 'one article'}{more}"
