"""The mapping that counts for one connection's entity: the declared one, or the active version of the venue's own.

A version never changes, so it is read and compiled once per process and known by its id from then on. Which one is
active comes with the connection: no sync asks for it again.
"""

import threading
from collections import OrderedDict

import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.mapping.compile import Mapping
from sync_core.mapping.custom import customise, read_template
from sync_core.spec.provider import ProviderSpec
from sync_core.store import venue_mappings
from sync_core.store.connections import Connection

KEPT = 1_000
"""Compiled mappings in memory at most; the longest unused ones go first."""


def named(connection: Connection, entity: str, version: int | None = None) -> str:
    """How errors name a template of a venue's own."""
    template = f"{connection.label}/{entity}"
    return template if version is None else f"{template}, version {version}"


class OwnMappings:
    """Compiled mappings of venues by the ids of their versions. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: OrderedDict[int, Mapping] = OrderedDict()

    def of(
        self, conn: sa.Connection, connection: Connection, entity: str, *, spec: ProviderSpec, declared: Mapping
    ) -> Mapping:
        """The mapping of a connection's entity, with its `version`.

        Raises DeclarationError when the venue's own does not fit what is declared any more.
        """
        version_id = connection.mappings.get(entity)
        if version_id is None:
            return declared
        with self._lock:
            found = self._compiled.get(version_id)
            if found is not None:
                self._compiled.move_to_end(version_id)
                return found
        found = _compiled(conn, connection, entity, version_id, spec=spec, declared=declared)
        with self._lock:
            self._compiled[version_id] = found
            while len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        return found


def _compiled(
    conn: sa.Connection, connection: Connection, entity: str, version_id: int, *, spec: ProviderSpec, declared: Mapping
) -> Mapping:
    version = venue_mappings.by_id(conn, version_id)
    if version is None:
        raise ConfigurationError(f"The mapping of {named(connection, entity)} is gone: connect the venue again.")
    if version.template is None:
        return declared.of_version(version_id)
    where = named(connection, entity, version.version)
    template = read_template(version.template, where=where)
    return customise(declared, template, spec, entity, where=where).of_version(version_id)
