"""A venue's own mapping templates: every version is kept, the active one counts, and going back is a version too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync_core.store.mapping_tables import venue_mappings
from sync_core.store.sync_tables import connections

Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an entity's mapping of one connection. `template` None: the declared one, from then on."""

    id: int
    entity: str
    version: int
    template: Template | None
    made_by: str
    made_at: datetime
    active: bool


_COLUMNS = tuple(venue_mappings.c[name] for name in Version.__dataclass_fields__)


def _of(connection_id: int, entity: str) -> sa.ColumnElement[bool]:
    return sa.and_(venue_mappings.c.connection_id == connection_id, venue_mappings.c.entity == entity)


def add(conn: sa.Connection, connection_id: int, entity: str, *, template: Template | None, made_by: str) -> Version:
    """Make a new version the active one; the template None goes back to the declared one."""
    # Two that are made at the same time get two numbers: the second waits here for the first.
    conn.execute(sa.select(connections.c.id).where(connections.c.id == connection_id).with_for_update())
    last = conn.execute(sa.select(sa.func.max(venue_mappings.c.version)).where(_of(connection_id, entity))).scalar_one()
    conn.execute(
        sa.update(venue_mappings).where(_of(connection_id, entity), venue_mappings.c.active).values(active=False)
    )
    values = {
        "connection_id": connection_id,
        "entity": entity,
        "version": (last or 0) + 1,
        "template": None if template is None else dict(template),
        "made_by": made_by,
        "active": True,
    }
    return Version(*conn.execute(sa.insert(venue_mappings).values(values).returning(*_COLUMNS)).one())


def by_id(conn: sa.Connection, version_id: int) -> Version | None:
    """The version with this id, whose connection it is of or not."""
    row = conn.execute(sa.select(*_COLUMNS).where(venue_mappings.c.id == version_id)).first()
    return None if row is None else Version(*row)


def history(conn: sa.Connection, connection_id: int, entity: str) -> list[Version]:
    """Every version of an entity's mapping, the latest first."""
    query = sa.select(*_COLUMNS).where(_of(connection_id, entity)).order_by(venue_mappings.c.version.desc())
    return [Version(*row) for row in conn.execute(query)]


def active(conn: sa.Connection, connection_id: int) -> dict[str, Version]:
    """The active versions of a connection by entity, those that went back to the declared template among them."""
    query = sa.select(*_COLUMNS).where(venue_mappings.c.connection_id == connection_id, venue_mappings.c.active)
    return {row.entity: Version(*row) for row in conn.execute(query)}
