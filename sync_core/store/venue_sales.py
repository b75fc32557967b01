"""What a venue has sold, as its box office would tell a provider."""

from typing import Any

import sqlalchemy as sa

from sync_core.store.venue_tables import order_lines, orders


def sales_for_provider(conn: sa.Connection, provider: str, venue: str) -> list[dict[str, Any]]:
    """The orders of `venue` that are paid at `provider`, oldest first.

    Each is a dict of `order_id` and `customer_id` (None for a guest), `amount_minor` (smallest unit of `currency`),
    `currency` (ISO 4217, upper case), `ordered_at` (aware UTC) and `description` (one line for people, of the
    order's first line). Orders deleted in the venue are left out.
    """
    first_line = (
        sa.select(order_lines.c.order_id, order_lines.c.description)
        .where(order_lines.c.venue_id == venue)
        .distinct(order_lines.c.order_id)
        .order_by(order_lines.c.order_id, order_lines.c.line)
        .subquery()
    )
    count = (
        sa.select(order_lines.c.order_id, sa.func.count().label("lines"))
        .where(order_lines.c.venue_id == venue)
        .group_by(order_lines.c.order_id)
        .subquery()
    )
    query = (
        sa.select(
            orders.c.id,
            orders.c.customer_id,
            orders.c.total_minor,
            orders.c.currency,
            orders.c.ordered_at,
            orders.c.origin,
            first_line.c.description,
            count.c.lines,
        )
        .outerjoin(first_line, first_line.c.order_id == orders.c.id)
        .outerjoin(count, count.c.order_id == orders.c.id)
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
    if row.lines is None:
        return f"{row.origin.capitalize()} {row.id}"
    more = f" and {row.lines - 1} more" if row.lines > 1 else ""
    return f"Order {row.id}: {row.description or 'one article'}{more}"
