"""Giving a venue a mapping of its own, and taking it back. What is stored has been compiled and found to fit.

Nothing is rewritten here: the next sync of the entity looks at every record of both sides under the new mapping, and
writes those that differ. A sync that is under way ends under the mapping that it began with.
"""

from typing import Any

import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.mapping.compile import Mapping
from sync_core.mapping.custom import customise, read_template, written
from sync_core.store import venue_mappings
from sync_core.store.connections import Connection
from sync_core.store.venue_mappings import Version
from sync_core.sync.engine import Engine
from sync_core.sync.own_mappings import named
from sync_core.sync.terms import require_fitting


def draft(engine: Engine, connection: Connection, entity: str, values: Any) -> Mapping:
    """The mapping that the template `values` would be for a connection's entity; nothing is stored.

    Raises:
        DeclarationError: the template is wrong, at the first thing that is.
        ConfigurationError: the connection's settings filter by what it no longer tells.
    """
    spec, where = engine.spec(connection.provider), named(connection, entity)
    declared = engine.mappings[connection.provider, entity]
    own = customise(declared, read_template(values, where=where), spec, entity, where=where)
    require_fitting(connection.settings, spec, {**engine.mappings, (spec.provider, entity): own})
    return own


def adopt(
    engine: Engine, conn: sa.Connection, connection: Connection, entity: str, mapping: Mapping, *, made_by: str
) -> Version | None:
    """Let a drafted mapping count from the next sync on, in the caller's transaction; None: it counts already.

    A template that equals the declared one is the declared one, and changes with it.
    """
    declared = engine.mappings[connection.provider, entity]
    template = None if mapping.template == declared.template else written(mapping.template)
    now = venue_mappings.active(conn, connection.id).get(entity)
    if (now.template if now else None) == template:
        return None
    return venue_mappings.add(conn, connection.id, entity, template=template, made_by=made_by)


def reset(conn: sa.Connection, connection: Connection, entity: str, *, made_by: str) -> Version | None:
    """Go back to the declared mapping, in the caller's transaction; None: the venue has no other."""
    now = venue_mappings.active(conn, connection.id).get(entity)
    if now is None or now.template is None:
        return None
    return venue_mappings.add(conn, connection.id, entity, template=None, made_by=made_by)


def former(engine: Engine, conn: sa.Connection, connection: Connection, entity: str, version: int) -> Mapping:
    """What a kept version would be today.

    Raises:
        ConfigurationError: there is no such version.
        DeclarationError: it does not fit what is declared any more.
    """
    for kept in venue_mappings.history(conn, connection.id, entity):
        if kept.version == version:
            declared = engine.mappings[connection.provider, entity]
            return declared if kept.template is None else draft(engine, connection, entity, kept.template)
    raise ConfigurationError(f"{named(connection, entity)} has no version {version}: see 'venue-sync mapping history'.")
