"""One alert where many records of one connection's entity need a person, told once and closed when they are fewer."""

from typing import Any, Final

import sqlalchemy as sa

from sync_core.store import alerts
from sync_core.store.dead_letters import WEBHOOK_DEAD
from sync_core.store.oauth_tables import alerts as alerts_table
from sync_core.store.sync_tables import dead_letters

KIND: Final = "dead_letters"


def mind(conn: sa.Connection, connection_id: int, entity: str, *, label: str, most: int) -> None:
    """Tell when `most` or more letters of an entity are open, and close the alert when they are fewer.

    The alert that webhooks came to nothing is closed, too, when no letter of the connection says so any more.
    One statement where there is nothing to tell and nothing to close. `label` is how people know the connection.
    """
    mine = (dead_letters.c.connection_id == connection_id, dead_letters.c.status == "open")
    number = sa.select(sa.func.count()).where(*mine, dead_letters.c.entity == entity).scalar_subquery()
    of_webhooks = sa.exists().where(*mine, dead_letters.c.code == WEBHOOK_DEAD)
    asked = (number, _is_told(connection_id, KIND, entity), _is_told(connection_id, WEBHOOK_DEAD, ""), of_webhooks)
    open_letters, is_told, is_told_of_webhooks, webhooks_are_dead = conn.execute(sa.select(*asked)).one()
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
    if is_told_of_webhooks and not webhooks_are_dead:
        alerts.close(conn, connection_id=connection_id, kinds=(WEBHOOK_DEAD,))


def close_emptied(conn: sa.Connection) -> int:
    """Close the alerts about letters of which none is open any more; how many.

    For connections that are not synced any more, whose letters were discarded by hand: no sync of theirs minds them.
    """
    a, d = alerts_table.c, dead_letters.c
    same = sa.or_(
        sa.and_(a.kind == KIND, d.entity == a.subject), sa.and_(a.kind == WEBHOOK_DEAD, d.code == WEBHOOK_DEAD)
    )
    left = sa.exists().where(d.connection_id == a.connection_id, d.status == "open", same)
    emptied = sa.update(alerts_table).where(a.kind.in_((KIND, WEBHOOK_DEAD)), a.closed_at.is_(None), ~left)
    return conn.execute(emptied.values(closed_at=sa.func.now())).rowcount


def _is_told(connection_id: int, kind: str, subject: str) -> sa.ColumnElement[Any]:
    return sa.exists().where(
        alerts_table.c.connection_id == connection_id,
        alerts_table.c.kind == kind,
        alerts_table.c.subject == subject,
        alerts_table.c.closed_at.is_(None),
    )
