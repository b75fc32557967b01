"""One alert where many records of one connection's entity need a person, told once and closed when they are fewer."""

from typing import Final

import sqlalchemy as sa

from sync_core.store import alerts
from sync_core.store.oauth_tables import alerts as alerts_table
from sync_core.store.sync_tables import dead_letters

KIND: Final = "dead_letters"


def mind(conn: sa.Connection, connection_id: int, entity: str, *, label: str, most: int) -> None:
    """Tell when `most` or more letters of an entity are open, and close the alert when they are fewer.

    One statement where there is nothing to tell and nothing to close. `label` is how people know the connection.
    """
    number = (
        sa.select(sa.func.count())
        .select_from(dead_letters)
        .where(
            dead_letters.c.connection_id == connection_id,
            dead_letters.c.entity == entity,
            dead_letters.c.status == "open",
        )
        .scalar_subquery()
    )
    told = (
        sa.select(sa.literal(1))
        .where(
            alerts_table.c.connection_id == connection_id,
            alerts_table.c.kind == KIND,
            alerts_table.c.subject == entity,
            alerts_table.c.closed_at.is_(None),
        )
        .exists()
    )
    open_letters, is_told = conn.execute(sa.select(number, told)).one()
    if open_letters >= most:
        venue, _, provider = label.partition("/")
        alerts.tell(
            conn,
            connection_id=connection_id,
            kind=KIND,
            subject=entity,
            severity="error",
            message=(
                f"{open_letters} {entity} of {label} need a person ({most} or more are told of): "
                f"'venue-sync letters list --venue {venue} --provider {provider} --entity {entity}' says why."
            ),
        )
    elif is_told:
        alerts.close(conn, connection_id=connection_id, kinds=(KIND,), subject=entity)
